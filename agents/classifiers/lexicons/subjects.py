"""Everyday topics, each told by things that people ordinarily say about it: a word alone isn't enough."""

#: Of two that weigh the same the earlier one is said.
TOPICS = ("refund", "billing", "account", "shipping")

_PARCEL = (
    "parcel*|package*|order*|delivery|item*|shipment*|box|letter|goods|stuff|things|courier*|driver*|postman|it|they"
    "|kit|set"
)
_ACCOUNT = (
    "account*|profile*|login|username*|user name|membership|email*|e-mail*|phone|number|name|surname|address"
    "|password*|details|birthday"
)

SUBJECTS = {
    "refund": """
        (refund|refunded|refunds|reimburse*|store credit) (me|to|for|policy|yet|on|the|in|of|my|it)
        (refund|refunded|refunds|reimburse*|store credit) (now|status|process|take|takes|arrive*)
        (refund|refunded|refunds|reimburse*|store credit) (go|show|this|please|within|immediately)
        (refund|refunded|refunds|reimburse*|store credit) (already|pls|received|today|or)
        (my|a|the|full|partial|your|any|no|want|get) (refund|refunds|reimburse*|credit|store credit)
        (got|for|is|only|when|still|like|request) (refund|refunds|reimburse*|credit|store credit)
        (refunded|reimbursed|refund pls|refund please)
        (money|cash|payment) (is|was)? back
        (want|need|give me|wants|where is|have) (my|our|the) money
        (get|give|want|need|have|pay|paid|send) .. (me|money|my|us|cash) .. back
        (pay|paid|paying|repay) (me|us) back
        (return|returning|returned) (it|this|the|my|them|these|an|a|something|two|one|both)
        return (policy|label|window|form|address|period|code|by|within)
        (with|of) the return
        (how|want|like|need|can i|days|wish|possible) .. to return
        (sent|send|sending|ship|shipped|mail) (it|this|them|the|these|my|both) .. (back|return)
        (bring|posted|put|took|give|dropped) (it|this|them|the|these|my|both) .. (back|return)
        (exchange|swap|swapping|exchanging) (it|this|the|for|them|my|a)
        (does|do|did) not fit
        (change|changed) my mind
        cancel .. order
        """,
    "billing": """
        (send|copy|copies|need|get|download|missing|correct) & (invoice*|receipt*|bill|bills)
        (resend|where|request|have|wrong|for|last|put|your) & (invoice*|receipt*|bill|bills)
        (vat|surcharge*|instalment*|installment*|overcharg*) (number|rate|id|on|me|us|is|included)
        (vat|surcharge*|instalment*|installment*|overcharg*) (plan|be|twice|again|and)
        (was|were|been|got|being) (overcharged|billed|charged)
        (by|in|pay|next|monthly) (instalment*|installment*)
        (extra|service|late|booking|delivery|shipping|card|hidden|a|the|this|any) (fee|fees|surcharge)
        (charged|charging|charge) (me|my|us|twice|double|again|for|more|extra|too|the wrong|a fee)
        (double|extra|wrong|unexpected|duplicate|additional|monthly|hidden) (charge*|payment*|amount|fee*|cost*)
        (payment|card|transaction|checkout) .. (declined|failed|rejected|refused|not going through)
        (payment|card|transaction|checkout) .. (did not go through|error)
        (can i|can we|do you|how do i|how can i) .. (pay|paying|pay by|accept|take) (by|with|via|in|mastercard)?
        (can i|can we|do you|how do i|how can i) .. (pay|paying|pay by|accept|take) (visa|paypal|cards)?
        (want to|like to|possible to|ended up) .. (pay|paying|pay by|accept|take) (by|with|via|in|mastercard)?
        (want to|like to|possible to|ended up) .. (pay|paying|pay by|accept|take) (visa|paypal|cards)?
        (can i|can we|do you|how do i|how can i) .. (pay|paying|pay by|accept|take) (cash|apple|full|monthly)?
        (can i|can we|do you|how do i|how can i) .. (pay|paying|pay by|accept|take) (for|later|using)?
        (want to|like to|possible to|ended up) .. (pay|paying|pay by|accept|take) (cash|apple|full|monthly)?
        (want to|like to|possible to|ended up) .. (pay|paying|pay by|accept|take) (for|later|using)?
        (discount|promo|coupon|voucher) (code*|was|not|vanished|gone|missing|expired)
        my (discount|coupon|voucher|promo code)
        (you|still) .. (took|taken|taking|withdrew|deducted|debited) .. (money|#|funds|twice|too much)
        (you|still) .. (took|taken|taking|withdrew|deducted|debited) .. (from me|from my)
        (total|price|amount|sum|cost|rate) .. (wrong|higher|different|incorrect|more)
        (total|price|amount|sum|cost|rate) .. (than|included|check|shown|does not)
        (check|what is|why is) (the|my|your) (total|price|amount|sum|cost|rate)
        (where|how|change|update|new|enter) & (iban|payment method|payment details|billing address|direct debit)
        (subscription|renewal|membership|plan) .. (charge*|price|fee|cost|payment|renewed|cancel*|costs)
        (update|change|add|remove|replace|saved) .. card (details|on file)?
        (tax|price match|student rates|student discount)
        (money|payment) .. (is gone|declined|not applied|went through twice)
        """,
    "account": f"""
        (change|update|delete|remove|correct|edit|merge|close|create) & ({_ACCOUNT})
        (open|set up|cancel|rename|new|updating|changing|reactivate) & ({_ACCOUNT})
        (can not|could not|unable|cannot) & (log in|log into|login|sign in|sign into|logging in)
        (trouble|problem*|how|let me) & (log in|log into|login|sign in|sign into|logging in)
        (can not|could not|unable|cannot|trouble|problem*|how|let me) & (signing in|get into my account)
        (again|try|tries|trying|keeps|does not let|want) & (log in|log into|login|sign in|sign into|logging in)
        (again|try|tries|trying|keeps|does not let|want) & (signing in|get into my account)
        (forgot|forgotten|forget) (my|the|this|a)? .. (password|username|login|passcode|user name)
        (reset|resetting|lost) (my|the|this|a)? .. (password|username|login|passcode|user name)
        (reset|verification|confirmation) (link|email|mail|code) .. (never|not|arrive*|expired|work*|does)
        activation (link|email|mail|code) .. (never|not|arrive*|expired|work*|does)
        (turn|switch|set) (on|off|up) .. (newsletter*|notification*|two factor|2fa|emails|account|reminder*)
        (unsubscribe|loyalty points|reward points|mailing list|marketing emails|stop the newsletter)
        (my|the) (account|profile) (is|was|has been|got) (locked|blocked|suspended|deactivated|disabled|closed)
        (unlock|reactivate|reopen) .. (account|profile)
        (the|your|my) app .. (crash*|sign|log|keeps|throw*|close*|open)
        (i|we) (want|would like|need) (to register|an account)
        """,
    "shipping": f"""
        (where|when|will|has|did|have|is|are|any news) & (my|the|our) (order|package|parcel|item*|stuff)
        (where|when|will|has|did|have|is|are|any news) & (my|the|our) (things|delivery|shipment|box)
        (order|parcel|delivery|package|shipment) #
        ({_PARCEL}) & (arrive*|arriving|delivered|not come|came|get here|turn* up)
        ({_PARCEL}) & (left with|left in|left at|lost|stuck|late)
        ({_PARCEL}) & (delayed|missing|thrown|threw|dropped off|in transit)
        ({_PARCEL}) & (shipped|ship|ships|left the warehouse|sent to)
        (says|said|marked|shows|claims|claim|states) (as)? (delivered|nobody|no one|shipped|dispatched|arrived)
        (not|never|still|not yet) .. (arrived|received|come|turned up|delivered|in the mailbox)
        (change|update|wrong|different|new|another) & (delivery address|shipping address)
        (change|update|wrong|different|new|another) & (deliver|delivery|address instead)
        (work|neighbour*|neighbor*|instead) & (delivery address|shipping address|deliver|delivery|address instead)
        (do you|can you|could you|is|how much|how long) .. (ship|shipping|deliver|delivery|postage)
        (express|free|next day|standard|international) .. (ship|shipping|deliver|delivery|postage)
        (delivery|shipping|postage|dispatch|courier) (was|is|took|takes|cost*|time*|date)
        (delivery|shipping|postage|dispatch|courier) (day|slot|address|option*|label|to)
        (delivery|shipping|postage|dispatch|courier) (on|in|before|fast|super|speedy|service)
        (delivery|shipping|postage|dispatch|courier) (says|missing|available|for)
        (tracking|track) (number|link|has|says|shows|is|does|my|the|this|page|code|info*)
        (customs|clearance|carrier|courier) (clearance|pending|fee*|form|says|has|is)
        (leave|left|hand|put|throw|threw) .. (with|at|in|by|over) .. (neighbour*|neighbor*|door*|rain|porch)
        (leave|left|hand|put|throw|threw) .. (with|at|in|by|over) .. (garden|fence|reception|locker|gate)
        (hold|redeliver|redirect|resend|send) (it|the|my|this) .. (shipment|parcel|package|order|address)
        (hold|redeliver|redirect|resend|send) (it|the|my|this) .. (label|again|to my work)
        (speedy|quick|fast|slow) (dispatch|delivery|shipping)
        (days|day|week|weeks) late
        """,
}

