"""Why somebody counts as an action's own side, in words: the one reason that holds, from the facts of this very action.

Who counts is `access.own_side`'s to say. What this reads is only read for whoever was refused.
"""

from uuid import UUID

from agents import rows
from agents.models import Action, Person
from audit.models import Event

#: A run and those that handed its task on: one statement, however often that happened.
ABOVE = """
WITH RECURSIVE above AS (
    SELECT id, parent_id, agent_id, mission_lead_id FROM agents_run WHERE id = %(run)s
    UNION
    SELECT r.id, r.parent_id, r.agent_id, r.mission_lead_id FROM agents_run AS r JOIN above ON r.id = above.parent_id
)
"""
_PART_IN_RUN = f"""{ABOVE}
SELECT 'leads', '' FROM above JOIN agents_person AS p ON p.id = above.mission_lead_id
WHERE p.human_id = %(human)s
UNION ALL
SELECT 'owns', a.name FROM above JOIN agents_agent AS a ON a.id = above.agent_id
    JOIN agents_agentrole AS r ON r.agent_id = a.id AND r.role = 'owner' JOIN agents_person AS p ON p.id = r.person_id
WHERE p.human_id = %(human)s
ORDER BY 1
"""  # noqa: S608 - of our own pieces


def why(action: Action, person: Person) -> str:
    """Say what makes this person its own side, as the end of a sentence: `you own Refund desk`."""
    if action.proposer_person and action.proposer_person.human_id == person.human_id:
        return "you asked for it"
    if action.on_behalf_of and action.on_behalf_of.human_id == person.human_id:
        return "it was asked for on your behalf"
    if action.agent.roles.filter(role="owner", person__human=person.human_id).exists():
        return f"you own {action.agent.name}"
    return _in_run(action.run_id, person) or _then(action, person)


def _in_run(run_id: UUID | None, person: Person) -> str:
    if run_id is None:
        return ""
    for part, agent in rows.asked(_PART_IN_RUN, {"run": run_id, "human": person.human_id}):
        return "you lead its mission" if part == "leads" else f"you own {agent}, which handed the task on"
    return ""


def _then(action: Action, person: Person) -> str:
    """What held when it came in, or was done to it since, and stays."""
    accounts = list(Person.objects.filter(human=person.human_id).values_list("pk", flat=True))
    told = Event.objects.filter(subject_kind="action")
    if told.filter(subject_id=str(action.pk), data__snapshot__roles__owner__in=accounts).exists():
        return f"you owned {action.agent.name} when it came in"
    revisions = Action.objects.filter(lineage=action.lineage).values_list("pk", flat=True)
    edits = told.filter(verb="action.revised", subject_id__in=[str(pk) for pk in revisions], actor_kind="person")
    if edits.filter(actor_id__in=[str(pk) for pk in accounts]).exists():
        return "you edited it"
    return "you did when it came in, and that stays"
