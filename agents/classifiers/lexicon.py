"""The phrases by which sentiment, topic, tone and promises are told. The language they are in is explained in `phrases`."""

from agents.classifiers.phrases import words_of

#: Topics in order of danger: of two that weigh the same the earlier one is said.
TOPICS = ("legal", "security", "chargeback", "refund", "billing", "account", "shipping")
DANGEROUS = ("legal", "security", "chargeback")

#: One strong phrase settles a topic; a weak one only adds.
STRONG = {
    "legal": """
        (my|our|a|an|the|their|his|her) (lawyer*|attorney*|solicitor*|barrister*|lawer*|atorney*|soliciter*)
        (lawyer*|attorney*|solicitor*|barrister*|legal|legally|law|laws|illegal*|unlawful*|lawful*)
        (lawsuit|lawsuits|litigation|litigate|litigious|plaintiff|defendant|subpoena*|tribunal)
        law suit*
        class action*
        (legal|legally) (action|advice|counsel|department|dept|team|proceedings|steps|rights|notice|representation|claim|recourse|threat|matter|letter|route|means|binding|obliged|required|entitled|responsible|liable|remedies|remedy)
        take legal
        (sue|suing|sued) (you|your|them|this|the|for|over|him|her|if|unless)
        (will|gonna|shall|to|can|could|may|might|would|i|we|and|or) (sue|suing)
        (am|are|is|be) (suing|sueing)
        i (will|would|can) see you in court
        (in|to|before|through|a|the|this|county|district|high|civil|federal|state) court
        small claims
        court (order|case|hearing|claim|proceedings|date|action)
        (take|taking|took|bring|drag) you to court
        letter before (action|claim)
        cease and desist
        (gdpr|ccpa|hipaa|dsar)
        data (protection|subject) *
        subject access request
        right to (be forgotten|erasure)
        information commissioner*
        (ombudsman|ombudsmen|ombudsperson|regulator*|cfpb|ftc|bbb|ofcom|ofgem)
        better business bureau
        trading standards
        consumer (protection|rights|affairs|law|act|council|court|forum|association|watchdog)
        federal trade commission
        attorney general
        (statutory|contractual) rights
        (know|knows) (my|our) rights
        rights act
        (against|breaking|breaks|break|under|violat*|by) the law
        (illegal|illegally|unlawful|unlawfully|criminal|criminally) *
        (false|misleading|deceptive) (advertising|advertisement*|claim*|marketing)
        breach of (contract|warranty|duty|law|gdpr|terms|the)
        (negligence|negligent|liability|liable|damages for|defamation|libel|slander|copyright|trademark|infring*|discrimination|discriminat*|harassment)
        (police|interpol|prosecut*|press charges|criminal charges|crime|crimes|felony)
        (this|that|it) is (fraud|theft|criminal|a crime)
        (report|reporting|reported|complain|complaint|complaining|complained) .. (to|with) .. (authority|authorities|council|agency|commission|bureau|standards|regulator*|government|board|office|association|minister|ministry)
        as a consumer
        (hear|hearing) from my
        you .. (defrauded|committed fraud|are frauds|are a fraud)
        (injured|injury|injuries|burned my|burnt my|hospital|electrocuted|electric shock|caught fire|set fire|allergic reaction)
        (go|going|take|taking|talk|talking|tell) .. to the (press|media|newspaper*|papers|news|tv|authorities)
        (report|reporting|reported) (you|this|your|it) .. to .. (authorities|authority|council|government|agency|commission|bureau|standards)
        file .. (suit|claim in court|case against)
        """,
    "security": """
        (hacked|hacker*|hacking|hijack*|compromised|breach|breached|malware|ransomware|spyware|keylogger|phish*|spoof*|spoofed|vulnerab*|exploit|exploits|xss|sql injection|bug bounty)
        data (breach|leak|theft)
        (leaked|leak|leaking|exposed|stole|stolen|sold) (my|our|customer|user|personal|all)? (data|details|password*|information|info|card|email*|identity)
        (data|details|password*|information|info|card|identity) .. (leaked|exposed|stolen|hacked|compromised)
        identity theft
        (somebody|someone|anyone|person|people|stranger*|they|scammer*|thief|else) .. (logged|login|logging|signed|log|got|broke|get|has access|have access|had access|accessed|took over|hijacked|changed my|used my|using my|uses my|is using|ordered|bought|placed|charged|entered|tried to log)
        (taken|took|take) over my account
        account .. (taken over|was accessed|been accessed|got accessed)
        (unauthorised|unauthorized|unauthorised) (access|login*|log|sign|transaction*|charge*|payment*|purchase*|order*|use|activity|person|user|change*|withdrawal*)
        (suspicious|strange|unusual|unknown|unfamiliar|unrecognised|unrecognized) (login*|log|sign|activity|email*|link*|message*|device*|transaction*|charge*|order*|access|text*|location|session*)
        (login|log in|sign in|security) (alert|attempt*|warning|notification)
        (do not|did not|never|not) (recognise|recognize|authorise|authorize|authorised|authorized|make|made|place|placed|order|ordered) (this|that|the|these|those|any|an|it) (login|device|transaction*|charge*|payment*|purchase*|order*|of)
        (never|not) (placed|made|authorised|authorized|ordered|approved)
        (was not|were not|is not) me
        without (my|our) (permission|consent|knowledge|authorisation|authorization|approval)
        (fraudulent|fraud on|fraud alert|fraudster*|impersonat*|pretending to be|claiming to be)
        (used|use|using|misused) my (card|account|details|identity|name) .. (without|fraud*|illegally)
        (fake|scam|suspicious) (email*|website*|site|call*|text*|message*|sms|link*)
        (asking|asked|asks|ask) (me)? (for|to send|to give|to confirm) .. (password|pin|card number|otp|verification code|security code|cvv|login details)
        two factor
        (2fa|mfa|authenticator) .. (off|disabled|changed|bypass*|stolen|removed)
        (log|sign) out .. (all|other|every) (device*|session*)
        (stolen|lost) (card|phone|laptop|identity|device|wallet)
        (lost|stolen) .. (access to my account|my phone)
        (my|the) (card|phone|laptop|wallet|identity|account) .. (stolen|cloned)
        (changed|change) my (password|email|address) .. (was not me|not by me|without me)
        (verification|security|login|one time|reset) (code|email|link|text|message)* .. (did not|never) (request*|ask*)
        (logged in|login|log in|signed in|sign in|access*) from (another|a different|an unknown|a strange|some)
        (other|another|someone else) .. (customer*|people|person|user*) .. (data|details|order*|account|address*|name*|information)
        (is|was|are) (this|that|it|the) .. (really|actually|genuinely|truly)? from you
        (legit|genuine|a scam|scam)
        (skimmed|sim swap|ransom|blackmail*|extort*)
        (your|site|website|account|data|cyber|the|shop|app|online) security
        (purchase*|order*|transaction*|charge*|payment*|withdrawal*) .. (i|we) (did not|never|have not|have never) (make|made|place|placed|authorise*|authorize*|approve*|order*|do|request*)
        security (hole|flaw|bug|issue|incident|problem|risk|breach|vulnerability|concern|researcher)
        """,
    "chargeback": """
        (chargeback*|chargback*|chargebck*|charegback*|chargebak*)
        charge back*
        disput*
        (disput*|dispute) .. (charge*|payment*|transaction*|amount|purchase|bill|card|paypal|bank)
        (charge*|payment*|transaction*|amount) .. disput*
        (open|opened|opening|file|filed|filing|raise|raised|raising|start|started|lodge|lodged|lodging|win|lose|withdraw|close|have|submitted|submit) .. (dispute|disputes)
        disput* .. (with|through|via|at|by) .. (bank|visa|mastercard|amex|paypal|klarna|stripe|issuer|card|provider)
        (paypal|bank|card|visa|mastercard|amex|klarna) .. (dispute*|claim)
        (claim|case) (with|through|via|at|on) (paypal|klarna|visa|mastercard|amex|my bank|the bank|my card|my credit)
        (buyer|purchase) protection
        section 75
        (bank|card issuer|card company|card provider|card people|visa|mastercard|amex|paypal|klarna|credit union) .. (reverse*|reversing|reversal|claw*|recall*|refund me|get my money|take .. back|pull .. back|stop the payment|cancel the payment|involved|claim)
        (reverse|reversed|reversing|reversal of|claw back|pull back|recall|stop|block) (the|this|that|my|your)? (payment|charge|transaction|debit|direct debit)
        (stop|stopped|block|blocked) .. (payment|charge) .. (bank|card)
        (go|going|talk|talking|speak|speaking|spoke|call|calling|called|contact|contacting|contacted|ring|ringing|rang|tell|telling|told|take|taking|ask|asking|asked|through|report*|complain*|turn|write|writing|get|getting|involve|involving) .. (my|the|our) (bank|card issuer|card company|credit card company|card provider|issuer|credit union)
        (get|getting|take|taking|have|having) (my|the|our) (money|cash|payment) back (through|via|from|with|by) (my|the|our)? (bank|card|visa|mastercard|paypal|amex|credit)
        """,
}

