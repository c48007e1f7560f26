"""How replies sound."""

TONES = {
    "apologetic": """
        (sorry|apologise*|apologize*|apologising|apologizing|apology|apologies|regret|regrets|regretfully)
        (forgive|excuse|pardon) (us|me|our|the|my)
        our (fault|mistake|error|bad)
        my bad
        """,
    "polite": """
        (please|kindly|thank|thanks|appreciate*|grateful|gratefully|pleasure)
        (would|could) you (mind|be|kindly)
        you are (very|most)? welcome
        """,
    "friendly": """
        (hi|hey|hello|hiya|howdy|cheers|awesome|lovely|yay|hooray|wonderful|fab|fabulous|cool)
        no (worries|problem|probs)
        happy to help
        (glad|great|lovely|nice|good) to (hear|help|see|meet|have)
        (have|enjoy) (a|your|the) (great|nice|lovely|good|wonderful|new|fantastic|rest|weekend|day|evening)
        (take care|talk soon|great choice)
        (enjoy|love|loved) (it|your|the|that|hearing|this|them)
        """,
    "formal": """
        dear (sir|madam|mr|mrs|ms|miss|dr|customer|valued|client|team)
        (yours|kind|best|warm) (sincerely|faithfully|regards)
        (sincerely|hereby|herewith|pursuant|aforementioned|henceforth)
        (notwithstanding|heretofore|to whom it may concern)
        (we|i) (acknowledge|wish to inform|would like to inform|write to)
        (we|i) (am writing to|are writing to|regret to inform)
        with (reference|regard|respect) to
        in accordance with
        please (be advised|find attached|find enclosed|note that|do not hesitate)
        at your earliest convenience
        """,
    "urgent": """
        (urgent|urgently|asap|immediately|emergency|deadline|without delay)
        (at once|as soon as possible|before it is too late)
        (act|reply|respond|answer|call|pay) (now|today|right now|right away|straight away|by tonight)
        (do it|do this|needed|required) (now|today|right now|right away|straight away|by tonight)
        (time is running out|last chance|final notice|final reminder)
        """,
}

HEDGES = """
    (perhaps|maybe|possibly|presumably|probably|might|somewhat|apparently)
    (usually|generally|supposedly|hopefully|arguably)
    (it|this|that) (seems|appears|may|could|looks)
    (sort|kind) of
    (we|i) (feel|believe|think|guess|suppose|assume)
    (tend|tends|seem|seems|appear|appears) to
    to some extent
    (may|could) (be|have|not be)
    hard (for us|for me)? to say
    """
