"""Anger, trouble, and the words that only look like them."""

#: Who writes one of these is angry.
ANGER = """
    (furious|livid|outrag*|enraged|fuming|infuriat*|seething|appall*|disgust*|disgrace*)
    (despicable|pathetic|shameful|shameless|scandalous|incensed|irate|raging|foaming)
    (am|are|is|so|very|really|extremely|getting) (so|very|really|extremely|absolutely)? (angry|mad|pissed)
    (been|feel|me|becoming|quite) (so|very|really|extremely|absolutely)? (angry|mad|pissed)
    (pissed off|fed up|had enough|had it with|sick of|sick and tired|so done)
    (done with|last straw|blood boil*|blood pressure|lost it|boiling)
    (end of|losing|lost|out of|run out of|ran out of) (my|all)? (patience|temper|rope|tether)
    tired of (your|this|these|being|the|all|waiting|chasing|asking)
    (idiot*|moron*|stupid*|clown*|incompeten*|imbecile*|liar*|lying|thieves|thief|thieving)
    (crook*|scammer*|scamming|scammed|swindl*|dumb|dumbest|dimwit*|parasite*|robber*)
    (cowboys|con artist*|conmen|con men|joker*|scum|scumbag*|vultures|bandits|pirates|muppet*)
    (numpt*|amateurs|buffoon*|cretin*|losers|pigs|weasels|leeches|rats|fools|criminals)
    (rip off|ripped off|ripping|ripoff|robbed|robbing|conned|fleeced|shambles|garbage|trash)
    (rubbish service|utter rubbish|load of rubbish|a farce|farcical|circus|shitshow)
    (fuck*|shit*|bullshit|bull|damn*|goddamn|crap*|hell|heck|bloody|wtf|ffs|asshole*|arse*|ass)
    (bastard*|screw you|effing|friggin*|freaking|frickin*|bollocks|sod off|get stuffed|piss*)
    (is|are|was|what|such|absolute) (a|an)? (bad|big|complete|total|absolute|huge|sick|utter)? joke
    (complete|total|of|like|beyond) (a|an)? (bad|big|complete|total|absolute|huge|sick|utter)? joke
    (how dare|you dare|dare you)
    (worst|rudest|laziest) (company|service|customer|shop|store|experience|support|ever)
    (worst|rudest|laziest) (people|purchase|place|website|business|i|staff|thing)
    (unacceptable|inexcusable|ridiculous*|preposterous|insane|insanity|insult*|atrocious|horrendous)
    (abysmal|unbelievable|diabolical|laughable|ludicrous|mind boggling|contempt*)
    shame (on)? (you|yourself|yourselves)
    (i|we) (demand|insist)
    never again
    (not|never) (buy|buying|order|ordering|shop) .. (again|here|anymore|ever|with you|from you)
    (not|never) (shopping|use|using|come) .. (again|here|anymore|ever|with you|from you)
    (not|never) (coming|spend*|do business|recommend*|set foot) .. (again|here|anymore|ever|with you|from you)
    (never|ever) (been|seen|had|dealt|experienced|met|encountered) .. (so|such|treated|worse|this bad|anything)
    (hate|hates|despise|loathe|detest) (you|your|this|them|dealing|how|that)
    thanks for (nothing|wasting|ruining|ignoring)
    (wasted|wasting|waste of) (my|our|everyone|enough|a)? (time|money|day|life|hours|evening|weekend)
    (stop|quit) (lying|ignoring|wasting|playing|messing|giving me|sending me|stealing)
    (stop|quit) (treating|pretending|making excuses|with the|hiding|dodging)
    (are you|is anyone|do you) (people|even|all|deaf|blind|kidding|serious|joking|stupid)
    (are you|is anyone|do you) (out of your|listening|reading|able to read|human)
    (you clowns|what is wrong with you|wrong with you people)
    (you must be joking|you kidding|your sort|the lot of you)
    (rot in|burn in|go to) hell
    (enough is enough|no excuse|pack of|bunch of|utter nonsense|this nonsense)
    (your nonsense|your excuses|lame excuse*|excuse after excuse|same excuse*)
    (treat*|treated) .. like (dirt|an idiot|a fool|garbage|crap|trash|rubbish|a criminal|this|that)
    (useless|hopeless|worthless) (company|service|support|people|staff|team|bot|chatbot|clown*)
    (useless|hopeless|worthless) (idiot*|shop|lot|bunch|you|excuse*|system|app|agent*)
    you .. (useless|hopeless|ruined|cheated|cheat|stole|lied|lie|robbed|conned)
    you (keep|are) (stealing|ignoring|lying|robbing|cheating|wasting|ruining|playing)
    beyond (angry|frustrated|annoyed|upset|a joke|belief|disappointed|words)
    (absolutely|extremely|incredibly|so|totally) (frustrat*|annoy*|terrible|awful|horrible)
    (absolutely|extremely|incredibly|so|totally) (useless|unhappy|rude|unprofessional)
    (utterly|completely|beyond|seriously) (frustrat*|annoy*|terrible|awful|horrible)
    (utterly|completely|beyond|seriously) (useless|unhappy|rude|unprofessional)
    (for|in) (god|god's|gods|christ|christ's|heaven's|heavens) (sake|sakes|out loud|name|god)
    (for|in) (goodness|pete's|pity's|crying|the love of) (sake|sakes|out loud|name|god)
    (what|why|where|how|who) (the|on|in) (earth|world|devil|f)
    how (hard|difficult|many times|many more|much longer) (can|do|must|is|does|am|will|are|have)
    how (stupid|many emails|many calls) (can|do|must|is|does|am|will|are|have)
    (runaround|run around|fobbed|fobbing|brushed off|brushing me|stonewall*|ghosted|ghosting|strung along)
    (stringing me|jerking|messing me|mucking|taking the piss|taking the mick|mugging me|passed around)
    get me (a|your|the) (manager|supervisor|boss|ceo)
    (everybody|everyone|the world|all my) .. (hear*|know*) .. (about|how|you|what)
    (rot|choke|drop dead|screw this|to hell|up yours|get lost|shove it|bite me)
    (daylight robbery|highway robbery|absolute robbery|theft)
    (this|that|it) is (fraud|theft|robbery|a scam|criminal|a lie|madness|crazy|extortion|bull|cruel)
    (some|what) kind of (joke|company|people|idiots|morons|business|shop|service|outfit)
    (my time is|do you think i|you think this is|you think i am|as if i)
    (you had|last chance|one last chance|your final chance) (your|one)? (chance|job)
    (one|zero|0|minus|negative) (star|stars)
    (hung up on|hangs up on|hang up on) (me|us|with|the|answer*|reply|replies|response*|this)?
    (field day|wits end|wit's end) (me|us|with|the|answer*|reply|replies|response*|this)?
    (wits' end|spare me|copy and paste|copy paste|canned) (me|us|with|the|answer*|reply|replies|response*|this)?
    (do not|stop) bother (replying|answering|writing|calling|me)
    (make|making) you (pay|regret|sorry)
    how (do|can|could|dare) you .. (sleep|live|look|treat|ignore|call yourself)
    (play|playing|act|acting) (dumb|stupid|games)
    who (does|do) (that|this|you think)
    (oh|well|yeah) (brilliant|great|fantastic|wonderful|lovely|sure|right|super|perfect)
    (your own mother|in your dreams|my foot|what a surprise|surprise surprise)
    (big surprise|as usual|as always|typical)
    (screw your|spare us|good luck explaining|piece of junk|junk|beside myself)
    (ashamed of|waffle|same template|find yourselves|you frauds|who gave you)
    (a single|any|one) (competent|sane|sensible|decent) (person|human|employee)
    (sacked|cough up|up the wall|round the bend|cheek of|the nerve|the audacity|lost all|lost faith)
    (all faith|nothing more to do|scream|cheapskate*|taking me for|for a fool|no clue|a clue)
    (brick wall|done being|being nice|for the last time|how many times)
    (never contact|mean it|load of|make me|take me for)
    (or else|watch me|mark my words|you will regret|you will be sorry|pay for this)
    """

