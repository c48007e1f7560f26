"""What a message is about. Dangerous topics win, and what might be one of them is left to a person."""

from agents.classifiers.lexicons import danger, subjects
from agents.classifiers.phrases import Lexicon, compile_phrases
from agents.classifiers.reading import read

_SURE = {topic: Lexicon(danger.SURE[topic]) for topic in danger.TOPICS}
_DOUBTFUL = {topic: Lexicon(danger.DOUBTFUL[topic]) for topic in danger.TOPICS}
_SUBJECTS = {topic: Lexicon(subjects.SUBJECTS[topic]) for topic in subjects.TOPICS}
_REQUESTS = compile_phrases(danger.REQUESTS)


def classify(text: str) -> str | None:
    """Return legal, security, chargeback, refund, billing, account, shipping or other.

    One sure phrase of a dangerous topic settles it, whatever else is said; of several that weigh the same the more
    dangerous one is said. None for what isn't English, and for words that could mean danger when nothing sure is said.
    """
    reading = read(text)
    if not reading.is_english:
        return None
    sentences = [_REQUESTS.sub("", sentence) for sentence in reading.sentences]
    if sure := _heaviest(_SURE, sentences):
        return sure
    if _heaviest(_DOUBTFUL, sentences):
        return None
    return _heaviest(_SUBJECTS, sentences) or "other"


def _heaviest(lexicons: dict[str, Lexicon], sentences: list[str]) -> str | None:
    weights = {topic: lexicon.count(sentences) for topic, lexicon in lexicons.items()}
    heaviest = max(weights, key=weights.get)  # the first of equals
    return heaviest if weights[heaviest] else None
