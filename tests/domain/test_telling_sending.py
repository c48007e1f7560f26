"""What goes out: real mail over SMTP, real webhooks over HTTP; what fails is tried again, and given up at last."""

import logging
import re
import time
from datetime import timedelta
from email.header import decode_header, make_header
from functools import partial

import pytest
from django.core.management import call_command
from django.utils import timezone

from agents import stops
from agents.models import Action
from approvals.attending import claims
from approvals.models import Notice
from approvals.telling import browser, composing, endpoints, mail, sending, smtp, trouble, webhooks
from approvals.telling.endpoints import Endpoint
from approvals.telling.trouble import Failed
from approvals.zones import zone_named
from audit import log
from audit.actors import Actor
from audit.models import Event
from tests.domain.telling import give_address, now_due, prefer, send, tell
from tests.factories import REPLY, TRANSFER, decide, make_action, make_company, make_person
from tests.mailserver import mail_server, sending_to, text_of
from tests.receiver import SECRET, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    made = make_company()
    give_address(made.owner, made.fin, made.lea, made.both)
    return made


@pytest.fixture
def box():
    with mail_server() as box:
        yield box


def to(box, person) -> list:
    return [one for one in box.mails if one["To"] == person.email]


# --- mail


def test_a_mail_arrives_with_what_one_needs_to_come_and_decide(company, box):
    prefer(company.fin, zone="Europe/Berlin")
    action = make_action(company.agent, arguments={"order_id": "A-1041", "amount_usd": 120})
    tell(action)
    send()
    (one,) = to(box, company.fin)
    assert one["Subject"] == "[T3] Refund USD 120.00 for order A-1041"
    text = text_of(one)
    for words in ("you sign for finance", "0 of 2 signed", "Due: ", "Expires: ", " UTC)", company.both.username):
        assert words in text
    assert text.count("http") == 1 and f"https://desk.example/actions/{action.pk}/" in text
    assert one.get_content_type() == "text/plain" and one["Auto-Submitted"] == "auto-generated"
    assert not Notice.objects.filter(channel="mail", sent_at__isnull=True).exists()


def test_mails_about_one_lineage_are_one_thread(company, box):
    action = make_action(company.agent)
    tell(action)
    send()
    log.record("action.overdue", by=Actor.SYSTEM, subject=("action", str(action.pk)))
    tell(action, "action.overdue")
    send()
    first, second = to(box, company.fin)
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == second["References"] == f"<{action.lineage}@desk.example>"
    assert first["Subject"] == second["Subject"]


def test_a_mail_that_is_sent_again_has_the_same_id(company, box):
    tell(make_action(company.agent))
    notice = Notice.objects.get(person=company.fin)
    ids = [
        mail.message(composing.compose(notice), person=company.fin, zone="UTC", number=notice.pk).message()[
            "Message-ID"
        ]
        for _ in range(2)
    ]
    assert len(set(ids)) == 1


def test_the_end_is_mailed_by_name(company, box):
    action = make_action(company.agent)
    tell(action)
    send()
    decide(action, company.fin, "reject")
    tell(action)
    send()
    assert f"{company.fin} rejected it" in text_of(to(box, company.lea)[-1])
    assert "Nothing is asked of you any more" in text_of(to(box, company.lea)[-1])


@pytest.mark.parametrize(
    "hostile",
    [
        "A-1\r\nBcc: thief@evil.example\r\n\r\nhello",
        "A-1\nSubject: other",
        "A-1\u2028X: y\x0b\x0c\x85\x1b[2J",
        "A-1\u202egnihtemos\u200b",
    ],
)
def test_what_an_agent_writes_stays_one_line_of_the_subject(company, box, hostile):
    tell(make_action(company.agent, arguments={"order_id": hostile, "amount_usd": 120}))
    send()
    assert sorted(box.recipients) == sorted([company.both.email, company.fin.email, company.lea.email])
    for raw, one in zip(box.raw, box.mails, strict=True):
        head = raw.partition(b"\r\n\r\n")[0]
        assert b"\nBcc:" not in head and head.count(b"\nSubject:") + head.startswith(b"Subject:") == 1
        subject = str(make_header(decode_header(one["Subject"])))
        assert subject == "[T3] Refund USD 120.00 for order [order id]"
        assert all(char == "\n" or (char.isprintable() and char not in "\u202e\u200b\u2028") for char in text_of(one))


