"""Nobody signs for themselves, by whichever name they come and at whichever door: each door tried with each of them.

What single doors and verbs claim besides: `tests/domain/test_signing.py`, `test_run_identity.py`, `test_handing.py`,
`test_voiding.py`, `test_passkeys.py` (somebody else's touch), `tests/faces/test_rest.py` and `test_decisions.py` (tokens).
"""

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import uuid_utils.compat
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from agents import identities, people
from agents.models import Action, ActionContent, AgentRole, Person
from approvals.deciding import editing, handing
from approvals.models import Decision
from audit.actors import Actor
from audit.models import Event
from tests.domain.running import enqueue, make_talking_company, refund
from tests.factories import Company, decide, make_action, make_person, prove

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")
ROOT = Path(__file__).parents[2]


@dataclass
class Caller:
    """Somebody before a door: their browser or their token, and the action they would decide on."""

    action: Action
    browser: Client
    headers: dict


# --- who comes


def signer(company: Company, name: str, **fields) -> Person:
    """Return somebody who could sign anything, but for who they are; they were there before anything was asked."""
    person = make_person(f"{name}-{company.agent.pk}", "finance", "support-leads", **fields)
    Person.objects.filter(pk=person.pk).update(signer_since="2020-01-01T00:00:00Z")
    return Person.objects.get(pk=person.pk)


def copied(action: Action, **columns) -> Action:
    """Return the same action as somebody else's: a row as the gate would have written it."""
    names = {field.attname for field in Action._meta.concrete_fields} - {"id", "created_at", "state_since"}
    row = Action(**({name: getattr(action, name) for name in names} | columns))
    row.pk = row.lineage = uuid_utils.compat.uuid7()
    row.save(force_insert=True)
    ActionContent.objects.create(action=row)
    for slot in action.slots.all():
        slot.pk, slot.action = None, row
        slot.save(force_insert=True)
    return row


def by_session(action: Action, person: Person) -> Caller:
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    prove(browser, person)
    return Caller(action, browser, {})


def by_token(action: Action, text: str) -> Caller:
    return Caller(action, Client(), {"Authorization": f"Bearer {text}"})


def owner(company, action):
    who = own(company, signer(company, "owner"))
    return by_session(make_action(company.agent, action.tool.name), who)


def owner_when_it_was_asked(company, action):
    who = own(company, signer(company, "former"))
    row = make_action(company.agent, action.tool.name)
    own(company, company.owner)
    return by_session(row, who)


def second_account_of_the_owner(company, action):
    first = own(company, make_person(f"first-{company.agent.pk}"))
    return by_session(action, signer(company, "second", human=first))


def owner_since_the_proposal(company, action):
    return by_session(action, own(company, signer(company, "heir")))


def own(company, person: Person) -> Person:
    AgentRole.objects.filter(agent=company.agent, role="owner").update(person=person)
    return person


def proposer(company, action):
    asked = signer(company, "asked")
    return by_session(copied(action, proposer_agent_id=None, token_id=None, proposer_person_id=asked.pk), asked)


def second_account_of_the_proposer(company, action):
    asked = make_person(f"asker-{company.agent.pk}")
    row = copied(action, proposer_agent_id=None, token_id=None, proposer_person_id=asked.pk)
    return by_session(row, signer(company, "alias", human=asked))


def on_whose_behalf(company, action):
    other = signer(company, "behalf")
    return by_session(copied(action, on_behalf_of_id=other.pk), other)


def mission_lead(company, action):
    lead = signer(company, "lead")
    run = enqueue(company.agent, refund(), mission_lead=lead)
    return by_session(copied(action, run_id=run.pk), lead)


def second_account_of_who_signed(company, action):
    decide(action, company.both)
    return by_session(action, signer(company, "again", human=company.both))


