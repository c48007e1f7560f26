"""A limit over many actions holds however many ask at once, from whichever agent and process."""

import os
import subprocess
import sys

import pytest
from django.db import connection, connections, transaction

from agents import actions, present
from agents.actions import Proposal
from agents.lifecycle import State
from agents.models import Action, LimitEntry, LimitUsage
from tests.factories import TRANSFER, give_policy, make_agent, principal_of
from tests.races.threads import begin, together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

POLICY = """
    policy: transfers
    rules:
      - {id: small, tool: transfer, then: allow, when: "amount_usd <= 10000"}
      - {id: cap, tool: transfer, then: review, cumulative: {sum: amount_usd, per: payee, window: 24h, over: 20000}}
"""


def payer():
    return principal_of(give_policy(make_agent(tools=[TRANSFER]), POLICY))


def transfer(principal, amount, *, payee="P-1", key):
    """Propose a transfer; return the verdict."""
    proposal = Proposal(tool="transfer", arguments={"payee": payee, "amount_usd": amount})
    done = actions.propose(
        principal=principal, proposal=proposal, key=key, answer=lambda action: (201, present.for_agent(action))
    )
    return done.body["verdict"]


def allowed_cents() -> int:
    """What was let run, in cents, by the actions themselves."""
    allowed = Action.objects.filter(verdict="allow").values_list("impact", flat=True)
    return sum(allowed)


def test_three_transfers_under_the_cap_that_exceed_it_together_are_held():
    principal = payer()
    assert [transfer(principal, 10_000, key=f"k{n}") for n in range(3)] == ["allow", "allow", "review"]


def test_three_transfers_from_two_agents_are_held_together():
    one, other = payer(), payer()
    assert transfer(one, 10_000, key="a") == "allow"
    assert transfer(other, 10_000, key="b") == "allow"
    assert transfer(one, 0.01, key="c") == "review"
    assert transfer(other, 0.01, key="d") == "review"
    assert transfer(other, 10_000, payee="P-2", key="e") == "allow"


def test_what_an_agent_without_a_limit_paid_counts_for_the_one_with_it():
    free = principal_of(make_agent(tools=[{**TRANSFER, "tier": 1}]))
    assert transfer(free, 15_000, key="a") == "allow"
    assert transfer(payer(), 6_000, key="b") == "review"


def test_fifty_at_once_never_let_more_run_than_the_cap():
    one, other = payer(), payer()
    verdicts = together(*[lambda n=n: transfer((one, other)[n % 2], 999.99, key=f"k{n}") for n in range(50)])
    assert set(verdicts) == {"allow", "review"}, verdicts
    assert verdicts.count("allow") == 20  # 20 x 999.99 = 19,999.80; a 21st would be over 20,000
    assert allowed_cents() == 20 * 99_999


def test_cap_holds_between_processes():
    one, other = payer(), payer()
    script = (
        "import django, sys; django.setup()\n"
        "from django.db import connections\n"
        "connections.databases['default']['NAME'] = sys.argv[1]\n"
        "from agents.models import Agent\n"
        "from tests.factories import principal_of\n"
        "from tests.races.test_limits import transfer\n"
        "agent = Agent.objects.get(pk=sys.argv[2])\n"
        "print(*[transfer(principal_of(agent), 4_000, key=f'{sys.argv[3]}{n}') for n in range(5)])\n"
    )
    name = connection.settings_dict["NAME"]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": os.getcwd()}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, name, str(principal.agent.pk), mark],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        for mark, principal in (("a", one), ("b", other))
    ]
    verdicts = " ".join(process.communicate(timeout=60)[0] for process in started).split()
    assert (verdicts.count("allow"), verdicts.count("review")) == (5, 5), verdicts
    assert allowed_cents() == 20_000 * 100


def test_second_proposal_waits_for_the_first_to_commit_and_then_counts_it():
    one, other = payer(), payer()
    assert transfer(one, 10_000, key="first") == "allow"
    with transaction.atomic():
        assert transfer(one, 10_000, key="second") == "allow"
        waiting = begin(lambda: transfer(other, 1, key="third"))
        waiting.join(0.5)
        assert waiting.is_alive(), "it was judged before what it has to count was there"
    assert waiting.finish() == "review"


def test_rolled_back_proposal_counts_for_nothing():
    principal = payer()

    class Crash(Exception):
        pass

    with pytest.raises(Crash), transaction.atomic():
        transfer(principal, 10_000, key="lost")
        raise Crash
    assert LimitEntry.objects.count() == 0
    assert [transfer(principal, 10_000, key=f"k{n}") for n in range(2)] == ["allow", "allow"]


@pytest.mark.parametrize("end", [State.EXPIRED, State.REJECTED, State.SUPERSEDED, State.REFUSED, State.FAILED])
def test_action_that_ended_without_an_effect_counts_no_more(end):
    principal = payer()
    assert transfer(principal, 10_000, key="a") == "allow"
    assert transfer(principal, 10_000, key="b") == "allow"
    with connections["owner"].cursor() as cursor:  # whatever led there: only where it stands matters here
        cursor.execute("ALTER TABLE agents_action DISABLE TRIGGER USER")
        cursor.execute("UPDATE agents_action SET state = %s, wake_at = NULL WHERE impact = 1000000", [str(end)])
        cursor.execute("ALTER TABLE agents_action ENABLE TRIGGER USER")
    assert transfer(principal, 10_000, key="c") == "allow"


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.UNKNOWN, State.SUCCEEDED])
def test_what_was_taken_back_or_may_have_happened_still_counts(state):
    principal = payer()
    assert transfer(principal, 20_000, key="a") == "review"
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE agents_action DISABLE TRIGGER USER")
        wake = "now()" if state == State.UNKNOWN else "NULL"
        cursor.execute(f"UPDATE agents_action SET state = %s, wake_at = {wake}", [str(state)])
        cursor.execute("ALTER TABLE agents_action ENABLE TRIGGER USER")
    assert transfer(principal, 0.01, key="b") == "review"


@pytest.mark.parametrize("payee", ["p-1", " P-1", "P-1 ", "\uff30-1", "P-1\u200b"])
def test_other_spelling_of_a_payee_is_no_fresh_cap(payee):
    principal = payer()
    assert [transfer(principal, 10_000, key=f"k{n}") for n in range(2)] == ["allow", "allow"]
    assert transfer(principal, 1, payee=payee, key="c") == "review"


def test_what_waits_for_people_counts_as_reserved():
    principal = payer()
    assert transfer(principal, 15_000, key="held by its size") == "review"
    assert transfer(principal, 5_000, key="a") == "allow"
    assert transfer(principal, 0.01, key="b") == "review"


def test_entry_older_than_the_window_counts_no_more():
    principal = payer()
    transfer(principal, 10_000, key="a")
    transfer(principal, 10_000, key="b")
    LimitEntry.objects.using("owner").update(at="2020-01-01T00:00:00Z")
    assert transfer(principal, 10_000, key="c") == "allow"


def test_whom_a_limit_is_about_is_not_readable_in_its_row():
    transfer(payer(), 1, payee="Jane Roe, IBAN DE02", key="a")
    assert {usage.scope for usage in LimitUsage.objects.all()} == {"counterparty"}
    assert not any("Jane" in usage.key for usage in LimitUsage.objects.all())
