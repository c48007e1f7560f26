"""Thirty steps of people, workers, tools, clocks and stops in any order: the promises of the gate hold after each of them.

Hypothesis chooses the steps; all of them go through the product's own verbs, on committed transactions, as the product's
own role. Three witnesses are held against each other after each step: a small model of what ought to stand where (below),
the audit log, and a trigger that notes every change of state on its own; and the tool says what reached it.
"""

import base64
import json
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from itertools import count, permutations
from unittest import mock

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from hypothesis import HealthCheck
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agents import actions, breakers, canonical, people, stops
from agents.errors import Refusal
from agents.lifecycle import ENDS, origins
from agents.models import Action, Agent, Person, Slot, Tool, ToolDefinition
from agents.tools import base
from approvals.deciding import desk
from audit.actors import Actor
from tests.factories import REFUND, REPLY, decide, make_action, make_agent, make_person
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
executing = import_module("agents.actions.execute")  # the package gives the verb of this name, and not its module
OPERATOR = Actor(kind="operator", id="root", display="root")
#: So long that none of them passes by itself: time goes on when a step says so.
LEASE, NEXT_ATTEMPT = timedelta(minutes=10), timedelta(hours=1)
#: Few enough for thirty steps to come to the last one.
MAX_ATTEMPTS = 3
TOOLS = {tool["name"]: tool for tool in (REFUND, REPLY)}
NEEDS = {3: ("finance", "support-leads"), 2: ("support-leads",)}
HELD, OPEN_TO_CHANGE = ("awaiting_review", "approved"), {str(state) for state in origins("superseded")}
ENDED = {str(state) for state in ENDS}
MAY_HAVE_HAPPENED = {"executing", "retry_wait", "unknown", "succeeded"}
#: What all runs together must come to, or they try nothing.
WORTH_SEEING = {"executing", "retry_wait", "unknown", "succeeded", "failed", "fenced", "effect"}
_run = count(1)


# --- the tool, and what it remembers

#: How the tool behaves: whether it takes effect, and what it answers (None: the connection drops).
BEHAVIOURS = {
    "done": (True, 200),
    "refused": (False, 422),
    "broken": (False, 503),
    "broken after": (True, 503),
    "silent": (False, None),
    "silent after": (True, None),
}
GONE = "gone"  # nothing listens
kinds = st.sampled_from(["done", "done", *BEHAVIOURS, GONE])


class Shop:
    """The tool's side: refunds are given once for a key, replies go out each time."""

    def __init__(self, server):
        self.server, self.effects = server, []
        self.address = base.hosts["refunds"]

    @contextmanager
    def behaving(self, kind: str):
        """Behave so for a while."""
        before = base.hosts["refunds"], self.server.behaviour
        if kind == GONE:
            base.hosts["refunds"] = base.Host("refunds", "http://127.0.0.1:1", loopback=True)
        else:
            base.hosts["refunds"] = self.address
            self.server.behaviour = lambda handler: self._answer(handler, *BEHAVIOURS[kind])
        try:
            yield
        finally:
            base.hosts["refunds"], self.server.behaviour = before

    def _answer(self, handler, takes_effect: bool, status: int | None) -> None:
        key = handler.headers["Idempotency-Key"]
        if takes_effect and not (handler.path == "/refunds" and key in self.effects):
            self.effects.append(key)
        if status is None:
            handler.close_connection = True
        else:
            says(status, {"status": status})(handler)

    def calls(self, key: str) -> list:
        return [call for call in self.server.calls if call.headers["Idempotency-Key"] == key]


# --- a witness of its own

WITNESS = """
CREATE TABLE witnessed (id bigint GENERATED ALWAYS AS IDENTITY, action uuid, old text, new text, xid xid8);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO witnessed (action, old, new, xid)
        VALUES (NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.state END, NEW.state, pg_current_xact_id());
    RETURN NULL;
END $$;
CREATE TRIGGER witness_born AFTER INSERT ON agents_action FOR EACH ROW EXECUTE FUNCTION witness();
CREATE TRIGGER witness_moved AFTER UPDATE ON agents_action FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION witness();
GRANT SELECT ON witnessed TO cs_app;
"""
TOLD = """
SELECT subject_id::uuid, data->>'from', data->>'to', xid::text FROM audit.event
WHERE subject_kind = 'action' AND subject_id = ANY (%s) AND data ? 'to' ORDER BY id
"""
SEEN = "SELECT action, old, new, xid::text FROM witnessed WHERE action = ANY (%s::uuid[]) ORDER BY id"


