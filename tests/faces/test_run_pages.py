"""The pages of runs, as a browser without JavaScript meets them, and the fragment that follows one."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import contents, runs, stops
from agents.lifecycle import RunState
from agents.models import Action, AgentRole, Client, Run, RunContent
from agents.runs import Asked
from tests import runtimes
from tests.domain.running import CLIENT, carry, look, make_talking_company, refund
from tests.factories import decide, make_company, make_person
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>\u202eevil\u200b"
HX = {"HX-Request": "true"}


@pytest.fixture
def company():
    return make_talking_company("refund-desk")


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


def begin(company, *turns, **asked) -> Run:
    run = enqueue(company, *turns, **asked)
    return carry(run)


def enqueue(company, *turns, **asked) -> Run:
    client = Client.objects.get_or_create(name="inbox")[0]
    return runs.enqueue(company.agent, Asked(input={"turns": list(turns)}, **asked), by=CLIENT, client=client)


def failed(company, detail: str = "") -> Run:
    return begin(company, {"fail": {"code": "no_stock", "detail": detail}})


def page(run: Run) -> str:
    return reverse("run", args=[run.pk])


def live(run: Run, **query) -> str:
    return reverse("run-live", args=[run.pk], query=query)


def text(response) -> str:
    return response.content.decode()


def words(response) -> str:
    """Return what stands on the page, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text(response)))


def version(response) -> str:
    return re.search(r"version=(\w+)", text(response)).group(1)


# --- who comes in


def test_pages_ask_who_you_are_first(client, company):
    run = begin(company, {"finish": 1})
    for address in ("/runs/", page(run)):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={address}")


def test_a_fragment_sends_whoever_was_signed_out_to_sign_in_and_back_to_the_page(client, company):
    run = begin(company, {"propose": [refund("A-1")]})
    response = client.get(live(run, version="x"), headers=HX)
    assert response.status_code == 401 and response.content == b""
    assert response["HX-Redirect"] == f"/accounts/login/?next=%2Fruns%2F{run.pk}%2F"
    assert "no-store" in response["Cache-Control"]


