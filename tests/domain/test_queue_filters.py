"""Which part of the queue somebody asks for: filters, counts, order, groups, search, and why something isn't there."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import stops
from agents.errors import Invalid
from agents.models import Action, Person
from approvals import queue
from approvals.attending import claims, snoozing
from approvals.queue import asked, items, missing, pulse, saved, turns
from tests.factories import (
    TRANSFER,
    decide,
    give_policy,
    grant_tool,
    make_action,
    make_agent,
    make_company,
    make_person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_company("refund-desk")


def ask(person: Person, **given) -> queue.Desk:
    return queue.for_person(person, asked.read((key.rstrip("_"), text) for key, text in given.items()))


def ids(rows) -> list[str]:
    return [row.id for row in rows]


def shown(person: Person, **given) -> list[str]:
    return ids(ask(person, **given).your_turn)


def overdue(action: Action) -> None:
    past = timezone.now() - timedelta(minutes=5)
    Action.objects.filter(pk=action.pk).update(due_at=past, at_risk_at=past)


# --- one count


def test_badge_rows_and_api_say_the_same_for_people_of_different_rights(company):
    for _ in range(3):
        make_action(company.agent, "send_reply")
    signed = make_action(company.agent)
    decide(signed, company.fin)
    make_action(company.agent)
    put_aside = make_action(company.agent, "send_reply")
    snoozing.snooze(put_aside.pk, by=company.lea)
    expected = {company.fin: 1, company.lea: 5, company.owner: 0, company.both: 6}
    for person, count in expected.items():
        mine = queue.for_person(person)
        body = queue.as_json(mine)
        says = pulse.of(person, asked.Asked(), since=mine.now, shown=[])
        numbers = {queue.bar(person).your_turn, len(mine.your_turn), body["counts"]["your_turn"], says.your_turn}
        assert numbers == {len(body["your_turn"])} == {count}, person


# --- filters


def test_each_filter_shows_what_it_names_and_nothing_else(company):
    other = make_agent("other-desk", owner=company.owner)
    reply = make_action(company.agent, "send_reply")
    small = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 20})
    big = make_action(other, arguments={"order_id": "A-2", "amount_usd": 900})
    overdue(reply)
    claims.take(small.pk, by=company.both)
    lea = company.lea
    every = {str(action.pk) for action in (reply, small, big)}
    for given, expected in [
        ({"tier": "2"}, {reply}),
        ({"tier": "2,3"}, {reply, small, big}),
        ({"agent": "other-desk"}, {big}),
        ({"tool": "send_reply"}, {reply}),
        ({"due": "late"}, {reply}),
        ({"claimed": "anyone"}, {small}),
        ({"claimed": "nobody"}, {reply, big}),
        ({"claimed": "me"}, set()),
        ({"from_": "100"}, {big}),
        ({"to": "20"}, {reply, small}),
        ({"from_": "20", "to": "899.99"}, {small}),
        ({"section": "waiting"}, set()),
        ({"agent": "nobody-knows"}, set()),
    ]:
        assert set(shown(lea, **given)) == {str(action.pk) for action in expected}, given
    mine = ask(lea, tier="3")
    assert mine.counts.your_turn == 3, "counts are of everything"
    assert mine.matching["your_turn"] == 2
    tiers = {choice.value: choice.count for choice in mine.choices["tier"]}
    assert tiers == {"2": 1, "3": 2}, "a value counts what it would show in the place of the chosen one"
    agents = {choice.value: choice.count for choice in mine.choices["agent"]}
    assert agents == {"refund-desk": 1, "other-desk": 1}
    assert set(shown(company.both, claimed="me")) == {str(small.pk)} and every


def test_a_rule_that_fired_is_a_filter(company):
    give_policy(
        company.agent, 'policy: p\nrules:\n  - {id: big, tool: issue_refund, then: review, when: "amount_usd > 100"}\n'
    )
    caught = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 500})
    make_action(company.agent, arguments={"order_id": "A-2", "amount_usd": 5})
    assert shown(company.fin, rule="big") == [str(caught.pk)]


def test_order_can_be_asked_for_and_equals_stand_as_without_it(company):
    first = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 20})
    second = make_action(company.agent, arguments={"order_id": "A-2", "amount_usd": 30})
    third = make_action(company.agent, "send_reply")
    overdue(third)
    assert shown(company.lea, sort="age") == [str(one.pk) for one in (first, second, third)]
    assert shown(company.lea, sort="impact") == [str(one.pk) for one in (second, first, third)]
    assert shown(company.lea, sort="due")[0] == str(third.pk)
    assert shown(company.lea, sort="tier")[-1] == str(third.pk)


def test_two_reviewers_meet_equals_in_different_orders_and_each_in_the_same_again(company):
    for _ in range(12):
        make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 20})
    one, other = shown(company.lea), shown(company.both)
    assert set(one) == set(other) and one != other
    assert shown(company.lea) == one


# --- search


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A-3001", True),
        ("3001", True),
        ("refund a-3001", True),
        ("41.20", True),
        ("A-3002", False),
        ("100%", False),
        ("_", True),
    ],
)
def test_search_looks_into_headline_and_arguments_and_takes_no_pattern(company, text, found):
    action = make_action(company.agent, arguments={"order_id": "A-3001", "amount_usd": "41.20"})
    assert shown(company.fin, q=text) == ([str(action.pk)] if found else [])


def test_search_reaches_beyond_what_is_read_of_a_long_queue(company, monkeypatch):
    for module in (turns, items):
        monkeypatch.setattr(module, "WINDOW", 3)
    made = [make_action(company.agent, arguments={"order_id": f"Z-{n}", "amount_usd": 500 - n}) for n in range(8)]
    monkeypatch.setattr(turns, "_TURN", turns._TURN.replace("LIMIT 1001", "LIMIT 4").replace("least(1000", "least(3"))
    monkeypatch.setattr(turns, "_TURN", turns._TURN.replace("greatest(50,", "greatest(3,").replace("3000 /", "3 /"))
    mine = ask(company.fin, q="z 7")
    assert mine.counts.more == ("your_turn",) and mine.counts.your_turn < 8
    assert mine.is_partial
    assert ids(mine.your_turn) == [str(made[7].pk)], "the last one, found by its words"
    assert ids(ask(company.owner, q="z 7").your_turn) == []


@pytest.mark.parametrize("few", [400, 2])
@pytest.mark.parametrize(
    ("text", "numbers"),
    [("z 7001", [1]), ("7001", [1]), ("z 700", [0, 1, 2, 3]), ("z", [0, 1, 2, 3]), ("y 700", []), ("refund z 7", [])],
)
def test_the_index_finds_what_has_all_words_however_many_have_the_rare_ones(company, monkeypatch, few, text, numbers):
    made = [make_action(company.agent, arguments={"order_id": f"Z-700{n}", "amount_usd": 50}) for n in range(4)]
    monkeypatch.setattr(
        items, "_FOUND", items._FOUND.replace("LIMIT 401", f"LIMIT {few + 1}").replace("<= 400", f"<= {few}")
    )
    with connection.cursor() as cursor:
        cursor.execute(items._FOUND, {"q": text})
        assert {pk for (pk,) in cursor.fetchall()} == {made[number].pk for number in numbers}


def test_search_finds_nothing_that_isnt_theirs_to_see(company):
    make_action(company.agent, arguments={"order_id": "SECRET-1", "amount_usd": 10})
    stranger = make_person("stranger", "legal")
    mine = ask(stranger, q="SECRET-1")
    assert not any((mine.your_turn, mine.waiting, mine.on_hold, mine.unknown))
    assert all(not choices for choices in mine.choices.values())


# --- groups


def test_rows_stand_together_by_customer_with_count_and_sum(company):
    grant_tool(company.agent, TRANSFER | {"tier": 3})
    for payee, amount in (("ann", 10), ("bob", 700), ("ann", 30)):
        make_action(company.agent, "transfer", arguments={"payee": payee, "amount_usd": amount})
    make_action(company.agent)
    groups = ask(company.fin, group="customer").groups["your_turn"]
    assert [(one.name, one.count, one.sums) for one in groups] == [
        ("bob", 1, ("USD 700.00",)), ("ann", 2, ("USD 40.00",)), ("", 1, ("USD 120.00",))
    ]  # fmt: skip


# --- cost


@pytest.mark.parametrize("size", [0, 1, 60])
def test_a_filtered_and_grouped_queue_costs_the_same_queries_however_long(company, size):
    for _ in range(size):
        make_action(company.agent, "send_reply")
    person = Person.objects.get(pk=company.lea.pk)
    with CaptureQueriesContext(connection) as counted:
        ask(person, q="ticket", tier="2", group="customer", sort="age")
    assert len(counted) <= 10, [query["sql"][:100] for query in counted.captured_queries]


def test_a_pulse_costs_two_queries(company):
    for _ in range(5):
        make_action(company.agent, "send_reply")
    mine = queue.for_person(company.lea)
    since, rows = pulse.read_stamp(pulse.stamp(mine))
    person = Person.objects.get(pk=company.lea.pk)
    with CaptureQueriesContext(connection) as counted:
        pulse.of(person, asked.Asked(), since=since, shown=rows)
    assert len(counted) == 2


# --- the pulse


def test_a_pulse_says_what_is_new_and_what_became_of_the_rows(company):
    other = make_person("fin-b", "finance")
    kept, rejected, signed = (make_action(company.agent) for _ in range(3))
    mine = queue.for_person(company.fin)
    since, rows = pulse.read_stamp(pulse.stamp(mine))
    assert set(rows) == {kept.pk, rejected.pk, signed.pk}
    decide(rejected, company.lea, "reject")
    decide(signed, other)
    claims.take(kept.pk, by=company.both)
    make_action(company.agent)
    says = pulse.of(company.fin, asked.Asked(), since=since, shown=rows)
    fates = {fate.id: fate for fate in says.fates}
    assert (says.your_turn, says.fresh) == (2, 1)
    assert fates[str(rejected.pk)].gone.startswith(f"Decided by {company.lea}, ")
    assert fates[str(signed.pk)].gone.startswith("Signed by somebody else, "), "others still decide without knowing who"
    assert fates[str(kept.pk)].gone == "" and fates[str(kept.pk)].held == f"{company.both} has this, 0 min"


def test_a_pulse_tells_nobody_of_rows_they_never_had(company):
    action = make_action(company.agent)
    stranger = make_person("stranger", "legal")
    assert pulse.of(stranger, asked.Asked(), since=timezone.now(), shown=[action.pk]).fates == []


@pytest.mark.parametrize("text", ["", "x", ".", "nan.", "1e400.", "12.AAAA", "12." + "A" * 5000, "12.!!!!", "\x00"])
def test_a_stamp_that_isnt_ours_is_told_from_one_that_is(text):
    assert pulse.read_stamp(text) is None


# --- snoozing


def test_a_snoozed_action_leaves_the_turn_until_its_time_and_others_keep_it(company):
    action = make_action(company.agent)
    due = action.due_at - timezone.now()
    snooze = snoozing.snooze(action.pk, by=company.fin)
    assert snooze.until - timezone.now() <= min(timedelta(hours=2), due / 2) + timedelta(seconds=1)
    mine = queue.for_person(company.fin)
    assert (mine.your_turn, ids(mine.snoozed), mine.counts.snoozed) == ([], [str(action.pk)], 1)
    assert shown(company.lea) == [str(action.pk)]
    type(snooze).objects.update(until=timezone.now())
    assert shown(company.fin) == [str(action.pk)]


def test_what_is_at_risk_can_not_be_snoozed_and_shows_though_it_was(company):
    action = make_action(company.agent)
    snoozing.snooze(action.pk, by=company.fin)
    Action.objects.filter(pk=action.pk).update(at_risk_at=timezone.now())
    assert shown(company.fin) == [str(action.pk)]
    with pytest.raises(snoozing.TooUrgent):
        snoozing.snooze(action.pk, by=company.lea)


# --- saved views


def test_views_are_a_persons_own_or_their_groups_and_twenty_at_most(company):
    mine = asked.read([("tier", "3,2"), ("due", "late")])
    saved.save("Late ones", mine, by=company.fin)
    saved.save("Ours", mine, by=company.both, group="finance")
    assert [(one.name, one.query, one.group) for one in saved.of(company.fin)] == [
        ("Ours", "tier=2,3&due=late", "finance"), ("Late ones", "tier=2,3&due=late", "")
    ]  # fmt: skip
    assert [one.name for one in saved.of(company.lea)] == []
    for bad in ({"name": "Late ones"}, {"name": " "}, {"name": "x" * 61}, {"name": "y", "group": "support-leads"}):
        with pytest.raises(Invalid):
            saved.save(bad["name"], mine, by=company.fin, group=bad.get("group", ""))
    for number in range(saved.MOST - 1):
        saved.save(f"view {number}", mine, by=company.fin)
    with pytest.raises(Invalid) as refused:
        saved.save("one more", mine, by=company.fin)
    assert "20 views" in refused.value.errors[0]["message"]


def test_nobody_renames_or_deletes_the_view_of_somebody_else(company):
    view = saved.save("Mine", asked.Asked(), by=company.fin)
    for change in (
        lambda: saved.rename(view.pk, "Theirs", by=company.lea),
        lambda: saved.delete(view.pk, by=company.lea),
    ):
        with pytest.raises(saved.NoSuchView):
            change()
    saved.rename(view.pk, "Still mine", by=company.fin)
    assert saved.of(company.fin)[0].name == "Still mine"
    saved.delete(view.pk, by=company.fin)
    assert saved.of(company.fin) == []


# --- why first, and why not


def test_a_row_says_why_it_stands_where_it_does(company):
    make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 412})
    said = queue.for_person(company.fin).your_turn[0].first
    assert said.startswith("Band 3 of 3: on time.") and "T3" in said and "USD 412.00" in said


def whys(person: Person, text, view: str = "") -> list[str]:
    return [why for one in missing.explain(person, str(text), asked.read_query(view)).found for why in one.whys]


def test_why_something_isnt_there_is_said_in_each_case(company):
    action = make_action(company.agent, arguments={"order_id": "A-77", "amount_usd": 10})
    assert "at place 1" in whys(company.fin, action.pk)[0]
    assert "at place 1" in whys(company.fin, "refund A-77")[0]
    assert "filters leave it out: tier" in whys(company.fin, f"https://desk.example/actions/{action.pk}/", "tier=2")[-1]
    assert "own side" in whys(company.owner, action.pk)[0]
    snoozing.snooze(action.pk, by=company.fin)
    assert "put it aside until" in whys(company.fin, action.pk)[0]
    newer, member = make_person("newer", "finance"), make_person("member", "finance")
    action = make_action(company.agent, arguments={"order_id": "A-78", "amount_usd": 10})
    Person.objects.filter(pk=newer.pk).update(signer_since=timezone.now() + timedelta(hours=1))
    newer.refresh_from_db()
    assert "changed after this was asked" in whys(newer, action.pk)[0]
    decide(action, company.fin)
    assert "signed this already" in whys(company.fin, action.pk)[0]
    assert "your groups don't fill that" in whys(member, action.pk)[0]
    stops.stop(agent=company.agent, by=company.owner.actor(), reason="odd")
    assert "on hold" in whys(company.lea, action.pk)[0]


def test_what_is_over_says_who_decided(company):
    action = make_action(company.agent)
    decide(action, company.lea, "reject")
    assert f"{company.lea} decided" in whys(company.fin, action.pk)[0]


def test_what_isnt_there_and_what_isnt_theirs_read_the_same(company):
    action = make_action(company.agent)
    stranger = make_person("stranger", "legal")
    foreign = missing.explain(stranger, str(action.pk))
    nowhere = missing.explain(stranger, "00000000-0000-0000-0000-000000000000")
    assert foreign == nowhere and foreign.nothing
    assert missing.explain(stranger, action.headline) == nowhere
