"""Words that conditions expect of our classifiers: one that is never answered would make a rule that never speaks."""

from collections.abc import Iterator

from agents.documents.problems import show, suggest
from agents.policy.conditions.expression import Call, ListOf, Literal, Name, Tree, walk
from agents.policy.language import Classified, Fact
from agents.policy.reading import grammar

#: What can be answered, for the classifiers with a fixed set of words.
ANSWERS = {
    "sentiment": grammar.SENTIMENTS,
    "topic": grammar.TOPICS,
    "tone": grammar.TONES,
    "pii": tuple(kind for kind in grammar.REDACTED if kind != "secret"),
}


def unheard_words(tree: Tree, facts: dict[str, Fact]) -> Iterator[tuple[int, str]]:
    """Yield (offset, message) for each word that a fact is compared with and its classifier never answers."""
    for name, word in _compared(tree):
        lookup = facts[name.name].lookup if name.name in facts else None
        answers = ANSWERS.get(lookup.classifier, ()) if isinstance(lookup, Classified) else ()
        if answers and word.kind == "string" and word.value not in answers:
            hint = suggest(word.value, answers)
            yield word.offset, f"{lookup.classifier} never answers {show(word.value)}: {hint}"


def _compared(tree: Tree) -> Iterator[tuple[Name, Literal]]:
    for part in walk(tree):
        match part:
            case Call("==" | "!=" | "in", (Name() as name, Literal() as word)):
                yield name, word
            case Call("==" | "!=" | "in", (Literal() as word, Name() as name)):
                yield name, word
            case Call("in", (Name() as name, ListOf(words))):
                yield from ((name, word) for word in words if isinstance(word, Literal))