@pytest.fixture
def witness():
    """Note every change of state in a table of the test's own, written by the database."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(WITNESS)
    yield
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP TABLE witnessed; DROP FUNCTION witness() CASCADE")


@contextmanager
def as_the_product():
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE cs_app")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def rows(statement: str, *values) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


# --- what ought to be


@dataclass
class Account:
    """Somebody who may sign, and the tick at which they last became who they are."""

    person: Person
    groups: frozenset[str]
    since: int = 0

    @property
    def human(self) -> int:
        return self.person.human_id


@dataclass
class Side:
    """An agent, its owner, and how often it was stopped."""

    agent: Agent
    owner: Account
    stopped: bool = False
    stops: int = 0


@dataclass
class Asked:
    """An action as it ought to stand."""

    pk: str
    side: Side
    tool: dict
    born: int
    digest: str
    state: str = "awaiting_review"
    held_from: str = ""
    votes: list[Account] = field(default_factory=list)
    decided: set[int] = field(default_factory=set)  # humans
    stated: set[int] = field(default_factory=set)  # humans
    attempts: int = 0
    called: bool = False
    is_due: bool = True
    outdated: bool = False
    fenced: int = 0

    def may_decide(self, account: Account) -> bool:
        """Whether this account has a say in it at all, and hasn't had it."""
        return (
            self.state == "awaiting_review"
            and account.since <= self.born
            and account.human not in {self.side.owner.human, *self.decided}
            and bool(account.groups & set(NEEDS[self.tool["tier"]]))
        )

    def may_sign(self, account: Account) -> bool:
        together = [*self.votes, account]
        fits = (
            all(group in one.groups for one, group in zip(together, order, strict=False))
            for order in permutations(NEEDS[self.tool["tier"]])
        )
        return self.may_decide(account) and len(together) <= len(NEEDS[self.tool["tier"]]) and any(fits)

    def sign(self, account: Account) -> None:
        self.votes.append(account)
        self.decided.add(account.human)
        if len(self.votes) == len(NEEDS[self.tool["tier"]]):
            self.state = "approved"

    def claim(self) -> str:
        """Say what a worker that comes now gets: nothing, no for ever, or a claim."""
        if self.side.stopped or not (self.state == "approved" or (self.state == "retry_wait" and self.is_due)):
            return "nothing"
        if self.outdated or any(account.since > self.born for account in self.votes):
            tried = "unknown" if self.called else "failed"
            self.state = "refused" if self.state == "approved" else tried
            return "refused"
        self.state, self.attempts = "executing", self.attempts + 1
        return "claimed"

    def hear(self, kind: str) -> None:
        """What a claimed attempt becomes when the tool behaves so and the worker lives."""
        earlier, self.called = self.called, self.called or kind != GONE
        if kind == "done":
            self.state = "succeeded"
        elif kind == "refused" and not earlier:
            self.state = "failed"
        else:
            self.lose()

    def lose(self, *, spent: bool = False) -> None:
        """What it becomes when nobody can say what the attempt did."""
        spent = spent or self.attempts >= MAX_ATTEMPTS
        if self.called and (spent or not self.tool["idempotent"]):
            self.state = "unknown"
        else:
            self.state, self.is_due = ("failed" if spent else "retry_wait"), False


# --- the machine

PLACES = ("after_claim", "before_call", "after_call")


