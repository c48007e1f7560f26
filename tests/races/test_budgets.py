"""No budget is overshot however many spend from it at once, nobody waits in a circle, and a crash loses nothing held."""

import random
import threading
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import budgets
from agents.budgets import BudgetExhausted, Held
from agents.models import Budget, Run, RunStep
from agents.tools import base
from agents.tools.base import Team
from tests.factories import make_agent
from tests.races.threads import begin, together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

THREADS, EACH = 20, 10  # 200 spenders


@pytest.fixture
def teams(monkeypatch):
    """What the operator says of teams, for a test to fill."""
    named = {}
    monkeypatch.setattr(base, "teams", named)
    return named


def make_run(*, team="", caps=None, **daily):
    agent = make_agent(tools=())
    agent.budget, agent.team = daily, team
    agent.save()
    return Run.objects.create(
        agent=agent, runtime={"kind": "scripted"}, input_digest="0" * 64, caps=caps or {}, wake_at=Now()
    )


def hold(lines, **amounts):
    with transaction.atomic():
        return budgets.reserve(lines, amounts)


def spend(lines, asked, used):
    """Hold tokens back, then use some of them; return how many were used, 0 for none."""
    try:
        held = hold(lines, tokens=asked)
    except BudgetExhausted:
        return 0
    with transaction.atomic():
        assert budgets.settle(lines, held, {"tokens": used}) == []
    return used


@contextmanager
def watched():
    """Ask the database all the while, on a connection of its own, whether any budget is over its cap."""
    over, looks, done = [], [], threading.Event()

    def look():
        while not done.is_set():
            over.extend(Budget.objects.filter(cap__lt=F("reserved") + F("settled")).values())
            looks.append(Budget.objects.filter(reserved__gt=0).exists())

    watcher = begin(look)
    try:
        yield
    finally:
        done.set()
        assert watcher.finish() is None
    assert over == []
    assert any(looks), "nobody looked while something was held back"


def test_two_hundred_spenders_of_random_amounts_never_overshoot(teams):
    teams["support"] = Team("support", {"tokens": 6_000})
    runs = [make_run(team="support", tokens_per_day=4_000) for _ in range(2)]
    lines = [budgets.lines(run) for run in runs]

    def spender(number):
        dice = random.Random(number)
        amounts = [dice.randint(1, 150) for _ in range(EACH)]
        return [spend(lines[number % 2], asked, dice.randint(0, asked)) for asked in amounts]

    with watched():
        used = together(*[lambda n=n: spender(n) for n in range(THREADS)])
    by_agent = [sum(sum(one) for one in used[number::2]) for number in range(2)]
    rows = {scope: (reserved, settled) for scope, reserved, settled in totals()}
    assert rows == {
        lines[0][0].scope: (0, by_agent[0]),
        lines[1][0].scope: (0, by_agent[1]),
        "team:support": (0, sum(by_agent)),
    }
    assert sum(by_agent) > 4_000, "too little was spent to come near the cap"


def test_two_hundred_equal_spenders_get_exactly_what_fits(teams):
    teams["support"] = Team("support", {"tokens": 1_050})
    run = make_run(team="support", tokens_per_day=770)
    lines = budgets.lines(run)

    def spender():
        return sum(spend(lines, 10, 10) for _ in range(EACH))

    with watched():
        used = together(*[spender] * THREADS)
    assert sum(used) == 770
    assert totals() == [(lines[0].scope, 0, 770), ("team:support", 0, 770)]


def test_two_hundred_who_only_hold_back_get_exactly_what_fits():
    lines = budgets.lines(make_run(caps={"tokens": 575}))

    def holder():
        return sum(_fits(lines) for _ in range(EACH))

    assert sum(together(*[holder] * THREADS)) == 57
    assert totals() == [(lines[0].scope, 570, 0)]


def _fits(lines):
    try:
        hold(lines, tokens=10)
    except BudgetExhausted:
        return False
    return True


def test_agents_of_one_team_never_wait_for_each_other_in_a_circle(teams):
    plenty = dict.fromkeys(budgets.UNITS, 10**9)
    teams["support"] = Team("support", plenty)
    daily = {f"{unit}_per_day": 10**9 for unit in budgets.UNITS}
    one, other = (budgets.lines(make_run(team="support", **daily)) for _ in range(2))

    def begins_with(lines, first, second):
        for _ in range(100):
            with transaction.atomic():
                held = budgets.reserve(lines, {first: 1})
                budgets.settle(lines, held, {first: 1})
                budgets.settle(lines, budgets.reserve(lines, {second: 1}), {second: 1})

    results = together(
        lambda: begins_with(one, "tokens", "actions"),
        lambda: begins_with(other[::-1], "actions", "tokens"),
        lambda: begins_with(one[::-1], "actions", "micros"),
        lambda: begins_with(other, "micros", "actions"),
    )
    assert results == [None] * 4
    team = Budget.objects.filter(scope="team:support").values_list("unit", "settled")
    assert dict(team) == {"tokens": 200, "actions": 400, "micros": 200}


def test_what_a_killed_worker_held_stays_held_until_somebody_settles_it():
    run = make_run(caps={"tokens": 100}, tokens_per_day=100)
    lines = budgets.lines(run)

    def worker():
        with transaction.atomic():
            held = budgets.reserve(lines, {"tokens": 60})
            RunStep.objects.create(run=run, number=1, kind="think", reserved=held.as_json())
        die()

    assert isinstance(begin(worker).finish(), OperationalError)
    with pytest.raises(BudgetExhausted):
        hold(lines, tokens=41)
    with transaction.atomic():
        held = Held.from_json(RunStep.objects.get(run=run, number=1).reserved)
        budgets.settle(lines, held, held.amounts)
    assert {row[1:] for row in totals()} == {(0, 60)}
    hold(lines, tokens=40)


def test_worker_killed_before_it_committed_holds_nothing_and_nobody_up():
    lines = budgets.lines(make_run(caps={"tokens": 100}))

    def worker():
        with transaction.atomic():
            budgets.reserve(lines, {"tokens": 60})
            die()

    assert isinstance(begin(worker).finish(), OperationalError)
    hold(lines, tokens=100)


def test_next_spender_waits_for_the_one_before_and_then_counts_it():
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    with transaction.atomic():
        budgets.reserve(lines, {"tokens": 60})
        waiting = begin(lambda: hold(lines, tokens=60))
        waiting.join(0.5)
        assert waiting.is_alive(), "it was judged before what it has to count was there"
    assert isinstance(waiting.finish(), BudgetExhausted)


def test_nothing_is_held_back_outside_of_a_transaction():
    lines = budgets.lines(make_run(caps={"tokens": 100}))
    with pytest.raises(transaction.TransactionManagementError):
        budgets.reserve(lines, {"tokens": 1})
    with pytest.raises(transaction.TransactionManagementError):
        budgets.settle(lines, Held({}), {"tokens": 1})


def totals():
    return list(Budget.objects.order_by("scope").values_list("scope", "reserved", "settled"))


def die():
    """End this thread's connection as a crash would, and find out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
