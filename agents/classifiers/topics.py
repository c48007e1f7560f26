"""What a message is about. Dangerous topics win: they are what a person must see."""

from agents.classifiers import lexicon
from agents.classifiers.phrases import compile_phrases
from agents.classifiers.reading import read

_STRONG = {topic: compile_phrases(lines) for topic, lines in lexicon.STRONG.items()}
_WEAK = {topic: compile_phrases(lines) for topic, lines in lexicon.WEAK.items()}


def classify(text: str) -> str | None:
    """Return legal, security, chargeback, refund, billing, account, shipping or other; None for what isn't English.

    One phrase of a dangerous topic settles it, whatever else is said. Of several that weigh the same the more dangerous
    one is said.
    """
    reading = read(text)
    if not reading.is_english:
        return None
    for phrases in (_STRONG, _WEAK):
        weights = {topic: len(phrases[topic].findall(reading.flat)) for topic in lexicon.TOPICS if topic in phrases}
        heaviest = max(weights, key=weights.get)  # the first of equals
        if weights[heaviest]:
            return heaviest
    return "other"
