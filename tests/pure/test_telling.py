"""When people are told and what a message says: zones, quiet hours, digests, letters."""

from datetime import UTC, datetime, time, timedelta

import pytest

from approvals.telling import kinds, letter, times, trouble
from approvals.telling.letter import Letter
from approvals.telling.times import Habits, Sending
from approvals.zones import zone_named
from audit import verbs

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
NIGHT = Habits(zone="Europe/Berlin", quiet_from=time(22), quiet_until=time(7))


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)


def channels(kind: str, tier: int, habits: Habits = Habits(), now: datetime = NOON) -> list[str]:  # noqa: B008
    return [sending.channel for sending in times.plan(kind, tier, habits, now=now)]


def test_every_kind_has_a_first_line_and_every_verb_is_in_the_catalogue():
    assert set(kinds.KIND_OF.values()) == set(kinds.LEADS)
    assert set(kinds.KIND_OF) <= set(verbs.VERBS)
    assert max(len(verb) for verb in kinds.OFFERED) <= 30  # the column `kind` of a webhook's notice


def test_tier_2_waits_for_the_digest_and_tiers_3_and_4_are_told_at_once():
    assert channels("your_turn", 2) == ["digest"]
    assert channels("your_turn", 3) == channels("your_turn", 4) == ["mail"]
    assert times.plan("overdue", 3, Habits(), now=NOON) == [Sending("mail", NOON)]


def test_what_names_somebody_is_told_at_once_at_any_tier():
    assert channels("handed", 2) == channels("escalated", 2) == channels("question", 2) == ["mail"]


def test_the_browser_says_what_is_at_risk_late_or_tier_4_and_only_to_who_asked_for_it():
    opted = Habits(notifies=True)
    assert "browser" in channels("at_risk", 2, opted) and "browser" in channels("overdue", 3, opted)
    assert "browser" in channels("your_turn", 4, opted)
    assert "browser" not in channels("your_turn", 3, opted) and "browser" not in channels("resolved", 4, opted)
    assert "browser" not in channels("at_risk", 4)


def test_who_wants_no_mail_gets_none():
    assert channels("your_turn", 4, Habits(mails=False)) == []
    assert channels("your_turn", 2, Habits(digest_minutes=0)) == []


def test_what_is_late_at_tier_4_reaches_them_all_the_same():
    silent = Habits(mails=False, digest_minutes=0)
    assert channels("overdue", 4, silent) == channels("escalated", 4, silent) == ["mail"]
    assert channels("overdue", 3, silent) == channels("escalated", 3, silent) == []
    assert channels("escalated", 4, Habits(notifies=True)) == ["mail", "browser"]


def test_quiet_hours_put_off_tier_3_and_never_tier_4():
    at = utc(2026, 11, 18, 22, 0)  # 23:00 in Berlin
    assert times.plan("your_turn", 3, NIGHT, now=at) == [Sending("mail", utc(2026, 11, 19, 6, 0))]
    assert times.plan("your_turn", 4, NIGHT, now=at) == [Sending("mail", at)]


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        (utc(2026, 11, 18, 20, 59), False),
        (utc(2026, 11, 18, 21, 0), True),
        (utc(2026, 11, 19, 5, 59), True),
        (utc(2026, 11, 19, 6, 0), False),
    ],
)
def test_quiet_hours_are_counted_on_the_clocks_of_their_zone(at, quiet):
    assert times.is_quiet(at, NIGHT) is quiet


def test_quiet_hours_end_right_in_the_nights_when_clocks_change():
    gap = Habits(zone="Europe/Berlin", quiet_from=time(22), quiet_until=time(2, 30))
    assert times.after_quiet(utc(2026, 3, 28, 22, 0), gap) == utc(2026, 3, 29, 1, 30)  # 02:30 isn't there that night
    assert times.after_quiet(utc(2026, 10, 24, 21, 0), gap) == utc(2026, 10, 25, 0, 30)  # the first 02:30 of two


def test_the_first_digest_comes_soon_and_the_next_after_the_pause():
    assert times.next_digest(NOON, Habits(), None) == NOON + timedelta(minutes=2)
    last = NOON - timedelta(minutes=10)
    assert times.next_digest(NOON, Habits(), last) == last + timedelta(minutes=60)