def test_the_words_of_a_stop_stay_one_line_masked_and_inert(company, box):
    reason = "over\r\n.\r\nMAIL FROM:<x@evil.example>\u202e see https://evil.example/a or lena@shop.example"
    stops.stop(agent=company.agent, by=company.fin.actor(), reason=reason)
    tell()
    send()
    (one,) = to(box, company.owner)
    line = next(line for line in text_of(one).splitlines() if line.startswith("What happened"))
    assert "[U+000D][U+000A]" in line and "[U+202E]" in line and "evil[.]example" in line and "lena" not in line


def test_planted_personal_data_and_links_reach_no_channel(company, box):
    mixed = "A-1 lena.ortiz@shop.example 4111 1111 1111 1111 +49 30 901820 DE89370400440532013000"
    with receiving("action.proposed") as receiver:
        for planted in (mixed, "4111-1111-1111-1111"):  # the second reads like a reference
            tell(make_action(company.agent, arguments={"order_id": planted, "amount_usd": 120}))
        send()
        assert receiver.got
        whole = b"".join(box.raw) + b"".join(one.body for one in receiver.got)
    whole += "".join(text_of(one) for one in box.mails).encode()
    for secret in (b"lena.ortiz", b"4111", b"901820", b"DE8937"):
        assert secret not in whole
    assert b"[order id]" in whole and b"[card]" in whole


def test_a_name_in_a_headline_leaves_by_no_channel(box):
    made = make_company(tools=[{**TRANSFER, "tier": 3}])
    give_address(made.fin, made.lea, made.both)
    prefer(made.fin, notifies=True)
    action = make_action(made.agent, "transfer", arguments={"payee": "Lena Ortiz", "amount_usd": 120})
    assert "Lena Ortiz" in action.headline, "at the desk it stands"
    with receiving("action.proposed", "action.at_risk") as receiver:
        tell(action)
        log.record("action.at_risk", by=Actor.SYSTEM, subject=("action", str(action.pk)))
        tell(action, "action.at_risk")
        send()
        whole = b"".join(box.raw + [one.body for one in receiver.got]).decode()
        shown = browser.new_for(made.fin, 0)["notices"]
    assert "Lena" not in whole and "[payee]" in whole and receiver.got
    assert [one["text"] for one in shown] == ["Transfer USD 120.00 to [payee]"]


def test_a_name_in_a_headline_is_in_no_digest(box):
    made = make_company(tools=[{**REPLY, "headline": "Reply to {text}"}])
    give_address(made.lea, made.both)
    tell(make_action(made.agent, "send_reply", arguments={"ticket": "t-1", "text": "Lena Ortiz"}))
    send()
    assert {mail["Subject"] for mail in box.mails} == {"[T2] 1 action waits for you"}
    assert all("Lena" not in text_of(mail) and "Reply to [text]" in text_of(mail) for mail in box.mails)


def test_an_address_in_a_headline_is_no_link(company, box):
    tell(make_action(company.agent, arguments={"order_id": "203.0.113.9/login", "amount_usd": 120}))
    send()
    assert "203.0.113.9" not in text_of(box.mails[0])


@pytest.mark.parametrize("dripped", ["greeting", "RCPT", "DATA"])
def test_a_server_that_drips_its_answers_holds_no_mail_up_for_long(company, box, monkeypatch, dripped):
    """Each byte comes long before a socket's timeout."""
    monkeypatch.setattr(sending, "Backend", partial(smtp.Backend, seconds=1.0))
    notices = tell(make_action(company.agent))
    now_due()
    box.drips = dripped
    assert sending.send_mails() == 1, "the lane stops there"
    assert Notice.objects.get(tries=1).error == "the server didn't answer in time"
    box.drips = ""
    send()
    assert len(box.mails) == len(notices)