WEAK = {
    "refund": """
        refund*
        money back
        (get|want|give|have|need) .. (money|cash) back
        (return|returning|returned|returns) (it|this|the|my|them|these|an|a|for|policy|label|window|form|item*|something|two|one)
        (send|sent|sending|ship|mail|bring) (it|this|them|the|these|my) .. back
        how do i return
        (to|can i|i) return
        reimburse*
        store credit
        exchange (it|this|the|for|them)
        cancel .. order
        """,
    "billing": """
        (invoice*|billing|billed|bills|overcharg*|receipt*|instalment*|installment*|vat|surcharge*)
        (charged|charging|charge) (me|my|us|twice|double|again|for|more|extra|too|the wrong|a fee|on)
        (double|extra|wrong|unexpected|duplicate|additional|monthly) (charge*|payment*|amount|fee*)
        (payment|card|transaction) .. (declined|failed|rejected|refused|not going through|did not go through|error)
        (pay|paying) (by|with|via|in|using)
        (discount|promo|coupon|voucher) (code*|was|not)
        (fee|fees)
        (the|a|my|your) bill
        (paid|pay) .. (twice|double|more than)
        (took|taken|withdrew|deducted|debited|withdrawn) .. (from|out of) my (account|card|bank)
        (direct debit|payment method|price was|wrong price|price is wrong|price match)
        (subscription|renewal|renewed) .. (charge*|price|fee|cost|payment|renewed|cancel*)
        (update|change|add|remove) .. (card|payment) (details|method|on file)
        """,
    "account": """
        (my|your|an|the|our|delete|close|create|second|new) (account|profile|login|username)
        (log|sign|logging|signing|signed) (in|into|on)
        (password|username|passcode)
        (can not|unable to|trouble|problems) (login|log)
        (change|update|delete|remove|correct) my (email|e-mail|name|phone|number|details|address on|profile|personal|data)
        (unsubscribe|newsletter|verification code|verification email|reset link|loyalty points|reward points|notifications)
        (locked|blocked|suspended|deactivated|disabled) .. (account|out)
        account
        register*
        """,
    "shipping": """
        (ship|ships|shipped|shipping|shipment*|courier|delivery|deliver|delivered|delivering|deliveries|parcel*|package|packages|tracking|dispatch*|postage|customs|carrier|redeliver*)
        (where|when) (is|will|are) (my|the) (order|package|parcel|item*|stuff|things)
        (order|it|package|item*|they) .. (arrive*|arriving|come|came|get here|turn up|turned up)
        (not|never|still|has|have) .. (arrived|received|come)
        (never|not) (received|got|arrived|came)
        (arrived|arrives|arriving|arrive)
        (lost|stuck) in (the)? (post|mail|transit|customs)
        track (my|the|this|it)
        (day|days|week|weeks) late
        (late|overdue|delayed)
        """,
}

