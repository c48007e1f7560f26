"""What a message is about. Dangerous topics win, and what might be one of them is left to a person."""

from agents.classifiers.lexicons import danger, subjects
from agents.classifiers.phrases import Lexicon, compile_phrases
from agents.classifiers.reading import read

_SURE = {topic: Lexicon(danger.SURE[topic]) for topic in danger.TOPICS}
_DOUBTFUL = {topic: Lexicon(danger.DOUBTFUL[topic]) for topic in danger.TOPICS}
_SUBJECTS = {topic: Lexicon(subjects.SUBJECTS[topic]) for topic in subjects.TOPICS}
_OTHER = Lexicon(subjects.OTHER)
_REQUESTS = compile_phrases(danger.REQUESTS)


def classify(text: str) -> str | None:
    """Return legal, security, chargeback, refund, billing, account, shipping or other.

    One sure phrase of a dangerous topic settles it, whatever else is said; of several that weigh the same the more
    dangerous one is said. An everyday topic, "other" too, is said only of what people ordinarily say about it. None for
    the rest: what isn't English, words that could mean danger, and what nobody thought of.
    """
    reading = read(text)
    if not reading.is_english:
        return None
    # Each once: a sentence repeated says no more, and ten thousand characters of "no." would take long.
    sentences = [_REQUESTS.sub("", sentence) for sentence in dict.fromkeys(reading.sentences)]
    if sure := _heaviest(_SURE, sentences):
        return sure
    if _heaviest(_DOUBTFUL, sentences):
        return None
    return _heaviest(_SUBJECTS, sentences) or _plainly_other(sentences)


def _plainly_other(sentences: list[str]) -> str | None:
    """A greeting says nothing of what stands beside it: every sentence must be one that is ordinarily said."""
    telling = [sentence for sentence in sentences if len(sentence.split()) > 3] or sentences
    return "other" if all(_OTHER.count([sentence]) for sentence in telling) else None


def _heaviest(lexicons: dict[str, Lexicon], sentences: list[str]) -> str | None:
    weights = {topic: lexicon.count(sentences) for topic, lexicon in lexicons.items()}
    heaviest = max(weights, key=weights.get)  # the first of equals
    return heaviest if weights[heaviest] else None