def test_a_long_pause_is_cut_short_by_half_past_eight():
    habits = Habits(zone="Europe/Berlin", digest_minutes=1440)
    last = utc(2026, 11, 18, 15, 0)
    assert times.next_digest(utc(2026, 11, 18, 16, 0), habits, last) == utc(2026, 11, 19, 7, 30)
    assert times.next_reminder(utc(2026, 11, 19, 7, 30), habits) == utc(2026, 11, 20, 7, 30)


def test_a_digest_that_is_made_takes_what_comes_after():
    made = NOON + timedelta(minutes=40)
    assert times.plan("your_turn", 2, Habits(), now=NOON, pending=made) == [Sending("digest", made)]


def test_times_are_written_in_the_zone_and_in_utc():
    assert times.both(utc(2026, 11, 21, 10, 8), "Europe/Berlin") == "21 Nov 2026, 11:08 CET (10:08 UTC)"
    assert times.both(utc(2026, 11, 21, 23, 8), "Europe/Berlin") == "22 Nov 2026, 00:08 CET (21 Nov 2026, 23:08 UTC)"
    assert times.both(utc(2026, 11, 21, 10, 8), "America/Sao_Paulo").startswith(
        "21 Nov 2026, 07:08 America/Sao_Paulo time (10:08 UTC)"
    )
    assert times.both(utc(2026, 11, 21, 10, 8), "UTC") == "21 Nov 2026, 10:08 UTC"


def test_a_zone_that_is_gone_is_utc():
    assert zone_named("Mars/Olympus").key == zone_named("../../etc/passwd").key == "UTC"


def test_tries_go_on_for_about_a_day_and_then_end():
    pauses = [trouble.pause_after(tries) for tries in range(1, 9)]
    assert pauses[-1] is None and None not in pauses[:-1]
    assert timedelta(hours=21) < sum(pauses[:-1], timedelta()) < timedelta(hours=26)
    mails = [trouble.pause_after(tries, pauses=trouble.MAIL_PAUSES) for tries in range(1, 100)]
    assert mails[-1] is None and timedelta(hours=22) < sum(mails[:-1], timedelta()) < timedelta(hours=26)
    assert max(mails[:-1]) < timedelta(minutes=17)
    assert trouble.pause_after(1, not_before=120) == timedelta(seconds=120)
    assert trouble.pause_after(1, not_before=10**6) <= timedelta(hours=8)


def test_a_mail_has_every_fact_one_link_and_no_way_to_decide():
    told = Letter(
        kind="your_turn",
        tier=3,
        headline="Refund USD 120.00",
        link="https://desk.example/actions/1/",
        why="you sign for finance",
        step="1 of 2 signed; still needs finance",
        due_at=utc(2026, 11, 21, 10, 8),
        expires_at=utc(2026, 11, 21, 18, 8),
        permit_seconds=900,
        others=tuple("abcdefg"),
        agent="refunds",
        owner="Rosa",
    )
    text = letter.body(told, "Europe/Berlin")
    for line in (
        "Why you: you sign for finance",
        "Step: 1 of 2 signed; still needs finance",
        "Due: 21 Nov 2026, 11:08 CET (10:08 UTC)",
        "Expires: 21 Nov 2026, 19:08 CET (18:08 UTC), then it is rejected",
        "If approved: runs once, within 15 min",
        "Who else can decide: a, b, c, d, e and 2 more",
        "Agent: refunds, owner Rosa",
    ):
        assert line in text
    assert letter.subject(told) == "[T3] Refund USD 120.00"
    assert text.count("https://") == 1 and "nothing can be decided from this message" in text


def test_a_digest_lists_what_waits_soonest_first_then_what_is_over():
    first, second = (
        Letter(kind="your_turn", tier=2, headline=f"Reply {hour}", link="l", due_at=utc(2026, 11, 21, hour))
        for hour in (9, 8)
    )
    over = Letter(kind="resolved", tier=2, headline="Reply 7", link="l", happened="Lea approved it")
    text = letter.digest_body([first, over, second], "UTC", "https://desk.example/")
    assert text.index("Reply 8") < text.index("Reply 9") < text.index("Over since") < text.index("Reply 7")
    assert letter.digest_subject([first, over, second]) == "[T2] 2 actions wait for you"
    assert letter.digest_subject([over]) == "[T2] Nothing waits for you any more"
