"""Who may put their name to an action, and what the last name does."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from agents import access, actions, people, stops
from agents.errors import AlreadyDecided, DecisionExpired, Invalid, NoSuchAction, NotAllowed, NotEligible, Stale
from agents.models import Action, ActionContent, AgentRole, Person
from approvals.deciding import desk
from approvals.deciding.desk import AlreadyVoted
from approvals.models import Decision
from approvals.telling import audience
from audit.actors import Actor
from tests.factories import decide, due, events, later, make_action, make_approved, make_company, make_person, moves

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")


@pytest.fixture
def action(company):
    return make_action(company.agent)


def unsigned(action: Action) -> bool:
    action.refresh_from_db()
    filled = action.slots.exclude(filled_by=None).exists()
    return action.state == "awaiting_review" and not filled and not action.decisions.exists()


def requested_by(person: Person, action: Action) -> Action:
    """The same action as a person's own request: a row as it will be when people may ask."""
    names = [
        field.attname
        for field in Action._meta.concrete_fields
        if field.attname not in ("id", "created_at", "state_since")
    ]
    row = Action(**{name: getattr(action, name) for name in names})
    row.lineage, row.proposer_agent, row.proposer_person, row.token = row.pk, None, person, None
    row.save(force_insert=True)
    ActionContent.objects.create(action=row)
    for slot in action.slots.all():
        slot.pk, slot.action = None, row
        slot.save(force_insert=True)
    return row


# --- nobody signs for themselves


def test_owner_cannot_approve_own_agents_refund(company, action):
    company.owner.groups.set(Group.objects.filter(name__in=["finance", "support-leads"]))
    with pytest.raises(NotEligible, match="own"):
        decide(action, company.owner)
    assert unsigned(action)


def test_second_account_of_the_owner_cannot_either(company, action):
    second = make_person("rosa-work", "finance", human=company.owner)
    Person.objects.filter(pk=second.pk).update(signer_since=company.owner.date_joined)
    second.refresh_from_db()
    with pytest.raises(NotEligible, match="own"):
        decide(action, second)
    assert unsigned(action)


def test_requester_cannot_approve_what_they_asked_for(company, action):
    asked = requested_by(company.fin, action)
    with pytest.raises(NotEligible, match="own"):
        decide(asked, company.fin)
    assert unsigned(asked)


def test_second_account_of_the_requester_cannot_either(company, action):
    asked = requested_by(company.fin, action)
    second = make_person("fin-work", "finance", human=company.fin)
    Person.objects.filter(pk=second.pk).update(signer_since=company.fin.date_joined)
    second.refresh_from_db()
    with pytest.raises(NotEligible, match="own"):
        decide(asked, second)


def test_superuser_of_no_group_cannot_approve(company, action):
    root = make_person("root", is_superuser=True, is_staff=True)
    Person.objects.filter(pk=root.pk).update(signer_since=Now() - timedelta(days=1))
    root.refresh_from_db()
    with pytest.raises(NotEligible, match="groups"):
        decide(action, root)
    assert unsigned(action)


def test_superuser_who_owns_the_agent_cannot_approve(company, action):
    Person.objects.filter(pk=company.owner.pk).update(is_superuser=True)
    company.owner.refresh_from_db()
    company.owner.groups.add(Group.objects.get(name="finance"))
    with pytest.raises(NotEligible):
        decide(action, company.owner)


def test_whoever_becomes_owner_after_the_proposal_cannot_approve(company, action):
    AgentRole.objects.filter(agent=company.agent, role="owner").update(person=company.fin)
    with pytest.raises(NotEligible, match="own"):
        decide(action, company.fin)


def test_two_accounts_of_one_human_are_one_signature(company):
    second = make_person("fin-lead", "support-leads", human=company.fin)
    action = make_action(company.agent)
    decide(action, company.fin)
    with pytest.raises(AlreadyVoted):
        decide(action, second)
    action.refresh_from_db()
    assert (action.state, action.decisions.count()) == ("awaiting_review", 1)


