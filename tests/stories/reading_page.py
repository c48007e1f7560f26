"""A page as somebody reads it who unfolds nothing: the words that show, in their order."""

from html.parser import HTMLParser

_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}
_INLINE = {"a", "b", "bdi", "code", "em", "span", "strong"}
_UNSEEN = {"head", "script", "style", "template", "noscript", "option"}


class Page(HTMLParser):
    """The visible words of a page in `words`, cut at the element with the id `until`; `classes` names every class seen."""

    def __init__(self, html: str, until: str = ""):
        super().__init__(convert_charrefs=True)
        self.until, self.over = until, False
        self._open: list[tuple[str, bool]] = []
        self._said: list[str] = []
        self.classes: set[str] = set()
        self.feed(html)
        self.words = " ".join("".join(self._said).split())

    @property
    def _hidden(self) -> bool:
        return any(hides for _, hides in self._open)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.over = self.over or bool(self.until and given.get("id") == self.until)
        self.classes |= set((given.get("class") or "").split())
        self._apart(tag)
        if tag in _VOID:
            return
        # A closed fold shows its summary alone.
        folded = bool(self._open) and self._open[-1][0] == "details" and tag != "summary"
        unseen = tag in _UNSEEN or "hidden" in given or given.get("aria-hidden") == "true" or (tag == "dialog")
        name = "details-open" if tag == "details" and "open" in given else tag
        self._open.append((name, folded or unseen))

    def _apart(self, tag: str) -> None:
        if tag not in _INLINE:
            self._said.append(" ")

    def handle_endtag(self, tag):
        self._apart(tag)
        while self._open:
            name, _ = self._open.pop()
            if name.removesuffix("-open") == tag:
                return

    def handle_data(self, data):
        if not self.over and not self._hidden:
            self._said.append(data)
