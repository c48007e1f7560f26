"""The days and hours of a board, as the person who reads it lives them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.figures import periods

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "America/Havana", "Asia/Beirut")
instants = st.datetimes(datetime(2024, 1, 2), datetime(2028, 1, 1), timezones=st.just(UTC))


@given(instants, st.sampled_from(ZONES), st.sampled_from(tuple(periods.WORDS)))
def test_buckets_follow_on_one_another_and_now_is_in_the_last_day(now, zone, name):
    found = periods.period(name, now, ZoneInfo(zone))
    begins = [bucket.begins for bucket in found.buckets]
    assert begins == sorted(set(begins)) and begins[0] <= now
    assert found.begins.astimezone(ZoneInfo(zone)).date() == now.astimezone(ZoneInfo(zone)).date() - timedelta(
        days={"today": 0, "7d": 6, "30d": 29}[name]
    )
    if name != "today":
        assert len(begins) == {"7d": 7, "30d": 30}[name] and now - begins[-1] < timedelta(hours=25)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(datetime(2026, 3, 29, 12), 23), (datetime(2026, 10, 25, 12), 25), (datetime(2026, 6, 1, 12), 24)],
)
def test_a_day_on_which_the_clocks_change_has_another_number_of_hours(day, hours):
    assert len(periods.period("today", day.replace(tzinfo=UTC), ZoneInfo("Europe/Berlin")).buckets) == hours


def test_today_in_berlin_begins_before_today_in_utc():
    now = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    found = periods.period("today", now, ZoneInfo("Europe/Berlin"))
    assert found.begins == datetime(2026, 11, 18, 23, tzinfo=UTC)
    assert [bucket.label for bucket in found.buckets[:2]] == ["00:00", "01:00"]


def test_a_week_names_its_days_and_a_month_every_seventh_up_to_today():
    now = datetime(2026, 11, 18, 12, tzinfo=UTC)
    week, month = (periods.period(name, now, ZoneInfo("UTC")) for name in ("7d", "30d"))
    assert [bucket.tick for bucket in week.buckets][-2:] == ["Tue 17", "Wed 18"]
    named = [bucket.tick for bucket in month.buckets if bucket.tick]
    assert named == ["21 Oct", "28 Oct", "4 Nov", "11 Nov", "18 Nov"] and month.buckets[-1].tick == "18 Nov"


def test_an_unknown_period_is_a_week():
    assert periods.period("all", datetime(2026, 11, 18, tzinfo=UTC), ZoneInfo("UTC")).name == "7d"
