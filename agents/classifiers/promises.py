"""Does a text promise something? Commitments of outcome, money or time count, and offers of them; saying what one looks into
doesn't, unless by when. A claim that something was done is no promise: whether it's true is for facts to tell."""

import re

from agents.classifiers.phrases import compile_phrases
from agents.classifiers.reading import Reading, read

_GIVE = (
    "refund|refunds|reimburse|credit|pay|repay|return|send|resend|ship|reship|mail|dispatch|deliver|redeliver|replace|exchange|swap"
    "|repair|fix|resolve|solve|give|offer|provide|issue|waive|cover|compensate|discount|deduct|cancel|remove|reverse|extend"
    "|upgrade|grant|honour|honor|match|reduce|lower|transfer|arrange|restore|make it up|make this|make it|make things|add|apply"
    "|throw in|include|get you|get your|get this|take care|sort|put|process|approve|guarantee|promise|assure|accept"
)
_GIVING = (
    "refunding|reimbursing|crediting|paying|sending|resending|shipping|reshipping|mailing|dispatching|delivering|replacing|exchanging"
    "|repairing|fixing|issuing|waiving|covering|compensating|giving|offering|arranging|transferring|extending|upgrading|removing"
    "|cancelling|canceling|reversing|processing|adding|applying|granting|restoring|getting you|rushing|putting|making it|making this"
)
_WEEKDAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_COUNT = "#|a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|few|couple|several|next"
_UNIT = "minute|minutes|hour|hours|hr|hrs|day|days|week|weeks|month|months|business|working|moment|moments"

_TIME = compile_phrases(
    f"(by|before|until|till|on|this|next|coming|from|than|for|late|early|every) (the|this|next|coming|end|close|of)? (of|the|this|next)?"
    f" ({_WEEKDAY}|{_MONTH}|today|tomorrow|tonight|noon|midnight|weekend|week|month|christmas|easter|eod|cob|end|close|morning|evening"
    f"|afternoon|midday|latest)",
    "(by|before|until|at|than) (the)? #",
    f"(within|in|under|than|after|to|inside|over|takes|take|about|around) (the|a|about|around|max|maximum)? (next|coming|few|couple)?"
    f" (of)? ({_COUNT}) (of|to|or|and|few|more)? ({_COUNT})? ({_UNIT})",
    "today\ntomorrow\ntonight\nright away\nstraight away\nimmediately\nat once\nat the latest\nthe same day\nsame day\nin no time"
    "\nas soon as possible\nasap\nany minute\nany day now\novernight",
)  # fmt: skip

