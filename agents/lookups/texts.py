"""Facts that we compute from a text: what a classifier says of the customer's words."""

from datetime import datetime

from agents.lookups.found import Question, Unanswered, unavailable
from agents.policy.language import Classified, Fact
from agents.policy.values import coerce
from agents.policy.verdict import Missing


def root(lookup: Classified) -> str:
    """Return the argument or fact that the text is, or is a field of."""
    return lookup.of.partition(".")[0]


def question(lookup: Classified, value: object) -> Question:
    """Return the question about a text; `value` is what `root` names. Raises Unanswered when there is no text in it."""
    text = _text(lookup, value)
    return Question(
        key=("classifier", lookup.classifier, text),
        queue="classifiers",
        ask=lambda deadline: _classify(lookup.classifier, text),
        read=_read,
    )


def _text(lookup: Classified, value: object) -> str:
    for name in lookup.of.split(".")[1:]:
        if not isinstance(value, dict):
            break
        value = value.get(name)
    else:
        if isinstance(value, str):
            return value
    if isinstance(value, Missing):
        raise Unanswered(value.code, f"{lookup.of} isn't known")
    if value is None:
        raise Unanswered("missing", f"there is no {lookup.of}")
    raise Unanswered("wrong_type", f"{lookup.of} is not a text")


def _classify(name: str, text: str) -> object:
    from agents import classifiers  # its lexicons take a while to load: only those pay who ask

    answer = classifiers.classify(name, text)
    if answer is None:
        raise unavailable("the classifier can't tell")
    return answer


def _read(answer: object, fact: Fact) -> tuple[object, datetime | None]:
    return coerce(answer, fact.type), None