#: States and insults of somebody angry. A strong one is enough; two weak ones, or one with shouting, are too.
ANGRY_STRONG = """
    (furious|livid|outraged|outrage|outrageous|enraged|fuming|infuriat*|seething|appalled|appalling|disgusted|disgusting|disgrace|disgraceful|despicable|pathetic|shameful|shameless|scandalous|incensed|irate)
    (am|are|is|so|very|really|extremely|getting|been|feel|makes me|made me|becoming|quite) (so|very|really|extremely)? (angry|mad|pissed)
    pissed off
    (fed up|had enough|sick of|sick and tired|tired of (your|this|these|being)|done with (you|this|your)|last straw|end of my patience|losing my patience|lost my patience|lost all patience|out of patience|boiling|blood boil*|run out of patience|patience is)
    (idiot*|moron*|stupid*|clowns|clown|incompetent|incompetence|imbecile*|liars|liar|lying|thieves|thief|crook*|scammer*|scamming|scammed|swindler*|bastard*|jerk*|dumb|dimwit*|parasites|robbers|robbed|rip off|ripped off|ripoff|joke of a|shambles|garbage|trash|rubbish service)
    (fuck*|shit*|bullshit|damn*|goddamn|crap|hell|bloody|wtf|asshole*|arse*|screw you|effing|friggin*|freaking|bollocks)
    (is|are|was|what|such|absolute|complete|total|bit of|like) (a|an)? (bad|big|complete|total|absolute|huge|sick)? joke
    how dare
    (this|that|it) is (fraud|theft|robbery|a scam|criminal|a lie|madness|crazy|extortion|bull)
    (worst|rudest) (company|service|customer|shop|store|experience|support|ever|people|purchase|place|website|business|i|staff)
    (unacceptable|inexcusable|ridiculous|ridiculously|preposterous|insane|insulting|insulted|insult|atrocious|horrendous|abysmal|unbelievable)
    (shame|shame on) (on)? (you|yourself|yourselves)
    (i|we) (demand|insist)
    (never|not) (buy|buying|order|ordering|shop|shopping|use|using|come|coming|spend*|do business|recommend*) .. (again|here|anymore|ever)
    (hate|hates|despise) (you|your|this|them|dealing)
    thanks for (nothing|wasting)
    (wasted|wasting|waste of) (my|our|everyone|enough)? (time|money|day|life|hours)
    (stop|quit) (lying|ignoring|wasting|playing|messing|giving me|sending me)
    (are you|is anyone|do you people|you people|can you people|what is wrong with you|are you kidding|you kidding|you must be joking|are you deaf|are you blind)
    (rot|burn) in
    (enough is enough|no excuse*|pack of|bunch of|load of nonsense|utter nonsense|this nonsense|your nonsense|your excuses|lame excuse*|treat* .. like (dirt|an idiot|a fool|garbage|crap|trash|rubbish))
    (useless|hopeless) (company|service|support|people|staff|team|bot|clown*|idiot*|shop|lot|bunch|you|excuse*)
    you .. (useless|hopeless|incompetent|ruined|cheated|cheat|stole|lied)
    (beyond|past) (angry|frustrated|annoyed|upset|a joke|belief)
    (absolutely|extremely|incredibly|so|totally|utterly|completely) (frustrated|annoyed|terrible|awful|horrible|useless|unhappy)
    (fix|answer|refund|send|give|do|sort|solve|cancel|deliver) .. (immediately|right now|at once|this instant) or
    """