def editor(company, action):
    who = signer(company, "editor")
    seen = {"digest": action.digest, "revision": action.revision, "approve": False}
    changed = {"order_id": "o-edited", "amount_usd": 5}
    edited = editing.edit(action_id=action.pk, by=who, arguments=changed, **seen)
    return by_session(edited.action, who)


def giver_of_what_was_signed(company, action):
    giver = signer(company, "giver")
    handing.give(action_id=action.pk, by=giver, to=company.both.username, note="")
    handing.answer(action_id=action.pk, by=company.both, accept=True)
    decide(action, company.both)
    return by_session(action, giver)


def superuser_alone(company, action):
    root = make_person(f"root-{company.agent.pk}", is_superuser=True, is_staff=True)
    Person.objects.filter(pk=root.pk).update(signer_since="2020-01-01T00:00:00Z")
    return by_session(action, root)


def newly_credentialed(company, action):
    who = signer(company, "newer")
    Person.objects.filter(pk=who.pk).update(signer_since=Now())
    return by_session(action, who)


def new_in_the_group(company, action):
    who = make_person(f"joined-{company.agent.pk}")
    people.change(who.username, groups=["finance", "support-leads"], by=OPERATOR)
    return by_session(action, Person.objects.get(pk=who.pk))


def deactivated(company, action):
    caller = by_session(action, who := signer(company, "gone"))
    people.disable(who.username, by=OPERATOR)
    return caller


def deactivated_behind_our_back(company, action):
    caller = by_session(action, who := signer(company, "off"))
    Person.objects.filter(pk=who.pk).update(is_active=False)
    return caller


def outsider(company, action):
    return by_session(action, make_person(f"outside-{company.agent.pk}"))


def member_of_another_group(company, action):
    return by_session(action, make_person(f"legal-{company.agent.pk}", "legal"))


def agents_token(company, action):
    return by_token(action, identities.issue(agent=company.agent, by=OPERATOR)[1])


def clients_token(company, action):
    return by_token(action, identities.issue_client(name="inbox", agents=[company.agent], by=OPERATOR)[1])


def token_in_the_clothes_of_a_session(company, action):
    """An owner's agent shows its token in the owner's own browser: the token counts."""
    caller = by_session(action, signer(company, "host"))
    caller.headers = agents_token(company, action).headers
    return caller


#: Who comes, and with which code (over REST) they are turned away.
ALIASES: dict[Callable, tuple[int, str]] = {
    owner: (403, "not_eligible"),
    owner_when_it_was_asked: (403, "not_eligible"),
    second_account_of_the_owner: (403, "not_eligible"),
    owner_since_the_proposal: (403, "not_eligible"),
    proposer: (403, "not_eligible"),
    second_account_of_the_proposer: (403, "not_eligible"),
    on_whose_behalf: (403, "not_eligible"),
    mission_lead: (403, "not_eligible"),
    second_account_of_who_signed: (409, "already_voted"),
    editor: (403, "not_eligible"),
    giver_of_what_was_signed: (403, "not_eligible"),
    superuser_alone: (403, "not_eligible"),
    newly_credentialed: (403, "not_eligible"),
    new_in_the_group: (403, "not_eligible"),
    deactivated: (401, "not_authenticated"),
    deactivated_behind_our_back: (401, "not_authenticated"),
    outsider: (404, "not_found"),
    member_of_another_group: (404, "not_found"),
    agents_token: (403, "token_cannot_decide"),
    clients_token: (403, "token_cannot_decide"),
    token_in_the_clothes_of_a_session: (403, "token_cannot_decide"),
}
#: Which of the reasons to be its own side holds for whom: they are told this one and no other.
WHY = {
    owner: "you own ",
    owner_when_it_was_asked: "you owned ",
    second_account_of_the_owner: "you own ",
    owner_since_the_proposal: "you own ",
    proposer: "you asked for it",
    second_account_of_the_proposer: "you asked for it",
    on_whose_behalf: "on your behalf",
    mission_lead: "you lead its mission",
    editor: "you edited it",
}
#: Only an approval is refused to these: whoever handed it on, or has a new password, may still say no to it.
MAY_REJECT = {giver_of_what_was_signed}
#: At tier 2 an editor signs their own edit, and there is one signature.
TIER_3_ALONE = {editor, giver_of_what_was_signed, second_account_of_who_signed}
#: A bearer token means nothing to a page: who sits in the browser counts there.
NO_PAGE = {token_in_the_clothes_of_a_session}
WORDS = {"approve": {}, "reject": {"reason_code": "wrong_value"}}