def test_a_run_of_an_agent_one_cant_see_isnt_there(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    stranger = at(make_person("stranger"))
    for address in (page(run), live(run)):
        assert stranger.get(address).status_code == 404
    for name in ("stop-run", "resume-run", "cancel-run", "see-run"):
        assert stranger.post(reverse(name, args=[run.pk]), {"reason": "odd"}).status_code == 404
    assert "No runs yet." in words(stranger.get("/runs/"))
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW


def test_pages_are_kept_by_no_cache_and_carry_no_inline_code(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    for address in ("/runs/", page(run), live(run)):
        response = at(company.owner).get(address)
        assert "no-store" in response["Cache-Control"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.search(r'<script(?! src="/static/)|<style|\sstyle=|\son\w+=', text(response))


@pytest.mark.parametrize("name", ["stop-run", "resume-run", "cancel-run", "see-run"])
def test_opening_the_address_of_a_form_leads_to_its_page_and_does_nothing(at, company, name):
    run = begin(company, {"propose": [refund("A-1")]})
    answer = at(company.owner).get(reverse(name, args=[run.pk]) + "?reason=odd")
    assert (answer.status_code, answer["Location"]) == (302, page(run))
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW


# --- the list


def test_the_list_says_where_each_run_stands_who_asked_and_whom_it_waits_for(at, company):
    done, held = begin(company, {"use": 900, "finish": 1}), begin(company, {"propose": [refund("A-1")]})
    body = text(at(company.fin).get("/runs/"))
    assert body.index(str(held.pk)) < body.index(str(done.pk)), "newest first"
    shown = words(at(company.fin).get("/runs/"))
    assert "Completed" in shown and "900 tokens" in shown and "inbox" in shown
    assert "Waiting for people" in shown and "finance, support-leads" in shown


def test_a_run_is_known_by_its_first_action_and_before_that_by_its_input(at, company):
    run = runs.enqueue(
        company.agent,
        Asked(
            input={"ticket_id": "T-1004", "copies": 2, "to": None, "turns": [{"propose": [look("A-1"), refund("A-2")]}]}
        ),
        by=CLIENT,
        client=Client.objects.get_or_create(name="inbox")[0],
    )
    asked = known_as(at(company.fin), run)
    assert asked.startswith('copies: 2, ticket_id: T-1004, turns: [{"propose": '), "what is short stands first"
    carry(run)
    first, second = Action.objects.filter(run_id=run.pk).order_by("pk")
    assert first.headline != second.headline
    assert known_as(at(company.fin), run) == f"{first.headline} and 1 more"


def test_a_run_is_known_by_the_goal_its_task_names(at, company):
    run = begin(company, {"propose": [look("A-1"), refund("A-2")]})
    for given, known in [
        ({"task": "Mend it", "goal": "Answer T-7"}, "Answer T-7"),
        ({"purpose": "Tidy up <b>"}, "Tidy up <b>"),
        ({"goal": "  ", "task": "Mend it"}, "Mend it"),
        ({"goal": {"words": 1}}, f"{first_of(run)} and 1 more"),
        ({"goal": "g" * 9000}, "g" * 160 + "…"),
        (["goal"], f"{first_of(run)} and 1 more"),
    ]:
        RunContent.objects.filter(run=run).update(input=given)
        assert known_as(at(company.fin), run) == known


def test_two_runs_of_the_same_beginning_are_told_apart_by_id_and_start(at, company):
    one, other = (begin(company, {"propose": [look("A-1")]}) for _ in range(2))
    for run in (one, other):
        body = text(at(company.fin).get(page(run)))
        line = body[body.index("Run <code>") :].partition("</p>")[0]
        assert str(run.pk)[-8:] in line and f'started <time datetime="{run.created_at:%Y-%m-%d}' in line
    assert str(one.pk)[-8:] != str(other.pk)[-8:]


def test_the_name_of_a_run_that_goes_on_is_drawn_anew(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    body = text(at(company.fin).get(reverse("run-live", args=[run.pk])))
    assert re.search(r'<h1 id="run-name" hx-swap-oob="outerMorph">', body) and first_of(run)[:12] in body


def first_of(run: Run) -> str:
    return Action.objects.filter(run_id=run.pk).order_by("pk").first().headline


def test_what_a_run_is_about_is_one_line_however_much_was_asked(at, company):
    run = enqueue(company, {"finish": "a\n" * 5000})
    about = known_as(at(company.fin), run)
    assert len(about.replace("U+000A", "-")) <= 161 and about.endswith("…")
    for odd in ({}, [1], "text"):
        RunContent.objects.filter(run=run).update(input=odd)
        assert known_as(at(company.fin), run) == company.agent.name, "nothing is asked: its agent names it"


def test_erased_words_name_no_run_any_more(at, company):
    bare, acted = failed(company), begin(company, {"propose": [look("A-1")]}, {"finish": 1})
    assert known_as(at(company.fin), bare).startswith("turns: ")
    RunContent.objects.update(erase_after=0)
    assert contents.erase_due() == 2
    assert known_as(at(company.fin), bare) == company.agent.name
    assert known_as(at(company.fin), acted) == Action.objects.get(run_id=acted.pk).headline, "what was decided on stays"


def known_as(browser, run: Run) -> str:
    """Return by which words the list knows a run, and hold them against those of its page."""
    row = re.search(rf'<a class="headline" href="{page(run)}">(.*?)</a>', text(browser.get("/runs/")))
    own = text(browser.get(page(run)))
    known, heading, title = (
        html.unescape(re.sub(r"<[^>]*>", "", part))
        for part in (
            row[1],
            re.search(r"<h1[^>]*>(.*?)</h1>", own)[1],
            re.search(r"<title>(.*?)</title>", own, re.S)[1],
        )
    )
    assert known == heading
    assert known == run.agent.name or title.startswith(f"{known}: ".replace("U+000A", "[U+000A]"))
    return known


def test_what_needs_you_stands_first_and_only_for_those_who_hold_a_role(at, company):
    bad, good = failed(company), begin(company, {"finish": 1})
    body = text(at(company.owner).get("/runs/"))
    assert body.index("Needs you</h2>") < body.index(str(bad.pk)) < body.index("All others") < body.index(str(good.pk))
    assert body.count(page(bad)) == 1
    assert "Needs you</h2>" not in text(at(company.fin).get("/runs/"))
    assert str(bad.pk) in text(at(company.fin).get("/runs/"))


def test_the_queue_shows_role_holders_the_runs_that_need_them_until_one_of_them_has_seen_it(at, company):
    bad = failed(company)
    steward = make_person("steward")
    AgentRole.objects.create(agent=company.agent, role=AgentRole.Role.STEWARD, person=steward)
    assert page(bad) in text(at(company.owner).get("/")) and page(bad) in text(at(steward).get("/"))
    assert "Runs that need you" not in text(at(company.fin).get("/"))
    at(company.owner).post(reverse("see-run", args=[bad.pk]))
    assert "Runs that need you" not in text(at(steward).get("/"))


def test_the_list_is_narrowed_by_agent_and_state_in_the_address(at, company):
    other = make_company("other-desk", sign={"2": ["support-leads"], "3": ["finance"]})
    other.agent.runtime = runtimes.KIND
    other.agent.save()
    mine, held, theirs = begin(company, {"finish": 1}), begin(company, {"propose": [refund("A-1")]}), failed(other)
    found = {
        "?agent=refund-desk": {mine, held},
        "?agent=other-desk": {theirs},
        "?state=completed": {mine},
        "?state=open": {held},
        "?state=ended": {mine, theirs},
        "?agent=refund-desk&state=awaiting_review": {held},
        "?state=needs_you": set(),
        "?state=odd": set(),
        "?agent=odd": set(),
        "?agent=%00": set(),
        "?before=%00": set(),
        "?state=%00": set(),
        "?before=odd": set(),
    }
    for query, expected in found.items():
        body = text(at(company.fin).get(f"/runs/{query}"))
        assert {run for run in (mine, held, theirs) if page(run) in body} == expected, query
        assert expected or "No run matches." in body or "No older runs." in body
    assert page(theirs) in text(at(other.owner).get("/runs/?state=needs_you"))


def test_older_runs_follow_page_by_page_without_gap_or_repetition(at, company):
    made = [enqueue(company, {"finish": 1}) for _ in range(60)]
    first = text(at(company.fin).get("/runs/?agent=refund-desk"))
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', first).group(1).replace("&amp;", "&")
    second = text(at(company.fin).get(f"/runs/{older}"))
    shown = [[run for run in made if page(run) in body] for body in (first, second)]
    assert shown == [made[10:], made[:10]]
    assert "Older runs</a>" not in second


@pytest.mark.parametrize("address", ["/runs/", "/runs/?state=open", "/", "/agents/refund-desk/"])
def test_the_number_of_queries_doesnt_grow_with_the_runs(at, company, address):
    browser, counts = at(company.owner), []
    failed(company)
    for more in (0, 1, 59):
        for _ in range(more):
            enqueue(company, {"finish": 1})
        counts.append(_queries(browser, address))
    assert counts[0] <= counts[1] == counts[2] <= 34, counts


def test_an_empty_list_takes_no_more_queries_than_a_full_one(at, company):
    assert _queries(at(company.owner), "/runs/") <= 20


def _queries(browser, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert browser.get(address).status_code == 200
    return len(caught)


# --- one run


def test_the_page_of_a_run_takes_as_many_queries_with_three_steps_as_with_many(at, company):
    short = begin(company, {"propose": [look("A-1")]}, {"finish": 1})
    turns = [{"propose": [look(f"{letter}-{n}") for letter in "BCDEFGHI"]} for n in range(4)]
    long = begin(company, *turns, {"finish": 1})
    while long.state != RunState.COMPLETED:  # a worker gives way after a while
        long = carry(long)
    assert (short.steps, long.steps) == (3, 37)
    browser = at(company.fin)
    browser.get(page(short))
    assert _queries(browser, page(short)) == _queries(browser, page(long)) <= 32


def test_a_held_run_says_who_waits_for_whom_and_leads_to_the_action(at, company):
    run = begin(company, {"use": 1200, "micros": 4500, "propose": [refund("A-1")]}, {"finish": 1})
    action = Action.objects.get(run_id=run.pk)
    shown = at(company.both).get(page(run))
    assert f'href="{reverse("action", args=[action.pk])}"' in text(shown)
    assert "needs finance, support-leads" in words(shown)
    assert "Waits for finance, support-leads since" in words(shown)
    assert "1,200 tokens" in words(shown) and "USD 0.0045" in words(shown)
    decide(action, company.fin)
    assert re.search(r"Signed for finance at [\d:]+ ; missing: support-leads", words(at(company.lea).get(page(run))))
    assert company.fin.username not in text(at(company.lea).get(page(run))), "who may still sign isn't told who did"


def test_what_the_agent_says_is_shown_and_does_nothing(at, company):
    company.agent.verify = {"forbid": ["never"], "replans": 0}
    company.agent.save()
    bad = failed(company, HOSTILE)
    call = {"tool": "look_up", "arguments": {"order_id": HOSTILE}}
    odd = begin(company, {"propose": [call, {"tool": HOSTILE, "arguments": {}}]}, {"finish": {HOSTILE: HOSTILE}})
    wrong = begin(company, {"finish": f"never {HOSTILE}"})
    waiting = enqueue(company, HOSTILE, {HOSTILE: HOSTILE})
    for run in (bad, odd, wrong, waiting):
        for address in (page(run), live(run), "/runs/"):
            body = text(at(company.owner).get(address))
            assert "<script>" not in body and "<img src=/" not in body
            assert "\u202e" not in body and "\u200b" not in body
        assert "U+202E" in text(at(company.owner).get(page(run)))


def test_a_failed_verification_says_what_was_found(at, company):
    company.agent.verify = {"forbid": ["guarantee"], "replans": 1}
    company.agent.save()
    run = begin(company, {"finish": {"reply": "We guarantee it"}}, {"finish": {"reply": "We guarantee it still"}})
    shown = words(at(company.owner).get(page(run)))
    assert run.state == RunState.FAILED_VERIFICATION
    assert "Didn't pass" in shown.replace("&#x27;", "'") and "Plan 2" in shown and "guarantee" in shown
    assert "I have seen it" in shown


def test_budgets_are_drawn_and_said_in_numbers(at, company):
    company.agent.budget = {"tokens_per_day": 10_000}
    company.agent.save()
    run = begin(
        company, {"use": 1500, "propose": [refund("A-1")]}, {"finish": 1}, budget={"tokens": 2000, "actions": 4}
    )
    body = text(at(company.owner).get(page(run)))
    assert '<rect class="had-used" x="0" y="0" width="750"' in body, "three quarters of its tokens"
    assert '<rect class="had-used" x="0" y="0" width="250"' in body, "one of four actions"
    shown = words(at(company.owner).get(page(run)))
    assert "Tokens 1,500 tokens 0 2,000 tokens 500 tokens" in shown
    assert "Tokens its agent today 1,500 tokens 0 10,000 tokens 8,500 tokens" in shown


def test_who_had_it_when_adds_up_to_all_of_its_time(at, company):
    run = begin(company, {"propose": [refund("A-1")]}, {"finish": 1})
    action = Action.objects.get(run_id=run.pk)
    decide(action, company.fin)
    decide(action, company.lea)
    run = carry(run)
    assert run.state == RunState.COMPLETED
    shown = text(at(company.owner).get(page(run)))
    lanes = re.findall(r'<rect class="had-(\w+)"', shown.split('class="lanes meters"')[0])
    assert {"people", "worker", "tool"} <= set(lanes)
    assert "waited for finance, support-leads" in words(at(company.owner).get(page(run)))


def test_a_child_run_is_a_link_only_for_those_who_may_see_it(at, company):
    other = make_company("looker", sign={"3": ["security"]})
    other.agent.runtime = runtimes.KIND
    other.agent.save()
    company.agent.delegates = ["looker"]
    company.agent.save()
    run = begin(company, {"delegate": {"agent": "looker", "input": {"turns": [{"finish": 1}]}}}, {"finish": 1})
    child = Run.objects.get(parent=run)
    shown = text(at(company.owner).get(page(run)))
    assert page(child) not in shown and "not yours to see" in shown
    AgentRole.objects.create(agent=other.agent, role=AgentRole.Role.STEWARD, person=company.owner)
    assert page(child) in text(at(company.owner).get(page(run)))
    assert page(run) in text(at(company.owner).get(page(child)))


def test_a_run_that_nobody_carries_on_says_so(at, company):
    run = enqueue(company, {"finish": 1})
    assert "Nobody carries it on" not in text(at(company.owner).get(page(run)))
    run = begin(company, {"propose": [refund("A-1")]})
    Run.objects.filter(pk=run.pk).update(wake_at=Now() - timedelta(minutes=3))
    shown = words(at(company.owner).get(page(run)))
    assert "Nobody carries it on. A worker should have come 3 min" in shown


# --- following a run


def test_an_open_run_is_followed_and_an_ended_one_asks_no_more(at, company):
    held, done = begin(company, {"propose": [refund("A-1")]}), begin(company, {"finish": 1})
    shown = text(at(company.fin).get(page(held)))
    assert 'hx-trigger="every 10s"' in shown and '<noscript><meta http-equiv="refresh" content="5"></noscript>' in shown
    for response in (at(company.fin).get(page(done)), at(company.fin).get(live(done))):
        assert 'id="run-now"' in text(response)
        assert "hx-get" not in text(response) and "hx-trigger" not in text(response)
        assert "http-equiv" not in text(response)
    assert 'hx-trigger="every 2s"' in text(at(company.fin).get(page(enqueue(company, {"finish": 1}))))


def test_a_page_that_is_held_still_moves_by_nothing(at, company):
    shown = text(at(company.fin).get(page(begin(company, {"propose": [refund("A-1")]})) + "?still"))
    assert "hx-get" not in shown and "http-equiv" not in shown and "follow the run" in shown


def test_a_fragment_is_sent_only_when_something_changed(at, company):
    run = begin(company, {"propose": [refund("A-1")]}, {"finish": 1})
    browser = at(company.owner)
    first = version(browser.get(page(run)))
    same = browser.get(live(run, version=first), headers=HX)
    assert (same.status_code, same.content) == (204, b"")
    decide(Action.objects.get(run_id=run.pk), company.fin)
    changed = browser.get(live(run, version=first), headers=HX)
    assert changed.status_code == 200 and "<html" not in text(changed)
    assert version(changed) != first


def test_forms_are_swapped_only_when_others_are_due(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    browser = at(company.owner)
    key = re.search(r"controls=([\w-]+)", text(browser.get(page(run)))).group(1)
    assert 'id="run-controls"' not in text(browser.get(live(run, controls=key), headers=HX))
    runs.cancel(run.pk, by=company.owner.actor())
    assert 'id="run-controls"' in text(browser.get(live(run, controls=key), headers=HX))


# --- what one can do


def test_a_reviewer_stops_a_run_and_only_another_role_holder_resumes_it(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    answer = at(company.fin).post(reverse("stop-run", args=[run.pk]), {"reason": "Odd order"})
    assert (answer.status_code, answer["Location"]) == (303, page(run))
    shown = words(at(company.fin).get(page(run)))
    assert "Paused" in shown and "Odd order" in shown and "1 action went on hold" in shown
    assert "Only somebody who holds a role" in shown and "Resume the run" not in shown
    assert at(company.fin).post(reverse("resume-run", args=[run.pk]), {"reason": "x"}).status_code == 403
    at(company.owner).post(reverse("resume-run", args=[run.pk]), {"reason": "Looked at it"})
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW


def test_stopping_without_a_reason_is_refused(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    assert at(company.owner).post(reverse("stop-run", args=[run.pk]), {"reason": " "}).status_code == 422
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW


def test_only_a_role_holder_cancels_and_what_was_open_is_withdrawn(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    cancel = reverse("cancel-run", args=[run.pk])
    assert "Cancel the run" not in text(at(company.fin).get(page(run)))
    assert at(company.fin).post(cancel, {"reason": "x"}).status_code == 403
    assert at(company.owner).post(cancel).status_code == 303
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED and Action.objects.get(run_id=run.pk).state == "withdrawn"
    assert at(company.owner).post(cancel).status_code == 409


def test_only_a_role_holder_says_that_they_have_seen_it(at, company):
    run = failed(company)
    assert at(company.fin).post(reverse("see-run", args=[run.pk])).status_code == 403
    at(company.owner).post(reverse("see-run", args=[run.pk]))
    run.refresh_from_db()
    assert run.seen_by == company.owner
    assert f"{company.owner} has seen it" in words(at(company.fin).get(page(run)))


def test_a_run_that_its_stopped_agent_pauses_is_resumed_with_the_agent(at, company):
    run = begin(company, {"propose": [refund("A-1")]})
    stops.stop(agent=company.agent, by=company.fin.actor(), reason="Odd")
    shown = at(company.owner).get(page(run))
    assert "Its agent is stopped." in words(shown) and "Resume the run" not in text(shown)
    assert reverse("agent", args=["refund-desk"]) in text(shown)


def test_the_record_tells_every_change_of_state(at, company):
    run = begin(company, {"finish": 1})
    shown = words(at(company.owner).get(page(run)))
    assert "inbox gave the agent a task" in shown and "A worker began it" in shown
