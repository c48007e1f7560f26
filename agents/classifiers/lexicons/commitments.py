"""What makes a sentence a promise, and what takes it back."""

_GIVE = (
    "refund*|reimburse*|credit|pay|repay|return|send|resend|ship|reship|mail|dispatch|deliver|redeliver|replace"
    "|exchange|swap|repair|fix|resolve|solve|give|offer|provide|issue|waive|cover|compensate|discount|deduct|cancel"
    "|remove|reverse|extend|upgrade|grant|honour|honor|match|reduce|lower|transfer|arrange|restore|make it up"
    "|make this|make it|make things|add|apply|throw in|include|get you|get your|get this|take care|take # off|knock"
    "|sort|put|process|approve|guarantee|promise|assure|accept|unlock|correct|adjust|lend|bring|install|expedite"
    "|prioritise|prioritize|rush|top up|write off|settle|double|hold|reserve|keep it|pick up|collect"
)
_GIVING = (
    "refunding|reimbursing|crediting|paying|returning|sending|resending|shipping|reshipping|mailing|dispatching"
    "|delivering|replacing|exchanging|swapping|repairing|fixing|issuing|waiving|covering|compensating|giving|offering"
    "|arranging|transferring|extending|upgrading|removing|rushing|cancelling|canceling|reversing|processing|adding"
    "|applying|granting|restoring|getting you|putting|making it|making this|taking # off|expediting|knocking"
    "|throwing in|including|honouring|honoring|matching|reducing|unlocking|correcting|picking up|collecting|reserving"
    "|returning"
)
_WHEN = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august"
    "|september|october|november|december|today|tomorrow|tonight|noon|midnight|weekend|week|month|christmas|easter"
    "|eod|cob|end|close|morning|evening|afternoon|midday|latest|weekday"
)
_COUNT = "#|a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|few|couple|several|next|the"
_UNIT = "minute*|hour*|hr|hrs|day*|week*|month*|business|working|moment*"

TIME = f"""
    (by|before|until|till|on|this|next|coming) (the|this|next|coming|end|close|of)? (of|the|this|next)? ({_WHEN})
    (from|than|for|late|early|every) (the|this|next|coming|end|close|of)? (of|the|this|next)? ({_WHEN})
    (by|before|until|at|than) (the)? (#|noon|midnight)
    (before|in time for) (the|your) *
    (within|in|under) (the|about|around)? (next|coming)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (within|in|under) (the|about|around)? (few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (within|in|under) (the|about|around)? (next|coming)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (within|in|under) (the|about|around)? (few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (within|in|under) (max|maximum)? (next|coming)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (within|in|under) (max|maximum)? (few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (within|in|under) (max|maximum)? (next|coming|few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (than|to|inside) (the|about|around)? (next|coming)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (than|to|inside) (the|about|around)? (few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (than|to|inside) (the|about|around)? (next|coming)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (than|to|inside) (the|about|around)? (few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (than|to|inside) (max|maximum)? (next|coming|few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (than|to|inside) (max|maximum)? (next|coming|few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (over|take*|about) (the|about|around)? (next|coming)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (over|take*|about) (the|about|around)? (few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (over|take*|about) (the|about|around)? (next|coming)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (over|take*|about) (the|about|around)? (few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    around (the|about|around)? (next|coming|few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    around (the|about|around)? (next|coming|few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (over|take*|about) (max|maximum)? (next|coming)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (over|take*|about) (max|maximum)? (few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    (over|take*|about) (max|maximum)? (next|coming|few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    around (max|maximum)? (next|coming|few|couple)? (of)? ({_COUNT}) (of|to|or|and)? ({_COUNT})? ({_UNIT})
    around (max|maximum)? (next|coming|few|couple)? (of)? ({_COUNT}) (few|more|-)? ({_COUNT})? ({_UNIT})
    (today|tomorrow|tonight|right away|straight away|immediately|at once|at the latest|same day)
    (in no time|as soon as possible|asap|any minute|any day now|overnight|momentarily)
    """