# --- at which door


def at_the_page(caller: Caller, word: str):
    fields = {"decision": word, "digest": caller.action.digest, "revision": caller.action.revision, **WORDS[word]}
    return caller.browser.post(reverse("decide", args=[caller.action.pk]), fields, headers=caller.headers)


def at_rest(caller: Caller, word: str):
    fields = {"decision": word, "digest": caller.action.digest, "revision": caller.action.revision, **WORDS[word]}
    return send(caller, "api-decide", caller.action.pk, body=fields)


def at_the_pages_set(caller: Caller, word: str):
    one = f"{caller.action.pk}:{caller.action.digest}:{caller.action.revision}"
    return caller.browser.post(
        reverse("bulk-decide"), {"decision": word, "item": [one], **WORDS[word]}, headers=caller.headers
    )


def at_rests_set(caller: Caller, word: str):
    one = {"id": str(caller.action.pk), "digest": caller.action.digest, "revision": caller.action.revision}
    return send(caller, "api-decide-together", body={"decision": word, "items": [one], **WORDS[word]})


def at_the_edit(caller: Caller, word: str):
    fields = {"digest": caller.action.digest, "revision": caller.action.revision, "then": "approve"}
    typed = {"argument-1": "t-edited", "argument-2": "Other words."}
    return caller.browser.post(reverse("save-edit", args=[caller.action.pk]), fields | typed, headers=caller.headers)


def at_rests_edit(caller: Caller, word: str):
    fields = {"digest": caller.action.digest, "revision": caller.action.revision, "then": "approve"}
    arguments = {"ticket": "t-edited", "text": "Other words."}
    return send(caller, "api-revise", caller.action.pk, body=fields | {"arguments": arguments})


def send(caller: Caller, name: str, *args, body: dict):
    kind = "application/json"
    return caller.browser.post(reverse(name, args=args), json.dumps(body), content_type=kind, headers=caller.headers)


SINGLE, TIER_2 = [at_the_page, at_rest], [at_the_pages_set, at_rests_set, at_the_edit, at_rests_edit]


def standing(action: Action) -> tuple:
    """Return all that a decision would have changed."""
    row = (
        Action.objects.filter(lineage=action.lineage).order_by("revision").values_list("state", "decision", "revision")
    )
    slots = action.slots.order_by("position").values_list("filled_by", "is_open")
    told = Event.objects.filter(subject_kind="action", subject_id=str(action.pk)).count()
    return list(row), list(slots), Decision.objects.count(), told


@pytest.fixture
def company():
    return make_talking_company()


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("door", SINGLE)
@pytest.mark.parametrize("alias", ALIASES)
def test_a_decision_at_tier_3_is_refused_with_its_code_and_nothing_is_written(company, alias, door, word):
    if alias in NO_PAGE and door is at_the_page or word == "reject" and alias in MAY_REJECT:
        pytest.skip("not refused here, as it should be")
    caller = alias(company, make_action(company.agent))
    before = standing(caller.action)
    answer = door(caller, word)
    check(answer, alias, door)
    assert standing(caller.action) == before


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("door", SINGLE)
@pytest.mark.parametrize("alias", WHY)
def test_its_own_side_is_told_the_one_reason_that_holds(company, alias, door, word):
    answer = door(alias(company, make_action(company.agent)), word)
    said = answer.json()["detail"] if door is at_rest else answer.content.decode()
    assert "You count as its own side: " in said
    assert {reason for reason in WHY.values() if reason in said} == {WHY[alias]}


