"""What the vendored htmx does, fact by fact, on a page of the test's own: the rules of docs/desk-facts.md rest on these.

A new version of htmx that behaves otherwise fails here before it surprises a reviewer.
"""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent.parent
ORIGIN = "http://localhost"
CONFIG = '{"mode": "same-origin", "history": false, "includeIndicatorCSS": false, "prefix": ""}'
ACTIVE = "document.activeElement.id || document.activeElement.localName"
PULSE = '<div id="box" hx-get="/poll" hx-trigger="poll" hx-swap="{swap}">{inside}</div>'
ROW = (
    '<tr id="r{n}"><td><a class="headline" id="row-{n}" href="/x">item</a>'
    '<button id="b{n}" hx-post="/gone" hx-target="#r{n}" hx-swap="delete">x</button></td></tr>'
)


class Stage:
    """A page with the product's own htmx (and `desk.js` where asked for), and what a server would answer to it."""

    def __init__(self, chromium):
        self.context = chromium.new_context(base_url=ORIGIN)
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.answers: dict[str, tuple[str, dict]] = {}
        self.asked: list[str] = []

    def _answer(self, route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            route.fulfill(path=ROOT / path.lstrip("/"))
            return
        self.asked.append(path)
        body, headers = self.answers.get(path, ("", {}))
        route.fulfill(status=200, headers={"content-type": "text/html"} | headers, body=body)

    def show(self, inside: str, *, desk: bool = False, **answers: str | tuple[str, dict]) -> None:
        """Show a page; `gone="..."` is the answer at `/gone`, alone or with its headers."""
        self.answers = {f"/{name}": one if isinstance(one, tuple) else (one, {}) for name, one in answers.items()}
        script = '<script src="/static/desk.js" defer></script>' if desk else ""
        page = (
            f"<!doctype html><html lang=en><head><meta name='htmx-config' content='{CONFIG}'>"
            f'<script src="/static/vendor/htmx/htmx.min.js" defer></script>{script}</head>'
            f'<body data-shortcuts="on"><main id="main" tabindex="-1">{inside}</main></body></html>'
        )
        self.answers["/"] = (page, {})
        self.page.goto("/")
        self.asked.clear()

    def active(self) -> str:
        return self.page.evaluate(ACTIVE)

    def poll(self) -> None:
        with self.page.expect_response("**/poll"):
            self.page.evaluate("htmx.trigger(document.getElementById('box'), 'poll')")
        self.page.wait_for_function("document.querySelector('[data-beat]')?.dataset.beat === 'new'")


@pytest.fixture(scope="module")
def stage(chromium):
    opened = Stage(chromium)
    yield opened
    opened.context.close()


def test_a_row_that_takes_the_focus_with_it_leaves_it_on_the_body(stage):
    stage.show(f"<table><tbody>{ROW.format(n=1)}{ROW.format(n=2)}</tbody></table>", gone="")
    stage.page.focus("#b1")
    stage.page.keyboard.press("Enter")
    stage.page.locator("#r1").wait_for(state="detached")
    assert stage.active() == "body"


def test_the_desk_moves_the_focus_to_the_next_row_then_the_one_before_then_the_heading(stage):
    def after(row: int) -> str:
        told = ("", {"HX-Trigger": f'{{"focusnext": {{"from": "row-{row}"}}}}'})
        stage.answers["/gone"] = told
        stage.page.focus(f"#b{row}")
        stage.page.keyboard.press("Enter")
        stage.page.locator(f"#r{row}").wait_for(state="detached")
        stage.page.wait_for_function("document.activeElement !== document.body")
        return stage.active()

    rows = "".join(ROW.format(n=n) for n in (1, 2, 3))
    stage.show(f'<h1 id="queue-heading" tabindex="-1">Queue</h1><table><tbody>{rows}</tbody></table>', desk=True)
    assert [after(2), after(3), after(1)] == ["row-3", "row-1", "queue-heading"]


@pytest.mark.parametrize(
    ("swap", "with_id", "without_id", "typed"),
    [("innerHTML", "f", "body", ""), ("innerMorph", "f", "input", "typed"), ("outerMorph", "f", "input", "typed")],
)
def test_a_poll_keeps_the_focus_by_a_stable_id_and_typed_text_by_morphing_alone(
    stage, swap, with_id, without_id, typed
):
    found = {}
    for field in ('id="f"', 'class="f"'):
        inside = '<b data-beat="{beat}"></b><input ' + field + ">"
        news = inside.format(beat="new")
        answer = news if swap.startswith("inner") else PULSE.format(swap=swap, inside=news)
        stage.show(PULSE.format(swap=swap, inside=inside.format(beat="old")), poll=answer)
        stage.page.locator("#box input").fill("typed")
        stage.page.locator("#box input").focus()
        stage.poll()
        found[field] = (stage.active(), stage.page.locator("#box input").input_value())
    assert found == {'id="f"': (with_id, typed), 'class="f"': (without_id, typed)}


def test_one_answer_updates_a_row_the_counts_and_the_status_line(stage):
    """A row out of band stands bare in the answer: wrapped in a template, as older versions wanted it, it is dropped."""
    beside = '<b id="n" hx-swap-oob="true">6</b><p id="says" role="status" hx-swap-oob="outerMorph">Decided</p>'
    row = '<tr id="r1" hx-swap-oob="true"><td>new</td></tr>'
    page = (
        '<b id="n">7</b><p id="says" role="status"></p><table><tbody><tr id="r1"><td>old</td></tr><tr id="r2"><td>other</td>'
        '</tr></tbody></table><button id="go" hx-post="/row" hx-swap="none">go</button>'
    )
    rows = {}
    for name, answer in {"bare": row + beside, "in a template": f"<template>{row}</template>{beside}"}.items():
        stage.show(page, row=answer)
        stage.page.click("#go")
        stage.page.get_by_text("Decided").wait_for()
        assert stage.page.locator("#n").inner_text() == "6"
        rows[name] = stage.page.locator("td").all_inner_texts()
    assert rows == {"bare": ["new", "other"], "in a template": ["old", "other"]}


def test_a_live_region_that_is_morphed_with_the_same_words_is_not_said_again(stage):
    heard = """() => { window.heard = 0; window.was = document.getElementById("says")
        new MutationObserver((list) => { window.heard += list.length }).observe(document.getElementById("main"),
            {subtree: true, childList: true, characterData: true}) }"""
    told = {}
    for how in ("outerMorph", "true"):
        beat = '<i id="beat" hx-swap-oob="outerMorph" data-beat="new"></i>'
        answer = f'<p id="says" role="status" hx-swap-oob="{how}">3 new</p>{beat}'
        page = '<p id="says" role="status">3 new</p><i id="beat" data-beat="old"></i>'
        stage.show(page + PULSE.format(swap="none", inside=""), poll=answer)
        stage.page.evaluate(heard)
        stage.poll()
        told[how] = stage.page.evaluate("[window.heard > 0, window.was === document.getElementById('says')]")
    assert told == {"outerMorph": [False, True], "true": [True, False]}


def test_two_clicks_are_two_requests_unless_the_button_is_put_out_of_use(stage):
    sent = {}
    for attribute in ("", 'hx-disable="this"'):
        stage.show(f'<p id="o"></p><button id="go" hx-post="/slow" hx-target="#o" {attribute}>go</button>', slow="done")
        stage.page.dblclick("#go")
        stage.page.get_by_text("done").wait_for()
        stage.page.wait_for_timeout(50)  # the second request, where there is one, is on its way by now
        sent[attribute] = stage.asked.count("/slow")
    assert sent == {"": 2, 'hx-disable="this"': 1}


def test_what_stands_inside_ignored_markup_asks_for_nothing(stage):
    stage.show(
        '<div hx-ignore><button id="evil" hx-get="/evil">x</button></div><button id="go" hx-get="/good">y</button>'
    )
    stage.page.click("#evil")
    with stage.page.expect_response("**/good"):
        stage.page.click("#go")
    assert stage.asked == ["/good"]


def test_nothing_is_left_in_the_browser(stage):
    stage.show(
        '<div id="box" hx-get="/poll" hx-trigger="poll" hx-push-url="true"></div>', poll='<i data-beat="new"></i>'
    )
    stage.poll()
    kept = stage.page.evaluate("[sessionStorage.length, localStorage.length, history.state, location.pathname]")
    assert kept[:3] == [0, 0, None], kept
