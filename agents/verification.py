"""What a run's output is held against before the run may complete: a schema, checks in CEL, and what it may not hold.

Pure. Whatever can't be told is a problem: only an output that was looked at whole and found right passes.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from agents.arguments import compile_schema
from agents.canonical import NotCanonical, canonical_bytes
from agents.dialect import MISSPELT, BadSchema, join
from agents.documents.problems import show, suggest
from agents.policy.conditions import BadCondition, Condition, Environment
from agents.policy.conditions.expression import Call, Field, Literal, Name, Tree, as_text, walk
from agents.policy.conditions.taking import MAX_TEXT
from audit.redaction.folding import fold

MAX_PROBLEMS = 20
OUTPUT, SUCCEEDED = "output", "succeeded"

_CHECKS = Environment({OUTPUT: "record", SUCCEEDED: "record"})
_TEXTS = Environment({"text": "string"})
_UNKNOWN = "is not a fact, claim, list or argument of this tool"
#: A pattern without these is found in joined texts, read line by line, wherever it is found in one of them.
_WHOLE_TEXT = re.compile(r"\\[Az]|\(\?\w*-")
# Schemas speak of tools elsewhere.
_OF_TOOLS = {
    "is not an argument this tool takes": "is not part of the output",
    "holds something this tool doesn't take": "holds something the output may not",
    "the arguments are an object: write type: object": "the output is an object: write type: object",
}

Json = object
Text = tuple[str, str]  # where it stands, what it says


def check(output: Json, verify: Mapping[str, Json], succeeded: Mapping[str, int]) -> list[str]:
    """Return what is wrong with a run's output, in words (20 at most); [] when it passes.

    `verify` is the agent's: `output` a JSON Schema, `checks` conditions over `output` and `succeeded` (how many actions
    of each tool succeeded; a tool that isn't in it counts 0), `forbid` patterns that no text of it may match. No problem
    repeats a text of the output.
    """
    try:
        canonical_bytes(output)
    except NotCanonical as error:
        return [f"the output isn't plain JSON: {error}"]
    problems = _schema_problems(output, verify.get("output"))
    problems += _forbidden(output, verify.get("forbid") or ())
    problems += [said for one in verify.get("checks") or () if (said := _check_problem(one, output, succeeded))]
    return problems[:MAX_PROBLEMS]


def why_invalid(verify: Mapping[str, Json], tools: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return what is wrong with a `verify` itself, as (path below it, sentence); [] when outputs can be checked with it.

    Names after `succeeded.` are held against `tools` when those are given.
    """
    problems = []
    if verify.get("output") is not None:
        problems += _invalid_schema(verify["output"])
    for number, one in enumerate(verify.get("checks") or ()):
        problems += [(f"checks[{number}].expect", message) for message in _invalid_check(one.get("expect"), tools)]
    for number, pattern in enumerate(verify.get("forbid") or ()):
        problems += [(f"forbid[{number}]", message) for message in _invalid_pattern(pattern)]
    return problems


# --- the schema


def _schema_problems(output: Json, schema: Json) -> list[str]:
    if schema is None:
        return []
    try:
        errors = compile_schema(schema).check(output)
    except BadSchema as error:
        return [f"the output can't be checked, its schema is wrong: {_of_output(str(error))}"]
    return [f"{_below_output(error.path)} {_of_output(error.message)}" for error in errors]


def _invalid_schema(schema: Json) -> Iterator[tuple[str, str]]:
    try:
        notes = compile_schema(schema).notes
    except BadSchema as error:
        yield f"output{error.path.removeprefix('schema')}", _of_output(error.message)
        return
    for note in notes:
        path, found, advice = note.partition(f": {MISSPELT}")
        if found:
            yield f"output{path.removeprefix('schema')}", f"{MISSPELT}{advice}"


def _below_output(path: str) -> str:
    return f"{OUTPUT}{path.removeprefix('arguments')}"


def _of_output(sentence: str) -> str:
    for said, meant in _OF_TOOLS.items():
        sentence = sentence.replace(said, meant)
    return sentence


# --- the checks


def _check_problem(one: Mapping[str, Json], output: Json, succeeded: Mapping[str, int]) -> str | None:
    named, expect = f"the check {one.get('id', '')}".strip(), one.get("expect") or ""
    try:
        condition = _CHECKS.compile(expect)
    except BadCondition as error:
        return f"{named} can't be made, it is wrong: {error.problems[0][1]}"
    # A tool that nothing succeeded with isn't in the mapping: asked how often, the answer is 0 and not "unknown".
    counts = dict.fromkeys(_tools_named(condition.tree), 0) | dict(succeeded)
    holds = condition.holds(_CHECKS.activation({OUTPUT: output, SUCCEEDED: counts}))
    if holds is None:
        return f"{named} can't be told: the output lacks what it asks for, or has it as another type ({expect})"
    return None if holds else f"{named} isn't met: {one.get('says') or expect}"


