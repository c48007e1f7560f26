"""The blocks of the detail page: what was read, what is checked, what keeps one from approving, and what is not told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.agentfile import grammar
from agents.errors import Invalid, NoSuchAction
from agents.models import Action, ActionContent, ToolHealth
from approvals.action import brief, history
from approvals.action.blocks import card, changes, checks, evidence, gates, similar, track, trail
from approvals.models import Look, ReasonCode
from audit.models import Event
from tests.domain.reading import DRAFT, POINTED, TICKET, TOLD_REFUND, TOOLS, WORDS, answered
from tests.factories import REFUND, decide, give_policy, grant_tool, make_action, make_company, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_company(tools=TOOLS)


def refund(company, order: str = "A-1", amount: str = "120") -> Action:
    return make_action(company.agent, arguments={"order_id": order, "amount_usd": amount})


def looked_up(company, order: str = "A-1", **more) -> Action:
    return answered(make_action(company.agent, "look_up", arguments={"order_id": order}), {"total": 120}, **more)


def seen(action: Action, person) -> evidence.Evidence:
    return evidence.of(action, trail.of(action), evidence.opened_by(action, person))


# --- what was read


def test_outside_a_run_only_what_was_read_about_the_same_lately_counts(company):
    about, _other = looked_up(company), looked_up(company, "A-2")
    _old = looked_up(company, ago=4000)
    action = refund(company)
    assert [piece.id for piece in seen(action, company.fin).pieces] == [str(about.pk)]


def test_a_source_without_a_label_says_so(company):
    body = {name: value for name, value in TICKET.items() if name != "trust"} | {"name": "read_post"}
    grant_tool(company.agent, body)
    post = make_action(company.agent, "read_post", arguments={"ticket": "T-1"})
    answered(post, {"text": WORDS})
    action = make_action(company.agent, "send_reply", arguments={"ticket": "T-1", "text": DRAFT})
    assert [(piece.trust, piece.label) for piece in seen(action, company.lea).pieces] == [
        ("unlabelled", "nobody has labelled this source")
    ]


def test_required_evidence_must_be_there_and_opened_by_this_very_person(company):
    action = refund(company)
    assert any("look_up isn't on record" in why for why in brief.why_incomplete(action, company.fin))
    looked_up(company)
    action = refund(company, amount="121")
    before = [why for why in brief.why_incomplete(action, company.fin) if "look_up" in why]
    assert before == ["Open the answer of look_up first."]
    piece = seen(action, company.fin).pieces[0]
    evidence.note_opened(action, piece, by=company.fin)
    assert not any("look_up" in why for why in brief.why_incomplete(action, company.fin))
    assert any("look_up" in why for why in brief.why_incomplete(action, company.lea))


def test_opening_twice_is_one_event(company):
    looked_up(company)
    action = refund(company)
    piece = seen(action, company.fin).pieces[0]
    for _ in range(2):
        evidence.note_opened(action, piece, by=company.fin)
    assert Look.objects.filter(action=action, kind=Look.Kind.EVIDENCE).count() == 1
    opened = Event.objects.filter(verb="evidence.opened", subject_id=str(action.pk))
    assert [event.data["what"] for event in opened] == ["the answer of look_up"]
    assert [one.text for one in history.of(action, reader=company.fin)][-1].endswith("opened the answer of look_up")


def test_what_the_action_did_not_come_after_is_no_evidence_of_it(company):
    other = looked_up(company, "A-2")
    with pytest.raises(NoSuchAction):
        evidence.open_piece(refund(company), other.pk, masked=False)


def test_whoever_neither_signs_nor_answers_for_it_reads_without_personal_data(company):
    give_policy(company.agent, "policy: p\nredact: {pii: [email]}\nrules: []\n")
    ticket = answered(make_action(company.agent, "read_ticket", arguments={"ticket": "T-1"}), {"text": WORDS})
    action = make_action(company.agent, "send_reply", arguments={"ticket": "T-1", "text": DRAFT})
    whole = evidence.open_piece(action, ticket.pk, masked=False)
    masked = evidence.open_piece(action, ticket.pk, masked=True)
    assert "lena@example.com" in whole.text and not whole.is_masked
    assert "lena@example.com" not in masked.text and masked.is_masked


def test_an_answer_whose_words_are_not_kept_is_no_evidence(company):
    one = looked_up(company)
    action = refund(company)
    ActionContent.objects.filter(action=one).update(output=None)
    shown = seen(action, company.fin)
    assert shown.missing == ["look_up"] and shown.to_open == [] and not shown.pieces[0].is_kept


def test_erased_words_and_what_nobody_can_inspect_keep_one_from_approving():
    company = make_company(tools=[REFUND])
    action = make_action(company.agent)
    ActionContent.objects.filter(action=action).update(erased_at=timezone.now())
    action.refresh_from_db()
    assert brief.why_incomplete(action, company.fin) == [
        "The words it came with were erased, so nobody can read what it rests on."
    ]
    tagged = make_action(company.agent, arguments={"order_id": "A\U000e0041", "amount_usd": 1})
    assert "can't be inspected" in brief.why_incomplete(tagged, company.fin)[0]


# --- what changes


def test_an_unknown_now_keeps_people_from_approving_from_tier_3_on(company):
    action = refund(company)
    assert changes.of(action).unknown == ["refunded so far"]
    assert (
        "What refunded so far stands at now isn't known, so nobody can see what changes. "
        "Re-check; once its source answers, take the action anew." in brief.why_incomplete(action, company.fin)
    )
    with pytest.raises(brief.Incomplete) as caught:
        brief.require(action, company.fin)
    assert caught.value.extra["missing"] and "You can still reject it." in caught.value.detail


def test_a_tool_without_preview_and_evidence_has_a_whole_brief():
    company = make_company(tools=[REFUND])
    action = make_action(company.agent)
    assert brief.why_incomplete(action, company.fin) == []
    brief.require(action, company.fin)


# --- the pointed checks


def form(*answers: str) -> dict:
    return {f"check-{one['id']}": answer for one, answer in zip(POINTED, answers, strict=False)}


def test_only_ok_to_every_check_approves(company):
    action = refund(company)
    assert checks.read(action, form("ok", "ok")) == {"payee": "ok", "amount": "ok"}
    for given, fields in [
        (form(), ["check-payee", "check-amount"]),
        (form("ok"), ["check-amount"]),
        (form("ok", "not_ok"), ["check-amount"]),
        (form("cant_tell", "ok"), ["check-payee"]),
        (form("yes", "ok"), ["check-payee"]),
    ]:
        with pytest.raises(Invalid) as caught:
            checks.read(action, given)
        assert [error["field"] for error in caught.value.errors] == fields


def test_what_is_not_ok_leads_to_rejecting_and_what_can_not_be_told_to_asking(company):
    action = refund(company)
    assert checks.prefill(action, form("cant_tell", "not_ok")).reason_code == "wrong_value"
    assert checks.prefill(action, form("ok", "cant_tell")).asks
    assert checks.prefill(action, form("ok", "ok")) == checks.Prefill()


def test_below_tier_3_nobody_is_asked():
    company = make_company(tools=[{**TOLD_REFUND, "tier": 2}])
    action = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": "120"})
    assert (checks.of(action), checks.read(action, {}), brief.why_incomplete(action, company.lea)) == ([], {}, [])


def test_the_agent_file_knows_the_codes_that_people_reject_with():
    assert set(grammar.REJECT_CODES) == set(ReasonCode.values)


# --- what was checked by us


def results(action: Action) -> dict[str, str]:
    return {gate.name: gate.result for gate in gates.of(action, None)}


def test_what_was_not_run_is_said_and_failures_come_first(company):
    action = refund(company)
    found = gates.of(action, None)
    order = [gate.result for gate in found]
    assert order == sorted(order, key=("fail", "not_run", "pass", "not_set_up", "not_applicable").index)
    assert results(action)["Duplicate"] == "not_set_up"
    assert results(action)["Budget of the run"] == "not_applicable"
    assert results(action)["Redaction"] == "not_set_up"
    assert results(action)["Policy"] == "pass"


def test_what_cannot_apply_is_no_warning_and_stands_last_with_its_reason(company):
    action = make_action(company.agent, "look_up")
    found = gates.of(action, None)
    assert [(gate.name, gate.words) for gate in found[-2:]] == [
        ("Duplicate", "Doesn't apply"), ("Budget of the run", "Doesn't apply"),
    ]  # fmt: skip
    assert "only reads" in found[-2].text and "without a run" in found[-1].text
    assert not [gate for gate in found if gate.result == "not_run"]


def test_what_was_wanted_and_could_not_be_looked_up_still_warns():
    company = make_company(tools=[{**REFUND, "business_key": ["order_id"]}])
    action = make_action(company.agent)
    action.snapshot = {name: part for name, part in action.snapshot.items() if name not in ("totals", "rejected_by")}
    assert results(action)["Duplicate"] == results(action)["Rejected before"] == "not_run"
    assert gates.of(action, None)[0].result == "not_run"


def test_the_words_about_ranges_stand_only_beside_a_range(company):
    action = make_action(company.agent)
    assert not track.of(action).has_ranges
    decide(make_action(company.agent), company.fin, "reject")
    assert track.of(action).has_ranges


def test_a_duplicate_a_rule_and_a_hidden_character_have_failed():
    company = make_company(tools=[{**REFUND, "business_key": ["order_id"]}])
    rules = "policy: p\nrules:\n  - {id: big, tool: issue_refund, then: review, when: 'amount_usd > 100'}\n"
    give_policy(company.agent, rules)
    for amount in ("120", "130"):
        action = make_action(company.agent, arguments={"order_id": "A\u200b1", "amount_usd": amount})
    found = results(action)
    assert (found["Duplicate"], found["Policy"], found["Hidden characters"]) == ("fail", "fail", "fail")


def test_what_people_rejected_before_has_failed(company):
    decide(refund(company), company.fin, "reject")
    assert results(refund(company, amount="99"))["Rejected before"] == "fail"


def test_a_tool_whose_breaker_is_open_has_failed(company):
    action = refund(company)
    assert results(action)["The tool answers"] == "pass"
    ToolHealth.objects.create(tool=action.tool, failures=7, open_until=timezone.now() + timedelta(minutes=5))
    assert results(action)["The tool answers"] == "fail"


# --- what became of its like


def test_the_track_record_counts_its_like_and_not_itself():
    company = make_company(tools=[REFUND])
    for number in range(3):
        one = make_action(company.agent, arguments={"order_id": f"o{number}", "amount_usd": 120})
        decide(one, company.fin, "reject")
    action = make_action(company.agent, arguments={"order_id": "x", "amount_usd": 120})
    found = {figure.name: (figure.share.count, figure.share.of) for figure in track.of(action).figures}
    assert track.of(action).proposed == 3
    assert (found["rejected"], found["approved by people"], found["rolled back"]) == ((3, 3), (0, 3), (0, 0))


def test_the_nearest_decisions_stand_first_and_are_hidden_until_one_has_decided():
    company = make_company(tools=[REFUND])
    for order, amount in (("A-9", 500), ("A-1", 130), ("A-1", 119)):
        decide(make_action(company.agent, arguments={"order_id": order, "amount_usd": amount}), company.fin, "reject")
    action = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 120})
    mine = {group.pk for group in company.fin.groups.all()}
    assert similar.of(action, groups=mine, decided=False, answered=False) == similar.Similar(True, [])
    shown = similar.of(action, groups=mine, decided=True, answered=False)
    assert [one.headline for one in shown.decisions] == [
        "Refund USD 119.00 for order A-1",
        "Refund USD 130.00 for order A-1",
        "Refund USD 500.00 for order A-9",
    ]
    assert (shown.decisions[0].reason, shown.decisions[0].same) == ("Wrong value", ["order_id"])


def test_a_signer_is_told_of_nothing_that_was_routed_past_them():
    company = make_company(tools=[REFUND])
    decide(make_action(company.agent), company.fin, "reject")
    stranger = make_person("zoe", "brand-new")
    mine = {group.pk for group in stranger.groups.all()}
    action = make_action(company.agent)
    assert similar.of(action, groups=mine, decided=True, answered=False).decisions == []


# --- the card of tier 2


def test_the_customers_words_stand_beside_the_draft(company):
    answered(make_action(company.agent, "read_ticket", arguments={"ticket": "T-1"}), {"id": "T-1", "text": WORDS})
    action = make_action(company.agent, "send_reply", arguments={"ticket": "T-1", "text": DRAFT})
    shown = card.of(action, trail.of(action), masked=False)
    assert (shown.words.text, shown.draft.text, shown.arguments) == (WORDS, DRAFT, [("ticket", "T-1", [])])
    assert card.of(refund(company), trail.of(action), masked=False) is None


def test_words_of_another_source_are_not_the_customers(company):
    looked_up(company, "T-1")
    action = make_action(company.agent, "send_reply", arguments={"ticket": "T-1", "text": DRAFT})
    assert card.of(action, trail.of(action), masked=False).words is None
