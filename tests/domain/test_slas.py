"""Two clocks a review, at risk and late stamped once and with a cause, pauses that move deadlines by open hours alone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from agents import actions, agentfile, clocks, registry, states, stops
from agents.errors import DecisionExpired, RiskBearing
from agents.lifecycle import State
from agents.models import Action, Agent, ClockInterval
from agents.policy import deadlines
from agents.policy.language import Calendar
from agents.tools import base
from approvals.attending import absences
from approvals.attending.clocks import due_of, first_look, is_unstaffed, why_late
from approvals.models import Claim, Question
from audit.actors import Actor
from tests.domain.registered import OPERATOR, add_company, changed, configure_nouns
from tests.factories import decide, due, events, give_policy, later, make_action, make_agent, make_company, make_person

pytestmark = pytest.mark.django_db
HOUR, MINUTE = 3600, 60
BERLIN = Calendar("business", "Europe/Berlin", dict.fromkeys(range(5), ((540, 1080),)))


def verbs(action: Action) -> list[str]:
    return [event.verb for event in events(action)]


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def seconds(later_: datetime, earlier: datetime) -> float:
    return (later_ - earlier).total_seconds()


def about(amount: float):
    return pytest.approx(amount, abs=2)


def clocked(action: Action, calendar: Calendar) -> Action:
    """Return the action as if it had entered under this calendar; what it keeps of its clocks is frozen in the database."""
    action.snapshot = {"clock": {"calendar": deadlines.as_json(calendar), "due": 4 * HOUR, "ladder": []}}
    return action


# --- at entry


@pytest.mark.parametrize(
    ("tool", "look", "at_risk", "due_in"),
    [("send_reply", HOUR, 3 * HOUR, 4 * HOUR), ("issue_refund", 15 * MINUTE, 45 * MINUTE, 60 * MINUTE)],
)
def test_a_review_enters_with_both_clocks_and_wakes_at_the_first(company, tool, look, at_risk, due_in):
    action = make_action(company.agent, tool)
    since = [
        seconds(getattr(action, name), action.created_at) for name in ("look_due_at", "at_risk_at", "due_at", "wake_at")
    ]
    assert since == [about(look), about(at_risk), about(due_in), about(look)]


def test_what_runs_or_is_denied_has_no_clocks(company):
    action = make_action(company.agent, "look_up")
    assert (action.look_due_at, action.due_at) == (None, None) and "clock" not in action.snapshot


@pytest.mark.parametrize(("due_in", "look", "at_risk"), [("10m", 300, 300), ("20m", 600, 900), ("40m", 900, 1800)])
def test_a_short_time_to_decide_shortens_the_look_and_is_at_risk_earlier(company, due_in, look, at_risk):
    rule = f"{{id: big, tool: issue_refund, then: review, slots: [finance, support-leads], due: {due_in}}}"
    give_policy(company.agent, f"policy: p\nrules:\n  - {rule}\n")
    action = make_action(company.agent)
    assert seconds(action.look_due_at, action.created_at) == about(look)
    assert seconds(action.at_risk_at, action.created_at) == about(at_risk)


def test_all_clocks_run_by_the_calendar_of_the_rule_and_the_action_keeps_it(company):
    rule = "{id: big, tool: issue_refund, then: review, slots: [finance, support-leads], due: 4h, expires: 8h, calendar: work}"
    hours = "{work: {zone: Europe/Berlin, hours: {mon-fri: '09:00-18:00'}, holidays: [2026-12-24]}}"
    give_policy(company.agent, f"policy: p\ncalendars: {hours}\nrules:\n  - {rule}\n")
    action = make_action(company.agent)
    calendar = clocks.calendar_of(action)
    assert (calendar.zone, calendar.holidays) == ("Europe/Berlin", ("2026-12-24",))
    for at, after in ((action.look_due_at, 900), (action.at_risk_at, 3 * HOUR), (action.due_at, 4 * HOUR)):
        assert at == deadlines.add(action.created_at, after, calendar)
    give_policy(company.agent, "policy: p\nrules: []\n")
    assert clocks.calendar_of(fresh(action)) == calendar


def test_an_action_from_before_clocks_were_kept_counts_every_hour(company):
    action = make_action(company.agent)
    action.snapshot = {}
    assert clocks.calendar_of(action) is None
    assert clocks.rung_at(action) == action.due_at


# --- the first look


def test_the_first_look_of_somebody_who_may_sign_is_stamped_once(company):
    action = make_action(company.agent)
    assert first_look(action, company.fin)
    stamped = fresh(action).looked_at
    assert stamped is not None
    assert not first_look(fresh(action), company.lea)
    assert not first_look(action, company.lea)  # read before the other's look committed
    assert fresh(action).looked_at == stamped


def test_the_look_of_others_is_no_look(company):
    action = make_action(company.agent)
    newcomer = make_person("newcomer", "finance")
    others = [company.owner, make_person("stranger", "legal"), make_person("root", is_superuser=True), newcomer]
    assert [first_look(action, person) for person in others] == [False] * 4
    assert fresh(action).looked_at is None


def test_nobody_looks_first_at_what_is_decided(company):
    action = make_action(company.agent, "send_reply")
    decide(action, company.lea, "reject")
    assert not first_look(fresh(action), company.both)


def test_a_look_that_comes_too_late_is_noted_once(company):
    action = make_action(company.agent)
    later(action, look_due_at=HOUR, wake_at=HOUR)
    assert actions.sweep() == {"look_overdue": 1}
    assert fresh(action).wake_at == action.at_risk_at
    due(action)
    assert actions.sweep() == {"looked": 1}
    assert verbs(action).count("action.look_overdue") == 1


def test_a_look_in_time_is_never_noted(company):
    action = make_action(company.agent)
    first_look(action, company.fin)
    later(action, look_due_at=HOUR, wake_at=HOUR)
    assert actions.sweep() == {"looked": 1}
    assert "action.look_overdue" not in verbs(action)


# --- late


def test_a_late_decision_erases_neither_the_breach_nor_its_cause(company):
    action = make_action(company.agent, "send_reply")
    later(action, due_at=5 * HOUR, at_risk_at=5 * HOUR, wake_at=5 * HOUR)
    assert actions.sweep() == {"overdue": 1}
    stamped = fresh(action)
    decide(stamped, company.lea)
    decided = fresh(action)
    assert decided.state == State.APPROVED
    assert (decided.breached_at, decided.breach_cause) == (stamped.breached_at, "unclaimed")


def test_what_expires_before_a_clock_looked_was_late_too(company):
    action = make_action(company.agent)
    later(action, due_at=9 * HOUR, at_risk_at=9 * HOUR, expires_at=9 * HOUR, wake_at=9 * HOUR)
    assert actions.sweep() == {"expired": 1}
    ended = fresh(action)
    assert (ended.state, ended.decision) == ("expired", "expired")
    assert ended.breached_at is not None and ended.breach_cause == "unclaimed"
    assert verbs(action)[-2:] == ["action.overdue", "action.expired"]


def test_what_is_overdue_already_is_not_noted_as_at_risk(company):
    action = make_action(company.agent)
    later(action, due_at=2 * HOUR, at_risk_at=2 * HOUR, wake_at=2 * HOUR)
    actions.sweep()
    assert "action.at_risk" not in verbs(action)
    assert set(action.slots.values_list("urgency", flat=True)) == {0}


def test_a_click_after_expiry_is_refused_although_no_clock_came_by(company):
    action = make_action(company.agent)
    later(action, expires_at=9 * HOUR)
    with pytest.raises(DecisionExpired):
        decide(action, company.fin)
    assert fresh(action).state == State.AWAITING_REVIEW


@pytest.mark.parametrize("state", ["awaiting_review", "half_signed", "asked"])
def test_no_outcome_of_a_deadline_is_an_approval(company, state):
    action = make_action(company.agent)
    if state == "half_signed":
        decide(action, company.fin)
    if state == "asked":
        ask(action, company.fin)
    later(action, due_at=400 * HOUR, at_risk_at=400 * HOUR, expires_at=400 * HOUR, wake_at=400 * HOUR)
    for _ in range(4):
        Action.objects.filter(pk=action.pk, wake_at__isnull=False).update(wake_at=Now())
        actions.sweep()
    ended = fresh(action)
    assert ended.state == (State.WITHDRAWN if state == "asked" else State.EXPIRED)
    assert ended.permit_until is None


def claim(action: Action, person, group: str, until=timedelta(minutes=5)) -> None:
    Claim.objects.create(slot=action.slots.get(label=group), person=person, until=Now() + until)


def ask(action: Action, person, **columns) -> Question:
    states.move(
        fresh(action), to=State.CHANGES_REQUESTED, by=person.actor(), verb="action.changes_requested",
        data={"round": 1}, wake_at=Now() + timedelta(hours=8),
    )  # fmt: skip
    return Question.objects.create(action=action, round=1, asked_by=person, until=Now() + timedelta(hours=8), **columns)


def answered(action: Action, person) -> None:
    ask(action, person, answer="Because.", answered_at=Now(), ended_as="answered")


def taken_back(action: Action, person) -> None:
    ask(action, person, answered_at=Now(), ended_as="withdrawn")


def away(*people) -> None:
    for person in people:
        until = datetime.now(UTC) + timedelta(days=1)
        absences.declare(person=person, until=until, by=person.actor())


@pytest.mark.parametrize(
    ("before", "cause"),
    [
        (lambda a, c: None, "unclaimed"),
        (lambda a, c: claim(a, c.fin, "finance"), "claimed_idle"),
        (lambda a, c: claim(a, c.fin, "finance", timedelta(seconds=-1)), "unclaimed"),
        (lambda a, c: decide(a, c.fin), "waiting_second_slot"),
        (lambda a, c: (decide(a, c.fin), claim(a, c.lea, "support-leads")), "claimed_idle"),
        (lambda a, c: away(c.fin, c.both), "unstaffed"),
        (lambda a, c: answered(a, c.fin), "unclaimed"),
        (lambda a, c: taken_back(a, c.fin), "question_unanswered"),
    ],
)
def test_why_it_is_late_is_one_of_five_codes(company, before, cause):
    action = make_action(company.agent)
    before(action, company)
    assert why_late(fresh(action)) == cause
    assert cause in ("unclaimed", "claimed_idle", "waiting_second_slot", "unstaffed", "question_unanswered")


def test_the_cause_is_that_of_the_breach_and_stands_on_its_event(company):
    action = make_action(company.agent)
    claim(action, company.fin, "finance")
    later(action, due_at=2 * HOUR, wake_at=2 * HOUR)
    actions.sweep()
    Claim.objects.all().delete()
    due(action)
    actions.sweep()
    assert fresh(action).breach_cause == "claimed_idle"
    [late] = [event for event in events(action) if event.verb == "action.overdue"]
    assert late.data == {"cause": "claimed_idle"}


# --- is anybody there


def test_two_slots_need_two_people_who_are_there():
    company = make_company()
    action = make_action(company.agent)
    assert not is_unstaffed(action)
    away(company.fin, company.lea)
    assert is_unstaffed(action)  # `both` is in both groups, and one human


def test_own_side_newcomers_and_closed_accounts_are_not_there():
    owner = make_person("owner", "finance", "support-leads")
    agent = make_agent(owner=owner)
    make_person("closed", "finance", is_active=False)
    make_person("lead", "support-leads")
    action = make_action(agent)
    make_person("late-comer", "finance")
    assert is_unstaffed(action)


def test_who_signed_needs_nobody_any_more(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    away(company.fin, company.both)
    assert not is_unstaffed(fresh(action))


# --- pauses


def test_a_pause_moves_every_deadline_by_the_open_time_it_took(company):
    action = clocked(make_action(company.agent), BERLIN)
    friday, monday = datetime(2026, 1, 9, 16, 30, tzinfo=UTC), datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
    action.look_due_at, action.at_risk_at, action.due_at, action.expires_at = (
        deadlines.add(friday, after, BERLIN) for after in (HOUR, 3 * HOUR, 4 * HOUR, 9 * HOUR)
    )
    assert action.due_at == datetime(2026, 1, 12, 11, 30, tzinfo=UTC)  # 12:30 in Berlin
    action.state_since = friday
    columns = states.shift_clocks(action, seconds(monday, friday))
    # Half an hour of Friday and one hour of Monday were open.
    assert columns["due_at"] == datetime(2026, 1, 12, 13, 0, tzinfo=UTC)
    assert columns["look_due_at"] == datetime(2026, 1, 12, 10, 0, tzinfo=UTC)
    left = deadlines.open_seconds_between(friday, action.due_at, BERLIN)
    assert columns["due_at"] == deadlines.add(monday, left, BERLIN)


def test_a_pause_outside_the_open_hours_moves_nothing(company):
    action = clocked(make_action(company.agent), BERLIN)
    action.due_at = action.at_risk_at = datetime(2026, 1, 12, 11, 30, tzinfo=UTC)
    action.state_since = datetime(2026, 1, 9, 20, 0, tzinfo=UTC)
    columns = states.shift_clocks(action, 48 * HOUR)
    assert columns["due_at"] == action.due_at


def test_resuming_says_from_when_to_when_the_deadline_moved(company):
    action = make_action(company.agent)
    operator = Actor(kind="operator", id="root", display="root")
    stops.stop(agent=company.agent, by=operator, reason="strange")
    back = timedelta(hours=3)
    Action.objects.filter(pk=action.pk).update(state_since=F("state_since") - back)
    ClockInterval.objects.filter(action=action, kind="paused").update(started_at=F("started_at") - back)
    stops.resume(agent=Agent.objects.get(pk=company.agent.pk), by=operator, reason="fine")
    resumed = fresh(action)
    assert seconds(resumed.due_at, action.due_at) == about(3 * HOUR)
    assert seconds(resumed.look_due_at, action.look_due_at) == about(3 * HOUR)
    said = [event.data for event in events(action) if event.verb == "action.resumed"][0]
    assert said["due_from"] == f"{action.due_at:%Y-%m-%d %H:%M:%S} UTC"
    assert said["due_to"] == f"{resumed.due_at:%Y-%m-%d %H:%M:%S} UTC"


def test_a_hold_longer_than_any_time_to_answer_ends_nothing(company):
    action = make_action(company.agent)
    operator = Actor(kind="operator", id="root", display="root")
    stops.stop(agent=company.agent, by=operator, reason="strange")
    later(action, wake_at=30 * 24 * HOUR, due_at=30 * 24 * HOUR, expires_at=30 * 24 * HOUR)
    actions.sweep()
    assert fresh(action).state == State.ON_HOLD


def test_what_nobody_answered_is_withdrawn_and_its_question_is_over(company):
    action = make_action(company.agent)
    question = ask(action, company.fin)
    due(action)
    assert actions.sweep() == {"unanswered": 1}
    ended = fresh(action)
    assert (ended.state, ended.wake_at, ended.decision) == (State.WITHDRAWN, None, "")
    assert not ended.slots.filter(is_open=True).exists()
    last = events(action)[-1]
    assert (last.verb, last.data["reason"]) == ("action.unanswered", "no_answer")
    question.refresh_from_db()
    assert question.ended_as == "no_answer" and question.answered_at is not None


@pytest.mark.parametrize(
    ("due_in", "asked_before", "left"),
    [(4 * HOUR, 0, 8 * HOUR), (4 * HOUR, 5 * HOUR, 3 * HOUR), (4 * HOUR, 9 * HOUR, 0), (40 * HOUR, 0, 48 * HOUR)],
)
def test_questions_stop_the_clock_for_twice_the_time_to_decide_and_48_hours_at_most(
    company, due_in, asked_before, left
):
    action = make_action(company.agent)
    action.snapshot = {"clock": {"calendar": None, "due": due_in, "ladder": []}}
    now = datetime(2026, 1, 9, 16, 30, tzinfo=UTC)
    if asked_before:
        begun = now - timedelta(hours=20)
        ClockInterval.objects.create(
            action=action, kind="paused", reason="changes_requested", started_at=begun,
            ended_at=begun + timedelta(seconds=asked_before),
        )  # fmt: skip
    ClockInterval.objects.create(
        action=action, kind="paused", reason="hold", started_at=now - timedelta(hours=9), ended_at=now
    )
    assert seconds(clocks.answer_due(action, now), now) == left


def test_the_time_to_answer_counts_open_hours(company):
    action = clocked(make_action(company.agent), BERLIN)
    asked = datetime(2026, 1, 9, 16, 30, tzinfo=UTC)  # Friday 17:30 in Berlin
    assert clocks.answer_due(action, asked) == datetime(2026, 1, 12, 15, 30, tzinfo=UTC)  # half an hour, then 7.5


# --- in words


def test_outside_its_hours_the_clock_says_until_when_it_stands_still(company):
    action = clocked(make_action(company.agent), BERLIN)
    action.at_risk_at, action.due_at = (datetime(2026, 1, 12, hour, 30, tzinfo=UTC) for hour in (10, 11))
    shown = due_of(action, datetime(2026, 1, 10, 12, 0, tzinfo=UTC))
    assert (shown.word, shown.urgency, shown.relative) == (
        "Clock stopped until Mon 09:00 CET",
        "on_time",
        "1 d 23 h left",
    )
    assert due_of(action, datetime(2026, 1, 12, 9, 0, tzinfo=UTC)).word == "On time"
    assert due_of(action, datetime(2026, 1, 12, 20, 0, tzinfo=UTC)).word == "Late"
    action.state = State.CHANGES_REQUESTED
    assert due_of(action, datetime(2026, 1, 10, 12, 0, tzinfo=UTC)).word == "Waiting for agent"
    action.state = State.ON_HOLD
    assert due_of(action, datetime(2026, 1, 10, 12, 0, tzinfo=UTC)).word == "Clock stopped"


# --- the ladder of the agent file


@pytest.fixture
def registered():
    configure_nouns()
    yield add_company()
    base.configure({}, {})


LADDER = "escalate: {3: [{after: 0m, tell: [leads]}, {after: 30m, tell: [rosa, milan]}]}\ntools:\n"


def import_file(*pairs, by=OPERATOR):
    return registry.import_agent(changed(*pairs), by=by)


def test_a_ladder_is_stored_said_and_exported(registered):
    report = import_file(("tools:\n", LADDER))
    agent = Agent.objects.get(slug="desk")
    stored = {"3": [{"after": 0, "tell": ["leads"]}, {"after": 1800, "tell": ["rosa", "milan"]}]}
    assert agent.ladder == stored
    assert "~ ladder: 3 [0s leads, 30m rosa and milan]" in report.lines
    again = agentfile.read(agentfile.write(registry.export_agent(agent)), name="again.yaml")
    assert again.ladder == stored
    assert import_file(("tools:\n", LADDER)).lines == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("leeds", "neither a group nor a person 'leeds': did you mean \"leads\"?"),
        ("Milan", "neither a group nor a person 'Milan': did you mean \"milan\"?"),
        ("gone", "gone is disabled: name somebody else"),
    ],
)
def test_whoever_is_told_must_exist(registered, name, message):
    make_person("gone", is_active=False)
    with pytest.raises(agentfile.AgentFileErrors) as refused:
        import_file(("tools:\n", LADDER.replace("[leads]", f"[{name}]")))
    [problem] = refused.value.problems
    assert (problem.path, problem.line) == ("escalate.3[0].tell[0]", 7)
    assert message in problem.message


def test_only_the_operator_changes_the_ladder_of_an_agent_that_worked(registered):
    import_file(("tools:\n", LADDER))
    Agent.objects.update(first_enabled_at=Now())
    with pytest.raises(RiskBearing) as refused:
        import_file(by=registered["rosa"].actor())
    assert "ladder" in {error["field"] for error in refused.value.errors}
    with pytest.raises(RiskBearing):
        registry.edit(Agent.objects.get().pk, by=registered["rosa"].actor(), ladder={})