#: Two of these, or one shouted, make somebody angry.
ANNOYANCE = """
    (angry|mad|annoy*|frustrat*|terrible|horrible|awful|dreadful|useless|hopeless|unprofessional)
    (rude|nonsense|absurd|joke|lousy|careless|cheat*|steal*|stole|scam|lied|lies|lie)
    (excuses|rubbish|upset|unhappy|ignored|ignoring|nightmare|hate|sloppy|lazy|arrogant|clueless|mockery|unreal)
    (incredible|beyond|disaster|mess|chaos|fiasco|appears you|seriously|shocking|shocked|disrespect*)
    (still|again) (nothing|no|not|waiting|ignored|broken|wrong|late|the same|on hold)
    (nobody|no one|not one|not a single|none) .. (answer*|repl*|help*|care*|respon*)
    (nobody|no one|not one|not a single|none) .. (listen*|bother*|person|email|call)
    (third|fourth|fifth|sixth|seventh|tenth) (time|email|message|call|attempt|week|parcel|mistake)
    (hundredth|umpteenth|nth|millionth) (time|email|message|call|attempt|week|parcel|mistake)
    (three|four|five|six|seven|eight|nine|ten|many) (times|emails|calls|messages|phone calls|attempts)
    (several|multiple|countless|hundred|thousand) (times|emails|calls|messages|phone calls|attempts)
    (immediately|right now|at once|this instant|now or)
    (for|in) (weeks|months|ages|three weeks|four weeks|five weeks|six weeks|ever)
    (weeks late|weeks now|months now|and counting|hours on hold|an hour on hold|on hold for)
    (last|final) (time|warning|chance|straw)
    (ever again|going elsewhere|lost a customer|losing a customer|lost me|taking my business|cancelling everything)
    (you people|you lot|your company|your so called|so called|you call)
    (speak|talk) to (a|your|the|someone) (manager|supervisor|boss|human|real|competent|above)
    (explain|answer) (yourself|yourselves|me|this|that)
    (all i get|all you do|every single|every time|time after time|over and over)
    (again and again|yet again|once again|still have not|still has not)
    can not believe (you|the|this|how|that|it)
    (just|simply) (fix|answer|do|send|refund|cancel|give|unlock|stop|tell)
    i (want|expect) .. (now|today|immediately|answers|an explanation|an apology)
    (an explanation|an apology|answers)
    (bad|badly|poor|poorly|appalling) (treated|service|customer service|treatment|experience|attitude)
    """

