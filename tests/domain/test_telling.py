"""Who is told of what: whoever may sign and is there, nobody of its own side, and everybody who was asked hears the end."""

from datetime import time, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db.models.functions import Now
from django.utils import timezone

from agents import actions, people, stops
from agents.models import Action, AgentRole, Run
from approvals.deciding import handing
from approvals.models import Absence, Claim, Escalation, Handover, Notice
from approvals.telling import browser, composing
from approvals.telling.composing import Moot
from audit import log
from audit.actors import Actor
from tests.domain.telling import prefer, tell, told
from tests.factories import decide, events, later, make_action, make_approved, make_person

pytestmark = pytest.mark.django_db


def note(action: Action, verb: str, by: Actor = Actor.SYSTEM, **data) -> None:
    log.record(verb, by=by, subject=("action", str(action.pk)), data=data)
    tell(action, verb)


def sent() -> None:
    Notice.objects.filter(next_at__isnull=False).update(sent_at=Now(), next_at=None, tries=1)


def test_whoever_may_sign_is_told_of_tier_3_at_once(company):
    tell(make_action(company.agent))
    assert told("your_turn") == {company.fin.username, company.lea.username, company.both.username}
    assert not told("your_turn", "digest")


def test_tier_2_comes_in_the_digest_of_its_group(company):
    tell(make_action(company.agent, "send_reply"))
    assert told("your_turn", "digest") == {company.lea.username, company.both.username}
    assert not told("your_turn")


def test_the_owner_is_never_asked_to_sign_though_in_the_group(company):
    company.owner.groups.add(Group.objects.get(name="finance"))
    tell(make_action(company.agent))
    assert company.owner.username not in told("your_turn")


def test_a_second_account_of_the_owners_is_own_side_too(company):
    twin = make_person("twin", "finance", human=company.owner)
    tell(make_action(company.agent))
    assert twin.username not in told("your_turn")


def test_who_became_the_owner_since_is_own_side_too(company):
    action = make_action(company.agent)
    AgentRole.objects.filter(agent=company.agent, role="owner").update(person=company.fin)
    tell(action)
    assert told("your_turn") == {company.lea.username, company.both.username}


def test_an_account_newer_than_the_action_is_not_told(company):
    action = make_action(company.agent)
    make_person("late", "finance", signer_since=timezone.now() + timedelta(minutes=1))
    tell(action)
    assert "late" not in told("your_turn")


def test_whoever_is_away_is_not_told_and_whoever_is_back_is(company):
    now = timezone.now()
    away = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    Absence.objects.create(person=company.fin, **away)
    Absence.objects.create(person=company.lea, **away, ended_at=now)
    tell(make_action(company.agent))
    assert company.fin.username not in told("your_turn") and company.lea.username in told("your_turn")


def test_what_policy_let_run_is_told_to_nobody(company):
    tell(make_action(company.agent, "look_up"))
    assert not Notice.objects.exists()


def test_telling_twice_makes_one_notice(company):
    action = make_action(company.agent)
    first = [notice.pk for notice in tell(action)]
    assert [notice.pk for notice in tell(action)] == first


def test_at_risk_goes_to_whoever_took_a_slot_and_to_all_for_the_slot_nobody_took(company):
    other = make_person("other", "finance")
    action = make_action(company.agent)
    slot = action.slots.get(label="finance")
    Claim.objects.create(slot=slot, person=company.fin, until=Now() + timedelta(minutes=5))
    note(action, "action.at_risk")
    assert told("at_risk") == {company.fin.username, company.lea.username, company.both.username}
    assert other.username not in told("at_risk")