ANGRY_WEAK = """
    (angry|mad|annoyed|annoying|annoys|frustrated|frustrating|frustration|terrible|horrible|awful|dreadful|useless|hopeless|unprofessional|rude|nonsense|absurd|ludicrous|joke|lousy|careless|fool|fools|cheat*|steal*|stole|stealing|scam|lied|lies|excuses|rubbish|upset|unhappy|ignored|ignoring|nightmare|hate)
    (still|again) (nothing|no|waiting|ignored|broken|wrong)
    (nobody|no one) .. (answer*|repl*|help*|care*|respon*|listen*)
    (third|fourth|fifth|sixth|tenth|hundredth|umpteenth|nth) time
    (three|four|five|six|ten|many|several|multiple|countless|hundred) times
    (immediately|right now|at once)
    (for weeks|for months|for (three|four|five|six) weeks|two weeks late|weeks now|months now)
    (last|final) (time|warning|chance)
    (ever again|never again|going elsewhere|lost a customer|losing a customer)
    """

#: What says that the anger is somebody else's, or isn't.
NOT_ANGRY = """
    (not|am not|never|no longer|is not|are not) (at all|really|even|too|so|that)? (angry|mad|annoyed|upset|frustrated|furious|livid|complaining)
    (no|without) (rush|hurry|worries|complaints)
    (not|never) (stupid|useless|terrible|horrible|awful|rude|a scam|unacceptable|ridiculous|the worst)
    """

