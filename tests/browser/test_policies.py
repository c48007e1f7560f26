"""The pages of policy in a real browser, without JavaScript: in both colour schemes, on a narrow screen, under attack."""

from types import SimpleNamespace

import pytest

from tests.browser import looking
from tests.visitor import AgentClient

pytestmark = pytest.mark.long

HOSTILE = "<img src=//evil.example/x onerror=alert(1)>\u202eevil\u200b<button>Approve</button>"
AGENT = """\
agent: {slug}
name: {slug}
purpose: Tries a policy
roles: {{owner: rosa}}
sign: {{2: [support-leads], 3: [finance, support-leads]}}
runtime: {{kind: external}}
tools:
  - name: send_reply
    tier: 2
    effect: write
    idempotent: true
    undo: none
    connector: {{kind: http, host: refunds, path: /replies, method: POST, secret: shop_api}}
    schema:
      type: object
      required: [ticket_id, text]
      additionalProperties: false
      properties: {{ticket_id: {{type: string}}, text: {{type: string, maxLength: 4000}}}}
    critical: [ticket_id]
    headline: "Reply to ticket {{ticket_id}}"
    preview: none
policy: policy.yaml
enabled: true
"""
RULES = """\
policy: ruled
facts:
  mood: {type: string, classify: sentiment, of: text}
claims:
  confidence: {type: number}
lists:
  regulars: {key: string}
calendars:
  business: {zone: Europe/Berlin, hours: {mon-fri: "09:00-18:00"}}
rules:
  - {id: stranger, tool: send_reply, then: review, when: "!(ticket_id in regulars)", due: 60m, calendar: business}
  - {id: unsure, tool: send_reply, then: review, when: "confidence < 0.5"}
  - {id: odd, tool: send_reply, then: review, when: "mood != 'positive' && text.contains('an exceptionally long sentence')"}
"""
SHORTHAND = """\
policy: short
tools: {replies: send_reply}
replies:
  pii: {redact: [email, phone, card, iban, ssn]}
  tone: "direct, apologetic, no promises"
"""


@pytest.fixture(scope="module")
def policed(company, tmp_path_factory):
    """Two more agents, one with each form of policy, an older version, and an action that policy holds."""
    tokens = {}
    for slug, policy in (("ruled", RULES.replace("0.5", "0.4")), ("ruled", RULES), ("short", SHORTHAND)):
        folder = tmp_path_factory.mktemp(slug)
        (folder / "agent.yaml").write_text(AGENT.format(slug=slug))
        (folder / "policy.yaml").write_text(policy)
        company.product.manage("agent", "import", str(folder))
        if slug not in tokens:
            tokens[slug] = company.product.manage("token", "issue", "--agent", slug).stdout.strip()
            company.product.manage("agent", "import", str(folder))
    body = {"tool": "send_reply", "arguments": {"ticket_id": HOSTILE, "text": "hello"}, "claims": {HOSTILE: HOSTILE}}
    client = AgentClient(company.url, tokens["ruled"])
    answer = client.http.post("/api/v1/actions/", json=body, headers={"Idempotency-Key": "policed"})
    assert answer.status_code == 202, answer.text
    action = f"/actions/{answer.json()['id']}/"
    policies = [f"/agents/{slug}/policy/" for slug in ("ruled", "short", "refund-desk")]
    pages = ["/policies/", *policies, "/agents/ruled/policy/?version=1", "/agents/ruled/", action]
    return SimpleNamespace(pages=pages, action=action)


def test_axe_finds_nothing(window, policed):
    page = window("mara", **looking.WITH_AXE).page
    for path in policed.pages:
        page.goto(path)
        assert not (found := looking.faults(page)), (path, found)


def test_nothing_scrolls_sideways(window, policed):
    page = window("mara").page
    for path in policed.pages:
        page.goto(path)
        assert not (found := looking.too_wide(page, 320, 640, 900, 1280)), (path, found)


def test_a_reason_leads_to_the_very_line_of_the_policy(window, policed):
    page = window("mara").page
    page.goto(policed.action)
    page.get_by_role("link", name="policy ruled/2, line 11").click()
    assert page.url.endswith("/agents/ruled/policy/?version=2#L11")
    line = page.locator("li:target")
    assert "id: stranger" in line.inner_text()
    box = line.bounding_box()
    assert 0 <= box["y"] <= 900 - box["height"], "the line isn't in sight"


def test_shorthand_stands_beside_its_expansion_and_above_it_on_a_phone(window, policed):
    for width, beside in ((1280, True), (320, False)):
        page = window("mara", viewport={"width": width, "height": 700}).page
        page.goto("/agents/short/policy/")
        first, second = page.get_by_test_id("rule").first.locator(".beside > div").all()
        left, right = first.bounding_box(), second.bounding_box()
        assert (right["x"] >= left["x"] + left["width"]) is beside
        assert (right["y"] >= left["y"] + left["height"]) is not beside


def test_what_an_agent_says_stays_words_wherever_policy_shows_it(window, policed, company):
    mara = window("mara", java_script_enabled=True)
    dialogs = []
    mara.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in policed.pages:
        mara.page.goto(path)
        assert mara.page.get_by_role("button", name="Approve", exact=True).count() == (path == policed.action), (
            "a button was drawn"
        )
    assert "U+202E" in mara.page.get_by_test_id("reasons").inner_text(), "an invisible character stayed invisible"
    assert dialogs == [] and mara.complaints == []
    assert {url.split("/")[2] for url in mara.requests} == {company.url.split("/")[2]}, "a page asked somebody else"


def test_everything_that_can_be_touched_on_a_phone_is_large_enough(window, policed):
    page = window("mara", viewport={"width": 320, "height": 700}).page
    for path in policed.pages:
        page.goto(path)
        sizes = page.evaluate(
            """() => [...document.querySelectorAll("nav a, main .tools a, main a.agent, main .versions a, main .cite a")]
                .map(node => [node.textContent.trim(), node.getBoundingClientRect().height])"""
        )
        small = [(name, height) for name, height in sizes if 0 < height < 44]  # 0: not shown on a phone
        assert not small, (path, small)
