"""The oracle itself: what was broken on purpose is found, each time by the check whose promise it is."""

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest

from tests.chaos import oracle
from tests.chaos.crowd import Asked, Decided, Stood
from tests.chaos.logs import Logs
from tests.chaos.plan import UNKEYED, Task

MOVES = [(None, "queued"), ("queued", "planning"), ("planning", "executing"), ("executing", "completed")]
TRIED = [(None, "approved"), ("approved", "executing"), ("executing", "succeeded")]


def _event(verb: str, move: tuple) -> tuple[str, dict]:
    return verb, {"to": move[1]} | ({"from": move[0]} if move[0] else {})


def evidence() -> oracle.Evidence:
    """One run that looked fine: asked for, one held action that was signed and called once, completed."""
    task = Task("pays back", UNKEYED, (), frozenset({"completed"}), 0.0)
    run = {"slug": UNKEYED, "state": "completed", "parent_id": None, "leased": False, "wakes": False, "steps": 2}
    action = {"run_id": "r1", "step_id": "s2", "slug": UNKEYED, "state": "succeeded", "called": True, "leased": False}
    step = {"run_id": "r1", "kind": "think", "state": "done", "tries": 1, "action_id": None, "tokens": 100, "micros": 5}
    told = [("run.enqueued", {"agent": 1}), *(_event("run.moved", move) for move in MOVES[1:])]
    called = [*(_event("action.moved", move) for move in TRIED[:2]), ("action.called", {"attempt": 1})]
    return oracle.Evidence(
        asked=[Asked(task, key="k1", runs=["r1", "r1"])],
        decided=[Decided("a1", "ana", "approve")],
        runs={"r1": run | {"code": None}},
        actions={"a1": action | {"wakes": False, "effect": "write", "attempts": 1}},
        steps=[step | {"number": 1}, step | {"number": 2, "kind": "act", "action_id": "a1", "tokens": 0, "micros": 0}],
        events=defaultdict(list, {("run", "r1"): told, ("action", "a1"): [*called, _event("action.moved", TRIED[2])]}),
        moves=defaultdict(list, {("run", "r1"): list(MOVES), ("action", "a1"): list(TRIED)}),
        ledger=defaultdict(Counter, {"a1": Counter(done=1)}),
        budgets=[{"scope": "run:r1", "unit": "tokens", "cap": 500, "reserved": 0, "settled": 100}],
        overshoot=[],
        keys={"k1": "r1"},
        decisions={("a1", "ana", "approve")},
        stood=[(Stood(UNKEYED, 1, 2), [])],
    )


def test_a_run_that_went_well_breaks_no_promise():
    assert not any(oracle.violations(evidence()).values())


LIED = {
    "done, and wasn't": ("succeeded", Counter(says_done=1)),
    "refused, and was done": ("failed", Counter(done=1, says_refused=1)),
    "failed, and was done": ("unknown", Counter(done=1, says_failed=1)),
    "nonsense, and was done": ("unknown", Counter(done=1, says_nonsense=1)),
}


@pytest.mark.parametrize("word", LIED)
def test_what_the_product_was_told_is_no_fault_of_its_own(word):
    state, lines = LIED[word]
    found = evidence()
    found.actions["a1"]["state"] = state
    found.ledger["a1"] = lines
    broken = oracle.violations(found)
    assert not broken["effects_happen_once"] and not broken["without_keys_nothing_is_tried_twice"]


def _set(rows: str, key: object, **columns) -> Callable[[oracle.Evidence], None]:
    return lambda found: getattr(found, rows)[key].update(columns)


BROKEN = {
    "a run that isn't there": ("nothing_is_lost", lambda found: found.asked[0].runs.append("r2")),
    "a second run for a key": ("nothing_is_lost", lambda found: found.runs.update(r2=dict(found.runs["r1"], steps=0))),
    "a lost signature": ("nothing_is_lost", lambda found: found.decisions.clear()),
    "a run that stands still": ("everything_ends", _set("runs", "r1", state="executing")),
    "a run that waits for nobody": ("everything_ends", _set("runs", "r1", state="awaiting_review")),
    "another end": ("everything_ends", _set("runs", "r1", state="failed")),
    "an effect twice": ("effects_happen_once", lambda found: found.ledger["a1"].update(done=1)),
    "an effect that didn't happen": ("effects_happen_once", lambda found: found.ledger.clear()),
    "an effect of what failed": ("effects_happen_once", _set("actions", "a1", state="failed")),
    "a lie that doesn't cover it": (
        "effects_happen_once",
        lambda found: found.ledger.update(a1=Counter(says_failed=1)),
    ),
    "an effect twice, once lied about": (
        "effects_happen_once",
        lambda found: found.ledger["a1"].update(done=1, says_refused=1),
    ),
    "an effect without a call": ("effects_happen_once", _set("actions", "a1", called=False)),
    "two actions of a step": (
        "effects_happen_once",
        lambda found: found.actions.update(a2=dict(found.actions["a1"], effect="read")),
    ),
    "a second attempt": (
        "without_keys_nothing_is_tried_twice",
        lambda found: found.events["action", "a1"].append(("action.called", {"attempt": 2})),
    ),
    "a call twice, once lied to": (
        "without_keys_nothing_is_tried_twice",
        lambda found: found.ledger["a1"].update(says_done=1),
    ),
    "a repetition": ("without_keys_nothing_is_tried_twice", lambda found: found.ledger["a1"].update(replayed=1)),
    "an end with a lease": ("ends_are_final", _set("runs", "r1", leased=True)),
    "nothing to wake it": ("ends_are_final", _set("actions", "a1", state="unknown")),
    "a move without its event": ("every_move_has_its_event", lambda found: found.events["run", "r1"].pop()),
    "an event without its move": ("every_move_has_its_event", lambda found: found.moves["run", "r1"].pop()),
    "a gap": ("every_move_has_its_event", lambda found: found.moves["action", "a1"].pop(1)),
    "a number twice": ("journals_are_whole", lambda found: found.steps[1].update(number=1)),
    "an open step": ("journals_are_whole", lambda found: found.steps[0].update(state="intent")),
    "a step that says otherwise": ("journals_are_whole", lambda found: found.steps[1].update(state="failed")),
    "too much spent": ("budgets_hold", lambda found: found.overshoot.append(("run:r1", "tokens", 50, 0, 100))),
    "taken up while it was stopped": ("stops_hold", lambda found: found.stood[0][1].append("run r1")),
    "held back for nobody": ("budgets_hold", lambda found: found.budgets[0].update(reserved=1)),
    "counted wrongly": ("budgets_hold", lambda found: found.budgets[0].update(settled=99)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_was_broken_is_found(what):
    promise, spoil = BROKEN[what]
    found = evidence()
    spoil(found)
    assert oracle.violations(found)[promise]


@pytest.mark.parametrize("margin", ["", "    "])
def test_a_traceback_is_found_whether_it_was_printed_or_logged(tmp_path, margin):
    log = tmp_path / "log" / "worker.log"
    log.parent.mkdir()
    log.write_text("started\n")
    lines = [
        "Traceback (most recent call last):",
        '  File "x.py", line 1',
        "    boom()",
        "ValueError: no",
        "and",
        "  on",
    ]
    since = Logs(tmp_path)
    log.write_text("started\nfailed\n" + "".join(f"{margin}{line}\n" for line in lines))
    assert [(one.log, one.name) for one in since.raised()] == [("worker", "ValueError")]