#: Taken out before anger is weighed.
CALM = """
    (not|am not|never|no longer) (at all|really|even|too|so|that)? (angry|mad|annoyed|upset|frustrated)
    (is not|are not) (at all|really|even|too|so|that)? (angry|mad|annoyed|upset|frustrated)
    (not|am not|never|no longer|is not|are not) (at all|really|even|too|so|that)? (furious|livid|complaining|fed up)
    (no|without) (rush|hurry|worries|complaints)
    (not|never) (stupid|useless|terrible|horrible|awful|rude|a scam|unacceptable|ridiculous|the worst)
    load of (washing|laundry)
    (hell of a|damn good|bloody good|bloody brilliant|shit hot|mad about|crazy good|like hell) (good|great)?
    """

#: What goes wrong in a shop, which a general lexicon of feelings doesn't know.
PROBLEMS = """
    (broken|broke|damaged|defective|faulty|cracked|scratched|torn|ruined|dirty|leaking|leaks)
    (dead|smashed|stained|rotten|mouldy|moldy|chipped|bent|dented|ripped|burned|melted)
    (wrong|incorrect) (item|size|colour|color|address|amount|product|order|one|price|model|again|way|person|flat)
    (never|not|still not|has not|have not) (received|arrived|arrives|come|delivered)
    (never|not|still not|has not|have not) (got|get|getting|replied|answered|worked)
    (never|not|still not|has not|have not) (working|works|fixed|refunded|shown|happened)
    (never|not|still not|has not|have not) (respond*|authorise*|authorize*)
    (does|do|did|is|can|could|will|would) not (work|working|turn on|charge|open|load|log in|login|right)
    (does|do|did|is|can|could|will|would) not (fair|acceptable|good enough|help|arrive|respond)
    (does|do|did|is|can|could|will|would) not (as described|what i|was me|match|hold|last|stay)
    (does|do|did|is|can|could|will|would) not (recognise|close|authorise|authorize|sleep)
    (nobody|no one|nothing) .. (answer*|repl*|help*|care*|respon*|work*|happen*|home)
    no (answer|reply|response|help|update|explanation|apology|news)
    (stopped|stops|keeps|kept) (working|charging|crashing|failing|freezing|throwing)
    (stopped|stops|keeps|kept) (logging|disconnecting|falling|breaking|refusing)
    (charged|billed|paid) (me|us)? (twice|double|too much|full)
    (overcharged|locked out|declined|rejected|gone|vanished|disappeared)
    (for no reason|without my permission|hacked|stolen|compromised)
    (poor quality|bad quality|cheap plastic|disappoint*|let down|unhappy|useless|impossible|confusing|misleading)
    (was|is|been|got|were) (locked|blocked|suspended|lost|stolen|late|delayed)
    (was|is|been|got|were) (used on|refused|missing|opened|empty|taken)
    (not by me|was not me|not what i|not as|not impressed|not happy|not great)
    (not good|not the quality|another broken|not worth|not even)
    (half|part|some|most) of .. (missing|broken|chipped|empty|damaged|gone)
    (ignore|ignored|ignoring) (me|us|my)
    (refuse|refused|refusing|refuses) .. (refund|to|it|my)
    (mistake|mistakes|hassle|waited|waiting for weeks|weeks ago|ended up|had to|instead of|falling apart|fell apart)
    too (small|big|tight|loud|late|short|long|heavy)
    (false|misleading) (advertising|claim*)
    (only|just) (refunded|received|got) (half|part|some)
    """