def test_whoever_had_claimed_it_gets_a_mail_when_somebody_takes_it_over(company, box):
    jonas = make_person("jonas", "finance")
    action = make_action(company.agent)
    claims.take(action.pk, by=company.fin)
    claims.take(action.pk, by=jonas, over=True)
    tell(action, "claim.taken_over")
    send()
    (one,) = box.mails
    assert one["To"] == company.fin.email and one["Subject"].startswith("[T3] Refund")
    assert "Somebody else took over what you had claimed." in text_of(one)
    assert f"What happened: {jonas} took it over from {company.fin.username}" in text_of(one)


def test_without_a_server_the_notice_says_so_and_nothing_is_tried_again(company):
    tell(make_action(company.agent))
    send()
    assert set(Notice.objects.values_list("error", "next_at", "sent_at")) == {(mail.NOT_SET_UP, None, None)}


def test_without_an_address_the_notice_says_so(company, box):
    company.fin.email = ""
    company.fin.save(update_fields=["email"])
    tell(make_action(company.agent))
    send()
    assert Notice.objects.get(person=company.fin).error == mail.NO_ADDRESS
    assert to(box, company.lea)


def test_what_was_decided_before_it_was_sent_isnt_mailed(company, box):
    action = make_action(company.agent)
    tell(action)
    decide(action, company.fin, "reject")
    send()
    assert box.mails == [] and "over before" in Notice.objects.first().error


def test_a_server_that_is_down_is_tried_again_later_and_the_lane_stops_there(company):
    tell(make_action(company.agent))
    with sending_to(9):  # nobody listens there
        now_due()
        assert sending.send_mails() == 1
    tried = Notice.objects.get(tries=1)
    assert tried.sent_at is None and tried.error == "the server can't be reached"
    assert timedelta(seconds=3) < tried.next_at - timezone.now() < timedelta(seconds=6)


def test_a_mail_refused_for_now_goes_later_and_one_refused_for_good_is_given_up_on_record(company, box):
    tell(make_action(company.agent))
    Notice.objects.exclude(person=company.fin).update(next_at=None)
    box.answers = ["451 later", "550 nobody of that name lena@x.example"]
    send()
    notice = Notice.objects.get(person=company.fin)
    assert notice.error == "the server refused the recipient (451)" and notice.next_at
    send()
    notice.refresh_from_db()
    assert (notice.next_at, notice.sent_at) == (None, None)
    assert notice.error == "the server refused the recipient (550)"
    event = Event.objects.get(verb="notice.given_up")
    assert str(company.fin) in event.sentence() and str(company.fin) not in str(event.data)


def test_what_fails_for_a_day_is_given_up(company):
    tell(make_action(company.agent))
    Notice.objects.update(tries=len(trouble.MAIL_PAUSES))
    with sending_to(9):
        for _ in range(3):
            send()
    assert Event.objects.filter(verb="notice.given_up").count() == 3
    assert not Notice.objects.filter(next_at__isnull=False).exists()


def test_a_claim_is_a_lease_and_a_sender_that_died_leaves_it_to_the_next(company, box):
    tell(make_action(company.agent))
    now_due()
    taken = sending._claim(Notice.objects.filter(channel="mail"))
    taken.refresh_from_db()
    assert timedelta(minutes=4) < taken.next_at - timezone.now() < timedelta(minutes=6)
    sending.send_mails()
    assert len(box.mails) == 2
    send()
    assert len(box.mails) == 3


def test_a_sender_slower_than_its_lease_says_nothing_any_more(company):
    tell(make_action(company.agent))
    now_due()
    mine = sending._claim(Notice.objects.filter(channel="mail"))
    now_due()
    theirs = next(one for _ in range(3) if (one := sending._claim(Notice.objects.filter(channel="mail"))).pk == mine.pk)
    sending._close(mine, sent=True)
    theirs.refresh_from_db()
    assert theirs.sent_at is None


