"""Everyday topics, told by how many of their phrases there are."""

#: Of two that weigh the same the earlier one is said.
TOPICS = ("refund", "billing", "account", "shipping")

SUBJECTS = {
    "refund": """
        refund*
        (money|cash|payment) (is|was)? back
        (get|give|want|need|have|pay|paid|send) .. (me|money|it|my|us|cash) .. back
        (pay|paid|paying|repay) (me|us) back
        (return|returning|returned|returns) (it|this|the|my|them|these|an|a|for|policy|label|window|form|item*|something|two|one|address)
        (sent|send|sending|ship|shipped|mail|bring|posted|put|took) (it|this|them|the|these|my|both) .. back
        (to|can i|i|how do i|how to) return
        (reimburse*|store credit|money's back|the credit|a credit)
        (exchange|swap) (it|this|the|for|them|my)
        (exchange|swap|swapping|exchanging) .. for
        (does|do|did) not fit
        (change|changed) my mind
        cancel .. order
        """,
    "billing": """
        (invoice*|billing|billed|bill|bills|overcharg*|receipt*|instalment*|installment*|vat|surcharge*|fee|fees|price|prices|priced)
        (charged|charging|charge) (me|my|us|twice|double|again|for|more|extra|too|the wrong|a fee|on)
        (double|extra|wrong|unexpected|duplicate|additional|monthly|hidden) (charge*|payment*|amount|fee*|cost*)
        (payment|card|transaction|checkout) .. (declined|failed|rejected|refused|not going through|did not go through|error)
        (pay|paid|paying|payment) (by|with|via|in|using|full|twice|double|more|later|monthly|for|cash)
        (discount|promo|coupon|voucher) .. (code*|was|not|vanished|gone|missing|apply|applied|disappeared|expired)
        (discount|coupon|voucher) (code*|was|not)?
        (took|taken|taking|withdrew|deducted|debited|withdrawn|stealing|take) .. (money|#|funds|amount|twice)
        (took|taken|taking|withdrew|deducted|debited|withdrawn|stealing|take) .. (from|out of) (my|me|our) (account|card|bank|paypal)?
        (direct debit|payment method|price match|tax|taxes|dollars|euros|pounds|usd|eur|gbp)
        (subscription|renewal|renewed|membership|plan) .. (charge*|price|fee|cost|payment|renewed|cancel*)
        (update|change|add|remove|replace|saved) .. (card|payment) (details|method|on file)?
        (take|accept) (mastercard|visa|paypal|amex|klarna|cards|cash|apple)
        """,
    "account": """
        (account|accounts|profile|login|username|user name)
        (log|sign|logging|signing|signed|logged) (me)? (in|into|on|out|up)
        (password|passcode|reset link|verification code|verification email)
        (can not|unable to|trouble|problems) (login|log)
        (change|update|delete|remove|correct|new|updating) (my|the|your)? (email|e-mail|name|phone|number|details|profile|personal|data|username)
        (unsubscribe|newsletter*|mailing list|loyalty points|reward points|notifications|marketing emails)
        (locked|blocked|suspended|deactivated|disabled) .. (account|out)
        (the|your|my) app
        register*
        """,
    "shipping": """
        (ship|ships|shipped|shipping|shipment*|courier*|delivery|deliver|delivered|delivering|deliveries|parcel*|package|packages)
        (tracking|dispatch*|postage|customs|carrier|redeliver*|driver|postman|postbox|pickup point|locker|neighbour|neighbor|doorstep|porch)
        (where|when) (is|will|are) (my|the) (order|package|parcel|item*|stuff|things)
        (order|it|package|item*|they|box|stuff) .. (arrive*|arriving|come|came|get here|turn up|turned up|show up|showed up)
        (not|never|still|has|have|not yet) .. (arrived|received|come|turned up)
        (never|not) (received|got|arrived|came)
        (arrived|arrives|arriving|arrive)
        (lost|stuck) in (the)? (post|mail|transit|customs)
        (late|overdue|delayed)
        track (my|the|this|it)
        (day|days|week|weeks) late
        leave it (with|at|in|by)
        """,
}