def _steps() -> st.SearchStrategy:
    """Every step with what it is given, as often as it should come. One strategy: rules of their own come in fits."""
    which, account, side = (st.integers(0, most) for most in (11, 4, 1))
    name, place = st.sampled_from(sorted(TOOLS)), st.sampled_from(PLACES)
    groups = st.sampled_from([{"finance", "support-leads"}, {"finance"}, {"support-leads"}, set()]).map(frozenset)
    word = st.sampled_from(["approve", "reject"])
    given = {
        "propose": {"side": side, "name": name, "signed": st.booleans()},
        "everybody_signs": {"which": which},
        "decide": {"which": which, "account": account, "word": word, "stale": st.booleans()},
        "withdraw": {"which": which},
        "change_groups": {"account": account, "groups": groups},
        "redefine": {"side": side, "name": name},
        "stop_or_resume": {"side": side},
        "run": {"which": which, "kind": kinds, "hasty": st.booleans()},
        "die": {"which": which, "kind": kinds, "place": st.sampled_from(["before_claim", *PLACES])},
        "oversleep": {
            "which": which, "kind": kinds, "place": place, "then": kinds, "there": st.sampled_from(["", *PLACES])
        },
        "time_is_over": {"which": which},
        "say_what_happened": {"which": which, "account": account},
    }  # fmt: skip
    often = {"oversleep": 4} | dict.fromkeys(("propose", "decide", "run", "time_is_over", "change_groups"), 3)
    often |= {"die": 2, "say_what_happened": 2}
    return st.one_of(
        st.tuples(st.just(name), st.fixed_dictionaries(its))
        for name, its in given.items()
        for _ in range(often.get(name, 1))
    )


class WorkerDied(BaseException):
    """What SIGKILL at a named place is to the process: nothing after it happens."""


