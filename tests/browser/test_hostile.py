"""The hostile corpus in a real browser: nothing runs, nothing is asked for, nothing is hidden, nothing is laid over ours."""

from urllib.parse import urlsplit

import pytest
from django.template import engines
from django.test import Client

from approvals.action import inspecting
from tests.hostile.corpus import CASES, HANDY, sample
from tests.hostile.places import make_desk, put_everywhere
from tests.hostile.reading import ALLOWED, in_order

pytestmark = pytest.mark.long

ORIGIN = "http://localhost"  # which a browser trusts as it does https
PAGE = 96
PARTS = 4  # each is one transaction, which may last no longer than the product lets any last
#: Elements that do, load or ask for something.
ACTIVE = (
    "a, area, audio, base, button, dialog, embed, form, frame, iframe, img, input, link, math, meta, object, picture, script,"
    " select, source, style, svg, template, textarea, video, [style], [autofocus], [popover], [tabindex], [contenteditable]"
)
# What stands in the way of reading: asked of every inert element on the page. Attributes that start with hx- are htmx's.
_LOOK = """(allowed) => {
    const wrong = []
    const say = (what, node) => wrong.push(`${what}: ${node.outerHTML.slice(0, 200)}`)
    for (const box of document.querySelectorAll(".inert, .whole")) {
        for (const node of [box, ...box.querySelectorAll("*")]) {
            if (!allowed.includes(node.localName)) say("element", node)
            for (const {name} of node.attributes)
                if (!["class", "dir", "title"].includes(name)) say(`attribute ${name}`, node)
        }
        const style = getComputedStyle(box), place = box.getBoundingClientRect()
        if (style.unicodeBidi !== "isolate" && box.matches(".inert")) say("not isolated", box)
        if (style.direction !== "ltr" || style.position !== "static") say("misplaced", box)
        if (place.left < 0 || place.right > innerWidth + 1) say(`sticks out to ${place.right}`, box)
    }
    for (const chip of document.querySelectorAll(".inert .chip, .inert .host")) {
        const style = getComputedStyle(chip), place = chip.getBoundingClientRect()
        const unseen = style.visibility !== "visible" || style.opacity !== "1" || parseFloat(style.fontSize) < 11
        if (unseen || place.width < 4 || place.height < 8) say("unseen", chip)
        if (style.color === style.backgroundColor) say("its colour is its background's", chip)
    }
    for (const node of document.querySelectorAll("*"))
        for (const {name} of node.attributes)
            if (/^(data-)?hx-|^on/.test(name) && node.closest(".inert")) say("code", node)
    if (window.owned) wrong.push(`ran ${window.owned} times`)
    if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page scrolls sideways")
    return wrong
}"""
# A button of ours after every text must be the topmost thing where it stands.
_COVERED = """() => [...document.querySelectorAll("button.ours")].filter((button) => {
    button.scrollIntoView({block: "center"})
    const place = button.getBoundingClientRect()
    return document.elementFromPoint(place.x + place.width / 2, place.y + place.height / 2) !== button
}).map((button) => button.id)"""
_WORDS = """() => Object.fromEntries([...document.querySelectorAll("section[data-case]")].map((one) =>
    [one.dataset.case, [...one.querySelectorAll(".line, .lines")].map((node) => node.innerText)]))"""
# Pieces of one line, left to right, must be the pieces in the order in which they were written.
_TURNED = """() => [...document.querySelectorAll("section[data-case] .line bdi")].filter((line) => {
    let before = null
    for (const node of line.childNodes) {
        const range = document.createRange()
        range.selectNode(node)
        for (const place of (node.getClientRects ? node : range).getClientRects()) {
            const beside = before && Math.abs(place.bottom - before.bottom) < 8
            if (beside && place.left < before.right - 4) return true
            before = place
        }
    }
    return false
}).map((line) => line.closest("section").dataset.case)"""
_TEMPLATE = """{% load desk static %}<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cases</title>
<link rel="stylesheet" href="{% static 'countersign.css' %}">
<script src="{% static 'vendor/htmx/htmx.min.js' %}"></script></head><body><main id="main">
{% for case in cases %}<section data-case="{{ case.id|plain }}"><p class="line">{{ case.text|inert }}</p>
<div class="lines">{{ case.text|inert_block }}</div><button class="ours" id="ours{{ forloop.counter }}">Ours</button></section>
{% endfor %}</main></body></html>"""