@pytest.mark.parametrize("door", TIER_2)
@pytest.mark.parametrize("alias", [one for one in ALIASES if one not in TIER_3_ALONE])
def test_a_decision_at_tier_2_is_refused_and_nothing_is_written(company, alias, door):
    if alias in NO_PAGE and door in (at_the_pages_set, at_the_edit):
        pytest.skip("a page knows no tokens")
    caller = alias(company, make_action(company.agent, "send_reply"))
    before = standing(caller.action)
    answer = door(caller, "approve")
    if door is at_rests_set and answer.status_code == 200:
        [one] = answer.json()["results"]
        assert (one["decision"], one["code"]) == (None, ALIASES[alias][1])
    elif door is at_rests_edit:
        check(answer, alias, door)
    elif door is at_rests_set:
        code = {"not_found": "not_together"}.get(ALIASES[alias][1], ALIASES[alias][1])
        assert answer.json()["code"] == code
    assert standing(caller.action) == before


def check(answer, alias: Callable, door: Callable) -> None:
    status, code = ALIASES[alias]
    if door in (at_rest, at_rests_edit):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    elif status == 401 or code == "token_cannot_decide":
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, reverse("account_login"))
    else:
        assert answer.status_code == status and f">{code}<" in answer.content.decode()


@pytest.mark.parametrize("door", SINGLE)
def test_whoever_is_none_of_these_decides_at_every_single_door(company, door):
    caller = by_session(make_action(company.agent), signer(company, "fine"))
    assert door(caller, "approve").status_code in (201, 303)
    assert caller.action.decisions.count() == 1


@pytest.mark.parametrize("door", TIER_2)
def test_whoever_is_none_of_these_decides_at_every_door_of_tier_2(company, door):
    caller = by_session(make_action(company.agent, "send_reply"), signer(company, "fine"))
    assert door(caller, "approve").status_code in (200, 201, 303)
    assert Decision.objects.filter(action__lineage=caller.action.lineage).count() == 1


# --- there are no other doors


def callers_of(name: str) -> set[str]:
    """Return the modules of the product that call a function as it is written here: `desk.decide`."""
    found = set()
    for folder in ("audit", "agents", "approvals", "controlplane"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                    found.add(str(path.relative_to(ROOT)))
    return found


def test_a_decision_is_made_at_the_doors_of_the_matrix_and_nowhere_else():
    """The admin and the command line are no doors: nothing of theirs reaches a decision, or a slot."""
    assert callers_of("desk.decide") == {
        "approvals/pages/action.py", "approvals/rest/decisions.py", "approvals/deciding/bulk.py",
        "approvals/deciding/editing.py",
    }  # fmt: skip
    assert callers_of("bulk.decide") == {"approvals/pages/bulk.py", "approvals/rest/deciding.py"}
    assert callers_of("editing.edit") == {"approvals/pages/deciding.py"}
    assert callers_of("editing.finish") == {"approvals/rest/deciding.py"}
    assert callers_of("actions.sign") == {"approvals/deciding/desk.py"}
    assert callers_of("Decision.objects.create") == {"approvals/deciding/desk.py"}


@pytest.mark.parametrize("alias", [owner, superuser_alone])
def test_the_admin_has_no_address_at_which_anything_is_decided(company, alias):
    caller = alias(company, make_action(company.agent))
    Person.objects.filter(pk=caller.browser.session["_auth_user_id"]).update(is_staff=True, is_superuser=True)
    before = standing(caller.action)
    for model in ("action", "decision", "slot"):
        for app in ("agents", "approvals"):
            for rest in ("", "add/", f"{caller.action.pk}/change/"):
                answer = caller.browser.post(
                    f"/admin/{app}/{model}/{rest}", {"decision": "approve", "state": "approved"}
                )
                assert answer.status_code in (302, 403, 404)
    assert standing(caller.action) == before
