"""Every control is a real form or link: htmx only carries what a browser without it sends by itself."""

from html.parser import HTMLParser

import pytest
from django.urls import reverse

from tests.domain.reading import TOOLS, answered
from tests.factories import decide, make_action, make_agent, make_person

pytestmark = pytest.mark.django_db
#: Elements that ask by themselves, on a beat or at once, and that nobody presses.
POLLED = {"div", "section", "p"}


class Controls(HTMLParser):
    """What is wrong with the controls of a page, as sentences in `wrong`; how many there are in `count`."""

    def __init__(self, html: str):
        super().__init__()
        self._forms: list[dict] = []
        self._dialogs = 0
        self.wrong: list[str] = []
        self.count = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._forms.append(given)
        self._look(tag, given)

    def handle_endtag(self, tag):
        if tag == "form":
            self._forms.pop()

    def _look(self, tag: str, given: dict) -> None:
        told = f"<{tag} {' '.join(f'{name}={value}' for name, value in given.items())}>"
        self.count += tag in ("form", "button")
        if tag == "form" and not given.get("action") and (given.get("method") or "get") == "post":
            self.wrong.append(f"a form that leads nowhere: {told}")
        if tag == "button" and not self._forms and "form" not in given and "data-opens" not in given:
            self.wrong.append(f"a button outside of any form: {told}")
        if "hx-post" in given and (tag != "form" or given.get("action") != given["hx-post"]):
            self.wrong.append(f"htmx posts what no form does: {told}")
        if "hx-get" in given and tag not in POLLED and given.get("href") != given["hx-get"]:
            self.wrong.append(f"htmx gets what no link does: {told}")


def test_every_control_of_the_desk_works_without_htmx(at, rosa):
    agent = make_agent("refund-desk", owner=rosa, tools=TOOLS)
    lea = make_person("lea", "support-leads")
    answered(make_action(agent, "look_up", arguments={"order_id": "A-1"}), {"total": 412})
    refund = make_action(agent, arguments={"order_id": "A-1", "amount_usd": "412.00"})
    reply, other = make_action(agent, "send_reply"), make_action(agent, "send_reply")
    receipt = decide(other, lea).pk
    pages = [
        reverse(name) for name in ("queue", "decisions", "board", "runs", "agents", "policies", "away", "preferences")
    ]
    pages += [reverse("action", args=[one.pk]) for one in (refund, reply, other)]
    pages += [reverse("action", args=[reply.pk]) + "?split=1", reverse("receipt", args=[receipt])]
    pages += [
        reverse("compare") + f"?id={reply.pk}",
        reverse("agent", args=[agent.slug]),
        reverse("edit", args=[reply.pk]),
    ]
    browser, seen = at(lea), 0
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code == 200, page
        found = Controls(answer.content.decode())
        assert found.wrong == [], page
        seen += found.count
    assert seen > 100


@pytest.mark.parametrize(
    "html",
    [
        '<button hx-post="/x">Go</button>',
        '<a href="/x" hx-get="/y">Go</a>',
        '<form method="post" hx-post="/x"><button>Go</button></form>',
        '<form method="post" action="/y" hx-post="/x"><button>Go</button></form>',
    ],
)
def test_a_control_that_needs_htmx_is_found(html):
    assert Controls(html).wrong
