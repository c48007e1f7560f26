"""The pages that a stranger follows literally: every command on them is run as it stands, and what they promise happens."""

import json
import re

import pytest

from tests.product import until
from tests.stories.pages import Clone, Page
from tests.visitor import AgentClient

PASSWORD = re.compile(r"^[\w-]{22}$", re.MULTILINE)


@pytest.fixture(scope="module")
def clone(company, tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("clone"), company)


def meet(company, names: list[str], said: str) -> None:
    """Learn the passwords that were printed, in the order of the commands."""
    passwords = PASSWORD.findall(said)
    assert len(passwords) == len(names), said
    company.passwords |= dict(zip(names, passwords, strict=True))


def answers(said: str) -> list[dict]:
    """Read the JSON answers in what was printed: one behind the other, or spread over lines."""
    found, rest = [], said.strip()
    while rest:
        answer, end = json.JSONDecoder().raw_decode(rest)
        found.append(answer)
        rest = rest[end:].strip()
    return found


def test_the_first_hour_begins_with_the_command_of_the_readme_and_two_sign(company, clone):
    page = Page("first-hour.md")
    assert page.blocks[0] == "make up\n"
    action = company.hold_refund("13.57", offset=30)
    company.sign(action, "ana", "mara")
    company.settled(action["id"])
    (ledger,) = answers(clone.type(page.block("ledger?action"), id_of_the_action=action["id"]))
    assert [line["outcome"] for line in ledger["entries"]] == ["done"]
    run = company.wait_for_run(company.begin("T-1008")["id"], "completed")
    completed, one = answers(clone.type(page.block("support-inbox-token"), id_of_the_run=run["id"]))
    assert {row["state"] for row in completed["results"]} == {"completed"} and one["id"] == run["id"]
    refused = clone.type(page.block("refund-desk-token"), id_of_the_action=action["id"], digest=action["digest"])
    assert answers(refused)[0]["code"] == "token_cannot_decide"


def test_the_first_hours_change_of_a_policy_says_what_the_page_says(clone):
    page = Page("first-hour.md")
    validate = page.block("policy validate")
    examples, path = clone.folder / "examples", clone.folder / "examples" / "refund-desk" / "policy.yaml"
    original = path.read_text()
    link = examples.readlink()
    examples.unlink()
    path.parent.mkdir(parents=True)
    try:
        for beside in (link / "refund-desk").iterdir():
            if beside.name != "policy.yaml":
                (path.parent / beside.name).symlink_to(beside)
        path.write_text(once(original, "amount_usd > 2000", "amount_usd > 1500"))
        assert "FAIL" not in clone.type(validate)
        path.write_text(once(original, "amount_usd <= 25 ", "amount_usd <= 20 "))
        assert "FAIL  a small refund of a known customer runs" in clone.type(validate, ends=1)
        path.write_text(once(original, 'then: deny, when: "amount_usd', 'then: denny, when: "amount_usd'))
        assert 'did you mean "deny"?' in clone.type(validate, ends=1)
        path.write_text(original)
        clone.type(page.block("agent import examples"))  # what stands there already: the company's other tests need it
    finally:
        for beside in path.parent.iterdir():
            beside.unlink()
        path.parent.rmdir()
        examples.rmdir()
        examples.symlink_to(link)


def once(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_the_first_hour_ends_with_an_agent_of_ones_own_let_go_by_two_people(company, clone):
    page = Page("first-hour.md")
    meet(company, ["kim", "lee", "fay"], clone.type(page.block("person add kim")))
    clone.write(page)
    said = clone.type(page.block("agent import my-agent.yaml"))
    assert "live token: none" in said and said.count("~ enabled") == 1
    (asked,) = answers(clone.type(page.block("> var/asked.json")))
    assert (asked["state"], [slot["filled"] for slot in asked["slots"]]) == ("awaiting_review", [False, False])
    assert company.person("kim").approve(asked).status_code == 403, "the owner signs nothing of it"
    company.sign(asked, "lee", "fay")
    (decision,) = answers(clone.type(page.block("decision/?wait=60")))
    assert decision["decision"] == "approved"
    company_token = (company.product.home / "my-token").read_text().strip()
    settle(company, company_token, asked["id"], "succeeded")
    assert company.refunds_of(asked["id"]) == 1


def settle(company, token: str, action_id: str, state: str) -> None:
    """Wait until an action of another agent than the company's own is in this state."""
    agent = AgentClient(company.url, token)
    until(lambda: agent.action(action_id)["state"] == state, seconds=40, what=f"{action_id} {state}")


def test_an_agent_is_registered_given_a_policy_a_group_and_a_client_as_the_pages_say(company, clone):
    register, policy = Page("howto/register-an-agent.md"), Page("howto/write-a-policy.md")
    group, client = Page("howto/add-a-reviewer-group.md"), Page("howto/connect-a-client.md")
    agent_file, token = clone.folder / "pay-back" / "agent.yaml", company.product.home / "pay-back-token"

    meet(company, ["ben", "sid", "lou", "flo"], clone.type(register.block("person add ben")))
    clone.write(register)
    assert "live token: none" in clone.type(register.block("agent validate"))
    assert "~ enabled" in clone.type(register.block("token issue"))
    (held,) = answers(clone.type(register.block("try-1")))
    company.sign(held, "lou", "flo")
    settle(company, token.read_text().strip(), held["id"], "succeeded")

    clone.write(policy)
    sources, preview = policy.yaml[:2]
    text = once(agent_file.read_text(), "tools:\n", f"{sources}tools:\n")
    agent_file.write_text(once(text, "    preview: none\n", preview))
    assert "FAIL" not in clone.type(policy.block("policy validate"))
    assert "+ policy pay-back/1" in clone.type(policy.block("policy show"))
    allowed, denied = answers(clone.type(policy.block("policy-1")))
    assert (allowed["verdict"], allowed["effective_tier"]) == ("allow", 2)
    assert (denied["state"], denied["reasons"][0]) == ("denied", {"code": "too_much"})

    meet(company, ["pia", "quy"], clone.type(group.block("person add pia")))
    sign, escalate = group.yaml
    text = once(agent_file.read_text(), "sign: {2: [support-leads], 3: [finance, support-leads]}\n", sign + escalate)
    agent_file.write_text(text)
    assert "~ sign" in clone.type(group.block("agent import"))
    assert "pia is disabled" in clone.type(group.block("person disable"))

    (asked,) = answers(clone.type(client.block("order-3005-scratched")))
    assert asked["slots"] == [] or {slot["group"] for slot in asked["slots"]} == {"finance", "fraud-desk"}
    assert answers(clone.type(client.block("?wait=1")))
    clone.write(client)
    assert clone.type(client.block("refund.py")).startswith("denied")
    (run,) = answers(clone.type(client.block("my-inbox")).partition("Token")[0])
    assert run["agent"] == "refund-desk"