#: What goes wrong in a shop, which a general lexicon of feelings doesn't know.
PROBLEMS = """
    (broken|broke|damaged|defective|faulty|cracked|scratched|torn|ruined|dirty|leaking|dead|smashed|stained|rotten|mouldy|moldy)
    (wrong|incorrect) (item|size|colour|color|address|amount|product|order|one|price|model|again|.)
    (never|not|still not|has not|have not) (received|arrived|arrives|come|delivered|got|get|getting|replied|answered|worked|working|works|fixed|refunded|shown)
    (does|do|did|is|can|could|will) not (work|working|turn on|charge|fit|open|load|log in|login|right|fair|acceptable|good enough|help|arrive|respond|as described|what i ordered|was me)
    (nobody|no one|nothing) .. (answer*|repl*|help*|care*|respon*|work*|happen*)
    (stopped|stops) (working|charging)
    (charged|billed|paid) (me|us)? (twice|double|too much)
    (overcharged|locked out|declined|rejected|gone|for no reason|without my permission|hacked|stolen|poor quality|bad quality|disappoint*|let down)
    (was|is|been|got) (locked|blocked|suspended|lost|stolen|late|delayed|used on)
    was not me
    (false|misleading) (advertising|claim*)
    (only|just) (refunded|received|got) (half|part|some)
    """

#: Words of the trade that sound like feelings to a general lexicon, and manners.
UNFEELING = """
    please kindly help hello hi hey dear regards sincerely best yours well sure care like share support
    secure security trust interest interested interesting delivery profile want free gift gifts matter hope hopefully
    greetings cheers respectfully faithfully ok okay yes no party credit pay active natural united easy warm treat legal
    dispute disputed disputing complaint claim claims vulnerability alert lost missing ignore cancel cancelled cancellation
    charge charged charges demand court battery fee unsubscribe stop block blocked reverse fire problem issue question
    """

TONE = {
    "apologetic": """
        (sorry|apologise|apologize|apologises|apologizes|apologising|apologizing|apology|apologies|regret|regrets|regretfully)
        (forgive|excuse|pardon) (us|me|our|the|my)
        our (fault|mistake|error|bad)
        (my|our) bad
        """,
    "polite": """
        (please|kindly|thank|thanks|appreciate*|grateful|gratefully|pleasure)
        (would|could) you (mind|be|kindly|please)
        you are (very|most)? welcome
        with pleasure
        """,
    "friendly": """
        (hi|hey|hello|hiya|howdy)
        (cheers|awesome|lovely|yay|hooray|wonderful|fab|fabulous|cool)
        no (worries|problem|probs)
        happy to help
        (glad|great|lovely|nice|good) to (hear|help|see|meet|have)
        (have|enjoy) (a|your|the) (great|nice|lovely|good|wonderful|new|fantastic|rest|weekend|day|evening)
        take care
        (enjoy|love|loved) (it|your|the|that|hearing|this|them)
        talk soon
        """,
    "formal": """
        dear (sir|madam|mr|mrs|ms|miss|dr|customer|valued|client|team)
        (yours|kind|best|warm) (sincerely|faithfully|regards)
        sincerely
        (hereby|herewith|pursuant|aforementioned|henceforth|hitherto|enclosed herewith|notwithstanding|heretofore)
        (we|i) (acknowledge|wish to inform|would like to inform|write to|am writing to|are writing to|regret to inform)
        with (reference|regard|respect) to
        in accordance with
        please (be advised|find (attached|enclosed)|note that|do not hesitate)
        (at your earliest convenience|with respect|to whom it may concern)
        """,
    "urgent": """
        (urgent|urgently|asap|immediately|emergency|deadline)
        as soon as possible
        (right|straight) (now|away)
        (act|reply|respond|answer|call|pay|do it|do this|needed|required|now) (now|today|at once|immediately|by tonight)
        (time is running out|last chance|final notice|final reminder|without delay|at once|before it is too late)
        """,
}

HEDGES = """
    (perhaps|maybe|possibly|presumably|probably|might|somewhat|apparently|usually|generally|supposedly|hopefully|arguably)
    (it|this|that) (seems|appears|may|could|looks)
    (sort|kind) of
    (we|i) (feel|believe|think|guess|suppose|assume)
    (tend|tends|seem|seems|appear|appears) to
    to some extent
    (may|could) (be|have|not be)
    hard (for us|for me)? to say
    """

_ALL = (*STRONG.values(), *WEAK.values(), ANGRY_STRONG, ANGRY_WEAK, NOT_ANGRY, PROBLEMS, *TONE.values(), HEDGES)
WORDS = frozenset(words_of(*_ALL))