_FUTURE = re.compile(r" (?:will|shall|going to|gonna|about to)(?= )")
_PAST_FUTURE = re.compile(r" (?:was|were|been|am not|are not|is not)$")
_MANNER = compile_phrases(
    "(also|now|then|just|gladly|happily|certainly|definitely|surely|personally|immediately|shortly|always|still|all|both|soon"
    "|automatically|likely|probably|only|simply|of course|gonna|of|course|most|promptly|quickly|directly|absolutely|even|once|again"
    "|first|next|therefore|instead|hopefully|today|tomorrow|kindly|both)",
    "(be|feel) (very|more than|so|only too)? (happy|glad|pleased|delighted|able|sure|ready|willing|going) to",
    "(try|do (our|my) best|make every effort) and",
)
_NOT = re.compile(r" (?:not|never|no longer|neither|nor)(?= )")
_PROCESS = compile_phrases(
    "(look|looking|check|review|investigate|follow|pass|forward|escalate|ask|contact|reach|keep|let|need|try|raise|share|discuss|work"
    "|consider|require|inform|advise|tell|explain|note|continue|respond|reply|answer|write|email|call|speak|talk|verify|analyse"
    "|analyze|assess|examine|monitor|wait|hear|want|find|notice|depend|vary|report|document|log|help|assist|study|evaluate|consult|get"
    " back|get in|get to|find out|update|reassess|chase|ping|message|text|phone|ring|remind|confirm|attend|address|listen|read|see"
    "|know|understand|learn|remain|stay|mean|take this|take your feedback|take a|take another|take into|bring this|bring it|be in|be back"
    "|be asked|be redirected|be forwarded|be passed|be reviewed|be looked|be looking|be checking|be reviewing|be working|be notified"
    "|be informed|be updated|be required|be on|be closed|be open|be away|be there|be useful|be difficult|be hard|have to|have a|have the"
    "|have another|have someone|be writing|be reaching|be contacting|be following|be sharing|be passing|go through|go over|dig|be"
    " monitoring|be considered|be a|be an|be more|be easier|be easy|be better|be subject|be glad|be happy|show you|guide you|walk you"
    "|only|assume|start by|begin by|open a|create a|close this|close the|close your|use|be taken|do our|do my|do what|do everything|do"
    " all)"
)
_NEVER_AGAIN = compile_phrases(
    "(charge|charged|bill|billed|happen|occur|cost|lose|contact|call|email|disappoint|disturb|share|sell|let you down|repeat|miss)",
    "be (charged|billed|contacted|disturbed|asked to pay|repeated|disappointed|any charge|any fee|a problem|an issue)",
    "(have|need) to (pay|wait|worry|return)",
    "see (any|another|this|the) (charge*|fee*)",
)
_PROMISING = compile_phrases(
    "(guarantee|guaranteed|guarantees|guaranteeing|promise|promises|promising|assure|assures|assured|pledge|vow|swear|commit|committed"
    "|commitment|committing)",
    "(my|our) word",
    "(count|rely|depend|bank) on (us|me|it|that)",
    "(without|no) (fail|matter what)",
    "consider it (done|fixed|solved|sorted|refunded)",
    "(got|have) you covered",
    "on (us|me|the house)",
    "no strings attached",
)
_UNPROMISING = re.compile(
    r" (?:not|no|never|nor|neither|without|unable|as|was|were|had|been|you|cannot|nothing)(?: (?:able|a|an|any|to|the|in a position|be|we|i|yet"
    r"|been|really|actually|make|give|offer|fully|legally|always|currently|ever)){0,4}$"
)
_OFFERS = (
    compile_phrases(
        f"(i|we) (am|are) (now|also|currently|already|just|happily|gladly|immediately|personally|hereby)? ({_GIVING})",
        f"(i|we|they|it|team|support|department|that|which|and|or|but) can (now|also|certainly|definitely|gladly|happily|still|of"
        f" course|even|absolutely|surely)? ({_GIVE})",
        f"(happy|glad|pleased|delighted|willing|prepared|ready|able|like|love|want|wish|agree|agreed|decided|arranged|intend|plan|going)"
        f" to (immediately|also|personally|fully)? ({_GIVE})",
        f"let (me|us) (just|also|quickly|immediately|personally|go ahead and)? ({_GIVE})",
        f"(we|i) (gladly|happily|always|immediately|hereby|usually)? ({_GIVE}) (you|your|it|them|the|this|all|every|any)",
        f"(we|i) (would|could) (gladly|happily|also|even)? ({_GIVE})",
        f"go ahead and ({_GIVE})",
    ),
    compile_phrases(
        "on (its|the|their) way",
        "in the (mail|post)",
        "(entitled to|eligible for|qualify for|qualifies for) *",
        "(has|have|is|are|been|was|were|being|am|we|i) (now|already|just|fully)? (approved|granted|authorised|authorized|arranged|scheduled|booked|pre-approved"
        "|reserved)",
        "(you|you and) (can|may|should|could) (expect|look forward|count|rely)",
        "(you|order|parcel|package|it|they|refund|money|item|items|replacement|delivery|shipment|credit|that|this|everything) (should|ought|is due|are due|is"
        " expected|are expected|is scheduled|are scheduled|is estimated|is set) (to)? (now|then|also|all|soon|definitely)? (have|receive|get|see|arrive"
        "|be|reach|show|come|land|appear|ship|clear)",
        "(expect|expected|estimated|due|scheduled|eta) ..",
        "you (are getting|get|receive|are receiving|are going to get) .. (back|refund*|credit*|discount*|free|replacement|new|money|voucher*)",
        "(full|partial|complete|immediate) refund .. (for you|coming|waiting|issued today|is yours)",
        "(is|are) yours",
        "(make|made) (it|this|that|things) (up to you|right)",
        "problem solved",
    ),
)  # fmt: skip
_NEEDS_TIME = compile_phrases("(expect|expected|estimated|due|scheduled|eta) ..")
_REFUSED = re.compile(r" (?:not|no|never|nor|whether|cannot|unable|neither)(?: [a-z']+){0,3}$")
_CONDITION = re.compile(r" (?:if|whether|check|see|confirm|in case|unless|ensure)(?: [a-z']+){0,4}$")
_OUTCOME_BY = compile_phrases(
    "(refund*|delivery|delivered|replacement|money|credit|shipment|parcel|package|order|item|it|payment|resolution|answer|reply)"
    " (will|is|are|be|back|to|you|with|your|account|arrives|arriving|comes|ships|lands|guaranteed)? (within|by|before|in|no later than)"
)
_PLEASANTRIES = compile_phrases("no (worries|problem|probs|trouble|doubt|hassle)", "not (a|to) (problem|worry)", "not only")
_DENIED = re.compile(r" (?:not|no|never|unable)(?= )")
_QUESTION_STARTS = re.compile(
    r"^ (?:will|would|shall|can|could|do|does|did|is|are|may|should|have|has|when|what|where|which|who|why|how)\b"
)


