"""Grants as people read them: who gave each, until when, and when it was last used. Only reads."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from agents.models import Agent, Grant
from audit.models import Event

#: So many of an agent's latest actions are looked through for the last use of a tool.
LOOKED_THROUGH = 10_000
_LAST_USES = """
SELECT tool_id, max(created_at) FROM (
    SELECT tool_id, created_at FROM agents_action WHERE agent_id = %s ORDER BY created_at DESC LIMIT %s
) AS latest GROUP BY tool_id
"""


@dataclass(frozen=True)
class Origins:
    """Who gave each grant (by the grant's id) and when each tool was last asked for (by the tool's), as far as is known."""

    givers: dict[int, str]
    uses: dict[int, datetime]


def origins(agent: Agent) -> Origins:
    """Return what the record tells of an agent's grants, in four queries."""
    return Origins(_givers(agent), _uses(agent))


def standing_of(grant: Grant, now: datetime) -> str:
    """Return in a word where a grant stands: `granted`, `expired` or `revoked`."""
    if grant.revoked_at is not None:
        return "revoked"
    return "expired" if grant.expires_at is not None and grant.expires_at <= now else "granted"


def _givers(agent: Agent) -> dict[int, str]:
    """Pair each grant of a tool with its event. Both were written together, so the latest of each belong together."""
    told = defaultdict(list)
    about = Event.objects.filter(subject_kind="agent", subject_id=str(agent.pk), verb="grant.given")
    for event in about.order_by("-id").prefetch_related("private"):
        told[event.data.get("tool")].append(str(event.private_values().get("display", "")))
    grants = defaultdict(list)
    for grant in agent.grants.order_by("-granted_at", "-pk"):
        grants[grant.tool_name].append(grant.pk)
    return {pk: who for name, pks in grants.items() for pk, who in zip(pks, told[name], strict=False)}


def _uses(agent: Agent) -> dict[int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST_USES, [agent.pk, LOOKED_THROUGH])
        rows: Iterable[tuple[int, datetime]] = cursor.fetchall()
    return dict(rows)
