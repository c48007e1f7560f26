"""What a claim reads, each a single statement written out: the way from the last signature to the call is these few."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from agents import policies, rows
from agents.models import Action, Agent, Person, Slot, Tool, ToolDefinition
from agents.policy.quorum import Voter

#: No attempt is made later than this after the first: tools forget idempotency keys.
RETRY_WINDOW = timedelta(hours=6)

_WAITING = f"""
SELECT {rows.columns(Action, "a")}, {rows.columns(Agent, "g")}, {rows.columns(ToolDefinition, "d")},
    EXISTS (SELECT FROM agents_slot AS s WHERE s.action_id = a.id)
FROM agents_action AS a JOIN agents_agent AS g ON g.id = a.agent_id JOIN agents_tooldefinition AS d ON d.id = a.definition_id
WHERE a.id = %s AND a.state IN ('approved', 'retry_wait')
"""  # noqa: S608 - names of columns

# Read last of all in the plan: SKIP LOCKED lets a stop or another worker have the row.
_TAKE = f"""
SELECT {rows.columns(Action, "a")}, {rows.columns(ToolDefinition, "d")}, {rows.columns(Tool, "t")}, EXISTS (
    SELECT FROM agents_grant AS r WHERE r.agent_id = a.agent_id AND r.tool_id = a.tool_id AND r.revoked_at IS NULL
        AND (r.expires_at IS NULL OR r.expires_at > statement_timestamp())
), EXISTS (SELECT FROM agents_toolhealth AS h WHERE h.tool_id = a.tool_id AND h.open_until IS NOT NULL)
FROM agents_action AS a JOIN agents_tooldefinition AS d ON d.id = a.definition_id JOIN agents_tool AS t ON t.id = a.tool_id
WHERE a.id = %s AND a.kind = 'real' AND (
    (a.state = 'approved' AND a.permit_until > statement_timestamp())
    OR (a.state = 'retry_wait' AND a.next_attempt_at <= statement_timestamp()
        AND a.permit_consumed_at > statement_timestamp() - %s)
)
FOR NO KEY UPDATE OF a SKIP LOCKED
"""  # noqa: S608 - names of columns

_SIGNED = f"""
SELECT {rows.columns(Slot, "s")}, {rows.columns(Person, "p")},
    ARRAY(SELECT m.group_id FROM agents_person_groups AS m WHERE m.person_id = p.id),
    (SELECT g.name FROM auth_group AS g WHERE g.id = s.group_id),
    ARRAY(SELECT o.human_id FROM agents_agentrole AS r JOIN agents_person AS o ON o.id = r.person_id
        WHERE r.agent_id = %s AND r.role = 'owner')
FROM agents_slot AS s LEFT JOIN agents_person AS p ON p.id = s.filled_by_id WHERE s.action_id = %s ORDER BY s.position
"""  # noqa: S608 - names of columns

_GROUPS = "SELECT name, id FROM auth_group WHERE name = ANY(%s)"


@dataclass(frozen=True)
class Taken:
    """An action whose row is locked, with its tool as it is and its definition as approved, whether its grant lives, and
    whether the tool's breaker is open."""

    action: Action
    is_granted: bool
    breaker_is_open: bool


@dataclass(frozen=True)
class Signatures:
    """An action's slots with who filled them, and everybody who did as the matching sees them: in their groups of now.

    `groups` are the ids of the slots' groups by the names they have now; `owners` the humans who own the agent now, where
    anybody signs.
    """

    slots: Sequence[Slot]
    voters: Sequence[Voter]
    groups: Mapping[str, int]
    owners: Sequence[int]

    def ids_of(self, names: Sequence[str]) -> list[int]:
        """Return the ids of groups by their names of now; 0, which no group has, for a name that none has."""
        others = [name for name in names if name not in self.groups]
        known = {**self.groups, **(dict(rows.asked(_GROUPS, [others])) if others else {})}
        return [known.get(name, 0) for name in names]


def waiting(action_id: UUID) -> tuple[Action, bool] | None:
    """Return an action that waits for its attempt, with its agent, policy and definition, and whether people signed it;
    None when it waits for none."""
    found = rows.asked(_WAITING, [action_id])
    if not found:
        return None
    action, agent, definition, rest = rows.apart(found[0], Action, Agent, ToolDefinition)
    if agent.policy_id is not None:
        agent.policy = policies.version(agent.policy_id)
    action.agent, action.definition = agent, definition
    return action, rest[0]


def take(action_id: UUID) -> Taken | None:
    """Lock the row if nobody else holds it and it is due. SKIP LOCKED: a stop or another worker is never waited for."""
    found = rows.asked(_TAKE, [action_id, RETRY_WINDOW])
    if not found:
        return None
    action, definition, tool, rest = rows.apart(found[0], Action, ToolDefinition, Tool)
    action.definition, action.tool = definition, tool
    return Taken(action, *rest)


def signatures(action: Action) -> Signatures:
    """Return who signed the action, in the order of its slots."""
    slots, voters, groups, owners = [], [], {}, []
    for row in rows.asked(_SIGNED, [action.agent_id, action.pk]):
        slot, person, (member_of, group, owners) = rows.apart(row, Slot, Person)
        slot.action, slot.filled_by = action, person
        slots.append(slot)
        if group is not None:
            groups[group] = slot.group_id
        if person is not None:
            voters.append(Voter(human=person.human_id, groups=frozenset(member_of)))
    return Signatures(slots, voters, groups, owners)