def test_database_refuses_one_human_in_two_slots(company, action):
    """Even code that forgets to ask."""
    with pytest.raises(IntegrityError, match="one_slot_a_human"), transaction.atomic():
        action.slots.update(filled_by=company.both, human=company.both.human_id, filled_at=Now())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_database_refuses_a_second_decision_of_one_human(company, action):
    first = decide(action, company.fin)
    with pytest.raises(IntegrityError, match="one_decision"), transaction.atomic():
        first.pk = None
        first.save(force_insert=True)


def test_account_made_after_the_proposal_cannot_approve_it(company, action):
    with pytest.raises(NotEligible, match="changed after this was asked"):
        decide(action, make_person("new", "finance"))
    assert unsigned(action)


@pytest.mark.parametrize("change", [{"password": "a long new password 1"}, {"groups": ["finance", "support-leads"]}])
def test_account_whose_credentials_changed_since_cannot_approve_it(company, action, change):
    people.change(company.fin.username, by=OPERATOR, **change)
    company.fin.refresh_from_db()
    with pytest.raises(NotEligible, match="changed after this was asked"):
        decide(action, company.fin)


def test_disabled_account_cannot_approve(company, action):
    Person.objects.filter(pk=company.fin.pk).update(is_active=False)
    company.fin.refresh_from_db()
    with pytest.raises((NotEligible, NoSuchAction)):
        decide(action, company.fin)
    assert unsigned(action)


def test_somebody_outside_sees_no_action_at_all(company, action):
    outsider = make_person("out", "legal")
    with pytest.raises(NoSuchAction):
        decide(action, outsider)


# --- two groups mean one person of each


def test_two_of_one_group_are_refused_where_two_groups_are_named(company):
    colleague = make_person("fin-two", "finance")
    action = make_action(company.agent)
    decide(action, company.fin)
    with pytest.raises(NotEligible, match="support-leads"):
        decide(action, colleague)
    action.refresh_from_db()
    assert action.state == "awaiting_review"


@pytest.mark.parametrize("order", [("both", "fin"), ("both", "lea"), ("fin", "both"), ("lea", "both")])
def test_somebody_in_both_groups_never_strands_a_pair(company, order):
    action = make_action(company.agent)
    for name in order:
        decide(action, getattr(company, name))
    action.refresh_from_db()
    assert action.state == "approved"
    assert {slot.label: slot.filled_by for slot in action.slots.all()} == {
        "finance": company.fin if "fin" in order else company.both,
        "support-leads": company.lea if "lea" in order else company.both,
    }


def test_one_person_in_both_groups_fills_one_slot_only(company, action):
    decide(action, company.both)
    with pytest.raises(AlreadyVoted):
        decide(action, company.both)
    action.refresh_from_db()
    assert action.state == "awaiting_review"
    assert action.slots.exclude(filled_by=None).count() == 1


def test_signature_of_somebody_who_left_the_group_completes_nothing(company, action):
    decide(action, company.fin)
    company.fin.groups.clear()
    with pytest.raises(NotEligible, match="left the group"):
        decide(action, company.lea)
    decide(action, company.lea, "reject")
    action.refresh_from_db()
    assert action.state == "rejected"


# --- what the last signature does


def test_last_signature_approves_with_a_permit_of_fifteen_minutes(company, action):
    first = decide(action, company.fin)
    action.refresh_from_db()
    assert (action.state, action.permit_until) == ("awaiting_review", None)
    last = decide(action, company.lea)
    action.refresh_from_db()
    assert (action.state, action.decision) == ("approved", "approved")
    assert action.permit_until - action.decided_at == pytest.approx(timedelta(minutes=15), abs=timedelta(seconds=1))
    assert (first.slot.label, last.slot.label) == ("finance", "support-leads")
    assert not action.slots.filter(is_open=True).exists()


def test_each_signature_is_an_event_with_the_digest_that_was_signed(company):
    action = make_approved(company)
    signed = [event for event in events(action) if event.verb == "action.signed"]
    assert [(event.data["group"], event.data["filled"]) for event in signed] == [("finance", 1), ("support-leads", 2)]
    assert {event.data["digest"] for event in signed} == {action.digest}
    assert moves(action) == [(None, "awaiting_review"), ("awaiting_review", "approved")]
    for decision, event in zip(action.decisions.order_by("pk"), signed, strict=True):
        assert (decision.event_id, decision.leaf_hash) == (event.id, event.leaf_hash)