#: Questions about goods and the shop, thanks, and faults of things: told of a text when each of its sentences is one.
OTHER = """
    (do|does) (you|this|that|the|it|these|they) & (have|sell|stock|offer|make|cover|come)
    (do|does) (you|this|that|the|it|these|they) & (fit|work|support|need|include|use)
    (what|which|when|where) & (opening hours|open|opening|difference|size|colour|color|model)
    (what|which|when|where) & (version|time|hours|made|material|address of|recommend)
    (is|are) (the|this|that|these|it|there) & (stock|available|waterproof|washable|made)
    (is|are) (the|this|that|these|it|there) & (vegan|compatible|suitable|fine for)
    (is|are) (the|this|that|these|it|there) & (machine|dishwasher|warranty|coming back|new|real|leather|sale)
    (can|could|may) (i|you|we|it|this) & (wash|use|visit|buy|wear|recommend|clean|try|borrow|pick it up|see it)
    (i|we) (bought|have|own|am looking|would like) & (spare|part|filter|another one|colour|color|size)
    (i|we) (want|need|was wondering) & (spare|part|filter|another one|colour|color|size)
    (i|we) (bought|have|own|am looking|would like) & (manual|instructions|present|gift for|battery)
    (i|we) (want|need|was wondering) & (manual|instructions|present|gift for|battery)
    (warranty|guarantee) .. (cover*|battery|expire*|long|last*|for|on)
    (does|how long) .. (warranty|battery) .. (cover|last|run)
    (thank*|cheers|thx|love|loves|adore|awesome|great job|well done|five stars|keep it up)
    (brilliant|fantastic|perfect|impressed|happy with|beautiful|lovely|excellent|patient)
    (hello|hi|hey|good morning|good evening|is there anyone|somebody there|anybody there)
    (ok|okay|yes|no|sure|got it|understood|that is all|sent from my)
    (quality|fabric|manual|handle|zip|lid) .. (cheap|poor|bad|broke*|came off|fell|torn|is|feels)
    (screen|button|battery|charger) .. (cheap|poor|bad|broke*|came off|fell|torn|is|feels)
    (quality|fabric|manual|handle|zip|lid) .. (looks|stopped|loose|hard|does|impossible)
    (screen|button|battery|charger) .. (looks|stopped|loose|hard|does|impossible)
    (colour|color|seat|sole|soles) .. (cheap|poor|bad|broke*|came off|fell|torn|is|feels)
    (motor|remote|cable|strap|fit) .. (cheap|poor|bad|broke*|came off|fell|torn|is|feels)
    (colour|color|seat|sole|soles|motor|remote|cable|strap|fit) .. (looks|stopped|loose|hard|does|impossible)
    (disappointed|expected better|not what i expected|let down|customer service|shop with you|the shop|the store)
    (it|this|one) (broke|is broken|stopped working|does not work|fell apart|came off|leaks)
    (another|a) (broken|faulty|defective|damaged) (one|item|product|kettle)
    """