def classify(text: str) -> bool | None:
    """Return whether the text promises something; None for what isn't English.

    A doubtful future counts as a promise; a question, a refusal and a named next step of the writer's don't.
    """
    reading = read(text)
    if not reading.is_english:
        return None
    return any(_promises(sentence) for sentence in _statements(reading))


def _statements(reading: Reading) -> list[str]:
    """The sentences, and the parts of them that stand against each other; questions are left out."""
    statements = []
    for sentence, end in re.findall(r"((?: [^ .!?\n]\S*)+)(?: ([.!?\n]))?", reading.flat):
        if end == "?" and _QUESTION_STARTS.match(sentence):
            continue
        statements += [f"{part} " for part in re.split(r" (?:but|however|although|though|yet)(?= )", sentence)]
    return statements


def _promises(sentence: str) -> bool:
    sentence = _PLEASANTRIES.sub("", sentence)
    has_time = bool(_TIME.search(sentence))
    return (
        any(_is_promised(sentence, found, has_time) for found in _FUTURE.finditer(sentence))
        or _is_offered(sentence, has_time)
        or any(not _UNPROMISING.search(sentence[: found.start()]) for found in _PROMISING.finditer(sentence))
        or (has_time and _holds(sentence, _OUTCOME_BY))
    )


def _is_promised(sentence: str, future: re.Match, has_time: bool) -> bool:
    """Judge what follows `will`: an outcome counts, a next step of the writer's only with a time."""
    if _PAST_FUTURE.search(sentence[: future.start()]):
        return False
    rest = sentence[future.end() :]
    while manner := _MANNER.match(rest):
        rest = rest[manner.end() :]
    if denied := _NOT.match(rest):
        return bool(_NEVER_AGAIN.match(rest[denied.end() :]) or _NEVER_AGAIN.match(_without_manner(rest[denied.end() :])))
    return has_time or not _PROCESS.match(rest)


def _without_manner(rest: str) -> str:
    while manner := _MANNER.match(rest):
        rest = rest[manner.end() :]
    return rest


def _is_offered(sentence: str, has_time: bool) -> bool:
    for offers in _OFFERS:
        for found in offers.finditer(sentence):
            before = sentence[: found.start()]
            needs_time = _NEEDS_TIME.fullmatch(sentence, found.start(), found.end() + 1) and not has_time
            if not (needs_time or _REFUSED.search(before) or _CONDITION.search(before) or " not " in found.group() + " "):
                return True
    return False


def _holds(sentence: str, phrases: re.Pattern) -> bool:
    return any(not _DENIED.search(sentence[: found.start()] + " ") for found in phrases.finditer(sentence))
