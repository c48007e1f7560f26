"""What somebody's own decisions of the last 30 days come to, for their eyes alone. Only reads."""

from dataclasses import dataclass

from django.db import connection

from agents.models import Person
from approvals.figures.wilson import ENOUGH, Share

DAYS = 30
#: Others are told of as a middle one only where nobody can be told from it.
OTHERS = 2


@dataclass(frozen=True)
class OfTool:
    """One tool: how many I decided, and the middle one of the minutes from first opening a request to deciding on it.

    `mine` is None below 30 of my decisions, `theirs` below 30 decisions or two people of my groups other than me.
    """

    tool: str
    decided: int
    mine: int | None
    theirs: int | None


@dataclass(frozen=True)
class Stats:
    """My decisions, those that rejected, and those on a later revision than the first."""

    decided: int
    rejected: Share
    on_revision: Share
    tools: tuple[OfTool, ...]


_SQL = """
SELECT t.name, count(*) FILTER (WHERE mine), count(*) FILTER (WHERE mine AND d.word = 'reject'),
    count(*) FILTER (WHERE mine AND d.revision > 1),
    count(took) FILTER (WHERE mine), percentile_disc(0.5) WITHIN GROUP (ORDER BY took) FILTER (WHERE mine),
    count(took) FILTER (WHERE NOT mine), percentile_disc(0.5) WITHIN GROUP (ORDER BY took) FILTER (WHERE NOT mine),
    count(DISTINCT human) FILTER (WHERE NOT mine AND took IS NOT NULL)
FROM (
    SELECT d.action_id, d.human, d.word, d.revision, d.human = %(human)s AS mine,
        extract(epoch FROM d.decided_at - (
            SELECT min(l.at) FROM approvals_look AS l
            WHERE l.action_id = d.action_id AND l.person_id = d.person_id AND l.kind = 'viewed' AND l.at <= d.decided_at
        ))::bigint AS took
    FROM approvals_decision AS d
    WHERE d.decided_at >= now() - make_interval(days => %(days)s) AND (d.human = %(human)s OR EXISTS (
        SELECT FROM agents_person_groups AS m
        WHERE m.person_id = d.person_id AND m.group_id IN (
            SELECT o.group_id FROM agents_person_groups AS o WHERE o.person_id = %(person)s
        )
    ))
) AS d
JOIN agents_action AS a ON a.id = d.action_id AND a.kind <> 'practice'
JOIN agents_tool AS t ON t.id = a.tool_id
GROUP BY t.name HAVING bool_or(mine) ORDER BY t.name
"""


def of(person: Person) -> Stats:
    """Return this person's own figures. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"human": person.human_id, "person": person.pk, "days": DAYS})
        rows = cursor.fetchall()
    decided, rejected, revised = (sum(row[place] for row in rows) for place in (1, 2, 3))
    tools = tuple(
        OfTool(
            tool=tool,
            decided=count,
            mine=mine if measured >= ENOUGH else None,
            theirs=theirs if others >= ENOUGH and people >= OTHERS else None,
        )
        for tool, count, _, _, measured, mine, others, theirs, people in rows
    )
    return Stats(decided, Share(rejected, decided), Share(revised, decided), tools)
