"""How somebody writes: angry, negative, neutral or positive. VADER's lexicon, and ours for anger and for mishaps."""

import re
from functools import cache

from agents.classifiers.lexicons import feelings
from agents.classifiers.phrases import compile_phrases
from agents.classifiers.reading import Reading, read

_ANGER = compile_phrases(feelings.ANGER)
_ANNOYANCE = compile_phrases(feelings.ANNOYANCE)
_CALM = compile_phrases(feelings.CALM)
_PROBLEMS = compile_phrases(feelings.PROBLEMS)
_SHOUTED = re.compile(r"(?<![A-Z\d\-])[A-Z]{3,}(?![A-Z\d\-])")
_ABBREVIATIONS = frozenset(
    "USD EUR GBP NGN INR BRL CHF VAT USA FAQ PDF GPS TNT DHL UPS DPD SMS PIN CVV GDPR IBAN BIC USB HDMI LED LCD URL API"
    " SKU RMA ETA ASAP FYI PLS THX CEO HTTP HTTPS USPS IOS APP QR ISBN SEPA PS AM PM GMT UTC EST TV SYSTEM".split()
)
# Where a reproach begins, and where it ends in a name or a command.
_ACCUSED = re.compile(
    r"(?:^|[.!]) you (?!(?:are|were) (?:so |very )?(?:great|kind|welcome|right))"
    r"|!| you [a-z]+ [.!]| (?:now|already) (?:[.!]|$)"
)
_PARTS = re.compile(r"(?<=[.!?\n])\s+")
_EXCLAIMED = re.compile(r"!!|!\?|\?!|\?\?\?")
_MASKED_OATH = re.compile(
    r"(?i)(?<!\w)(?:[fs][*#@$%!\-]{2,}\w*|f[*#@!u]+c?k\w*|f-ing|sh[*#@!1]t\w*|b[*#]{3,}\w*|a[*#$]{2}\w*)"
)
_ANGRY_FACES = re.compile("[\U0001f620\U0001f621\U0001f624\U0001f92c\U0001f595]")
_ENOUGH = 2
_PART = 300  # words
_MANY_PICTURES = 100
_INSULTING = -2.3
_NEGATIVE, _POSITIVE, _PER_PROBLEM = -0.25, 0.35, 0.4


def classify(text: str) -> str | None:
    """Return "angry", "negative", "neutral" or "positive".

    None for what isn't English, for more than 100 emoji, for one lone sign of anger, and for good words about something
    that went wrong: that is how anger and irony look from afar.
    """
    reading = read(text)
    if not reading.is_english or has_many_pictures(reading):
        return None
    wrong = len(_PROBLEMS.findall(reading.flat))
    mood = _mood(reading.plain) - _PER_PROBLEM * min(2, wrong)
    anger = _anger(reading, text)
    if anger >= _ENOUGH:
        return "angry"
    if anger or (wrong and mood > _NEGATIVE) or (mood < _POSITIVE and _ACCUSED.search(reading.marked)):
        return None
    return "negative" if mood <= _NEGATIVE else "positive" if mood >= _POSITIVE else "neutral"


def has_many_pictures(reading: Reading) -> bool:
    """Whether there are too many emoji to judge: VADER reads each as some words, and takes their number squared."""
    return sum(char in _lexicon().emojis for char in reading.plain) > _MANY_PICTURES


def _anger(reading: Reading, text: str) -> int:
    """Weigh signs of anger: 2 for each sure one, 1 for each that is only annoyed, insulting or loud."""
    flat = _CALM.sub("", reading.flat)
    sure, annoyed = len(_ANGER.findall(flat)), len(_ANNOYANCE.findall(flat))
    sure += bool(_ANGRY_FACES.search(text)) + bool(_MASKED_OATH.search(text))
    return 2 * sure + annoyed + _insults(flat) + _loudness(reading)


def _insults(flat: str) -> int:
    words = {word for word in flat.split() if word not in feelings.NOT_INSULTS}
    return sum(_lexicon().lexicon.get(word, 0) <= _INSULTING for word in words)


def _loudness(reading: Reading) -> int:
    """Weigh shouting, but not that of a sentence with good words: "THANK YOU!!!"."""
    loud = [part for part in _PARTS.split(reading.plain) if _SHOUTED.search(part) or _EXCLAIMED.search(part)]
    harsh = " ".join(part for part in loud if _mood(part) < _POSITIVE)
    shouted = [word for word in _SHOUTED.findall(harsh) if word not in _ABBREVIATIONS]
    return (len(shouted) > 1) + (len(shouted) > 3) + bool(_EXCLAIMED.search(harsh)) + _is_clipped(reading)


def _is_clipped(reading: Reading) -> bool:
    """`Refund. Me. Now.`"""
    return sum(len(sentence.split()) == 1 for sentence in reading.sentences) > 1


def _mood(text: str) -> float:
    """Return how good or bad it sounds, 1 to -1: VADER's score without the words of the trade."""
    words = [word for word in text.split() if word.strip(".,;:!?'\"()").lower() not in feelings.UNFEELING]
    # VADER needs quadratic time, and a long text drowns what one part of it says: the worst part counts.
    parts = [words[start : start + _PART] for start in range(0, len(words), _PART)]
    return min((_lexicon().polarity_scores(" ".join(part))["compound"] for part in parts), default=0.0)


@cache
def _lexicon():
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # 7,500 words: read on first use

    return SentimentIntensityAnalyzer()