class Door:
    """A browser window whose every request is answered by the product in this process, or written down and refused."""

    def __init__(self, chromium, **options):
        self.client = Client()
        self.strangers, self.dialogs, self.complaints = [], [], []
        options = {"viewport": {"width": 1280, "height": 900}} | options
        self.context = chromium.new_context(base_url=ORIGIN, **options)
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str, html: str = "") -> None:
        """Show a page: the one given, or the product's own with the headers it comes with."""
        headers = {"content-type": "text/html; charset=utf-8"}
        if not html:  # asked for here: in the browser's call-back Django would open another connection
            answer = self.client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)
            headers, html = dict(answer.items()), answer.content.decode()
        self.expected, self.given = path, {"headers": headers, "body": html}
        self.page.goto(path)

    def _answer(self, route) -> None:
        url = urlsplit(route.request.url)
        if f"{url.scheme}://{url.netloc}" == ORIGIN and url.path == self.expected:
            route.fulfill(**self.given)
        elif f"{url.scheme}://{url.netloc}" == ORIGIN and url.path.startswith("/static/"):
            answer = self.client.get(url.path)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            route.fulfill(status=answer.status_code, headers=dict(answer.items()), body=body)
        else:
            self.strangers.append(route.request.url)
            route.abort()

    def require_quiet(self, what: str) -> None:
        """Nothing ran, nothing was asked for, nothing complained."""
        assert (self.dialogs, self.strangers, self.complaints) == ([], [], []), what


@pytest.fixture
def door(chromium):
    opened = Door(chromium)
    yield opened
    opened.context.close()


def show(door: Door, cases: list) -> None:
    template = engines["django"].from_string(_TEMPLATE)
    door.open("/cases/", template.render({"cases": cases}))
    assert door.page.evaluate("typeof htmx") == "object", "htmx isn't there: its attributes would do nothing anyway"


@pytest.mark.parametrize("first", range(0, len(HANDY), PAGE))
def test_every_case_is_seen_and_does_nothing_even_without_a_policy(door, first):
    cases = HANDY[first : first + PAGE]
    show(door, cases)
    words = door.page.evaluate(_WORDS)
    assert list(words) == [case.id for case in cases], "a text broke out of its place"
    for case in cases:
        for shown in words[case.id]:
            assert in_order(shown, case.visible), (case.id, shown)
            assert all(f"U+{point:04X}" in shown for point in case.chips if point != 0x0A), (case.id, shown)
            assert not any(piece in shown for piece in case.absent), case.id
    assert door.page.evaluate(_LOOK, list(ALLOWED)) == []
    assert door.page.evaluate(_COVERED) == []
    assert set(door.page.evaluate(_TURNED)) <= {"bidi/without-controls", "bidi/arabic-and-digits"}
    assert door.page.locator("#main button:not(.ours), #main a, #main img, #main form, #main script").count() == 0
    door.page.wait_for_timeout(50)
    door.require_quiet(f"cases from {first}")


def test_bulky_cases_leave_room_for_what_stands_below(door):
    for case in (case for case in CASES if case.bulky):
        show(door, [case])
        assert door.page.evaluate(_LOOK, list(ALLOWED)) == [], case.id
        assert door.page.evaluate(_COVERED) == [], case.id
        assert "SHA-256" in door.page.locator(".lines .measure").inner_text()
        door.require_quiet(case.id)


def test_a_narrow_page_doesn_t_scroll_sideways(chromium):
    narrow = Door(chromium, viewport={"width": 320, "height": 700}, color_scheme="dark")
    show(narrow, sample(120))
    assert narrow.page.evaluate(_LOOK, list(ALLOWED)) == []
    narrow.context.close()


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_the_action_page_keeps_its_shape_whatever_stands_in_it(door, part):
    desk = make_desk()
    door.client.force_login(desk.fin, backend="django.contrib.auth.backends.ModelBackend")
    plain = shape(door, put_everywhere(desk, "harmless"))
    buttons = door.page.get_by_role("button", name="Approve").count()
    for case in sample(34)[part::PARTS]:
        action = put_everywhere(desk, case.text)
        blocked = inspecting.why_uninspectable(action)  # then the page offers less, and says why
        assert shape(door, action) == plain or blocked, case.id
        assert door.page.evaluate(_LOOK, list(ALLOWED)) == [], case.id
        main = door.page.locator("main").inner_text()
        assert all(f"U+{point:04X}" in main for point in case.chips), case.id
        assert not case.flags or "Look closely" in main, case.id
        approving = door.page.get_by_role("button", name="Approve").count()
        assert approving == buttons or (blocked and approving < buttons), case.id
        door.require_quiet(case.id)


def shape(door: Door, action) -> list[str]:
    """What a page is made of that does, loads or asks for something."""
    door.open(f"/actions/{action.pk}/")
    names = "(all) => [...document.querySelectorAll(all)].map((one) => `${one.localName}.${one.className}.${one.id}`)"
    return [name.replace(str(action.pk), "") for name in door.page.evaluate(names, ACTIVE)]
