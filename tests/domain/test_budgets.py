"""Budgets: every cap on the way up holds, nothing is held by halves, and what was used counts whatever was held."""

import json

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from agents import budgets
from agents.budgets import BudgetExhausted, Held, Line
from agents.models import Budget, Run, RunStep
from agents.tools import base
from agents.tools.base import Team
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def teams(monkeypatch):
    """What the operator says of teams, for a test to fill."""
    named = {}
    monkeypatch.setattr(base, "teams", named)
    return named


def make_run(*, caps=None, budget=None, team="", parent=None, agent=None):
    agent = agent or make_agent(tools=())
    agent.budget, agent.team = budget or agent.budget, team or agent.team
    agent.save()
    return Run.objects.create(
        agent=agent, parent=parent, runtime={"kind": "scripted"}, input_digest="0" * 64, caps=caps or {}, wake_at=Now()
    )


def spend(lines, **amounts):
    """Hold back and use exactly that."""
    return budgets.settle(lines, budgets.reserve(lines, amounts), amounts)


def standing(unit="tokens"):
    """Return by kind of scope what is reserved and settled of a unit."""
    rows = Budget.objects.filter(unit=unit).values_list("scope", "reserved", "settled")
    return {scope.partition(":")[0]: (reserved, settled) for scope, reserved, settled in rows}


def today():
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'UTC')::date")
        return cursor.fetchone()[0]


# --- which lines there are


def test_every_cap_on_the_way_up_is_a_line(teams):
    teams["support"] = Team("support", {"micros": 9})
    top = make_run(caps={"tokens": 7, "seconds": 60, "depth": 3})
    middle = make_run(caps={"micros": 6, "tokens": None}, parent=top)
    run = make_run(
        caps={"actions": 5}, parent=middle, budget={"tokens_per_day": 8, "tokens_per_run": 1}, team="support"
    )
    assert budgets.lines(run) == [
        Line(f"run:{run.pk}", "actions", 5, False),
        Line(f"run:{middle.pk}", "micros", 6, False),
        Line(f"run:{top.pk}", "tokens", 7, False),
        Line(f"agent:{run.agent.pk}", "tokens", 8, True),
        Line("team:support", "micros", 9, True),
    ]


def test_without_a_cap_there_is_no_line_and_everything_is_left():
    run = make_run()
    assert budgets.lines(run) == []
    held = budgets.reserve([], {"tokens": 10**9})
    assert held.day == today().isoformat()
    assert budgets.settle([], held, {"tokens": 10**9}) == []
    assert budgets.left([]) == {"tokens": None, "micros": None, "actions": None}
    assert not Budget.objects.exists()


def test_team_the_operator_does_not_name_may_spend_nothing(teams):
    lines = budgets.lines(make_run(team="gone"))
    assert budgets.left(lines) == {"tokens": 0, "micros": 0, "actions": 0}
    with pytest.raises(BudgetExhausted, match=r"There is no such team: the operator adds \[teams.gone\]"):
        budgets.reserve(lines, {"actions": 1})


def test_agent_outside_of_runs_spends_its_day(teams):
    teams["support"] = Team("support", {"actions": 2})
    run = make_run(caps={"tokens": 1}, budget={"actions_per_day": 3}, team="support")
    assert [line.scope.partition(":")[0] for line in budgets.lines_of_day(run.agent)] == ["agent", "team"]


# --- spending


def test_budget_can_be_spent_to_the_last_token_and_no_further():
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    assert spend(lines, tokens=99) == []
    with pytest.raises(BudgetExhausted):
        budgets.reserve(lines, {"tokens": 2})
    assert spend(lines, tokens=1) == []
    with pytest.raises(BudgetExhausted):
        budgets.reserve(lines, {"tokens": 1})
    assert standing() == {"run": (0, 100)}


def test_what_is_held_back_is_not_there_for_others():
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    budgets.reserve(lines, {"tokens": 60})
    assert budgets.left(lines)["tokens"] == 40
    with pytest.raises(BudgetExhausted):
        budgets.reserve(lines, {"tokens": 41})


def test_what_was_held_back_and_not_used_is_there_again():
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    assert budgets.settle(lines, budgets.reserve(lines, {"tokens": 100}), {"tokens": 10}) == []
    assert budgets.left(lines)["tokens"] == 90


@pytest.mark.parametrize("short", ["run", "agent", "team"])
def test_where_one_line_lacks_nothing_is_held_on_any(teams, short):
    cap = {"run": 100, "agent": 100, "team": 100} | {short: 10}
    teams["support"] = Team("support", {"tokens": cap["team"], "actions": 5})
    run = make_run(caps={"tokens": cap["run"], "actions": 5}, budget={"tokens_per_day": cap["agent"]}, team="support")
    lines = budgets.lines(run)
    with pytest.raises(BudgetExhausted) as refused:
        budgets.reserve(lines, {"actions": 1, "tokens": 11})
    assert refused.value.extra["scope"].startswith(short)
    assert set(standing().values()) == set(standing("actions").values()) == {(0, 0)}
    spend(lines, tokens=10, actions=1)  # the transaction goes on after a refusal


