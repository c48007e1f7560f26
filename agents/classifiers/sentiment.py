"""How somebody writes: angry, negative, neutral or positive. VADER's lexicon, and one of ours for anger."""

import re
from functools import cache

from agents.classifiers import lexicon
from agents.classifiers.phrases import compile_phrases
from agents.classifiers.reading import Reading, read

_STRONG = compile_phrases(lexicon.ANGRY_STRONG)
_WEAK = compile_phrases(lexicon.ANGRY_WEAK)
_NOT_ANGRY = compile_phrases(lexicon.NOT_ANGRY)
_PROBLEMS = compile_phrases(lexicon.PROBLEMS)
_SHOUTED = re.compile(r"(?<![A-Z\d\-])[A-Z]{3,}(?![A-Z\d\-])")
_ABBREVIATIONS = frozenset(
    "USD EUR GBP NGN INR BRL CHF VAT USA FAQ PDF GPS TNT DHL UPS DPD SMS PIN CVV GDPR IBAN BIC USB HDMI LED LCD URL API SKU"
    " RMA ETA ASAP FYI PLS THX CEO HTTP HTTPS USPS IOS APP QR ISBN SEPA PS AM PM GMT UTC EST TV".split()
)
_SHOUTS = re.compile(r"[!?]*(?:!!|!\?|\?!|\?\?\?)[!?]*")
_ANGRY_FACES = re.compile("[\U0001f620\U0001f621\U0001f624\U0001f92c\U0001f595]")
_ENOUGH = 2
_NEGATIVE, _POSITIVE, _PER_PROBLEM = -0.25, 0.35, 0.4


def classify(text: str) -> str | None:
    """Return "angry", "negative", "neutral" or "positive"; None for what isn't English or can't be read."""
    reading = read(text)
    if not reading.is_english:
        return None
    mood = _mood(reading)
    if _anger(reading, text, mood) >= _ENOUGH:
        return "angry"
    return "negative" if mood <= _NEGATIVE else "positive" if mood >= _POSITIVE else "neutral"


def _anger(reading: Reading, text: str, mood: float) -> int:
    """Weigh signs of anger: 2 for a strong phrase, 1 for each weak one and each way of shouting."""
    flat = _NOT_ANGRY.sub(" ", reading.flat)
    strong, weak = len(_STRONG.findall(flat)), len(_WEAK.findall(flat))
    shouting = _shouting(reading, text)
    if not (strong or weak) and mood >= _POSITIVE:
        return 0  # "THANK YOU!!!"
    return 2 * strong + weak + shouting


def _shouting(reading: Reading, text: str) -> int:
    words = [word for word in _SHOUTED.findall(reading.plain) if word not in _ABBREVIATIONS]
    return (len(words) > 1) + bool(_SHOUTS.search(reading.plain)) + 2 * bool(_ANGRY_FACES.search(text))


def _mood(reading: Reading) -> float:
    """Return how good or bad it sounds, 1 to below -1: VADER's score without the words of the trade, less what went wrong."""
    words = [word for word in reading.plain.split() if word.strip(".,;:!?'\"()").lower() not in _UNFEELING]
    wrong = min(2, len(_PROBLEMS.findall(reading.flat)))
    return _analyzer().polarity_scores(" ".join(words))["compound"] - _PER_PROBLEM * wrong


_UNFEELING = frozenset(lexicon.UNFEELING.split())


@cache
def _analyzer():
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # a lexicon of 7,500 words: read on first use

    return SentimentIntensityAnalyzer()