# --- digests


def test_a_digest_is_one_mail_for_all_that_waits(company, box):
    for _ in range(3):
        tell(make_action(company.agent, "send_reply"))
    send()
    (one,) = to(box, company.lea)
    assert one["Subject"] == "[T2] 3 actions wait for you"
    assert text_of(one).count("Reply to ticket") == 3 and text_of(one).count("/actions/") == 3


def test_what_still_waits_is_said_again_in_the_morning_and_what_is_over_is_not(company, box):
    prefer(company.lea, zone="Europe/Berlin")
    first, second = (make_action(company.agent, "send_reply") for _ in range(2))
    tell(first)
    tell(second)
    send()
    again = Notice.objects.filter(person=company.lea).values_list("next_at", flat=True)
    assert {f"{at.astimezone(zone_named('Europe/Berlin')):%H:%M}" for at in again} == {"08:30"}
    decide(first, company.both)
    tell(first)
    send()
    last = text_of(to(box, company.lea)[-1])
    assert last.count("/actions/") == 1 and str(second.pk) in last
    assert "Over since you were told" in last and "approved" in last.lower()


def test_an_empty_digest_isnt_sent(company, box):
    action = make_action(company.agent, "send_reply")
    tell(action)
    decide(action, company.both)
    send()
    assert to(box, company.lea) == []


# --- webhooks


def test_a_webhook_is_signed_by_standard_webhooks_and_says_what_a_mail_says(company):
    with receiving("action.proposed") as receiver:
        action = make_action(company.agent)
        tell(action)
        send()
    (got,) = receiver.got
    assert got.is_signed() and not got.is_signed(b"another secret of thirty-two by.")
    assert got.path == "/hook?team=7" and got.headers["content-type"] == "application/json"
    body = got.json
    assert (body["type"], body["data"]["tier"], body["data"]["step"]) == (
        "action.proposed",
        3,
        "0 of 2 signed; still needs finance, support-leads",
    )
    assert body["data"]["subject"] == {"kind": "action", "id": str(action.pk)}
    assert {company.fin.username, company.lea.username} <= set(body["data"]["who_can_decide"])
    assert body["data"]["url"].endswith(f"/actions/{action.pk}/") and body["data"]["due_at"].endswith("Z")
    assert "Refund USD 120.00" in body["text"] and company.fin.email not in got.body.decode()


@pytest.mark.parametrize("trace", ["4bf92f3577b34da6a3ce929d0e0e4736", "", "not a trace"])
def test_a_webhook_goes_out_in_the_trace_its_action_came_in(company, trace):
    with receiving("action.proposed") as receiver:
        tell(make_action(company.agent, trace_id=trace))
        send()
    (got,) = receiver.got
    named = got.headers.get("traceparent", "")
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", named) if len(trace) == 32 else named == ""


def test_an_endpoint_gets_the_events_it_asks_for_alone(company):
    with receiving("action.rejected") as receiver:
        action = make_action(company.agent)
        tell(action)
        decide(action, company.fin, "reject")
        tell(action)
        send()
    assert [one.json["type"] for one in receiver.got] == ["action.rejected"]


def test_a_failed_webhook_comes_again_under_the_same_id_signed_anew(company):
    with receiving("action.proposed") as receiver:
        receiver.answers = [(500, {}, b"oops"), (302, {"Location": "http://127.0.0.1:9/"}, b"")]
        tell(make_action(company.agent))
        for _ in range(3):
            send()
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert len(receiver.got) == 3 and all(one.is_signed() for one in receiver.got)
    notice = Notice.objects.get(channel="webhook")
    assert notice.sent_at and notice.error == "" and notice.next_at is None


