"""htmx in a real browser: our own copy, under the strict policy, leaving nothing behind."""

import re

OURS = re.compile(r"/static/vendor/htmx/htmx\.min\.[0-9a-f]{12}\.js")
CODE = """() => {
    document.addEventListener("securitypolicyviolation", (refused) => {
        document.body.dataset.refused = `${document.body.dataset.refused || ""} ${refused.blockedURI}`.trim()
    })
    document.querySelector("#main").insertAdjacentHTML("beforeend", `
        <button id="filter" hx-get="/queue/" hx-trigger="click[(document.title = 'owned')]">filter</button>
        <button id="handler" hx-on:click="document.title = 'owned'">handler</button>
        <button id="value" hx-get="/queue/" hx-vals="js:{a: (document.title = 'owned')}">value</button>
        <button id="address" hx-get="javascript:document.title = 'owned'">address</button>`)
    htmx.process(document.querySelector("#main"))
}"""
SWAP = """() => htmx.ajax("GET", "/decisions/", {target: "#main", select: "#main", swap: "outerMorph", push: "true"})"""


def test_htmx_runs_on_a_signed_in_page_under_the_strict_policy(window, company):
    ana = window("ana", java_script_enabled=True)
    policy = ana.page.goto("/queue/").headers["content-security-policy"]
    assert "script-src 'self';" in f"{policy};" and "unsafe" not in policy, policy
    config = ana.page.evaluate("htmx.config")
    assert config["mode"] == "same-origin" and config["prefix"] == ""
    assert config["history"] is False and config["includeIndicatorCSS"] is False
    assert ana.page.evaluate("document.adoptedStyleSheets.length") == 0
    scripts = {url.removeprefix(company.url) for url in ana.requests if url.endswith(".js")}
    assert sum(bool(OURS.fullmatch(script)) for script in scripts) == 1, ana.requests
    assert {script.split("/")[2].split(".")[0] for script in scripts} == {"vendor", "desk"}, ana.requests
    assert ana.complaints == []


def test_a_swapped_page_breaks_no_policy_and_leaves_nothing_in_the_browser(window, company):
    ana = window("ana", java_script_enabled=True)
    ana.page.goto("/queue/")
    with ana.page.expect_response("**/decisions/") as answer:
        ana.page.evaluate(SWAP)
    assert answer.value.request.headers["hx-request"] == "true"
    assert ana.page.locator("#main h1").inner_text() == "Your decisions"
    assert ana.page.url.endswith("/queue/") and ana.page.evaluate("history.state") is None
    assert ana.page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert ana.complaints == []


def test_code_that_reached_an_attribute_is_refused_by_the_browser(window, company):
    ana = window("ana", java_script_enabled=True)
    ana.page.goto("/queue/")
    title = ana.page.title()
    ana.page.evaluate(CODE)
    for number, name in enumerate(("filter", "handler", "value", "address"), start=1):
        ana.page.locator(f"#{name}").click()
        ana.page.locator(f"body[data-refused='{' '.join(['eval'] * number)}']").wait_for()
    assert ana.page.title() == title
