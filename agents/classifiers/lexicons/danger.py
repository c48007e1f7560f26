"""Dangerous topics. One phrase of SURE settles the topic; one of DOUBTFUL means that it can't be ruled out."""

#: In order of danger: of two that weigh the same the earlier one is said.
TOPICS = ("legal", "security", "chargeback")

_BANK = (
    "bank|bank's|banks|credit union|building society|card issuer|card company|card provider|credit card company|credit card"
    " provider|card people|issuer|visa|mastercard|amex|american express|paypal|klarna|affirm|afterpay|revolut|monzo|barclays|hsbc"
)
_SOMEBODY = (
    "someone|somebody|some one|stranger*|hacker*|thief|thieves|fraudster*|scammer*|anyone|anybody|another person|unknown person"
    "|third party|a man|a woman|some guy|unauthorised|unauthorized"
)
_MINE = (
    "my account|my accounts|my card|my password|my email|my login|my address|my details|my data|my name|my profile|my money"
    "|my identity|my info|my information|my phone number|my saved card|my card details|my bank details|my credit card"
)
_BODY = "me|i|he|she|his|her|son|daughter|child|children|kid|kids|baby|wife|husband|mother|father|hand|hands|finger*|arm|leg|face|eye*|knee|skin|head|foot|tooth"

#: Asking for somebody isn't seeing a stranger.
REQUESTS = """
    (can|could|will|would|may|should|please|have|need|want|get|ask|there|does|has|for|if|let|when|until|like|is) (someone|somebody|anyone|anybody)
    (someone|somebody|anyone|anybody) (please|from your|on your|at your|in your|there|who can|to help|can help)
    """

