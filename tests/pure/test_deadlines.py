"""Claims about deadlines: working hours, by the local clock, over holidays and the days the clocks change."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agents.policy.deadlines import (
    add,
    as_json,
    at_risk_after,
    from_json,
    longest_by,
    moved,
    open_seconds_between,
    opens_at,
)
from agents.policy.language import Calendar

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

HOUR, MINUTE = 3600, 60
NINE_TO_SIX = ((9 * 60, 18 * 60),)
WEEKDAYS = dict.fromkeys(range(5), NINE_TO_SIX)
ALWAYS = dict.fromkeys(range(7), ((0, 24 * 60),))
BERLIN = "Europe/Berlin"


def calendar(hours=WEEKDAYS, zone=BERLIN, **more):
    return Calendar("business", zone, hours, **more)


def at(text, zone=BERLIN, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.mark.parametrize(
    ("start", "seconds", "end"),
    [
        ("2026-01-09 17:30", 4 * HOUR, "2026-01-12 12:30"),  # Friday to Monday
        ("2026-01-09 17:30", 30 * MINUTE, "2026-01-09 18:00"),  # the last minute of the day is still that day
        ("2026-01-09 17:30", 30 * MINUTE + 1, "2026-01-12 09:00:01"),
        ("2026-01-10 12:00", 0, "2026-01-12 09:00"),  # Saturday: Monday's opening
        ("2026-01-10 12:00", HOUR, "2026-01-12 10:00"),
        ("2026-01-12 03:00", 9 * HOUR, "2026-01-12 18:00"),
        ("2026-01-12 09:00", 45 * HOUR, "2026-01-16 18:00"),  # a whole week
        ("2026-01-12 09:00", 45 * HOUR + 1, "2026-01-19 09:00:01"),
    ],
)
def test_only_open_hours_count(start, seconds, end):
    assert add(at(start), seconds, calendar()) == at(end)
    assert add(at(start), seconds, calendar()).tzinfo is UTC


def test_without_a_calendar_every_second_is_open():
    assert add(at("2026-01-09 17:30"), 4 * HOUR, None) == at("2026-01-09 21:30")
    assert open_seconds_between(at("2026-01-09 17:30"), at("2026-01-12 17:30"), None) == 3 * 24 * HOUR


def test_the_hours_are_those_of_the_calendars_zone_wherever_the_start_was_read():
    start = at("2026-01-09 17:30").astimezone(ZoneInfo("America/New_York"))
    assert add(start, HOUR, calendar(zone="Asia/Kolkata")) == at("2026-01-12 10:00", zone="Asia/Kolkata")


def test_a_lunch_break_is_closed():
    split = dict.fromkeys(range(5), ((9 * 60, 12 * 60), (13 * 60, 17 * 60)))
    assert add(at("2026-01-12 11:00"), 2 * HOUR, calendar(split)) == at("2026-01-12 14:00")


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({}, "2026-04-06 12:30"),
        ({"holidays": ("2026-04-06",)}, "2026-04-07 12:30"),
        ({"country": "DE"}, "2026-04-07 12:30"),  # Easter Monday
        ({"country": "US"}, "2026-04-06 12:30"),
    ],
)
def test_a_holiday_monday_moves_the_deadline_to_tuesday(more, end):
    start = at("2026-04-02 17:30") if more.get("country") == "DE" else at("2026-04-03 17:30")  # Good Friday too
    assert add(start, 4 * HOUR, calendar(**more)) == at(end)


def test_a_holiday_of_one_state_counts_there_alone():
    womens_day = calendar(ALWAYS, country="DE-BE")
    assert add(at("2027-03-08 12:00"), 0, womens_day) == at("2027-03-09 00:00")
    assert add(at("2027-03-08 12:00"), 0, calendar(ALWAYS, country="DE-BY")) == at("2027-03-08 12:00")


@pytest.mark.parametrize(
    ("start", "seconds", "end"),
    [
        (at("2026-03-28 23:00"), 3 * HOUR, at("2026-03-29 03:00")),  # 02:00 to 03:00 doesn't exist
        (at("2026-10-24 23:00"), 5 * HOUR, at("2026-10-25 03:00")),  # and here it comes twice
        (at("2026-10-25 02:30"), HOUR, at("2026-10-25 02:30", fold=1)),
    ],
)
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(start, seconds, end):
    assert add(start, seconds, calendar(ALWAYS)) == end.astimezone(UTC)
    assert open_seconds_between(start, end, calendar(ALWAYS)) == seconds


def test_hours_that_the_clock_change_cuts_are_shorter_or_longer():
    nights = calendar({6: ((60, 4 * 60),)})  # Sundays, 01:00 to 04:00
    spring, autumn = at("2026-03-29 00:00"), at("2026-10-25 00:00")
    assert open_seconds_between(spring, spring + timedelta(days=1), nights) == 2 * HOUR
    assert open_seconds_between(autumn, autumn + timedelta(days=1), nights) == 4 * HOUR
    skipped = calendar({6: ((2 * 60, 3 * 60),)})
    assert add(spring, 0, skipped) == at("2026-04-05 02:00")


@pytest.mark.parametrize(
    ("shut", "message"),
    [
        (calendar({}), "doesn't open for 400 days"),
        (calendar({0: ()}), "doesn't open for 400 days"),
        (calendar(zone="Europe/Nowhere"), "not a time zone"),
        (calendar(country="XX"), "not a country"),
        (calendar(country="DE-XX"), "not a country"),
    ],
)
def test_a_calendar_that_cannot_be_counted_by_is_an_error(shut, message):
    with pytest.raises(ValueError, match=message):
        add(at("2026-01-09 17:30"), HOUR, shut)


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [(WEEKDAYS, 45 * HOUR * 400 // 7), (ALWAYS, 400 * 24 * HOUR), ({0: ((0, 60),)}, HOUR * 400 // 7), ({}, 0)],
)
def test_400_days_hold_so_many_open_seconds(hours, seconds):
    open_hours = calendar(hours, zone="UTC")
    assert longest_by(open_hours) == seconds
    if seconds:
        took = add(at("2026-01-05 00:00", zone="UTC"), seconds, open_hours) - at("2026-01-05 00:00", zone="UTC")
        assert timedelta(days=398) <= took <= timedelta(days=407)


def test_what_has_no_zone_or_lies_behind_is_an_error():
    with pytest.raises(ValueError, match="needs a zone"):
        add(datetime(2026, 1, 9), HOUR, None)
    with pytest.raises(ValueError, match="needs a zone"):
        open_seconds_between(at("2026-01-09 17:30"), datetime(2026, 1, 9), None)
    with pytest.raises(ValueError, match="lies ahead"):
        add(at("2026-01-09 17:30"), -1, calendar())


ZONES = st.sampled_from(
    [BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"]
)
BOUNDS = st.lists(st.integers(0, 24 * 60), min_size=2, max_size=6, unique=True).map(sorted)
HOURS = BOUNDS.map(lambda bounds: tuple(zip(bounds[::2], bounds[1::2], strict=False)))
DATES = st.dates(datetime(2026, 1, 1).date(), datetime(2026, 12, 31).date()).map(str)
CALENDARS = st.builds(
    Calendar,
    name=st.just("any"),
    zone=ZONES,
    hours=st.dictionaries(st.integers(0, 6), HOURS, min_size=1),
    holidays=st.lists(DATES, max_size=3).map(tuple),
    country=st.sampled_from([None, "DE", "US"]),
)
# Most of the year, and around both changes of the clocks in Berlin.
INSTANTS = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.datetimes(datetime(2026, 3, 28), datetime(2026, 3, 30)),
    st.datetimes(datetime(2026, 10, 24), datetime(2026, 10, 26)),
).map(lambda moment: moment.replace(tzinfo=UTC))
SECONDS = st.one_of(st.integers(0, 2 * HOUR), st.integers(0, 60 * HOUR))


def is_open(calendar, instant):
    """Return whether the clock on the wall shows an open hour: told without any arithmetic of instants."""
    wall = instant.astimezone(ZoneInfo(calendar.zone))
    minute = wall.hour * 60 + wall.minute
    closed = wall.date().isoformat() in calendar.holidays
    return not closed and any(start <= minute < end for start, end in calendar.hours.get(wall.weekday(), ()))


@CALM
@given(CALENDARS, INSTANTS, INSTANTS, SECONDS)
def test_a_later_start_never_ends_sooner(calendar, one, other, seconds):
    early, late = sorted((one, other))
    assert add(early, seconds, calendar) <= add(late, seconds, calendar)


@CALM
@given(CALENDARS, INSTANTS, SECONDS, SECONDS)
def test_adding_in_two_steps_is_adding_at_once(calendar, start, first, second):
    assert add(add(start, first, calendar), second, calendar) == add(start, first + second, calendar)


@CALM
@given(CALENDARS, INSTANTS, SECONDS)
def test_what_was_added_is_what_lies_between(calendar, start, seconds):
    end = add(start, seconds, calendar)
    assert end >= start
    assert open_seconds_between(start, end, calendar) == seconds
    assert open_seconds_between(end, start, calendar) == -seconds


@CALM
@given(CALENDARS, INSTANTS, SECONDS)
def test_a_deadline_lies_in_open_hours_by_the_clock_on_the_wall(calendar, start, seconds):
    calendar = Calendar(calendar.name, calendar.zone, calendar.hours, calendar.holidays)
    end = add(start, seconds, calendar)
    just_before = end - timedelta(microseconds=1)
    assert is_open(calendar, end) or is_open(calendar, just_before)


@CALM
@given(CALENDARS, INSTANTS, st.integers(1, 40))
def test_open_time_is_what_the_clock_on_the_wall_shows_minute_by_minute(calendar, start, hours):
    calendar = Calendar(calendar.name, calendar.zone, calendar.hours, calendar.holidays)
    start = start.replace(second=0, microsecond=0)
    minutes = [start + timedelta(minutes=minute) for minute in range(hours * 60)]
    shown = sum(is_open(calendar, minute) for minute in minutes)
    assert open_seconds_between(start, start + timedelta(hours=hours), calendar) == shown * 60


@CALM
@given(CALENDARS, INSTANTS, INSTANTS)
def test_counting_up_to_a_moment_stops_at_it(calendar, one, other):
    start, end = sorted((one, other))
    seconds = open_seconds_between(start, end, calendar)
    assume(seconds > 0)
    assert add(start, seconds, calendar) <= end


# --- pauses, openings, what is at risk


def test_a_pause_moves_a_deadline_by_the_open_time_it_took():
    friday, monday = at("2026-01-09 17:30"), at("2026-01-12 10:00")
    due = add(friday, 4 * HOUR, calendar())
    assert due == at("2026-01-12 12:30")
    assert moved(due, friday, monday, calendar()) == at("2026-01-12 14:00")
    assert moved(due, at("2026-01-09 18:00"), at("2026-01-12 09:00"), calendar()) == due
    assert moved(due, friday, monday, None) == due + (monday - friday)


def test_a_deadline_that_was_past_when_the_pause_began_moves_as_far():
    assert moved(at("2026-01-09 10:00"), at("2026-01-09 17:30"), at("2026-01-12 10:00"), calendar()) == at(
        "2026-01-09 11:30"
    )


@pytest.mark.parametrize(
    ("instant", "more", "opens"),
    [
        ("2026-01-09 17:59", {}, None),
        ("2026-01-09 18:00", {}, "2026-01-12 09:00"),
        ("2026-01-12 09:00", {}, None),
        ("2026-01-10 12:00", {}, "2026-01-12 09:00"),
        ("2026-04-03 18:30", {"holidays": ("2026-04-06",)}, "2026-04-07 09:00"),
        ("2026-12-24 18:30", {"country": "DE"}, "2026-12-28 09:00"),
    ],
)
def test_closed_hours_end_at_the_next_opening(instant, more, opens):
    assert opens_at(at(instant), calendar(**more)) == (at(opens) if opens else None)


def test_without_a_calendar_it_is_always_open_and_one_without_hours_never():
    assert opens_at(at("2026-01-10 12:00"), None) is None
    with pytest.raises(ValueError, match="doesn't open for 400 days"):
        opens_at(at("2026-01-10 12:00"), calendar({}))


@pytest.mark.parametrize(
    ("target", "at_risk"), [(600, 300), (1199, 599), (1200, 900), (3600, 2700), (4 * HOUR, 3 * HOUR)]
)
def test_at_risk_leaves_a_quarter_and_five_minutes_or_half(target, at_risk):
    assert at_risk_after(target) == at_risk


@given(st.integers(20 * 60, 400 * 24 * HOUR))
def test_from_twenty_minutes_on_five_minutes_are_left_to_act(target):
    assert target - at_risk_after(target) >= 5 * 60


WHOLE = INSTANTS.map(lambda instant: instant.replace(microsecond=0))


@CALM
@given(CALENDARS, st.lists(WHOLE, min_size=3, max_size=3))
def test_open_time_adds_up_across_holidays_and_changes_of_the_clocks(calendar, instants):
    first, second, third = instants
    whole = open_seconds_between(first, third, calendar)
    assert open_seconds_between(first, second, calendar) + open_seconds_between(second, third, calendar) == whole


@CALM
@given(CALENDARS, INSTANTS, st.integers(0, 30 * 24 * HOUR), SECONDS.filter(bool))
def test_after_a_pause_as_much_open_time_is_left_as_before(calendar, paused, pause, left):
    resumed = paused + timedelta(seconds=pause)
    due = add(paused, left, calendar)
    later = moved(due, paused, resumed, calendar)
    assert open_seconds_between(due, later, calendar) == open_seconds_between(paused, resumed, calendar)
    assert later == add(resumed, left, calendar)


@CALM
@given(CALENDARS, INSTANTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(calendar, instant):
    calendar = Calendar(calendar.name, calendar.zone, calendar.hours, calendar.holidays)
    opens = opens_at(instant, calendar)
    assert (opens is None) == is_open(calendar, instant)
    if opens is not None:
        assert opens > instant and is_open(calendar, opens)
        assert open_seconds_between(instant, opens, calendar) == 0


@CALM
@given(CALENDARS)
def test_a_calendar_is_kept_and_read_back_equal(calendar):
    assert from_json(json.loads(json.dumps(as_json(calendar)))) == calendar
