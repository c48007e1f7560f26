"""What policies ask of a section beyond keys and texts: numbers, lengths of time, and names the author chose."""

from collections.abc import Iterator

from agents.documents.nodes import Broken, Mapping, Node, Scalar, Sequence, describe
from agents.documents.problems import join, suggest
from agents.documents.section import Section
from agents.policy.durations import LONGEST_DAYS, BadDuration, seconds_of
from agents.policy.reading.grammar import DURATION, KIND, NAME, REDACTED


def ask_duration(section: Section, key: str, *, most_days: int = LONGEST_DAYS) -> int | None:
    """Return the seconds of a key."""
    text = section.text(key, DURATION)
    try:
        return None if text is None else seconds_of(text, most_days=most_days)
    except BadDuration as error:
        section.report(key, str(error))
        return None


def ask_number(section: Section, key: str, *, low: float, high: float, says: str) -> int | float | None:
    """Return the number of a key, low to high, both allowed; `says` is what to write instead."""
    node = section.get(key)
    if node is None:
        return None
    number = node.value if isinstance(node, Scalar) else None
    if type(number) in (int, float) and low <= number <= high:
        return number
    section.report(key, f"not {describe(node)}: write {says}")
    return None


def ask_whole(section: Section, key: str, *, low: int, high: int, says: str) -> int | None:
    """Return the whole number of a key, low to high, both allowed."""
    number = ask_number(section, key, low=low, high=high, says=says)
    if isinstance(number, float):
        section.report(key, f"not {number}: write {says}")
        return None
    return number


def ask_named(section: Section, key: str, *, what: str, most: int, example: str) -> Iterator[tuple[str, Node, str]]:
    """Yield (name, node, path) of each thing named below `key`; names that can't be used are reported, and skipped."""
    node = section.get(key)
    if node is None:
        return
    if not isinstance(node, Mapping):
        section.report(key, f"{key} is a mapping of names, not {describe(node)}: write {example}")
    elif len(node.items) > most:
        section.findings.partial = True
        section.report(key, f"more than {most} {what}s: leave out what no rule uses")
    else:
        for name, below in node.items.items():
            path = join(join(section.path, key), name)
            if NAME.pattern.fullmatch(name):
                yield name, below, path
            else:
                section.findings.add(node.keys_at[name], path, f"not the name of a {what}: write {NAME.says}")


def ask_listed(section: Section, key: str, *, what: str, most: int, example: str) -> Iterator[tuple[Node, str]]:
    """Yield (node, path) of each item of a list."""
    node = section.get(key)
    if node is None:
        return
    if not isinstance(node, Sequence):
        section.report(key, f"{key} is a list of {what}s, not {describe(node)}: write {example}")
    elif len(node.items) > most:
        section.findings.partial = True
        section.report(key, f"more than {most} {what}s: split the policy")
    else:
        for i, item in enumerate(node.items):
            yield item, f"{join(section.path, key)}[{i}]"


def ask_pairs(section: Section, key: str, *, example: str) -> Iterator[tuple[str, Node, str]]:
    """Yield (name, node, path) of what stands below `key`, whatever the names are; unreadable values are skipped."""
    node = section.get(key)
    if isinstance(node, Mapping):
        for name, below in node.items.items():
            if not isinstance(below, Broken):
                yield name, below, join(join(section.path, key), name)
    elif node is not None:
        section.report(key, f"{key} is a mapping, not {describe(node)}: write {example}")


def ask_kinds(section: Section, key: str) -> list[str]:
    """Return the kinds of personal data that a key lists, without those that were reported."""
    found, kinds = [], section.texts(key, KIND)
    if kinds == []:
        section.report(key, f"the list is empty: write some of {', '.join(REDACTED)}, or remove {key}")
    for i, kind in enumerate(kinds or ()):
        if kind in REDACTED:
            found.append(kind)
        else:
            at = section.node.items[key].items[i].at
            message = f"not a kind that is found: {suggest(kind, REDACTED)}"
            section.findings.add(at, f"{join(section.path, key)}[{i}]", message)
    return found


def refuse_keys(section: Section, taken: tuple[str, ...], what: str) -> None:
    """Report the keys of a section that don't go with the form its other keys say it has."""
    for key in section.node.items:
        if key in section.keys.taken and key not in taken:
            at, path = section.node.keys_at[key], join(section.path, key)
            section.findings.add(at, path, f"not a key of {what}: it takes {', '.join(taken)}")