#: Words of the trade that sound like feelings to a general lexicon, and manners.
UNFEELING = frozenset(
    """
    please kindly help hello hi hey dear regards sincerely best yours well sure care like share support secure
    security trust interest interested interesting delivery profile want free gift gifts matter hope hopefully
    greetings respectfully faithfully ok okay yes no party credit pay active natural united easy warm treat legal
    dispute disputed disputing complaint claim claims vulnerability alert lost missing ignore cancel cancelled
    cancellation charge charged charges demand court battery fee unsubscribe stop block blocked reverse fire problem
    issue question recommend honest number fit stolen breach leak leaked hacked hurt pending debit mistake top fine
    """.split()
)

#: Strong words of the general lexicon that name things, not anger.
NOT_INSULTS = frozenset(
    """
    cancer catastrophe tragedy dead death deaths die suicide terrorism terrorist murder war wars kill killed crisis
    disaster drown drowned drown fatal poison poisoned poisonous fraud fraudster fraudsters crime crimes criminal
    illegal violent violence assault abuse abused depressed depression grief grieving sorrow pain hurt sick stressed
    stressful terrified fear feared heartbroken saddest sadden misery miserable anguish torture injustice unjust
    threat threatening danger dangerous harm harmful damage failure failed failing fail fatal destroyed destroy
    destruction devastated devastating chaos bankrupt prison prisoner prejudice rejected rejects rejection
    disappointment disappointing dissatisfied emergency ruin ban fired stab bomb trapped unprofessional ugly bad
    negative weep sob cut horror tragic nasty violate violated violates violation violations infected illness attacker
    harass harassment harassed regrettable ugliest worsen guilty
    """.split()
)