#: How something will be done, skipped to see what.
MANNER = """
    (also|now|then|just|gladly|happily|certainly|definitely|surely|personally|immediately)
    (shortly|always|still|all|both|soon|automatically|likely|probably)
    (only|simply|of course|gonna|most|promptly|quickly|directly|absolutely|even)
    (once|again|first|next|therefore|instead|hopefully|today|tomorrow|kindly)
    (be|feel) (very|more than|so|only too)? (happy|glad|pleased|delighted|able|sure|ready|willing|going) to
    """

#: Next steps of the writer's and of the reader's, which come to nothing by themselves.
PROCESS = """
    (look|looking|check|checking|review|investigate|follow|pass|forward|escalate)
    (ask|contact|reach|let|need|try|raise|share|discuss|work|consider|require)
    (inform|advise|tell|explain|note|continue|respond|reply|answer|write|email|call)
    (speak|talk|verify|analyse|analyze|assess|examine|monitor|wait|hear|want)
    (notice|depend|vary|report|document|log|help|assist|study|evaluate|consult)
    (update|reassess|chase|ping|message|text|phone|ring|remind|confirm|attend)
    (address|listen|read|know|understand|learn|remain|stay|mean|dig|see if|see what)
    (see whether|see how|see the|see a|see an|see below|use|ensure you)
    (get back|get in|get to|get someone|find out|take this|take your|take a|take another|take into)
    (bring this to|bring it to|be in touch|be back|keep you|keep an|keep looking)
    be (asked|redirected|forwarded|passed|reviewed|looked|looking|checking|reviewing)
    be (working|notified|informed|updated|required|on|closed|open|away|there|useful)
    find (out|it under|it in|the form|more|that|them|all|instructions|details|it here|it below|it above)
    be (difficult|hard|writing|reaching|contacting|following|sharing|passing|monitoring|considered)
    be (more|easier|easy|better|subject|glad|happy|taken|prompted|shown|found|listed)
    (have to|have a|have another|have someone|go through|go over|show you|guide you|walk you)
    (only|assume|start by|begin by|open a|create a|close this|close the|close your)
    (do our|do my|do what|do everything|do all|do some|try our|make every effort)
    (make a note|not be|appear in|go to|fill|be asked|want to)
    """

#: What is promised not to happen.
NEVER_AGAIN = """
    (charge|charged|bill|billed|happen|occur|cost|lose|contact|call)
    (email|disappoint|disturb|share|sell|let you down|repeat|miss)
    be (charged|billed|contacted|disturbed|asked to pay|repeated|disappointed|any charge|any fee|a problem|an issue)
    (have|need) to (pay|wait|worry|return)
    see (any|another|this|the) (charge*|fee*)
    be (taken|deducted|debited|withdrawn|shared|sold|used|lost)
    let (that|this|it|you) (happen|down|occur)
    (give|sell|show|pass|let) (it|this|that|them|your) .. (anyone|anybody|somebody|others|else|third)
    have to wait
    """

#: What is refused.
REFUSAL = f"""
    ({_GIVE}|{_GIVING})
    be ({_GIVING}|able|possible|available|covered|refunded|replaced|accepted|sent|in stock)
    (have|know|be|get|receive|work|fit|say|speculate|comment|go|come|arrive)
    """

PROMISING = """
    (guarantee|guaranteed|guarantees|guaranteeing|promise|promises|promising|assure)
    (assures|assured|pledge|vow|swear|commit|committed|commitment|committing)
    (my|our) (word|promise)
    (count|rely|depend|bank) on (us|me|it|that)
    (without fail|no matter what|no strings attached|problem solved)
    consider (it|this|that|the) (done|fixed|solved|sorted|refunded)
    consider (it|this|that|the) .. (waived|gone|paid|cancelled|settled)
    (make up|making up) (for|to) (this|it|that|you|the)
    (got|have) you covered
    on (us|me|the house)
    """

