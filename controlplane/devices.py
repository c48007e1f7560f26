"""Pure: what somebody signed in with, in words of ours. What a browser says of itself is a hint: anybody can write it."""

# The first that is met counts: most browsers name those they descend from as well.
_BROWSERS = (
    ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("Chromium/", "Chromium"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"), ("python-", "a Python program"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Macintosh", "a Mac"), ("Linux", "Linux"),
)  # fmt: skip
UNKNOWN = "An unknown device"


def in_words(user_agent: str) -> str:
    """Return `Firefox on Linux`; only words of this file, whatever the header says."""
    browser, system = (_first(names, user_agent) for names in (_BROWSERS, _SYSTEMS))
    if not browser and not system:
        return UNKNOWN
    said = f"{browser or 'a browser'} on {system}" if system else browser
    return said[0].upper() + said[1:]


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((words for sign, words in names if sign in user_agent), "")
