"""How a reply sounds: any of direct, apologetic, polite, friendly, formal, angry, urgent."""

import re

from agents.classifiers import sentiment
from agents.classifiers.lexicons import manners
from agents.classifiers.phrases import compile_phrases
from agents.classifiers.reading import Reading, read

_PHRASES = {tone: compile_phrases(lines) for tone, lines in manners.TONES.items()}
_HEDGES = compile_phrases(manners.HEDGES)
_SMILES = re.compile("[:;]-?[)D]|[\U0001f600-\U0001f60a\U0001f60d\U0001f642\U0001f917\U0001f389\u2764]")
_LONG_SENTENCE = 16


def classify(text: str) -> list[str] | None:
    """Return the tones heard, in the order above; [] when none is; None for what isn't English, or over 100 emoji."""
    reading = read(text)
    if not reading.is_english or sentiment.has_many_pictures(reading):
        return None
    heard = {tone for tone, phrases in _PHRASES.items() if phrases.search(reading.flat)}
    heard |= {"direct"} if _is_direct(reading) else set()
    heard |= {"friendly"} if _SMILES.search(text) else set()
    heard |= {"angry"} if sentiment.classify(text) == "angry" else set()
    return [tone for tone in TONES if tone in heard]


TONES = ("direct", "apologetic", "polite", "friendly", "formal", "angry", "urgent")


def _is_direct(reading: Reading) -> bool:
    """Short sentences on average, nothing hedged."""
    sentences = reading.sentences
    words = sum(len(sentence.split()) for sentence in sentences)
    return bool(sentences) and words / len(sentences) <= _LONG_SENTENCE and not _HEDGES.search(reading.flat)