_WE = "i|we|they|it|team|support|department|that|which|and|or"
_EASILY = (
    "now|also|certainly|definitely|gladly|happily|still|of course|even|absolutely|surely|immediately|personally|just"
    "|currently|already|hereby|always|usually|fully|quickly|then|all|soon|on"
)
_READY = (
    "happy|glad|pleased|delighted|willing|prepared|ready|able|like|love|want|wish|agree|agreed|decided|arranged|intend"
    "|plan|going"
)
_BE = "has|have|is|are|been|was|were|being|am|we|i"
_APPROVED = "approved|granted|authorised|authorized|arranged|scheduled|booked|pre-approved|reserved"
_SHOULD = "should|ought to|is set to|are set to|bound to|certain to|sure to|due to"
_REACH = (
    "have|receive|get|arrive|reach|show up|come|land|appear|ship|clear|be with|be there|be delivered|be back|be fixed"
    "|be refunded"
)
_GET = "get|receive|are getting|are receiving|are going to get|have"
_GOOD = "back|refund*|credit*|discount*|free|replacement|new|money|voucher*|nothing to pay"
_SEE_TO = "see to it|make sure|making sure|made sure|see that"

OFFERS = f"""
    (i|we) (am|are) ({_EASILY})? ({_GIVING})
    ({_WE}) can ({_EASILY})? ({_GIVE})
    ({_READY}) to ({_EASILY})? ({_GIVE})
    let (me|us) ({_EASILY}|go ahead and)? ({_GIVE})
    (we|i) ({_EASILY})? ({_GIVE}) (you|your|it|them|the|this|all|every|any|for|everything|free)
    (we|i) (would|could) ({_EASILY})? ({_GIVE})
    go ahead and ({_GIVE})
    on (its|the|their) way
    in the (mail|post)
    (entitled to|eligible for|qualify for|qualifies for) *
    ({_BE}) ({_EASILY})? ({_APPROVED})
    (you|you and) (can|may|should|could) (expect|look forward|count|rely)
    ({_SHOULD}) ({_EASILY})? ({_REACH})
    you ({_GET}) .. ({_GOOD})
    (full|partial|complete|immediate) refund .. (for you|coming|waiting|issued today|is yours)
    (is|are) (all)? yours
    (make|made) (it|this|that|things) (up to you|right)
    (goes|go) .. back to (your|you)
    ({_SEE_TO}) .. (you|your|that|this|it) (get*|is|are|arrive*|receive*|will|reaches)
    # (off|discount) .. (for you|your|next|on us)
    nothing (more|else|further)? to pay
    (no|without|at no) (extra|additional|further)? (cost|charge) (to|for) you
    """

#: Promises only with a time beside them.
EXPECTATIONS = "(expect|expected|estimated|due|scheduled|eta|should) *"

#: These may be promises: a person must read them.
_VAGUELY = "meet|pay|help you with|make|take|do|let you|be|have|move|put|set|look after|start|leave|knock|bring|work|find you|use"
_BEING_DONE = (
    "sent|shipped|processed|refunded|replaced|prepared|packed|credited|delivered|issued|transferred|removed|fixed|repaired"
    "|reversed|made|printed|arranged|cancelled|waived|paid|returned|upgraded|collected"
)
_MOVING = (
    "coming|going|leaving|arriving|moving|landing|heading|getting|printed|packed|prepared|made|sent|shipped|rushed|done"
    "|fixed|returned"
)

DOUBTFUL = f"""
    ({_WE}) can ({_EASILY})? ({_VAGUELY})
    (soon|shortly|in a bit|in due course|before long)
    (is|are) free
    a matter of (hours|days|minutes|weeks)
    (free of charge|for free|no charge|at our expense|at our cost|our treat|compliments of)
    let (us|me) (make|do|take|put|set|find you|handle|deal|treat|try)
    (trust|believe) (me|us)
    (money back|full refund|satisfaction guarantee|aim*|goal|target|plan) (if|is|to|of|will|when)
    (money back|you have # .. of|the price stays|stays the same|rush on it)
    (undertake*|undertaking|pledge*|agree|agreed|intend*|aim|aims|plan|plans) (to|that)
    (is|are) being ({_BEING_DONE})
    (will|shall) never
    (consider|count|call) (it|this|that|the) .. (gone|done|waived|off|cancelled|paid|closed|settled|yours)
    (we|i) (stand by|back|cover|keep) (our|my|the|every|it)
    (is|are|am) ({_EASILY}|being)? ({_MOVING})
    (leaves|leave|ships|arrives|comes|lands|gets to you|goes out|starts|ends) (now|today|tomorrow|on|in|by|with|from|at|to)
    """