def test_rejection_ends_it_whatever_was_signed(company, action):
    decide(action, company.fin)
    decide(action, company.lea, "reject", note="wrong order")
    action.refresh_from_db()
    assert (action.state, action.decision, action.reason_code) == ("rejected", "rejected", "wrong_value")
    assert action.wake_at is None and not action.slots.filter(is_open=True).exists()


def test_own_side_cannot_reject_in_the_reviewers_name(company, action):
    company.owner.groups.add(Group.objects.get(name="finance"))
    with pytest.raises(NotEligible):
        decide(action, company.owner, "reject")
    assert unsigned(action)


def test_same_person_cannot_change_their_word(company, action):
    decide(action, company.fin)
    with pytest.raises(AlreadyVoted):
        decide(action, company.fin, "reject")


# --- what they saw is what they sign


@pytest.mark.parametrize("seen", [{"digest": "0" * 64}, {"digest": ""}, {"revision": 2}, {"revision": 0}])
def test_stale_digest_or_revision_is_refused_and_tells_the_current_one(company, action, seen):
    with pytest.raises(Stale) as refused:
        decide(action, company.fin, **seen)
    assert refused.value.extra == {"current_digest": action.digest, "current_revision": 1}
    assert unsigned(action)


def test_double_click_signs_once(company, action):
    decide(action, company.fin)
    with pytest.raises(AlreadyVoted):
        decide(action, company.fin)
    assert action.decisions.count() == 1


def test_vote_after_expiry_is_refused_even_before_the_clock_noticed(company, action):
    decide(action, company.fin)
    later(action, expires_at=8 * 3600 + 1)
    with pytest.raises(DecisionExpired):
        decide(action, company.lea)
    action.refresh_from_db()
    assert action.state == "awaiting_review"
    actions.sweep()
    due(action)


def test_vote_after_the_clock_expired_it_is_refused(company, action):
    later(action, expires_at=8 * 3600 + 1, wake_at=9 * 3600)
    assert actions.sweep() == {"expired": 1}
    with pytest.raises(DecisionExpired):
        decide(action, company.fin)


@pytest.mark.parametrize("word", ["approve", "reject"])
def test_vote_on_what_was_decided_is_refused(company, action, word):
    decide(action, company.fin, "reject")
    with pytest.raises(AlreadyDecided) as refused:
        decide(action, company.lea, word)
    assert refused.value.extra["state"] == "rejected"
    assert action.decisions.count() == 1


def test_vote_on_a_held_action_is_refused(company, action):
    stops.stop(agent=company.agent, by=OPERATOR, reason="look first")
    with pytest.raises(AlreadyDecided):
        decide(action, company.fin)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"word": "yes"}, "decision"),
        ({"reason_code": "tone"}, "reason_code"),
        ({"word": "reject", "reason_code": ""}, "reason_code"),
        ({"word": "reject", "reason_code": "dislike"}, "reason_code"),
        ({"word": "reject", "reason_code": "other"}, "note"),
        ({"note": "x" * 4001}, "note"),
        ({"note": "a\x00b"}, "note"),
    ],
)
def test_form_that_is_not_whole_is_refused_by_field(company, action, form, field):
    with pytest.raises(Invalid) as refused:
        decide(action, company.fin, **({"word": "approve"} | form))
    assert [error["field"] for error in refused.value.errors] == [field]
    assert unsigned(action)


def test_decisions_stay_as_they_were_given(company, action):
    decision = decide(action, company.fin)
    for change in (lambda: Decision.objects.update(word="reject"), decision.delete):
        with pytest.raises(Exception, match="denied|Cannot"), transaction.atomic():
            change()


# --- why not: said before they try


def test_reason_for_not_signing_is_the_one_that_refuses(company, action):
    slots = list(action.slots.select_related("filled_by"))
    assert access.why_not_sign(action, slots, company.fin) is None
    assert "own" in access.why_not_sign(action, slots, company.owner)
    assert "groups" in access.why_not_sign(action, slots, make_old_person("legal"))


