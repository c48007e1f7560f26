"""Spending out of proportion: what an agent spends in an hour, held against its active hours of the week before."""

from django.db import connection
from django.db.models.functions import Now, TruncHour

from agents import budgets
from agents.models import Agent

#: An hour is a spike when it comes to more than this many times the usual; an agent file can say another (`spike`).
FACTOR = 5
#: By unit, what nobody needs to be stopped for: USD 1, 50,000 tokens.
FLOORS = {"micros": 1_000_000, "tokens": 50_000}
#: So many active hours make a usual one.
HISTORY = 3

_NOTE = """
INSERT INTO agents_spend AS spend (agent_id, hour, tokens, micros) VALUES (%s, date_trunc('hour', now(), 'UTC'), %s, %s)
ON CONFLICT (agent_id, hour) DO UPDATE
SET tokens = spend.tokens + EXCLUDED.tokens, micros = spend.micros + EXCLUDED.micros
"""

_COMPARE = """
SELECT count(*) FILTER (WHERE hour < this),
    coalesce(sum(micros) FILTER (WHERE hour = this), 0)::bigint, round(avg(micros) FILTER (WHERE hour < this))::bigint,
    coalesce(sum(tokens) FILTER (WHERE hour = this), 0)::bigint, round(avg(tokens) FILTER (WHERE hour < this))::bigint
FROM agents_spend, date_trunc('hour', now(), 'UTC') AS this
WHERE agent_id = %s AND hour BETWEEN this - interval '7 days' AND this AND (tokens > 0 OR micros > 0)
"""


def note(agent: Agent, tokens: int, micros: int) -> None:
    """Add to what the agent spent this hour, in the caller's transaction. Raises ValueError as budgets do."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [agent.pk, budgets.countable(tokens), budgets.countable(micros)])


def why(agent: Agent) -> str:
    """Return why this hour's spending is a spike, as a sentence for people; "" when it isn't.

    An agent with fewer than HISTORY active hours in the last 7 days has nothing to be measured by: its budgets hold it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, [agent.pk])
        hours, micros, usual_micros, tokens, usual_tokens = cursor.fetchone()
    if hours < HISTORY or _was_looked_at(agent):
        return ""
    factor = agent.budget.get("spike", FACTOR)
    for unit, now, usual in (("micros", micros, usual_micros), ("tokens", tokens, usual_tokens)):
        if now > FLOORS[unit] and now > factor * usual:
            return _sentence(unit, now, usual, factor, hours)
    return ""


def _was_looked_at(agent: Agent) -> bool:
    """Whether people let it go on this very hour: they know what it spent."""
    return Agent.objects.filter(pk=agent.pk, resumed_at__gte=TruncHour(Now())).exists()


def _sentence(unit: str, now: int, usual: int, factor: float, hours: int) -> str:
    return (
        f"Its spending jumped: {budgets.in_words(unit, now)} this hour, more than {factor:g} times the usual "
        f"{budgets.in_words(unit, usual)} of its {hours} active hours in the last 7 days."
    )