SURE = {
    "legal": f"""
        (lawyer*|attorney*|solicitor*|barrister*|lawer*|atorney*|soliciter*|paralegal|legal|legally|law|laws|illegal*|unlawful*|lawful*)
        (lawsuit*|law suit*|litigat*|litigious|plaintiff|defendant|subpoena*|tribunal|judge|judges|magistrate*|arbitrat*|mediator|bailiff*)
        (class action*|small claims|see you in court|letter before action|letter before claim|cease and desist|statutory|pursuant)
        (in|to|before|through|a|the|this|county|district|high|civil|federal|state|consumer) court
        court (order|case|hearing|claim|proceedings|date|action|papers)
        (sue|suing|sued) (you|your|them|this|the|for|over|him|her|if|unless|immediately|now|today)
        (will|gonna|shall|to|can|could|may|might|would|i|or|gladly|just) (sue|suing)
        (am|are|is|be|considering|about) (suing|sueing)
        (my|our|their|his|her|legal|of) counsel
        (serve|serving|served) .. (papers|notice|proceedings|claim)
        (gdpr|ccpa|hipaa|dsar|right to be forgotten|right to erasure|subject access|information commissioner*|data protection)
        article # .. (gdpr|of)
        (ombud*|regulator|regulators|regulatory|cfpb|ftc|bbb|ofcom|ofgem|fca|watchdog|better business bureau|trading standards)
        consumer (protection|rights|affairs|law|act|council|court|forum|association|agency|authority|advice|advocate|centre|center|body)
        (federal trade commission|attorney general|district attorney|citizens advice|advertising standards|competition authority)
        (my|our|contractual|customer|buyer's|these) rights
        (rights|consumer|sale of goods|contracts|protection|credit|equality) act
        (breach|breaking|broke|broken|violat*) .. (contract|agreement|warranty|duty|terms)
        (false|misleading|deceptive|dishonest) (advertis*|claim*|marketing|description)
        (negligen*|liability|liable|defamation|libel|slander|copyright|trademark|infring*|discriminat*|harass|harassment|racist|racism)
        (police|interpol|prosecut*|press charges|criminal charges|crime|crimes|felony|criminal offence)
        (this|that|it|which) is (fraud|theft|criminal|a crime|extortion)
        (report|reporting|reported|complain*|complaint|refer|referring|contact*|notif*) & (authorit*|council|agency|commission|bureau|government|minist*|regulator*|consumer*|inspectorate)
        (press|media|newspaper*|journalist*|reporter*|tv station|local news) & (you|your|this|story|contact*|talk*|tell*)
        (injured|injury|injuries|electrocuted|electric shock|stitches|ambulance|hospital|allergic reaction|food poisoning|anaphyla*|concussion)
        (burned|burnt|burns|burn|hurt|cut|poisoned|choked|slipped|tripped|bleeding|bled|shocked|scarred|blister*|rash|hives|vomit*|fainted|broke my|broken wrist|broken arm|collapsed|swollen) & ({_BODY})
        (saw|see|seen|had to see|went to|visit*) (a|the|my) (doctor|gp|a and e|emergency room|er)
        (my|our) (photo*|picture*|image*|artwork|design*|brand|logo) & (rights|permission|copyright|without asking|use|using|stop|remove)
        (your|liability) (insurer*|insurance)
        (damages|compensation) for (the|my|our|loss|injury|pain|distress|harm)
        """,
    "security": f"""
        (hacked|hacker*|hacking|hijack*|compromised|breach|breached|malware|ransomware|spyware|keylogger|phish*|spoof*|vulnerab*|xss|sql injection)
        (bug bounty|identity theft|sim swap*|dark web|pwned|account takeover|zero day|penetration test*|responsible disclosure|security researcher)
        ({_SOMEBODY}) & ({_MINE})
        ({_SOMEBODY}) & (logged in|log into|logged into|signed in|into my|hold of my|access to my|used my|using my|uses my|in my name)
        they & (stole|got into|emptied|hijacked|took over|changed the email|changed my|logged) & (account|my|login|email|card)
        (customer's|person's|people's|user's|else's|stranger's|guest's|buyer's) & (order*|name|address*|invoice*|card|details|data|account|information|profile|email*|basket|number|history|page|parcel label)
        (stolen|stole|cloned|skimmed|pickpocket*|nicked) & (card|phone|wallet|purse|laptop|identity|login|password|details|data|account|id|passport|bag|handbag|sim)
        (saw|see|seen|shows|showing|read|reading|opened) & (details of|orders of|data of|address of|name of) & (other|another|some|somebody|different|lady|man|woman|people)
        (number in the url|changing the url|change the url|changing the number|changing the id|other numbers in the address|without logging in|not logged in)
        (verification|confirmation|login|security|one time|2fa) (text|texts|code|codes|sms|email|emails|message|messages) & (although|but|keep|without|not signing|not trying|not logging)
        (my|an|his|her) (ex|flatmate|roommate|ex husband|ex wife|ex boyfriend|ex girlfriend|neighbour|colleague|boss|stalker) & (password|account|orders|login|email|reading|accessed|knows)
        (install|installed|download|downloaded|teamviewer|anydesk|screen share|remote) & (caller|call|called|phone|computer|asked me|told me|wanted me)
        (purchase*|order*|charge*|payment*|transaction*) & (know nothing about|no idea about|not aware of|i do not know|unknown to me|out of nowhere|never been your|never been a|do not have an account|not a customer|never heard)
        (handbag|wallet|phone|purse|laptop|bag|card) (was|were|been|got) (taken|grabbed|snatched|stolen|lifted)
        certificate (error|warning)
        lost (my|the|our|a) (phone|wallet|card|purse|laptop|passport|handbag|credit card|debit card)
        (asked|asking|asks|ask|wants|wanted|requesting|demanding|demanded|give|gave|given|shared|told) & (my pin|my password|my card number|my otp|one time code|security code|my cvv|my bank details|login details|remote access|my passcode|the code from)
        (is|was) (it|this|that) (really|actually|genuinely|truly) (you|from you|yours)
        (really|actually|genuinely|truly) (you|from you|yours|your company) & (email|text|sms|link|call|called|message|letter|site|website|page)
        (did you|have you) (really|actually)? (send|sent|text|texted|email|emailed|call|called) & (link|text|sms|code|message|email|strange|asking)
        (link|text|sms|email|mail|message|site|website|call|caller|page|qr code) & (suspicious|fake|scam|spam|fraud*|legit|genuine|dodgy|fishy|impersonat*|pretend*|claiming to be|imitat*|copycat)
        (code|codes|reset|alert|login|otp|password|confirmation) & (did not ask|never asked|did not request|never requested|have not requested|not requested|not asked)
        (leak|leaked|leaking|leaks|exposed|stolen|published|for sale|sold) & (data|customer*|database|password*|details|records|information|emails|card numbers|addresses)
        (bug|flaw|hole|exploit|exploits|loophole|glitch) & (anyone|read|access|security|bypass|exploit*|other|without logging|without password|without paying|change the price|admin)
        (account|login|profile|password|email) & (taken over|accessed|freeze|unfamiliar|unknown device|another country|different country|another city|new device|strange activity|suspicious|unusual)
        (login|log in|sign in|logged in|signed in|session) & (from another|from a different|from an unknown|russia|china|brazil|nigeria|vietnam|abroad|i live in|at night|at #|alert|attempt*|not recognise|not recognize|unknown)
        (changed|change|changing|replaced|swapped) & (my|the) (password|email|e-mail|address|phone) & (not me|they|someone|somebody|without|locked|never)
        (not|never) (authorise|authorised|authorize|authorized|approve|approved|consent|consented|agree to|agreed to)
        without (my|our|any) (permission|consent|knowledge|authorisation|authorization|approval)
        (unauthorised|unauthorized|fraudulent|unrecognised|unrecognized|unfamiliar) (access|login*|transaction*|charge*|payment*|purchase*|order*|use|activity|person|change*|withdrawal*|debit*)
        (not|never) (recognise|recognize) & (login|device|transaction*|charge*|payment*|purchase*|order*|amount|subscription|debit|it|this|that)
        (not me|not by me|was not us|not mine|nothing to do with me) & (order*|payment*|charge*|transaction*|purchase*|account|card|login|device|code|address|password|changed|bought|logged|placed|signed|it)
        (did not|never|have not) (place|placed|make|made|set up|sign up|signed up|open|opened|create|created) & (order*|payment*|charge*|transaction*|purchase*|account|withdrawal*|subscription)
        (order*|payment*|purchase*|account|transaction*|charge*) & (i never|i did not) (place|placed|make|made|opened|created|set up|signed up|did)
        (log|sign|logged|kick) .. (out|off|everyone|all) .. (all|every|other) (device*|session*|phone*|browser*)
        (two factor|2fa|mfa|authenticator) & (off|disabled|changed|bypass*|stolen|removed|lost)
        (your|site|website|account|data|cyber|shop|app|online|card) security (is|was|problem*|issue*|hole*|breach*|flaw*|team|incident|concern*|alert|warning|notice)
        security (hole|flaw|bug|issue|incident|problem|risk|breach|vulnerability|concern|alert|warning|team|update|notice|contact)
        (gift card*|vouchers) & (told me to|asked me to|caller|on the phone|read out|urgent|said)
        """,
    "chargeback": f"""
        (chargeback*|chargback*|chargebck*|charegback*|chargebak*|section 75|buyer protection|purchase protection|payment reversal)
        charge back (the|this|my|via|through|request|with|claim|on|if|or|and|now|from|for|filed)
        (a|the|file|filing|filed|issue|do|doing|start|request|via|by|through|of) charge back
        disput*
        (contest|contested|contesting|challenge|challenged|challenging) & (charge*|payment*|transaction*|amount|{_BANK})
        ({_BANK}) & (reverse*|reversing|reversal|claw*|recall*|recalling|case|claim*|dispute*|complain*|complaint|report*|fraud|block*|involve*|investigat*|retract*|revoke*|protection|resolution|provisional*|credited|raised it|already gave|gave me)
        ({_BANK}) & (take|taking|took|get|getting|have|pull|pulling|claim|claiming|want|bring|collect) .. back
        (go|going|went|turn|turning|write|writing|speak|speaking|spoke|talk|talking|call|calling|called|contact*|ring|ringing|rang|phone|phoning|ask|asking|asked|tell|telling|told|complain*|involve|involving|through|with|see) (to|with|through|at)? (my|the|our) ({_BANK})
        (my|the|our) ({_BANK}) (to|will|can|is going|are|have|has|says|said|told|suggested|advised|wants|needs|wrote|asked|agreed|started|opened)
        (visa|mastercard|amex|american express|paypal|klarna) (told|said|says|will|can|has|have|opened|confirmed|suggested|advised)
        (stop|stopped|stopping|cancel|cancelled|block|blocked) (the|my|your|this|that) (payment|direct debit|standing order|cheque|check)
        """,
}

