"""A reviewer at work, by keyboard alone: how many keys a decision takes, and where the focus stands after it."""

from contextlib import contextmanager
from statistics import median

import pytest
from django.conf import settings
from django.test import Client

from agents.models import Action
from approvals.models import Decision, Preference
from tests.domain.reading import POINTED, answered
from tests.factories import LOOK_UP, REFUND, make_action, make_company, prove
from tests.servers import ours

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
ACTIVE = "document.activeElement.id || document.activeElement.localName"


@pytest.fixture(scope="module", autouse=True)
def _servers():
    for servers in ours:
        servers.start()


@contextmanager
def seat(chromium, live_server, person):
    """A browser window in which somebody is signed in, as if with their password just now."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    prove(client, person)
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


class Keys:
    """A keyboard that counts every key that goes down, those held beside another too."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, keys: str) -> None:
        self.count += len(keys.split("+"))
        self.page.keyboard.press(keys)

    def taken(self) -> int:
        """Return how many since the last time."""
        count, self.count = self.count, 0
        return count


def replies(company, count: int) -> list[Action]:
    return [make_action(company.agent, "send_reply") for _ in range(count)]


def test_twenty_replies_take_a_median_of_four_keys_and_each_is_decided_once(chromium, live_server):
    company = make_company()
    made, spent = replies(company, 20), []
    with seat(chromium, live_server, company.lea) as page:
        keys = Keys(page)
        page.goto("/")
        keys.press("j")
        keys.press("o")
        for number in range(len(made)):
            page.locator("#approve-form").wait_for()
            here = page.url
            keys.press("a")
            assert page.evaluate(ACTIVE) == "approve-note"
            # Two ways that come to the same: the next item at once, or the receipt and the next item from there.
            if number % 2:
                keys.press("Shift+Control+Enter")
            else:
                keys.press("Control+Enter")
                page.wait_for_url("**/decisions/*/")
                if number < len(made) - 1:
                    keys.press("o")
            page.wait_for_url(lambda url, here=here: url != here)
            spent.append(keys.taken())
        assert "Nothing else waits for you." in page.locator("main").inner_text()
    assert median(spent) <= 4 and max(spent) <= 6, spent
    assert sorted(Decision.objects.values_list("action", flat=True)) == sorted(one.pk for one in made)


def test_whoever_likes_the_next_item_to_open_needs_three_keys(chromium, live_server):
    company = make_company()
    replies(company, 3)
    Preference.objects.create(person=company.lea, opens_next=True)
    with seat(chromium, live_server, company.lea) as page:
        keys = Keys(page)
        page.goto("/")
        page.keyboard.press("j")
        page.keyboard.press("o")
        for left in (2, 1):
            page.locator("#approve-form").wait_for()
            here = page.url
            keys.press("a")
            keys.press("Control+Enter")
            page.wait_for_url(lambda url, here=here: url != here)
            assert keys.taken() == 3
            assert "Approval recorded" in page.get_by_role("status").first.inner_text()
            assert page.get_by_test_id("badge").inner_text() == str(left)


def test_after_a_decision_the_receipt_is_read_and_the_way_back_leads_to_the_next_row(chromium, live_server):
    company = make_company()
    first, second = replies(company, 2)
    with seat(chromium, live_server, company.lea) as page:
        for action, leads_to in ((first, f"row-{second.pk}"), (second, "queue-heading")):
            page.goto(f"/actions/{action.pk}/")
            page.keyboard.press("a")
            page.keyboard.press("Control+Enter")
            page.wait_for_url("**/decisions/*/")
            assert page.evaluate("document.activeElement === document.querySelector('h1')"), "the receipt's heading"
            assert (
                page.get_by_role("status")
                .filter(has_text="1 of 1 recorded")
                .or_(page.get_by_test_id("meaning"))
                .count()
            )
            page.keyboard.press("u")
            page.locator("#queue-heading").wait_for()
            page.wait_for_function(f"({ACTIVE}) === '{leads_to}'")


def test_two_clicks_decide_once_and_put_aside_once(chromium, live_server):
    company = make_company()
    first, second, third = replies(company, 3)
    with seat(chromium, live_server, company.lea) as page:
        page.goto(f"/actions/{first.pk}/")
        page.get_by_role("button", name="Approve", exact=True).dblclick()
        page.wait_for_url("**/decisions/*/")
        page.goto("/")
        rows = page.evaluate("[...document.querySelectorAll('#your-turn a.headline')].map((link) => link.id)")
        asked = []
        page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
        page.locator(f"#{rows[0].replace('row-', 'snooze-')}").dblclick()
        page.locator(f"#{rows[0]}").wait_for(state="detached")
        page.wait_for_function(f"({ACTIVE}) === '{rows[1]}'")
        assert len(asked) == 1, asked
    assert Decision.objects.filter(action=first).count() == 1
    assert {rows[0], rows[1]} == {f"row-{one.pk}" for one in (second, third)}


def test_g_then_a_letter_goes_where_the_navigation_says(chromium, live_server):
    company = make_company()
    with seat(chromium, live_server, company.lea) as page:
        page.goto("/")
        for letter, heading in (("h", "Your decisions"), ("t", None), ("q", "Queue")):
            page.keyboard.press("g")
            page.keyboard.press(letter)
            page.wait_for_function(
                f"document.querySelector('nav a[data-go={letter}]').getAttribute('aria-current') === 'page'"
            )
            assert heading is None or page.locator("h1").inner_text() == heading
        page.goto("/")
        page.evaluate("document.querySelector('nav a[data-go=h]').href = '/agents/'")
        page.keyboard.press("g")
        page.keyboard.press("h")
        page.wait_for_url("**/agents/")


def test_tier_3_is_approved_once_its_evidence_is_opened_and_its_checks_are_answered(chromium, live_server):
    told = {**REFUND, "checks": POINTED, "evidence": ["look_up"]}
    company = make_company(tools=(told, LOOK_UP))
    answered(make_action(company.agent, "look_up", arguments={"order_id": "A-1"}), {"paid_usd": 412})
    action = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": "412.00"})
    with seat(chromium, live_server, company.fin) as page:
        page.goto(f"/actions/{action.pk}/")
        approve = page.get_by_role("button", name="Approve", exact=True)
        assert approve.is_disabled()
        why = page.locator(f"#{approve.get_attribute('aria-describedby')}")
        assert "Open the answer of look_up first." in why.inner_text()
        page.locator("#approve-note").fill("Photo and order agree")
        page.locator(".pieces a").click()
        page.get_by_test_id("piece").wait_for()
        why.wait_for(state="detached")
        assert approve.is_enabled() and page.locator("#approve-note").input_value() == "Photo and order agree"
        assert "opened by you" in page.get_by_test_id("evidence").inner_text()
        assert page.locator(".decision-bar").get_by_role("link", name="Approve …").is_visible()

        for answer, leads_to in (
            (None, "Answer every check"),
            ("Can't tell", "Ask for changes"),
            ("Not OK", "Reject it"),
        ):
            if answer:
                page.get_by_label(answer, exact=True).first.check()
                page.get_by_label("OK", exact=True).last.check()
            approve.click()
            page.get_by_role("alert").filter(has_text=leads_to).wait_for()
            assert page.locator("#approve-note").input_value() == "Photo and order agree"
        assert page.locator("#reject-code").input_value() == "wrong_target"
        page.get_by_label("OK", exact=True).first.check()
        page.get_by_role("button", name="Approve", exact=True).click()
        page.wait_for_url("**/decisions/*/")
    assert Decision.objects.get(action=action).note == "Photo and order agree"
