"""The dossier answers from events alone: what held then, whatever rows say now; and it says what isn't on record."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agents import access, people, stops
from agents.errors import NoSuchAccount
from agents.models import Action, Agent, AgentRole, Person, Tool
from audit import dossier, log
from audit.actors import Actor
from audit.dossier import Asked, Subject
from audit.models import Event
from tests.domain.running import SAW, begin, make_talking_company, reply
from tests.domain.test_undo import done
from tests.factories import decide, give_policy, make_action, make_approved, make_company, make_person, principal_of

pytestmark = pytest.mark.django_db
POLICY = """
    policy: refunds
    rules:
      - {id: big, tool: issue_refund, then: review, when: "amount_usd > 100", slots: [finance, support-leads]}
      - {id: never, tool: issue_refund, then: deny, when: "amount_usd > 5000"}
      - {id: small, tool: send_reply, then: allow}
"""


@pytest.fixture
def company():
    company = make_company("refund-desk")
    Person.objects.filter(pk=company.owner.pk).update(first_name="Rosa", username="rosa")
    give_policy(company.agent, POLICY)
    return company


def of(thing, **asked) -> dossier.Dossier:
    kind = {Action: "action", Agent: "agent", Person: "person"}.get(type(thing), "run")
    return dossier.of(Subject(kind, str(thing.pk)), asked=Asked(**asked) if asked else None)


def sentences(told: dossier.Dossier) -> list[str]:
    return [answer.sentence for answer in told.answers]


def points(told: dossier.Dossier, number: int) -> dict[str, str]:
    return {point.label: point.value for point in told.answers[number].points}


def statements(call) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


# --- an action


def test_a_refund_that_ran_says_who_owned_it_what_it_might_do_and_why_it_passed(company):
    action = done(make_approved(company), {"status": "ok"})
    told = of(action)
    owned, allowed, passed = sentences(told)
    assert "Refund desk (refund-desk) proposed it at 20" in owned
    assert "its owner then was Rosa (rosa)." in owned
    assert "Policy refunds/1 held issue_refund at tier 3 for people" in allowed
    assert "after 2 signatures, of finance and support-leads." in allowed
    assert f"{company.fin} signed for finance" in passed and "by password" in passed
    assert f"{company.lea} signed for support-leads" in passed
    assert "went out and succeeded" in passed
    assert told.answers[2].question == "Why did it pass?"
    proof = points(told, 1)
    assert (proof["What was bound (digest)"], proof["Policy"]) == (action.digest, "refunds/1")
    assert action.agent.policy.digest in proof["Policy's digest"] and "published by" in proof["Policy's digest"]
    assert points(told, 2)["Rules that spoke"] == "big"
    assert points(told, 0)["Token"] == principal_of(company.agent).token.prefix


def test_what_rows_say_now_changes_nothing_of_what_held_then(company):
    action = done(make_approved(company), {"status": "ok"})
    before = of(action)
    mallory = make_person("mallory", first_name="Mallory")
    AgentRole.objects.filter(agent=company.agent).update(person=mallory)
    Person.objects.filter(pk=company.owner.pk).update(first_name="Renamed", username="renamed")
    Tool.objects.filter(agent=company.agent).update(tier=0)
    Agent.objects.filter(pk=company.agent.pk).update(name="Another", sign={}, policy=None)
    company.fin.groups.clear()
    after = of(action)
    assert (after.answers, after.complete) == (before.answers, before.complete)
    assert [one.leaf_hash for one in after.events] == [one.leaf_hash for one in before.events]


def test_the_record_of_a_whole_review_is_complete(company):
    told = of(done(make_approved(company), {"status": "ok"}))
    assert (told.complete, told.missing) == (True, ())
    assert {point.event for point in told.answers[0].points} == {told.events[0].id}


@pytest.mark.parametrize(
    ("amount", "question", "said"),
    [
        (6000, "Why did it not pass?", "It didn't pass: policy denied it, by rules never and big"),
        (200, "Why did it pass?", "It hasn't passed: nobody has signed, of 2 it needs; it is awaiting review."),
    ],
)
def test_what_did_not_pass_says_so(company, amount, question, said):
    told = of(make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": amount}))
    assert (told.answers[2].question, said in told.answers[2].sentence) == (question, True), told.answers[2].sentence


def test_a_rejection_names_who_and_why_and_quotes_the_note_apart(company):
    action = make_action(company.agent)
    decide(action, company.lea, "reject", reason_code="wrong_value", note="<b>no</b>")
    told = of(action)
    assert f"rejected by {company.lea}" in told.answers[2].sentence and "wrong value" in told.answers[2].sentence
    assert "<b>no</b>" in [point.value for point in told.answers[2].quoted]
    assert "<b>no</b>" not in told.answers[2].sentence


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"missing": "no_row", "detail": ""}, "not known: no row"),
        ({"missing": "late", "detail": "it didn't answer"}, "not known: it didn't answer"),
        ({"record": {"open": 2, "since": {"timestamp": "2026-11-22T09:43:24+00:00"}}}, "open 2, since 2026-11-22T09:43:24+00:00"),
        (["a", {"number": "9007199254740993"}], "a, 9007199254740993"),
        (True, "true"),
        ({"odd": "<b>"}, '{"odd": "<b>"}'),
    ],
)  # fmt: skip
def test_a_fact_is_told_in_words_whatever_form_it_is_kept_in(value, said):
    private = {"facts": {"it": {"value": value, "from": "shop"}}}
    with transaction.atomic():
        log.record("action.proposed", by=Actor.SYSTEM, subject=("action", "x-1"), data={}, private=private)
    told = dossier.of(Subject("action", "x-1"))
    assert f"{said}, from shop" in [point.value for point in told.answers[2].quoted]


def test_what_policy_let_run_says_that_nobody_signed(company):
    told = of(make_action(company.agent, "send_reply"))
    assert "let send_reply run at tier 2 without a person, once" in told.answers[1].sentence
    assert "It passed because policy let it run, by rule small" in told.answers[2].sentence


def test_a_signature_that_was_taken_back_no_longer_counts_as_one(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    people.disable(company.fin.username, by=Actor.SYSTEM)
    told = of(action)
    assert "nobody has signed" in told.answers[2].sentence
    assert points(told, 2)["Signature void"].startswith("Countersign")


def test_a_stop_in_between_is_told(company):
    action = make_action(company.agent)
    stops.stop(agent=company.agent, by=company.owner.actor(), reason="something is wrong")
    told = of(action)
    assert "agent stopped" in points(told, 2)["Put on hold"]
    assert "something is wrong" in [point.value for point in told.answers[2].quoted]
    assert "it is on hold" in told.answers[2].sentence


def test_an_older_event_without_names_falls_back_on_what_people_were_called_then():
    owner = people.add(username="rosa", by=Actor.SYSTEM)
    with transaction.atomic():
        data = {"to": "denied", "outcome": "deny", "agent": 7, "tool": "t", "snapshot": {"roles": {"owner": owner.pk}}}
        log.record("action.denied", by=Actor.SYSTEM, subject=("action", "old"), data=data)
    people.change("rosa", by=Actor.SYSTEM, display_name="New name")
    told = dossier.of(Subject("action", "old"))
    assert "its owner then was rosa." in told.answers[0].sentence
    assert not told.complete and any("Not on record" in lack for lack in told.missing)


def test_what_nothing_is_on_record_of_is_said_not_guessed(company):
    told = dossier.of(Subject("action", "nothing"))
    assert not told.complete and told.count == 0
    assert told.answers[0].sentence == "Who owned it is not on record."
    with transaction.atomic():
        log.record("action.denied", by=Actor.SYSTEM, subject=("action", "bare"), data={"to": "denied"})
    bare = dossier.of(Subject("action", "bare"))
    assert "who owned it then is not on record" in bare.answers[0].sentence and not bare.complete


# As an eraser leaves an event: the leaf still commits to every field, and the values of some are gone.
_ERASED = """
WITH event AS (
    INSERT INTO audit.event (verb, actor_kind, actor_id, subject_kind, subject_id, leaf_data, retention)
    SELECT verb, actor_kind, actor_id, subject_kind, 'erased', leaf_data, retention FROM audit.event WHERE id = %s
    RETURNING id
)
INSERT INTO audit.private (event_id, field, salt, value)
SELECT event.id, p.field, p.salt, p.value FROM event, audit.private AS p
WHERE p.event_id = %s AND p.field NOT IN ('holders', 'facts')
"""


def test_what_was_erased_says_so_and_its_leaf_stays(company):
    proposed = Event.objects.filter(subject_id=str(make_action(company.agent).pk)).earliest("id")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ERASED, [proposed.pk, proposed.pk])
    told = dossier.of(Subject("action", "erased"))
    [event] = told.events
    assert event.erased == ("facts", "holders")
    assert not told.complete and f"Of event {event.id} these were erased: facts, holders." in told.missing
    assert f"its owner then was person {company.owner.pk} (name not on record)" in told.answers[0].sentence
    assert len(event.leaf_hash) == 64


def test_the_number_of_statements_is_the_same_for_an_action_with_much_on_record(company):
    action = make_approved(company)
    few = statements(lambda: of(action))
    with transaction.atomic():
        for _ in range(60):
            log.record("action.overdue", by=Actor.SYSTEM, subject=("action", str(action.pk)))
    assert statements(lambda: of(action)) == few <= 13


# --- a run, an agent, a person


def test_a_run_tells_of_its_actions_by_their_events():
    company = make_talking_company("talker")
    run = begin(company.agent, {"propose": [reply()]}, SAW)
    [action] = Action.objects.filter(run_id=run.pk)
    decide(action, company.lea)
    told = of(run)
    assert "inbox gave talker the task at 20" in told.answers[0].sentence
    assert f"its owner then was {company.owner.username}." in told.answers[0].sentence
    assert "1 held for people; 1 approved by people" in told.answers[2].sentence
    assert {event.event.subject_kind for event in told.events} == {"run", "action"}
    assert str(action.pk) in {event.event.subject_id for event in told.events}
    told = of(action)
    assert points(told, 0)["Run"] == str(run.pk)
    assert points(told, 0)["The run was asked for by"].startswith("inbox, ")


def test_an_agent_is_told_newest_first_in_windows_with_an_honest_count(company):
    for _ in range(5):
        make_action(company.agent)
    own = Event.objects.filter(subject_kind="agent", subject_id=str(company.agent.pk)).count()
    told = of(company.agent, size=3)
    assert (told.count, told.is_counted, len(told.events)) == (own + 5, True, 3)
    assert [one.id for one in told.events] == sorted((one.id for one in told.events), reverse=True)
    following = of(company.agent, start=told.following, size=3)
    assert following.events[0].id < told.events[-1].id
    seen, start = [], 0
    while True:
        page = of(company.agent, start=start, size=2)
        seen += [one.id for one in page.events]
        start = page.following
        if not start:
            break
    assert len(seen) == len(set(seen)) == told.count
    assert "5 held for people" in told.answers[2].sentence


def test_a_person_is_told_of_by_what_they_did_and_what_was_done_to_their_account(company):
    ana = people.add(username="ana", groups=["finance"], by=Actor.SYSTEM)
    action = make_action(company.agent)
    decide(action, ana)
    told = of(ana)
    assert "they may sign for finance." in told.answers[1].sentence
    assert "signed 1, rejected 0" in told.answers[2].sentence
    assert {"person.added", "action.signed"} <= {one.verb for one in told.events}
    people.disable("ana", by=Actor.SYSTEM)
    assert "their account is disabled" in of(ana).answers[1].sentence


def test_the_number_of_statements_does_not_grow_for_runs_agents_and_people(company):
    decide(make_action(company.agent), company.fin)
    things = [company.agent, company.fin]
    few = [statements(lambda one=one: of(one)) for one in things]
    for _ in range(8):
        decide(make_action(company.agent), company.fin)
    assert [statements(lambda one=one: of(one)) for one in things] == few
    assert max(few) <= 13


# --- who may read whose


def test_people_are_told_of_themselves_and_others_only_to_those_who_may_read_all(company):
    ana, other = make_person("ana"), make_person("other")
    boss = make_person("boss", is_superuser=True)
    again = make_person("ana2", human=ana)
    assert access.person_for(ana, "ana") == ana
    assert access.person_for(again, "ana") == ana
    assert access.person_for(boss, "ana") == ana
    for reader, name in ((other, "ana"), (ana, "boss"), (ana, "nobody"), (principal_of(company.agent), "ana")):
        with pytest.raises(NoSuchAccount):
            access.person_for(reader, name)
    Person.objects.filter(pk=boss.pk).update(is_active=False)
    with pytest.raises(NoSuchAccount):
        access.person_for(Person.objects.get(pk=boss.pk), "ana")
