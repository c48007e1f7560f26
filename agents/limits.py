"""Limits over many actions: the rows that proposals queue up on, what counts already, and what a new action adds.

An entry counts from the moment its action enters (as reserved) until that action ends without an effect, unless its own
agent took it back: or proposing and withdrawing would feel out what others have used. All of it runs
in the transaction that decides: two proposals for one key wait for each other, whichever agent or process they come from.
"""

import json
from decimal import Decimal

from django.db import connection

from agents import rows
from agents.lifecycle import State
from agents.policy.limiting import Asked, Plan

#: In these states an action has had no effect and will have none.
WITHOUT_EFFECT = (
    State.DENIED, State.REJECTED, State.EXPIRED, State.SUPERSEDED, State.REFUSED, State.FAILED,
)  # fmt: skip

# Taken in one order, so that two proposals with two limits in common can't wait for each other in a circle.
_LOCK = """
INSERT INTO agents_limitusage (scope, key)
SELECT scope, key FROM unnest(%s::text[], %s::text[]) AS asked (scope, key) ORDER BY scope, key
ON CONFLICT (scope, key) DO UPDATE SET scope = EXCLUDED.scope
RETURNING id, scope, key
"""

# A statement of its own: what the proposal waited for while it took the lock has committed, and is seen only now.
_TOTAL = """
SELECT asked.rule, coalesce(sum(e.amount), 0)
FROM jsonb_to_recordset(%s::jsonb) AS asked (rule text, usage bigint, measure text, tools text[], seconds bigint)
LEFT JOIN agents_limitentry AS e ON e.usage_id = asked.usage AND e.measure = asked.measure
    AND e.at > now() - make_interval(secs => asked.seconds)
    AND (asked.tools IS NULL OR e.tool = ANY (asked.tools))
    AND NOT EXISTS (SELECT FROM agents_action AS a WHERE a.id = e.action_id AND a.state = ANY (%s))
GROUP BY asked.rule
"""

Usages = dict[tuple[str, str], int]


def lock(plan: Plan) -> Usages:
    """Hold the rows this action counts by until the transaction ends; return their ids by (scope, key)."""
    keys = sorted({(one.scope, one.key) for one in plan.counted})
    if not keys:
        return {}
    held = rows.asked(_LOCK, [[scope for scope, _ in keys], [key for _, key in keys]])
    return {(scope, key): usage for usage, scope, key in held}


def totals(plan: Plan, usages: Usages) -> dict[str, int | float | None]:
    """Return by rule what each limit comes to with this action; None where that can't be told. Call after `lock`."""
    told = {one.rule: one for one in plan.asked if one.counted}
    found: dict[str, int | float | None] = {one.rule: None for one in plan.asked}
    if told:
        with connection.cursor() as cursor:
            cursor.execute(
                _TOTAL, [json.dumps([_question(one, usages) for one in told.values()]), list(WITHOUT_EFFECT)]
            )
            for rule, used in cursor.fetchall():
                found[rule] = _number(used + Decimal(str(told[rule].counted.amount)))
    return found


def entries(plan: Plan, usages: Usages, *, tool: str) -> list[dict]:
    """Return the entries a new action adds, as rows of agents_limitentry without their action."""
    return [
        {"usage_id": usages[one.scope, one.key], "tool": tool, "measure": one.measure, "amount": str(one.amount)}
        for one in plan.counted
    ]


def _question(asked: Asked, usages: Usages) -> dict:
    counted = asked.counted
    return {
        "rule": asked.rule,
        "usage": usages[counted.scope, counted.key],
        "measure": counted.measure,
        "tools": list(asked.tools) if asked.tools is not None else None,
        "seconds": asked.window,
    }


def _number(total: Decimal) -> int | float:
    return int(total) if total == total.to_integral_value() else float(total)
