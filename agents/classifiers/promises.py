"""Does a text promise something?

Commitments of outcome, money or time count, and offers of them; saying what one looks into doesn't, unless by when. A
claim that something was done is no promise: whether it's true is for facts to tell.
"""

import re

from agents.classifiers.lexicons import commitments
from agents.classifiers.phrases import compile_phrases
from agents.classifiers.reading import Reading, read

_TIME = compile_phrases(commitments.TIME)
_MANNER = compile_phrases(commitments.MANNER)
_PROCESS = compile_phrases(commitments.PROCESS)
_NEVER_AGAIN = compile_phrases(commitments.NEVER_AGAIN)
_REFUSAL = compile_phrases(commitments.REFUSAL, commitments.PROCESS)
_PROMISING = compile_phrases(commitments.PROMISING)
_OFFERS = compile_phrases(commitments.OFFERS)
_EXPECTATIONS = compile_phrases(commitments.EXPECTATIONS)
_DOUBTFUL = compile_phrases(commitments.DOUBTFUL)
_PLAIN = compile_phrases(commitments.PLAIN, commitments.NOT_AHEAD)
_NOT_AHEAD = compile_phrases(commitments.NOT_AHEAD)
_RULES = compile_phrases(commitments.RULES)
_PLEASANTRIES = compile_phrases(commitments.PLEASANTRIES)
_SOMEBODY = compile_phrases(commitments.SOMEBODY)
_GREETING = 3  # words
_NEAR, _FAR = 24, 120  # characters

# What stands before a phrase and takes it back, up to a few words away.
_UNPROMISING = re.compile(
    r" (?:not|no|never|nor|neither|without|unable|as|was|were|had|been|you|nothing)"
    r"(?: (?:able|a|an|any|to|the|in a position|be|we|i|yet|been|really|actually|make|give|offer|fully|always|ever)){0,4}$"
)
_REFUSED = re.compile(r" (?:not|no|never|nor|whether|unable|neither)(?: [a-z']+){0,3}$")
_CONDITION = re.compile(r" (?:if|whether|check|see|confirm|in case|unless)(?: [a-z']+){0,4}$")
_NOBODY = re.compile(r" (?:nobody|no one|nothing|none|never)(?: [a-z']+){0,2}$")
_NO_FUTURE = re.compile(r" (?:was|were|been|not|nothing|never)$")

_FUTURE = re.compile(r" (?:will|shall|going to|gonna|about to)(?= )")
_NOT = re.compile(r" (?:not|never|no longer|neither|nor)(?= )")
_DOING = re.compile(r" (?:am|are|is)(?: (?:now|also|just|already|currently|all|actually))? ([a-z]{3,}ing)(?= )")
_AGAINST = re.compile(r" (?:but|however|although|though|yet)(?= )")
_INNER_MARK = re.compile(r" [,;:](?= )")
_COMMAND = re.compile(rf"^ (?:please |kindly )?(?:{commitments.COMMANDS})(?= )")
_QUESTION = re.compile(rf"^ (?:{commitments.QUESTIONS})(?= )")


def classify(text: str) -> bool | None:
    """Return whether the text promises something; None for what isn't English and for what might be a promise.

    A question, a refusal, what was done, and a named next step of the writer's aren't promises.
    """
    reading = read(text)
    if not reading.is_english:
        return None
    judged = [_judge(statement) for statement in _statements(reading)]
    return True if True in judged else None if None in judged else False


def _statements(reading: Reading) -> list[str]:
    """The sentences, and the parts of them that stand against each other; questions are left out."""
    statements = []
    for sentence, end in re.findall(r"((?: [^ .!?\n]\S*)+)(?: ([.!?\n]))?", reading.marked):
        if end == "?" and _QUESTION.match(sentence):
            continue
        sentence = _PLEASANTRIES.sub("", f"{sentence} ")
        statements += [f"{part.rstrip()} " for part in _AGAINST.split(sentence)]
    return statements


def _judge(marked: str) -> bool | None:
    clauses = [f"{clause.rstrip()} " for clause in _INNER_MARK.split(marked)]
    sentence = "".join(clause.rstrip() for clause in clauses) + " "
    has_time = bool(_TIME.search(sentence))
    timed = [clause for clause in clauses if _is_ahead(clause)]
    if (
        any(not _RULES.search(clause) for clause in timed)
        or any(not _UNPROMISING.search(_before(sentence, found)) for found in _PROMISING.finditer(sentence))
        or any(_is_offered(_before(sentence, found)) for found in _OFFERS.finditer(sentence))
        or (has_time and any(_is_offered(_before(sentence, found)) for found in _EXPECTATIONS.finditer(sentence)))
    ):
        return True
    ahead = [_judge_future(sentence, found, has_time) for found in _FUTURE.finditer(sentence)]
    if True in ahead:
        return True
    return None if timed or None in ahead or _is_doubtful(sentence, is_told=bool(ahead)) else False


def _is_ahead(clause: str) -> bool:
    return bool(_TIME.search(clause)) and not _NOT_AHEAD.search(clause) and not _COMMAND.match(clause)


def _is_doubtful(sentence: str, is_told: bool) -> bool:
    """Whether it may be a promise: by its words, by what somebody is doing, or because nothing says what else it is."""
    return (
        any(_is_offered(_before(sentence, found)) for found in _DOUBTFUL.finditer(sentence))
        or any(found[1] not in commitments.WAITING for found in _DOING.finditer(sentence))
        or (not is_told and len(sentence.split()) > _GREETING and not _PLAIN.search(sentence))
    )


def _judge_future(sentence: str, future: re.Match, has_time: bool) -> bool | None:
    """Judge what follows `will`: an outcome counts, a next step of the writer's only with a time."""
    before, rest = _before(sentence, future), _skip_manner(sentence[future.end() : future.end() + _FAR])
    denied = _NOT.match(rest)
    if denied or _NOBODY.search(before):
        rest = _skip_manner(rest[denied.end() :] if denied else rest)
        return True if _NEVER_AGAIN.match(rest) else False if _REFUSAL.match(rest) else None
    if _NO_FUTURE.search(before) or not rest.strip():
        return None
    if not has_time and _PROCESS.match(rest):
        return False if _SOMEBODY.search(before[-_NEAR:] + " ") else None
    return True


def _before(sentence: str, found: re.Match) -> str:
    return sentence[max(0, found.start() - _FAR) : found.start()]


def _skip_manner(rest: str) -> str:
    while manner := _MANNER.match(rest):
        rest = rest[manner.end() :]
    return rest


def _is_offered(before: str) -> bool:
    return not _REFUSED.search(before) and not _CONDITION.search(before)