def _tools_named(tree: Tree) -> list[str]:
    named = []
    for part in walk(tree):
        match part:
            case Field(Name("succeeded"), name, False) | Call("[]", (Name("succeeded"), Literal("string", name))):
                named.append(name)
    return named


def _invalid_check(expect: Json, tools: Collection[str]) -> Iterator[str]:
    if not isinstance(expect, str):
        yield "write what is expected as a condition, like output.refunded == true"
        return
    try:
        condition = _CHECKS.compile(expect)
    except BadCondition as error:
        yield from (message.replace(_UNKNOWN, "is neither output nor succeeded") for _, message in error.problems)
        return
    if condition.meaning.is_never_so:
        yield "this can never be true: correct it"
    for name in _tools_named(condition.tree):
        if tools and name not in tools:
            yield f"{SUCCEEDED}.{name}: no tool in this file has this name: {suggest(name, tools)}"


# --- what it may not hold


def _forbidden(output: Json, patterns: Collection[str]) -> list[str]:
    if not patterns:
        return []
    texts = [(where, seen) for where, text in _texts(output) for seen in _as_seen(text)]
    found = [f"{where} is too long, or too odd, to be looked through" for where, text in texts if not _readable(text)]
    texts = [(where, text) for where, text in texts if _readable(text)]
    bundles = list(_bundled(texts))
    for pattern in patterns:
        try:
            search = _search(pattern)
        except BadCondition as error:
            found.append(f"the output can't be looked through for {show(pattern)}: {error.problems[0][1]}")
            continue
        suspect = [bundle for bundle in bundles if _may_hold(bundle, pattern)]
        places = [where for bundle in suspect for where, text in bundle if _matches(search, text)]
        found += [f"{where} holds what is forbidden: {show(pattern)}" for where in dict.fromkeys(places)]
    return list(dict.fromkeys(found))[:MAX_PROBLEMS]


def _texts(output: Json) -> Iterator[Text]:
    """Yield every text of the output with its place: values, the names of members, and numbers as they are written."""
    waiting: list[tuple[str, Json]] = [(OUTPUT, output)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            yield from ((f"a name in {path}", name) for name in value)
            waiting += reversed([(join(path, name), item) for name, item in value.items()])
        elif isinstance(value, list | tuple):
            waiting += reversed([(f"{path}[{number}]", item) for number, item in enumerate(value)])
        elif isinstance(value, str):
            yield path, value
        elif value is not None and not isinstance(value, bool):
            yield path, canonical_bytes(value).decode()


def _as_seen(text: str) -> list[str]:
    """Return the ways to read a text: as written, and with what can't be seen or only looks alike undone."""
    if text.isascii():
        return list(dict.fromkeys((text, fold(text).text)))
    visible = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    return list(dict.fromkeys((text, visible, fold(text).text)))


def _readable(text: str) -> bool:
    return "text" in _TEXTS.activation({"text": text}).names


def _bundled(texts: list[Text]) -> Iterator[list[Text]]:
    """Yield the texts in bundles that joined are no longer than one text may be."""
    bundle: list[Text] = []
    size = 0
    for one in texts:
        if bundle and size + len(one[1]) + 1 > MAX_TEXT:
            yield bundle
            bundle, size = [], 0
        bundle.append(one)
        size += len(one[1]) + 1
    if bundle:
        yield bundle


def _may_hold(bundle: list[Text], pattern: str) -> bool:
    """Return whether one of the texts may match: thousands of short ones asked one by one would take seconds."""
    if _WHOLE_TEXT.search(pattern):
        return True
    try:
        return _matches(_search(f"(?m){pattern}"), "\n".join(text for _, text in bundle))
    except BadCondition:
        return True


def _matches(search: Condition, text: str) -> bool:
    """Return whether the text holds it, or nobody can tell."""
    return search.holds(_TEXTS.activation({"text": text})) is not False


@lru_cache(maxsize=256)
def _search(pattern: str) -> Condition:
    return _TEXTS.compile(as_text(Call("matches", (Literal("string", pattern),), Name("text"))))


def _invalid_pattern(pattern: Json) -> Iterator[str]:
    if not isinstance(pattern, str) or not pattern:
        yield 'write a pattern as text, like "(?i)password"'
        return
    try:
        search = _search(pattern)
    except BadCondition as error:
        yield error.problems[0][1]
        return
    if _matches(search, ""):
        yield "this is found in an empty text: write what may not stand in one"
