"""One hostile text in every place that text can come from, at once."""

from dataclasses import dataclass
from itertools import count

import uuid_utils.compat

from agents.models import Action, ActionContent, Agent, Person, Slot
from tests.factories import REFUND, decide, grant_tool, make_action, make_agent, make_person

LOOSE = REFUND | {
    "name": "note",
    "schema": {
        "type": "object",
        "required": ["order_id"],
        "additionalProperties": False,
        "properties": {
            "order_id": {"type": "string"},
            "texts": {"type": "array", "items": {"type": "string"}},
            "more": {"type": "object"},
        },
    },
    "connector": REFUND["connector"] | {"path": "/notes"},
    "critical": ["order_id"],
    "money": None,
    "headline": "Note about {order_id}",
}
_number = count(1)


@dataclass(frozen=True)
class Desk:
    """An agent, and the two people whose signatures its tier 3 needs."""

    agent: Agent
    fin: Person
    lea: Person


def make_desk() -> Desk:
    number = next(_number)
    agent = make_agent(f"hostile{number}", owner=make_person())
    grant_tool(agent, LOOSE)
    return Desk(agent, make_person(f"hfin{number}", "finance"), make_person(f"hlea{number}", "support-leads"))


def put_everywhere(desk: Desk, text: str, *, reject: bool = False) -> Action:
    """Return a tier 3 action with the text as a critical argument (so in its headline), as another one, as rationale, as name
    and value of a claim, in its provenance, as what was looked up, as answer and as error of its tool, as its agent's
    name and purpose; with `reject` also as the note of the person who rejected it.
    """
    Agent.objects.filter(pk=desk.agent.pk).update(name=text[:200], purpose=text)
    desk.agent.refresh_from_db()
    arguments = {"order_id": text, "texts": [text], "more": {text[:500]: text}}
    first = make_action(
        desk.agent, "note", arguments=arguments, rationale=text, claims={text[:500]: text}, provenance={"read": [text]}
    )
    looked_up = {"ticket": {"value": text, "from": "shop /tickets/1"}, "tags": {"value": [text], "from": text[:500]}}
    action = anew(first, facts=looked_up, error={"code": "odd", "detail": text})
    ActionContent.objects.filter(action=action).update(output={"body": text})
    if reject:
        decide(action, desk.fin, "reject", note=text[:4000])
    return Action.objects.get(pk=action.pk)


def anew(action: Action, **columns) -> Action:
    """Return another action like this one, born with other values: no gate would let some of them in."""
    pk = uuid_utils.compat.uuid7()
    fields = {field.attname: getattr(action, field.attname) for field in Action._meta.concrete_fields}
    made = Action(**fields | {"id": pk, "lineage": pk} | columns)
    made.save(force_insert=True)
    said = action.content
    words = {"rationale": said.rationale, "claims": said.claims, "provenance": said.provenance}
    ActionContent.objects.create(action=made, **words)
    Slot.objects.bulk_create(_like(slot, made) for slot in action.slots.all())
    return made


def _like(slot: Slot, action: Action) -> Slot:
    fields = {
        field.attname: getattr(slot, field.attname) for field in Slot._meta.concrete_fields if not field.primary_key
    }
    return Slot(**fields | {"action_id": action.pk})