def test_child_spends_under_every_run_above_it():
    top = make_run(caps={"tokens": 100})
    child = make_run(caps={"tokens": 80}, parent=top)
    spend(budgets.lines(child), tokens=80)
    other = budgets.lines(make_run(caps={"tokens": 80}, parent=top))
    with pytest.raises(BudgetExhausted) as refused:
        budgets.reserve(other, {"tokens": 21})
    assert refused.value.extra["scope"] == f"run:{top.pk}"
    spend(other, tokens=20)


def test_runs_of_one_agent_share_its_day_and_the_day_after_is_a_new_one():
    agent = make_agent(tools=())
    one = budgets.lines(make_run(agent=agent, budget={"micros_per_day": 50_000}))
    spend(one, micros=50_000)
    with pytest.raises(BudgetExhausted):
        budgets.reserve(budgets.lines(make_run(agent=agent)), {"micros": 1})
    Budget.objects.update(day="2020-01-01")
    spend(one, micros=50_000)


def test_step_that_ends_after_midnight_counts_for_the_day_it_began():
    lines = budgets.lines(make_run(budget={"tokens_per_day": 100}))
    held = budgets.reserve(lines, {"tokens": 40})
    Budget.objects.update(day="2020-01-01")
    budgets.settle(lines, Held(held.amounts, "2020-01-01", held.lines), {"tokens": 30})
    assert list(Budget.objects.values_list("day__year", "reserved", "settled")) == [(2020, 0, 30)]
    assert budgets.left(lines)["tokens"] == 100


def test_nothing_asked_fits_a_budget_that_is_used_up_but_not_one_that_is_over():
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    spend(lines, tokens=100)
    budgets.reserve(lines, {"tokens": 0})
    budgets.settle(lines, Held({}), {"tokens": 1})
    with pytest.raises(BudgetExhausted) as refused:
        budgets.reserve(lines, {"tokens": 0})
    assert refused.value.extra["left"] == 0


def test_more_used_than_held_is_counted_and_told():
    run = make_run(caps={"tokens": 100, "micros": 5}, budget={"tokens_per_day": 1000})
    lines = budgets.lines(run)
    over = budgets.settle(lines, budgets.reserve(lines, {"tokens": 50}), {"tokens": 101, "micros": 5})
    assert over == [Line(f"run:{run.pk}", "tokens", 100, False)]
    assert standing() == {"run": (0, 101), "agent": (0, 101)}


def test_lowered_cap_holds_at_once():
    agent = make_agent(tools=())
    spend(budgets.lines(make_run(agent=agent, budget={"tokens_per_day": 100})), tokens=50)
    with pytest.raises(BudgetExhausted) as refused:
        budgets.reserve(budgets.lines(make_run(agent=agent, budget={"tokens_per_day": 40})), {"tokens": 1})
    assert (refused.value.extra["cap"], refused.value.extra["left"]) == (40, 0)


def test_cap_that_came_while_a_step_ran_gives_back_nothing_that_was_never_held_on_it():
    agent = make_agent(tools=())
    run = make_run(agent=agent, caps={"tokens": 100})
    held = budgets.reserve(budgets.lines(run), {"tokens": 50})
    agent.budget = {"tokens_per_day": 500}
    agent.save()
    budgets.reserve(budgets.lines(make_run(agent=agent)), {"tokens": 200})
    run = Run.objects.get(pk=run.pk)
    budgets.settle(budgets.lines(run), held, {"tokens": 20})
    assert standing() == {"run": (0, 20), "agent": (200, 20)}


def test_cap_that_went_while_a_step_ran_lets_go_of_what_was_held_on_it():
    run = make_run(caps={"tokens": 100}, budget={"tokens_per_day": 500})
    held = budgets.reserve(budgets.lines(run), {"tokens": 50})
    run.agent.budget = {}
    budgets.settle(budgets.lines(run), held, {"tokens": 20})
    assert standing() == {"run": (0, 20), "agent": (0, 20)}


def test_what_a_lost_step_held_can_be_settled_by_whoever_reads_it():
    run = make_run(caps={"tokens": 100}, budget={"tokens_per_day": 500})
    lines = budgets.lines(run)
    held = budgets.reserve(lines, {"tokens": 50, "micros": 7})
    step = RunStep.objects.create(run=run, number=1, kind="think", reserved=held.as_json())
    found = Held.from_json(RunStep.objects.get(pk=step.pk).reserved)
    assert found == held
    budgets.settle(lines, found, found.amounts)
    assert standing() == {"run": (0, 50), "agent": (0, 50)}


def test_step_that_held_nothing_settles_as_nothing():
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    assert budgets.settle(lines, Held.from_json({}), {}) == []
    assert standing() == {"run": (0, 0)}


# --- what can't be counted