#: Doing one of these is no promise; what else somebody is doing might be one.
WAITING = frozenset(
    """
    looking checking reviewing investigating working waiting asking trying speaking talking passing forwarding writing
    reading missing having being experiencing facing following discussing contacting reaching chasing using showing
    saying telling thinking wondering hoping nothing something anything everything interesting frustrating annoying
    disappointing confusing charging leaking pending outstanding asking seeing hearing monitoring studying learning
    gathering collecting searching examining sorry running selling
    """.split()
)

#: Signs of a statement about what is, was or isn't, of a request, a thank-you: of no promise.
PLAIN = """
    (is|are|am|was|were|been|has|have|had|did|do|does|would|could|may|might|not|no|never|none|nobody)
    (please|thank*|sorry|apolog*|regret*|welcome|regards|sincerely|faithfully|dear|hi|hello|hey)
    (need*|say|says|show|shows|contain*|weigh*|run|runs|mean|means|know*|understand*|see|sees|look)
    (looks|decide*|depend*|appl*|cost|costs|include*|work|works|seem*|appear*|require*|allow*)
    (want*|ask|asks|hope*|think|thinks|believe*|wonder*|find|finds|suggest*|recommend*|advise*|belong*)
    (exist*|happen|happens|like|likes|love|loves|enjoy*|try|check|choose|click|open|use|sign in)
    (received|sent|arrived|left|came|went|ended|started|began|took|made|gave|got|said|told|asked|wrote)
    (called|paid|bought|tried|shipped|closed|checked|opened|forwarded|passed|noted|added|looked|spoke)
    (let|keep|keeps|take a|have a|go to|contact*|restart*|reset*|enter|select|follow|visit)
    (note|confirm|describe|attach*|reply|answer|call us|write|complete|fill|read)
    """

#: Of a sentence with a time in it: the past, a request, what isn't so.
NOT_AHEAD = """
    (was|were|had|did|left|sent|arrived|received|came|went|ended|started|began|took)
    (made|gave|got|said|told|asked|wrote|called|paid|bought|tried|shipped|closed)
    (cancelled|canceled|refunded|delivered|ordered|returned|replied|opened|processed)
    (requested|checked|confirmed|reported|signed|expired|changed|posted|returned)
    (please|kindly|let us know|last|ago|reached|noted)
    (not|no|never|unable|nor|neither|none|nobody|cannot|closed)
    """

#: Of a sentence with a time in it: rules and conditions, which a reader may take for a promise.
RULES = """
    (policy|policies|allow*|hours|if|whether|unless|accepted|usually|normally)
    (generally|typically|rule|rules|terms|in case|when|would need)
    you (can|may|need|have to|must|should|could|want|would|will need)
    (open|valid)
    """

#: Ways to say that nothing is wrong, which aren't refusals.
PLEASANTRIES = """
    no (worries|problem|probs|trouble|doubt|hassle)
    not (a|to) (problem|worry)
    (not only|do not worry)
    """

#: Who takes the next steps that aren't promises; a thing that "will follow" is one.
SOMEBODY = """
    (i|we|you|he|she|they|it|who|and|someone|somebody) (also|now|then|just|personally|gladly)?
    (colleague*|team*|manager|supervisor|department|warehouse|support|specialist*|agent*|technician*) (also|now|then)?
    """

#: First words of a request, and of a question.
COMMANDS = (
    "act|answer|ask|bring|call|check|click|complete|confirm|contact|do|fill|follow|give|have|keep|let us know|log|make|note"
    "|open|pay|remember|reply|report|reset|respond|return|see|send|sign|stop|take|tell|try|use|visit|write"
)
QUESTIONS = "will|would|shall|can|could|do|does|did|is|are|may|should|have|has|when|what|where|which|who|why|how|and|so"

ALL = (TIME, MANNER, PROCESS, NEVER_AGAIN, PROMISING, OFFERS, EXPECTATIONS, REFUSAL, DOUBTFUL, PLAIN, NOT_AHEAD, RULES)
