"""Spikes: an hour out of all proportion to the week before is found, and a quiet or a new agent is left alone."""

from datetime import timedelta

import pytest
from django.db import connection

from agents import spikes
from agents.models import Spend
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

DOLLAR = 1_000_000


@pytest.fixture
def agent():
    return make_agent(tools=())


def this_hour():
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('hour', now(), 'UTC')")
        return cursor.fetchone()[0]


def hours(agent, *ago, tokens=0, micros=0):
    """Let the agent have spent this in each of the hours so long ago."""
    for one in ago:
        Spend.objects.create(agent=agent, hour=this_hour() - timedelta(hours=one), tokens=tokens, micros=micros)


def test_what_is_noted_adds_up_by_the_hour(agent):
    spikes.note(agent, 10, 5)
    spikes.note(agent, 1, 2)
    spend = Spend.objects.get(agent=agent)
    assert (spend.tokens, spend.micros, spend.hour) == (11, 7, this_hour())


def test_hour_of_more_than_five_times_the_usual_is_a_spike(agent):
    hours(agent, 1, 30, 100, micros=DOLLAR)
    spikes.note(agent, 0, 5 * DOLLAR)
    assert spikes.why(agent) == ""
    spikes.note(agent, 0, 1)
    assert spikes.why(agent) == (
        "Its spending jumped: USD 5.000001 this hour, more than 5 times the usual USD 1.00 "
        "of its 3 active hours in the last 7 days."
    )


def test_tokens_are_watched_as_well(agent):
    hours(agent, 1, 2, 3, tokens=20_000)
    spikes.note(agent, 100_001, 0)
    assert "100,001 tokens this hour, more than 5 times the usual 20,000 tokens" in spikes.why(agent)


@pytest.mark.parametrize(("tokens", "micros"), [(50_000, 0), (0, DOLLAR)])
def test_small_sums_are_no_spike_whatever_was_before(agent, tokens, micros):
    hours(agent, 1, 2, 3, tokens=1, micros=1)
    spikes.note(agent, tokens, micros)
    assert spikes.why(agent) == ""
    spikes.note(agent, min(tokens, 1), min(micros, 1))
    assert spikes.why(agent) != ""


def test_agent_with_too_little_history_is_left_to_its_budgets(agent):
    hours(agent, 1, 2, micros=DOLLAR)
    spikes.note(agent, 0, 100 * DOLLAR)
    assert spikes.why(agent) == ""


def test_idle_hours_do_not_count_as_usual(agent):
    hours(agent, 1, 2, 3, micros=10 * DOLLAR)
    hours(agent, *range(4, 40))
    spikes.note(agent, 0, 20 * DOLLAR)
    assert spikes.why(agent) == ""


def test_hours_older_than_a_week_are_forgotten(agent):
    hours(agent, 169, 170, 171, micros=100 * DOLLAR)
    hours(agent, 1, 2, 168, micros=DOLLAR)
    spikes.note(agent, 0, 6 * DOLLAR)
    assert "usual USD 1.00" in spikes.why(agent)


def test_agent_may_have_a_factor_of_its_own(agent):
    hours(agent, 1, 2, 3, micros=DOLLAR)
    spikes.note(agent, 0, 6 * DOLLAR)
    agent.budget = {"spike": 10}
    assert spikes.why(agent) == ""
    agent.budget = {"spike": 2.5}
    assert "more than 2.5 times" in spikes.why(agent)


def test_agents_are_measured_by_themselves(agent):
    other = make_agent(tools=())
    hours(agent, 1, 2, 3, micros=DOLLAR)
    hours(other, 1, 2, 3, micros=100 * DOLLAR)
    spikes.note(other, 0, 100 * DOLLAR)
    spikes.note(agent, 0, 6 * DOLLAR)
    assert spikes.why(agent) and not spikes.why(other)


def test_nothing_can_be_taken_off_what_was_spent(agent):
    with pytest.raises(ValueError, match="whole number from 0 up"):
        spikes.note(agent, -1, 0)