def test_overdue_goes_to_whoever_may_still_sign(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    note(action, "action.overdue")
    assert told("overdue") == {company.lea.username, company.both.username}


def test_escalation_reaches_groups_and_people_by_name_and_nobody_else(company):
    chief = make_person("chief")
    lead = make_person("lead", "on-call")
    action = make_action(company.agent)
    Escalation.objects.create(action=action, rung=1, why="overdue", told=["on-call", "chief", "nobody-such"])
    note(action, "action.escalated", rung=1)
    assert told("escalated") == {chief.username, lead.username}


def test_an_escalation_reaches_somebody_even_when_all_are_away(company):
    chief = make_person("chief")
    now = timezone.now()
    Absence.objects.create(person=chief, since=now - timedelta(hours=1), until=now + timedelta(hours=1))
    action = make_action(company.agent)
    Escalation.objects.create(action=action, rung=1, why="overdue", told=["chief"])
    note(action, "action.escalated", rung=1)
    assert told("escalated") == {"chief"}


def test_whoever_is_told_by_a_ladder_without_sight_gets_no_link(company):
    chief = make_person("chief")
    action = make_action(company.agent)
    Escalation.objects.create(action=action, rung=1, why="overdue", told=["chief"])
    note(action, "action.escalated", rung=1)
    letter = composing.compose(Notice.objects.get(person=chief))
    assert letter.link == "" and "gives no right to sign" in letter.why


def test_a_hand_over_is_told_to_who_gets_it_and_its_end_to_who_gave_it(company):
    action = make_action(company.agent)
    handover = handing.give(action_id=action.pk, by=company.fin, to=company.both.username)
    tell(action, "action.handed")
    assert told("handed") == {company.both.username}
    notice = Notice.objects.get(kind="handed")
    assert f"handed it to {company.both}" in composing.compose(notice).happened
    Handover.objects.filter(pk=handover.pk).update(until=Now())
    assert isinstance(composing.compose(notice), Moot)
    handing.bounce_due()
    tell(action, "action.handover_ended")
    assert told("handed_back") == {company.fin.username}


def test_an_accepted_hand_over_needs_no_message_back(company):
    action = make_action(company.agent)
    handing.give(action_id=action.pk, by=company.fin, to=company.both.username)
    handing.answer(action_id=action.pk, by=company.both, accept=True)
    tell(action, "action.handover_ended")
    assert not Notice.objects.exists()


def test_whoever_had_claimed_it_hears_who_took_it_over(company):
    action = make_action(company.agent)
    note(action, "claim.taken_over", by=company.both.actor(), **{"from": company.fin.pk})
    assert told("taken_over") == {company.fin.username}


def test_changes_asked_for_are_told_to_the_agents_owner(company):
    action = make_action(company.agent)
    note(action, "action.changes_requested", round=1)
    assert told("question") == {company.owner.username}


def test_everybody_who_was_asked_hears_who_ended_it_but_not_who_did(company):
    action = make_action(company.agent)
    tell(action)
    sent()
    decide(action, company.fin, "reject")
    tell(action)
    assert told("resolved") == {company.lea.username, company.both.username}
    letter = composing.compose(Notice.objects.filter(kind="resolved").first())
    assert f"{company.fin} rejected it" in letter.happened


def test_who_was_never_told_hears_no_end(company):
    action = make_action(company.agent)
    tell(action)  # made, and not sent yet
    decide(action, company.fin, "reject")
    tell(action)
    assert not told("resolved")
    assert {type(composing.compose(notice)) for notice in Notice.objects.filter(kind="your_turn")} == {Moot}


def test_the_end_is_told_once_though_more_ends_follow(company):
    action = make_action(company.agent)
    tell(action)
    sent()
    decide(action, company.fin)
    decide(action, company.lea)
    tell(action)
    assert told("resolved") == {company.fin.username, company.both.username}
    sent()
    later(action, permit_until=3600, wake_at=3600)
    actions.sweep()
    assert "action.expired" in [event.verb for event in events(action)]
    tell(action)
    assert Notice.objects.filter(kind="resolved").count() == 2


def test_the_end_of_what_came_in_a_digest_comes_in_a_digest(company):
    action = make_action(company.agent, "send_reply")
    tell(action)
    sent()
    decide(action, company.lea)
    tell(action)
    assert told("resolved", "digest") == {company.both.username} and not told("resolved")


def test_an_unknown_outcome_is_told_to_the_owner_and_its_end_too(company):
    action = make_approved(company)
    note(action, "action.outcome_unknown", reason="tool_timeout")
    assert told("outcome_unknown") == {company.owner.username}
    sent()
    note(action, "action.succeeded")
    assert told("resolved") == {company.owner.username}


def test_a_stopped_agent_is_told_to_its_role_holders_but_not_to_who_stopped_it(company):
    steward = make_person("steward")
    AgentRole.objects.create(agent=company.agent, role="steward", person=steward)
    stops.stop(agent=company.agent, by=company.owner.actor(), reason="It repeats itself")
    tell()
    assert told("agent_stopped") == {"steward"}
    letter = composing.compose(Notice.objects.get(kind="agent_stopped"))
    assert letter.happened.endswith("It repeats itself")
    stops.resume(agent=company.agent, by=steward.actor(), reason="Mended")
    assert composing.compose(Notice.objects.get(kind="agent_stopped")) == Moot("it goes on again")


def test_a_run_that_needs_attention_is_told_to_its_owner_until_somebody_looks(company):
    run = Run.objects.create(agent=company.agent, runtime={}, wake_at=Now())
    Run.objects.filter(pk=run.pk).update(attention="failed")
    data = {"from": "executing", "to": "failed", "reason": "x", "owner": company.owner.pk}
    log.record("run.failed", by=Actor.SYSTEM, subject=("run", str(run.pk)), data=data)
    tell()
    assert told("run_attention") == {company.owner.username}
    notice = Notice.objects.get(kind="run_attention")
    assert composing.compose(notice).link.endswith(f"/runs/{run.pk}/")
    Run.objects.filter(pk=run.pk).update(seen_at=Now())
    assert isinstance(composing.compose(notice), Moot)


def test_a_changed_account_is_mailed_to_its_person_at_once_whatever_they_chose(company):
    prefer(company.fin, mails=False, quiet_from=time(0), quiet_until=time(23, 59))
    key = {"data": {"key": "00"}, "private": {"name": "laptop"}}
    log.record("passkey.added", by=company.fin.actor(), subject=("person", str(company.fin.pk)), **key)
    people.change(company.lea.username, by=Actor.SYSTEM, password="another long passphrase")
    tell()
    assert told("account_changed") == {company.fin.username, company.lea.username}
    notice = Notice.objects.get(kind="account_changed", person=company.fin)
    assert not Notice.objects.filter(kind="account_changed", next_at__gt=Now()).exists()
    letter = composing.compose(notice)
    assert letter.happened.endswith("added a passkey") and letter.link.endswith("/preferences/passkeys/")
    assert "laptop" not in str(letter)


def test_whoever_ended_their_other_sessions_is_told_and_led_to_the_list(company):
    fin = company.fin
    log.record("session.ended_elsewhere", by=fin.actor(), subject=("person", str(fin.pk)), data={"count": 2})
    tell()
    letter = composing.compose(Notice.objects.get(kind="account_changed", person=fin))
    assert letter.happened.endswith("ended 2 other sessions of theirs")
    assert letter.link.endswith("/preferences/sessions/")


def test_who_lost_the_right_to_sign_isnt_told_any_more(company):
    action = make_action(company.agent)
    tell(action)
    company.fin.groups.clear()
    notice = Notice.objects.get(person=company.fin)
    assert composing.compose(notice) == Moot("it isn't theirs to decide any more")


def test_a_notice_names_who_else_can_decide_and_the_step_but_not_who_signed(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    tell(action)
    letter = composing.compose(Notice.objects.get(person=company.lea))
    assert letter.step == "1 of 2 signed; still needs support-leads"
    assert letter.others == (company.both.username,)
    assert letter.why == "you sign for support-leads"


def test_quiet_hours_put_a_notice_off(company):
    prefer(company.fin, quiet_from="00:00", quiet_until="23:59")
    tell(make_action(company.agent))
    notice = Notice.objects.get(person=company.fin)
    assert notice.next_at > timezone.now() + timedelta(seconds=30) or timezone.now().strftime("%H:%M") == "23:59"


def test_later_items_join_the_digest_that_is_made_already(company):
    tell(make_action(company.agent, "send_reply"))
    tell(make_action(company.agent, "send_reply"))
    due = set(Notice.objects.filter(person=company.lea).values_list("next_at", flat=True))
    assert Notice.objects.filter(person=company.lea).count() == 2 and len(due) == 1


def test_the_browser_shows_what_was_asked_for_once_opened_and_only_while_it_waits(company, django_assert_num_queries):
    prefer(company.fin, notifies=True)
    action = make_action(company.agent)
    note(action, "action.at_risk")
    with django_assert_num_queries(1):
        assert browser.new_for(company.fin, None)["notices"] == []  # a tab just opened repeats nothing
    with django_assert_num_queries(1):
        new = browser.new_for(company.fin, 0)
    assert [one["kind"] for one in new["notices"]] == ["at_risk"] and new["last"] == new["notices"][0]["id"]
    assert new["notices"][0]["url"].endswith(f"/actions/{action.pk}/")
    assert browser.new_for(company.fin, new["last"])["notices"] == []
    assert browser.new_for(company.lea, 0) == {"last": 0, "notices": []}
    decide(action, company.lea, "reject")
    assert browser.new_for(company.fin, 0)["notices"] == []


def test_the_browser_shows_nothing_to_who_left_the_group(company):
    prefer(company.fin, notifies=True)
    note(make_action(company.agent), "action.at_risk")
    company.fin.groups.clear()
    assert browser.new_for(company.fin, 0)["notices"] == []


def test_an_event_that_cant_be_told_doesnt_silence_the_others(company, caplog):
    from approvals.telling import reading
    from audit.models import Event

    ghost = "01890000-0000-7000-8000-000000000000"
    log.record("action.overdue", by=Actor.SYSTEM, subject=("action", ghost))
    reading._make(Event.objects.get(subject_id=ghost))
    assert "nobody can be told" in caplog.text