def make_old_person(*groups: str) -> Person:
    person = make_person("", *groups)
    Person.objects.filter(pk=person.pk).update(signer_since=Now() - timedelta(days=1))
    person.refresh_from_db()
    return person


# --- withdrawing


def test_proposer_takes_it_back_and_nobody_else(company, action):
    other = make_company()
    for stranger in (other.agent, None):
        by = Actor(kind="agent", id=str(stranger.pk), display="x") if stranger else company.fin.actor()
        with pytest.raises(NoSuchAction):
            actions.withdraw(action.pk, by=by)
    actions.withdraw(action.pk, by=Actor(kind="agent", id=str(company.agent.pk), display="x"))
    action.refresh_from_db()
    assert action.state == "withdrawn" and not action.slots.filter(is_open=True).exists()


# --- people say what became of an unknown outcome


def unknown(company, tool: str) -> Action:
    action = make_approved(company, tool)
    for state, more in (("executing", {"lease_until": Now()}), ("unknown", {"lease_until": None})):
        Action.objects.filter(pk=action.pk).update(state=state, **more)
    action.refresh_from_db()
    return action


def test_one_person_settles_an_unknown_outcome_at_tier_two(company):
    action = unknown(company, "send_reply")
    desk.state_outcome(action_id=action.pk, by=company.lea, says="failed", note="nothing in the outbox")
    action.refresh_from_db()
    assert action.state == "failed"


def test_tier_three_needs_two_people_who_say_the_same(company):
    action = unknown(company, "issue_refund")
    state = lambda by, says: desk.state_outcome(action_id=action.pk, by=by, says=says, note="looked")  # noqa: E731
    state(company.fin, "succeeded")
    state(company.lea, "failed")
    state(company.fin, "succeeded")
    action.refresh_from_db()
    assert action.state == "unknown"
    state(company.lea, "succeeded")
    action.refresh_from_db()
    assert action.state == "succeeded"


def test_two_accounts_of_one_human_are_one_voice(company):
    second = make_person("fin-b", "finance", human=company.fin)
    action = unknown(company, "issue_refund")
    for person in (company.fin, second):
        desk.state_outcome(action_id=action.pk, by=person, says="failed", note="looked")
    action.refresh_from_db()
    assert action.state == "unknown"


def test_only_role_holders_and_reviewers_say_what_became_of_it(company):
    action = unknown(company, "send_reply")
    root = make_person("boss", is_superuser=True)
    with pytest.raises(NotAllowed):
        desk.state_outcome(action_id=action.pk, by=root, says="failed", note="looked")
    with pytest.raises(NoSuchAction):
        desk.state_outcome(action_id=action.pk, by=make_person("out2"), says="failed", note="looked")


def test_statement_is_refused_where_nothing_is_unknown(company, action):
    with pytest.raises(AlreadyDecided):
        desk.state_outcome(action_id=action.pk, by=company.fin, says="failed", note="looked")


@pytest.mark.parametrize(("says", "note"), [("maybe", "looked"), ("failed", " "), ("failed", "a\x00b")])
def test_statement_that_is_not_whole_is_refused(company, says, note):
    action = unknown(company, "send_reply")
    with pytest.raises(Invalid):
        desk.state_outcome(action_id=action.pk, by=company.lea, says=says, note=note)


def test_telling_who_may_sign_takes_as_many_queries_for_thirty_as_for_two():
    company = make_company()
    action = make_action(company.agent)

    def counted() -> int:
        fresh = Action.objects.get(pk=action.pk)
        with CaptureQueriesContext(connection) as queries:
            found = audience.eligible(fresh)
        assert company.owner not in found and company.fin in found
        return len(queries)

    first = counted()
    for number in range(30):
        late = make_person(f"more{number}", "finance" if number % 2 else "support-leads")
        Person.objects.filter(pk=late.pk).update(signer_since=action.created_at)
    assert counted() == first
    assert len(audience.eligible(Action.objects.get(pk=action.pk))) == 33