def test_a_redirect_isnt_followed(company):
    with receiving("action.proposed") as receiver:
        receiver.answers = [(307, {"Location": f"{receiver.url}/elsewhere"}, b"")]
        tell(make_action(company.agent))
        send()
        assert [one.path for one in receiver.got] == ["/hook?team=7"]
    assert Notice.objects.get(channel="webhook").error == "it answered 307"


def test_the_other_side_may_ask_for_patience_and_for_an_end(company):
    with receiving("action.proposed") as receiver:
        receiver.answers = [(429, {"Retry-After": "600"}, b""), (410, {}, b"")]
        tell(make_action(company.agent))
        send()
        notice = Notice.objects.get(channel="webhook")
        assert timedelta(seconds=590) < notice.next_at - timezone.now() < timedelta(seconds=610)
        send()
    assert Event.objects.get(verb="notice.given_up").sentence() == "A message about it couldn't be delivered to chat"


def test_an_answer_that_drips_or_never_ends_holds_nothing_up():
    with receiving("action.proposed") as receiver:
        endpoint = endpoints.find("chat")
        receiver.answers, receiver.drip_seconds = [(200, {}, b"x" * 200)], 0.1
        began = time.monotonic()
        with pytest.raises(Failed, match="in time"):
            webhooks.post(endpoint, number="n", body=b"{}", seconds=0.5)
        assert time.monotonic() - began < 2
        receiver.answers, receiver.drip_seconds = [(200, {}, b"x" * 100_000)], 0
        assert len(webhooks.post(endpoint, number="n", body=b"{}").body) == webhooks.MAX_ANSWER_BYTES


def test_an_endpoint_that_is_gone_from_the_file_is_given_up_and_one_without_its_secret_waits(company):
    with receiving("action.proposed"):
        tell(make_action(company.agent))
        endpoints.configure(endpoints.endpoints.copy(), {"chat": "the file isn't there."})
        send()
        assert Notice.objects.get(channel="webhook").next_at
        endpoints.configure({})
        send()
    assert Notice.objects.get(channel="webhook").next_at is None


def test_a_dead_endpoint_keeps_no_other_waiting(company):
    with receiving("action.proposed", name="alive") as receiver:
        both = endpoints.endpoints | {
            "aaa": Endpoint("aaa", "http://127.0.0.1:9/", frozenset({"action.proposed"}), SECRET, loopback=True)
        }
        endpoints.configure(both)
        for _ in range(3):
            tell(make_action(company.agent))
        send()
    assert len(receiver.got) == 3
    assert Notice.objects.filter(endpoint="aaa", tries=1).count() == 1  # one try, then the others are left for later


def test_the_address_of_a_webhook_and_its_secret_show_nowhere(company, caplog):
    caplog.set_level(logging.DEBUG)
    with receiving("action.proposed") as receiver:
        shown = repr(endpoints.find("chat"))
        receiver.answers = [(500, {}, b"")]
        tell(make_action(company.agent))
        send()
    shown += caplog.text + str(list(Notice.objects.values()))
    assert "team=7" not in shown and SECRET.decode() not in shown


def test_the_operator_tries_a_webhook_and_reads_what_came_back(capsys):
    with receiving("action.proposed") as receiver:
        receiver.answers = [(200, {}, b"thanks\x1b[2J")]
        call_command("webhook", "test", "chat")
        shown = capsys.readouterr()
        assert shown.out == "200\nthanks[U+001B][2J\n" and "took it" in shown.err
        assert receiver.got[0].is_signed() and receiver.got[0].json["type"] == "webhook.test"
        receiver.answers = [(404, {}, b"")]
        with pytest.raises(SystemExit):
            call_command("webhook", "test", "chat")
    with pytest.raises(SystemExit):
        call_command("webhook", "test", "chat")
    assert "There is no webhook 'chat'" in capsys.readouterr().err


def test_telling_changes_nothing_of_the_action(company, box):
    action = make_action(company.agent)
    before = Action.objects.filter(pk=action.pk).values().get()
    tell(action)
    send()
    assert Action.objects.filter(pk=action.pk).values().get() == before
