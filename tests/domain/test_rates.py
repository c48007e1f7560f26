"""Shared rates: a burst at once, then evenly spread, and never more, however many ask."""

import time

import pytest
from django.db import connection, transaction

from agents import rates
from agents.models import RatePool
from tests.races.threads import together


@pytest.mark.django_db
def test_burst_goes_through_at_once_and_the_next_is_told_how_long_to_wait():
    assert [rates.take("model", per_minute=6, burst=3) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert 8 < rates.take("model", per_minute=6, burst=3) <= 10


@pytest.mark.django_db
def test_who_is_told_to_wait_does_not_lengthen_the_queue():
    rates.take("model", per_minute=6, burst=1)
    before = RatePool.objects.get().next_at
    assert all(rates.take("model", per_minute=6, burst=1) > 8 for _ in range(5))
    assert RatePool.objects.get().next_at == before


@pytest.mark.django_db
def test_after_the_wait_it_is_taken():
    rates.take("model", per_minute=1200, burst=1)
    time.sleep(rates.take("model", per_minute=1200, burst=1) + 0.005)
    assert rates.take("model", per_minute=1200, burst=1) == 0.0


@pytest.mark.django_db
def test_long_silence_saves_up_one_burst_and_not_more():
    RatePool.objects.create(name="model", next_at="2020-01-01T00:00:00Z")
    waits = [rates.take("model", per_minute=6, burst=3) for _ in range(4)]
    assert waits[:3] == [0.0, 0.0, 0.0] and waits[3] > 0


@pytest.mark.django_db
def test_pools_do_not_touch_each_other():
    assert [rates.take(name, per_minute=1, burst=1) for name in ("one", "other")] == [0.0, 0.0]


@pytest.mark.django_db
@pytest.mark.parametrize(("per_minute", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_rate_that_lets_nothing_through_is_an_error(per_minute, burst):
    with pytest.raises(ValueError, match="at least one"):
        rates.take("model", per_minute=per_minute, burst=burst)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_pool_is_not_kept_locked_by_a_transaction_that_goes_on():
    with pytest.raises(RuntimeError), transaction.atomic():
        rates.take("model", per_minute=1, burst=1)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_fifty_at_once_get_no_more_than_the_rate_allows():
    def now():
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            return cursor.fetchone()[0]

    def ask():
        return sum(rates.take("model", per_minute=600, burst=5) == 0.0 for _ in range(20))

    began = now()
    taken = together(*[ask] * 50)
    elapsed = now() - began
    assert sum(taken) <= 5 + elapsed * 10, (taken, elapsed)
    assert sum(taken) >= 5