class Lifecycle(RuleBasedStateMachine):
    """Two agents, five accounts of four humans (the owners among them), and what is asked."""

    shop: Shop
    moved: Counter  # how often each state was entered, a worker fenced, and the tool took effect, in all runs

    def __init__(self):
        super().__init__()
        self.tick, number = 0, next(_run)
        both = ("finance", "support-leads")
        self.accounts = [
            self._account(f"{name}-{number}", *groups)
            for name, groups in {"one": both, "two": both, "fin": both[:1], "lea": both[1:]}.items()
        ]
        self.accounts.append(self._account(f"fin-b-{number}", both[1], human=self.accounts[2].person))
        self.sides = [
            Side(make_agent(f"{name}-{number}", owner=owner.person, tools=(REFUND, REPLY)), owner)
            for name, owner in zip(("first", "second"), self.accounts, strict=False)
        ]
        self.all: dict[str, Asked] = {}
        self.before: dict[str, dict] = {}
        self.frozen: dict[str, tuple] = {}

    def _account(self, name: str, *groups: str, human: Person | None = None) -> Account:
        return Account(make_person(name, *groups, human=human), frozenset(groups))

    @classmethod
    def begin_counting(cls, shop: Shop) -> None:
        cls.shop, cls.moved = shop, Counter()

    def teardown(self):
        """Nothing of this run is due while the next one's clock looks."""
        Action.objects.filter(pk__in=list(self.all), wake_at__isnull=False).update(wake_at=Now() + timedelta(days=9))
        self.moved.update(new for _, _, new, _ in rows(TOLD, list(self.all)))
        self.moved["fenced"] += sum(one.fenced for one in self.all.values())
        self.moved["effect"] += sum(one.pk in self.shop.effects for one in self.all.values())

    # asking, and being asked

    @initialize()
    def begin(self):
        for side, name in zip(self.sides, TOOLS, strict=True):
            self._sign(self._propose(side, name))

    @rule(step=_steps())
    def step(self, step):
        name, given = step
        getattr(self, name)(**given)

    def propose(self, side, name, signed):
        side = self.sides[side]
        if side.stopped:
            self._refused(lambda: make_action(side.agent, name))
        else:
            one = self._propose(side, name)
            if signed:
                self._sign(one)

    def _propose(self, side: Side, name: str) -> Asked:
        self.tick += 1
        action = make_action(side.agent, name)
        one = self.all[str(action.pk)] = Asked(str(action.pk), side, TOOLS[name], self.tick, action.digest)
        return one

    def everybody_signs(self, which):
        self._sign(self._one(which, "awaiting_review"))

    def _sign(self, one: Asked) -> None:
        for account in self.accounts:
            if one.may_sign(account):
                self._decide(one, account, "approve")

    def decide(self, which, account, word, stale):
        one = self._one(which, "awaiting_review")
        if stale:
            self._refused(lambda: decide(self._row(one), self.accounts[account].person, digest="0" * 64))
        self._decide(one, self.accounts[account], word)

    def _decide(self, one: Asked, account: Account, word: str) -> None:
        may = one.may_sign(account) if word == "approve" else one.may_decide(account)
        say = lambda: decide(self._row(one), account.person, word)  # noqa: E731
        if not may:
            self._refused(say)
            return
        say()
        if word == "approve":
            one.sign(account)
        else:
            one.state = "rejected"

    # what comes between

    def withdraw(self, which):
        one = self._one(which)
        by = Actor(kind="agent", id=str(one.side.agent.pk), display="agent")
        if one.state in OPEN_TO_CHANGE:
            actions.withdraw(one.pk, by=by)
            one.state = "withdrawn"
        else:
            self._refused(lambda: actions.withdraw(one.pk, by=by))

    def change_groups(self, account, groups):
        account = self.accounts[account]
        if groups == account.groups:
            return
        self.tick += 1
        account.groups, account.since = groups, self.tick
        people.change(account.person.username, groups=groups, by=OPERATOR)
        account.person = Person.objects.get(pk=account.person.pk)
        for one in self.all.values():
            if "awaiting_review" in (one.state, one.held_from):
                one.votes = [vote for vote in one.votes if vote is not account]

    def redefine(self, side, name):
        side = self.sides[side]
        self.tick += 1
        with transaction.atomic():
            tool = Tool.objects.select_related("definition").get(agent=side.agent, name=name)
            body = tool.definition.body | {"undo": f"by hand, way {self.tick}"}
            tool.definition = ToolDefinition.objects.create(tool=tool, digest=canonical.digest_of(body), body=body)
            tool.save(update_fields=["definition"])
            actions.supersede_definition(tool, by=OPERATOR)
        for one in self.all.values():
            if one.side is side and one.tool["name"] == name:
                one.outdated = True
                if one.state in OPEN_TO_CHANGE:
                    one.state, one.held_from = "superseded", ""

    def stop_or_resume(self, side):
        side = self.sides[side]
        stop = lambda: stops.stop(agent=side.agent, by=OPERATOR, reason="strange")  # noqa: E731
        resume = lambda: stops.resume(agent=side.agent, by=OPERATOR, reason="looked at")  # noqa: E731
        self._refused(stop if side.stopped else resume)
        if side.stopped:
            resume()
            side.stopped = False
            for one in self._of(side, "on_hold"):
                one.state, one.held_from = one.held_from, ""
        else:
            stop()
            side.stopped, side.stops = True, side.stops + 1
            for one in self._of(side, *HELD):
                one.state, one.held_from = "on_hold", one.state

    # running

    def run(self, which, kind, hasty):
        one = self._one(which, "approved", "retry_wait")
        if not hasty:
            self._next_attempt_is_due(one)
        self._attempt(one, kind)

    def _attempt(self, one: Asked, kind: str) -> None:
        got = one.claim()
        with self.shop.behaving(kind):
            actions.execute(one.pk, worker="worker")
        if got == "claimed":
            one.hear(kind)

    def die(self, which, kind, place):
        one = self._one(which, "approved", "retry_wait")
        self._next_attempt_is_due(one)
        self._die(one, kind, place)

    def _die(self, one: Asked, kind: str, place: str) -> None:
        got = "nothing" if place == "before_claim" else one.claim()

        def reach(name):
            if name == place:
                raise WorkerDied

        with self.shop.behaving(kind), mock.patch.object(executing.failpoints, "reach", reach):
            try:
                actions.execute(one.pk, worker="mortal")
            except WorkerDied:
                pass
        if got == "claimed":
            one.called = one.called or place in ("before_call", "after_call")

    def oversleep(self, which, kind, place, then, there):
        """A worker stands still while the clock takes its lease and another comes, who lives or dies `there`; then it wakes."""
        one = self._one(which, "approved", "retry_wait")
        self._next_attempt_is_due(one)
        got, slept, clock = one.claim(), [], time.monotonic
        awake = ExitStack()

        def reach(name):
            if name != place or slept:
                return
            slept.append(name)
            one.called = one.called or place != "after_claim"
            self._lease_over(one)
            self._next_attempt_is_due(one)
            if there:
                self._die(one, then, there)
            else:
                self._attempt(one, then)
            awake.enter_context(mock.patch("time.monotonic", lambda: clock() + 2 * LEASE.total_seconds()))

        with awake, self.shop.behaving(kind), mock.patch.object(executing.failpoints, "reach", reach):
            actions.execute(one.pk, worker="sleepy")
        assert bool(slept) == (got == "claimed")
        one.fenced += bool(slept) and place != "before_call"

    # time

    def time_is_over(self, which):
        """Whatever this action waits for is late; the clock looks."""
        one = self._one(which, "executing")
        {
            "awaiting_review": self._review_over,
            "approved": self._permit_over,
            "executing": self._lease_over,
            "retry_wait": self._retry_window_over,
        }.get(one.state, self._looked_at)(one)

    def _next_attempt_is_due(self, one: Asked) -> None:
        Action.objects.filter(pk=one.pk, state="retry_wait").update(next_attempt_at=Now())
        one.is_due = True

    def _review_over(self, one: Asked) -> None:
        self._earlier(one, "at_risk_at", "due_at", "expires_at")
        self._refused(lambda: decide(self._row(one), self.accounts[3].person))
        self._sweep(one)
        one.state = "expired"

    def _permit_over(self, one: Asked) -> None:
        self._earlier(one, "permit_until")
        assert actions.execute(one.pk, worker="late") is None
        self._sweep(one)
        one.state = "expired"

    def _lease_over(self, one: Asked) -> None:
        self._earlier(one, "lease_until")
        self._sweep(one)
        one.lose()

    def _retry_window_over(self, one: Asked) -> None:
        self._earlier(one, "permit_consumed_at")
        Action.objects.filter(pk=one.pk).update(next_attempt_at=Now())
        assert actions.execute(one.pk, worker="late") is None
        self._sweep(one)
        one.lose(spent=True)

    def _looked_at(self, one: Asked) -> None:
        if one.state not in ENDED:
            self._sweep(one)

    def _earlier(self, one: Asked, *columns: str) -> None:
        Action.objects.filter(pk=one.pk).update(**{name: F(name) - timedelta(days=9) for name in columns})

    def _sweep(self, one: Asked) -> None:
        Action.objects.filter(pk=one.pk).update(wake_at=Now())
        assert "failed" not in actions.sweep()

    # reconciling

    def say_what_happened(self, which, account):
        """People are honest: they look at the tool."""
        one, account = self._one(which, "unknown"), self.accounts[account]
        says_it = "succeeded" if one.pk in self.shop.effects else "failed"
        say = lambda: desk.state_outcome(action_id=one.pk, by=account.person, says=says_it, note="seen")  # noqa: E731
        knows = account is one.side.owner or account.groups & set(NEEDS[one.tool["tier"]])
        if one.state != "unknown" or not knows:
            self._refused(say)
            return
        say()
        one.stated.add(account.human)
        if len(one.stated) >= (2 if one.tool["tier"] >= 3 else 1):
            one.state = says_it

    # what holds after every step

    @invariant()
    def holds(self):
        now = {str(row["id"]): row for row in Action.objects.filter(pk__in=list(self.all)).values()}
        slots = Slot.objects.filter(action__in=now).order_by("position").values_list("action", "label", "human")
        for key, one in self.all.items():
            row = now[key]
            self._stands(one, row)
            self._is_live_or_ended(row)
            self._never_goes_back(row, self.before.get(key, row))
            self._is_frozen_once_tried(one, row, [slot for slot in slots if str(slot[0]) == key])
            self._effect_was_signed(one)
        self.before = now
        self._record_is_whole()
        epochs = {side.agent.pk: side.stops for side in self.sides}
        assert dict(Agent.objects.filter(pk__in=epochs).values_list("pk", "stop_epoch")) == epochs, "I7"

    def _stands(self, one: Asked, row: dict) -> None:
        """It stands where it ought to, and a permit was consumed at the first claim and never again (I3)."""
        assert (row["state"], row["attempts"], row["fence"]) == (one.state, one.attempts, one.attempts)
        assert (row["permit_consumed_at"] is not None) == (one.attempts > 0), "I3"
        if one.state in ("executing", "retry_wait", "unknown"):
            assert (row["called_at"] is not None) == one.called

    def _is_live_or_ended(self, row: dict) -> None:
        if row["state"] in ENDED:
            assert (row["wake_at"], row["lease_until"], row["lease_owner"]) == (None, None, ""), "I5"
        else:
            assert row["wake_at"] is not None, "L1"

    def _never_goes_back(self, row: dict, before: dict) -> None:
        assert before["state"] == row["state"] or before["state"] not in ENDED, "I5"
        for name in ("fence", "attempts"):
            assert row[name] >= before[name], "I7"
        if before["permit_consumed_at"] is not None:
            assert row["permit_consumed_at"] <= before["permit_consumed_at"], "I3"

    def _is_frozen_once_tried(self, one: Asked, row: dict, signers: list) -> None:
        names = ("digest", "payload_digest", "wire_digest", "revision", "definition_id", "policy", "effective_tier")
        binding = (*(row[name] for name in names), signers)
        if one.attempts:
            assert self.frozen.setdefault(one.pk, binding) == binding, "I6"

    def _effect_was_signed(self, one: Asked) -> None:
        calls, effects = self.shop.calls(one.pk), self.shop.effects.count(one.pk)
        assert effects <= 1 and (one.tool["idempotent"] or len(calls) <= 1), "I2"
        assert not effects or one.state in MAY_HAVE_HAPPENED, "it had its effect and stands as if it hadn't"
        assert effects or one.state != "succeeded", "it stands as done and never was"
        for call in calls:
            assert (call.path, call.body) == (calls[0].path, calls[0].body), "I1"
            assert _credential(call)["digest"] == one.digest, "I1"
            humans = {account.human for account in one.votes}
            assert len(humans - {one.side.owner.human}) == len(NEEDS[one.tool["tier"]]), "I1"

    def _record_is_whole(self) -> None:
        """I8: what the log tells and what the database saw are the same moves, each in the same transaction."""
        told, seen = rows(TOLD, list(self.all)), rows(SEEN, list(self.all))
        assert sorted(told, key=_by_action) == sorted(seen, key=_by_action), "I8"
        stands = {}
        for action, old, new, _ in told:
            assert stands.get(str(action)) == old and old not in ENDED, "I8"
            stands[str(action)] = new
        assert stands == {key: one.state for key, one in self.all.items()}, "I8"
        fenced = "SELECT count(*) FROM audit.event WHERE verb = 'action.fenced' AND subject_id = ANY (%s)"
        assert rows(fenced, list(self.all)) == [(sum(one.fenced for one in self.all.values()),)], "I4"

    # words

    def _one(self, which: int, *wanted: str) -> Asked:
        """Mostly one that is wanted, or at least hasn't ended, the latest first; now and then any."""
        everything = list(self.all.values())
        useful = [one for one in everything if one.state in wanted]
        live = [one for one in everything if one.state not in ENDED]
        pool = (useful or live or everything) if which < 10 else everything
        return pool[-1 - which % len(pool)]

    def _of(self, side: Side, *states: str) -> list[Asked]:
        return [one for one in self.all.values() if one.side is side and one.state in states]

    def _row(self, one: Asked) -> Action:
        return Action.objects.get(pk=one.pk)

    def _refused(self, call) -> None:
        with pytest.raises(Refusal):
            call()


def _by_action(move: tuple) -> str:
    return str(move[0])


def _credential(call) -> dict:
    payload = call.headers["Authorization"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


#: The same steps in every run.
BOUNDS = bounds(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_promises_hold_after_any_steps_in_any_order(witness, settings, monkeypatch):
    settings.LEASE, settings.RETRY_FIRST = LEASE, NEXT_ATTEMPT
    monkeypatch.setattr(executing, "MAX_ATTEMPTS", MAX_ATTEMPTS)
    monkeypatch.setattr(breakers, "THRESHOLD", 10**6)  # an open breaker would keep workers away; it is tested apart
    with serving() as server, as_the_product():
        Lifecycle.begin_counting(Shop(server))
        run_state_machine_as_test(Lifecycle, settings=BOUNDS)
    never = WORTH_SEEING - set(Lifecycle.moved)
    assert not never, f"it never came to {never}: the machine no longer tries what it is for"
