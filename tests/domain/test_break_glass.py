"""Tier 4: refused, unless a rule opens it; then two people, one of security, a reason in writing, and a review afterwards."""

import pytest
from django.db.models.functions import Now

from agents import actions
from agents.errors import Invalid
from agents.models import Action, Incident
from tests.factories import OPENED, ROTATE, decide, events, give_policy, make_action, make_company, make_person
from tests.toolserver import in_turn, says, serving

pytestmark = pytest.mark.django_db
SIGN = {"4": ["security", "finance"]}


def company(sign=None):
    made = make_company(sign=sign or SIGN, tools=[ROTATE])
    make_person("officer", "security")
    return made


def propose(company, text="leaked"):
    return make_action(company.agent, "rotate_secret", arguments={"ticket": "t-1", "text": text})


def test_tier_4_is_refused_where_no_rule_opens_it():
    made = company()
    assert [reason["code"] for reason in propose(made).reasons] == ["break_glass_only"]
    give_policy(made.agent, OPENED)
    assert propose(made, text="just because").verdict == "deny"
    assert propose(made).verdict == "review"


def test_nobody_breaks_the_glass_without_security():
    made = company(sign={"4": ["finance", "support-leads"]})
    give_policy(made.agent, OPENED)
    action = propose(made)
    assert (action.verdict, action.reasons[0]["code"]) == ("deny", "slots_missing")
    assert "security" in action.reasons[0]["text"]


def test_approval_needs_a_written_reason_and_a_rejection_does_not():
    made = company()
    give_policy(made.agent, OPENED)
    action = propose(made)
    with pytest.raises(Invalid) as refused:
        decide(action, made.fin)
    assert refused.value.errors[0]["field"] == "note"
    with pytest.raises(Invalid):
        decide(action, made.fin, note="   ")
    assert decide(action, made.fin, note="The key is on a public page.").note
    other = propose(made)
    decide(other, made.fin, "reject")


def test_broken_glass_runs_once_and_is_opened_for_review_afterwards():
    made = company()
    officer = make_person("officer2", "security")
    give_policy(made.agent, OPENED)
    action = propose(made)
    assert (action.permit_seconds, [slot.label for slot in action.slots.all()]) == (300, ["security", "finance"])
    decide(action, made.fin, note="The key is on a public page.")
    assert Incident.objects.count() == 0
    decide(action, officer, note="Seen it.")
    with serving() as tool:
        actions.execute(action.pk, worker="test")
        actions.execute(action.pk, worker="again")
    action.refresh_from_db()
    assert (action.state, len(tool.calls)) == ("succeeded", 1)
    [incident] = Incident.objects.all()
    assert list(incident.actions.all()) == [action] and incident.closed_at is None
    verbs = [event.verb for event in events(action)]
    assert verbs.index("incident.opened") < verbs.index("action.called")


def test_a_second_attempt_opens_no_second_review():
    made, officer = company(), make_person("officer3", "security")
    give_policy(made.agent, OPENED)
    action = propose(made)
    for person in (made.fin, officer):
        decide(action, person, note="The key is on a public page.")
    with serving(in_turn(says(503), says(200))) as tool:
        actions.execute(action.pk, worker="test")
        Action.objects.filter(pk=action.pk).update(next_attempt_at=Now())
        actions.execute(action.pk, worker="again")
    assert (len(tool.calls), Incident.objects.count()) == (2, 1)