DOUBTFUL = {
    "legal": """
        (compensation|damages|claim|contract|evidence|liab*|rights|insurance|insurer|insured|dispute*|fraud|fraudulent|theft)
        (formal|official|written) (complaint|notice|warning|demand)
        (take|taking|taken) .. (further|higher)
        (consequences|hear from us|hear from me|last warning|final warning|final notice|# days to|keep a record|for the record|on record)
        (dangerous|unsafe|hazard*|caught fire|on fire|exploded|explosion|smoke|flames|overheat*|melted|sparks|sparked|toxic|recall|recalled)
        (authority|authorities|government|council|agency|inspector*|public|press|media|journalist|petition|tax office|customs fraud)
        (doctor|hospital|medical|accident|hurt|hurts|bleeding|pain|got sick|made me sick|me ill|allergic|burn|burned|burnt)
        """,
    "security": """
        (fraud|fraudulent|scam*|stolen|suspicious|strange|unauthori*|unknown|unfamiliar|identity|fake|leak|leaked|privacy|spam|intruder)
        (not me|not by me|not mine|was not us|never ordered|did not order|never bought|did not buy|never signed|not sign up|never asked)
        (a stranger|strangers|somebody else|someone else|third party|other customer*|another customer|other people|wrong person)
        (personal data|personal information|data|database|pin|cvv|otp|passcode|remote access|gift card*)
        (security|secure|insecure|unsecure|protect my|freeze|lock my|is it safe|safe to)
        (is|are) (it|this|that|you) (really|actually) (you|real|true)
        (clicked|opened) (on)? (a|the|this|that) link
        from (another|a different|an unknown) (country|city|device|place)
        """,
    "chargeback": f"""
        ({_BANK}) & (back|ignore*|answer|refuse*|decide|instead|otherwise|if|unless|since|or|pay)
        (charge back|reverse the|reverse this|reverse my|reversal|claw*|contest*|retract)
        (get|take|taking|claim) (my|the|our) (money|cash|payment) back (myself|another way|some other|one way|through|from|via)
        another way to get my money
        """,
}