@pytest.mark.parametrize("amount", [-1, 1.5, "7", None])
def test_amount_that_is_no_amount_is_an_error(amount):
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    with pytest.raises(ValueError, match="whole number from 0 up"):
        budgets.reserve(lines, {"tokens": amount})
    with pytest.raises(ValueError, match="whole number from 0 up"):
        budgets.settle(lines, Held({}), {"tokens": amount})


def test_unit_there_is_not_is_an_error_and_not_uncapped():
    with pytest.raises(ValueError, match="no unit of budgets"):
        budgets.reserve([], {"usd": 1})


def test_numbers_beyond_every_column_are_counted_as_the_most_and_end_the_run():
    lines = budgets.lines(make_run(caps={"tokens": 10**40}))
    assert lines[0].cap == budgets.MOST
    spend(lines, tokens=1)
    assert budgets.settle(lines, Held({}), {"tokens": 10**40}) == lines


# --- reading


def test_what_is_left_is_the_least_over_the_lines(teams):
    teams["support"] = Team("support", {"tokens": 500})
    lines = budgets.lines(make_run(caps={"tokens": 100, "micros": 3}, budget={"tokens_per_day": 90}, team="support"))
    assert budgets.left(lines) == {"tokens": 90, "micros": 3, "actions": None}
    spend(lines, tokens=30)
    assert budgets.left(lines)["tokens"] == 60


def test_headroom_says_where_every_line_stands():
    run = make_run(caps={"tokens": 100}, budget={"actions_per_day": 4})
    budgets.reserve(budgets.lines(run), {"tokens": 10})
    spend(budgets.lines(run), actions=1)
    own, day = budgets.headroom(run)
    assert own == {
        "scope": f"run:{run.pk}", "unit": "tokens", "cap": 100, "reserved": 10, "settled": 0, "day": None,
    }  # fmt: skip
    assert (day["reserved"], day["settled"], day["day"]) == (0, 1, today())


@pytest.mark.parametrize(
    ("unit", "amount", "words"),
    [
        ("tokens", 1_200, "1,200 tokens"),
        ("actions", 1, "1 action"),
        ("micros", 50_000, "USD 0.05"),
        ("micros", 1_500_000_000, "USD 1,500.00"),
        ("micros", 1, "USD 0.000001"),
        ("micros", 0, "USD 0.00"),
    ],
)
def test_amounts_read_as_people_write_them(unit, amount, words):
    assert budgets.in_words(unit, amount) == words


def test_refusal_says_which_budget_how_much_and_what_to_do(teams):
    teams["support"] = Team("support", {"micros": 2_000_000})
    run = make_run(caps={"tokens": 1_000}, budget={"actions_per_day": 1}, team="support")
    lines = budgets.lines(run)
    spend(lines, tokens=900, actions=1, micros=1_990_000)
    told = {}
    for unit, asked in (("tokens", 101), ("actions", 1), ("micros", 10_001)):
        with pytest.raises(BudgetExhausted) as refused:
            budgets.reserve(lines, {unit: asked})
        told[unit] = refused.value
    assert told["tokens"].detail == (
        f"Run {run.pk} may use 1,000 tokens in all: 900 tokens used or held back so far, and this needs up to 101 tokens. "
        "Give the task anew with a larger budget; tokens_per_run in the agent's file is the most it can have."
    )
    assert told["actions"].detail == (
        "The agent may use 1 action a day: 1 action used or held back so far, and this needs up to 1 action. "
        "It may go on after midnight UTC, or once an agent file with a higher actions_per_day is imported."
    )
    assert told["micros"].detail == (
        "Team support may use USD 2.00 a day: USD 1.99 used or held back so far, and this needs up to USD 0.010001. "
        "It may go on after midnight UTC, or once the operator raises usd_per_day of [teams.support] in countersign.toml."
    )
    assert told["tokens"].extra == {
        "scope": f"run:{run.pk}", "unit": "tokens", "cap": 1_000, "left": 100, "asked": 101,
    }  # fmt: skip
    assert (told["tokens"].code, told["tokens"].status) == ("budget_exceeded", 409)
    json.dumps(told["tokens"].extra)


# --- what it costs


def test_two_statements_to_hold_back_and_one_to_settle(teams):
    teams["support"] = Team("support", dict.fromkeys(budgets.UNITS, 10**6))
    caps = dict.fromkeys(budgets.UNITS, 10**6)
    daily = {f"{unit}_per_day": 10**6 for unit in budgets.UNITS}
    run = make_run(caps=caps, parent=make_run(caps=caps), budget=daily, team="support")
    lines = budgets.lines(run)
    assert len(lines) == 12
    with CaptureQueriesContext(
        connection,
    ) as holding:
        held = budgets.reserve(lines, {"tokens": 5, "micros": 5, "actions": 1})
    with CaptureQueriesContext(connection) as settling:
        budgets.settle(lines, held, {"tokens": 4, "micros": 4, "actions": 1})
    with CaptureQueriesContext(connection) as looking:
        budgets.reserve(lines, {"tokens": 0})
    with CaptureQueriesContext(connection) as reading:
        budgets.left(lines)
    assert [len(one) for one in (holding, settling, looking, reading)] == [2, 1, 1, 1]
