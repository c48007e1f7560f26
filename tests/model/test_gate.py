"""With all its guards no order of events breaks a promise of the gate; without any one of them the shortest way is this."""

import pytest

from tests.model.gate import GUARDS, Gate, explore

SIGNED = "ann signs r1, bo signs r1"
#: The guard that is missing, whether the tool honours our key, the promise that breaks, and the shortest way there.
COUNTER_EXAMPLES = [
    (
        "vote names its digest",
        True,
        "I1",
        "edit to r2, ann signs r1, bo signs r1, w1 claims, w1 marks, w1 calls: done",
    ),
    ("no self", True, "I1", "ann signs r1, sue signs r1, w1 claims, w1 marks, w1 calls: done"),
    ("people, not accounts", True, "I1", "bo signs r1, bo-2 signs r1, w1 claims, w1 marks, w1 calls: done"),
    ("deny wins", True, "I11", "ann signs r1, ann rejects, bo signs r1, w1 claims"),
    ("permit at claim", True, "I3", f"{SIGNED}, the permit runs out, w1 claims"),
    ("stop at claim", True, "I3", f"{SIGNED}, w1 claims, stop, the lease is over, w2 claims"),
    ("permit consumed once", True, "I3", f"{SIGNED}, w1 claims, the lease is over, w2 claims"),
    (
        "permit consumed once",
        True,
        "I2",
        f"{SIGNED}, w1 claims, w1 marks, w1 calls: done, the lease is over, edit to r2, ann signs r2, bo signs r2, "
        "w2 claims, w2 marks, w2 calls: done",
    ),
    (
        "freeze",
        True,
        "I2",
        f"{SIGNED}, w1 claims, w1 marks, w1 calls: done, the lease is over, edit to r2, ann signs r2, bo signs r2, "
        "w2 claims, w2 marks, w2 calls: done",
    ),
    (
        "atomic claim",
        False,
        "I2",
        f"{SIGNED}, w1 looks, w2 looks, w1 claims, w1 marks, w1 calls: done, w2 claims, w2 marks, w2 calls: done",
    ),
    ("atomic claim", True, "I3", f"{SIGNED}, w1 looks, stop, w1 claims"),
    (
        "unknown, not retry",
        False,
        "I2",
        f"{SIGNED}, w1 claims, w1 marks, w1 calls: done, the lease is over, w2 claims, w2 marks, w2 calls: done",
    ),
    (
        "a late no is no answer",
        True,
        "I2",
        f"{SIGNED}, w1 claims, w1 marks, w1 calls: done, the lease is over, w2 claims, w2 marks, w2 calls: refused, "
        f"w2 records no, asked anew, {SIGNED}, w2 claims, w2 marks, w2 calls: done",
    ),
    # What fencing is for: somebody slept, people or another worker went on without them, and they wake.
    (
        "clock before the call",
        False,
        "I2",
        f"{SIGNED}, w1 claims, w1 marks, the lease is over, people say it failed, asked anew, {SIGNED}, "
        "w1 calls: done, w2 claims, w2 marks, w2 calls: done",
    ),
    (
        "fence on the record",
        True,
        "I2",
        f"{SIGNED}, w1 claims, w1 marks, w1 calls: refused, the lease is over, w2 claims, w2 marks, w1 records no, "
        f"asked anew, {SIGNED}, w1 claims, w1 marks, w1 calls: done, w2 calls: done",
    ),
    ("fence on the mark", False, "I4", f"{SIGNED}, w1 claims, the lease is over, w1 marks"),
]
#: Two locks on one door: either alone holds. Both are kept, because each is the other's safety.
EDITED = {"votes die with an edit", "digest at claim"}
ASLEEP = {"clock before the call", "fence on the mark"}


@pytest.mark.parametrize(("idempotent", "worlds"), [(True, 15_894), (False, 9_324)])
def test_no_order_of_events_breaks_a_promise(idempotent, worlds):
    found = explore(Gate(idempotent))
    assert (found.broken, found.trace) == ("", ())
    assert found.worlds >= worlds, "the model has shrunk: what does it no longer try?"


@pytest.mark.parametrize(
    ("guard", "idempotent", "broken", "trace"), COUNTER_EXAMPLES, ids=[f"{row[2]} {row[0]}" for row in COUNTER_EXAMPLES]
)
def test_without_this_guard_a_promise_breaks(guard, idempotent, broken, trace):
    found = explore(Gate(idempotent, off=frozenset({guard})), (broken,))
    assert (found.broken, ", ".join(found.trace)) == (broken, trace)


def test_every_guard_is_missed_once():
    assert {row[0] for row in COUNTER_EXAMPLES} | EDITED | ASLEEP == GUARDS


@pytest.mark.parametrize("guard", sorted(EDITED))
def test_edit_after_signatures_is_stopped_twice(guard):
    assert explore(Gate(idempotent=False, off=frozenset({guard}))).broken == ""


def test_edit_after_signatures_runs_without_both():
    found = explore(Gate(idempotent=False, off=frozenset(EDITED)), ("I1",))
    assert ", ".join(found.trace) == f"{SIGNED}, edit to r2, w1 claims, w1 marks, w1 calls: done"


@pytest.mark.parametrize("guard", sorted(ASLEEP))
def test_worker_that_sleeps_before_its_mark_is_stopped_twice(guard):
    """Only its own clock stops one that sleeps after it; a machine that sleeps with its clock is stopped by the mark."""
    gate = Gate(idempotent=False, off=frozenset({guard}), naps=frozenset({"claimed"}))
    assert explore(gate, ("I1", "I2", "I3", "I5")).broken == ""


def test_worker_that_sleeps_before_its_mark_calls_without_both():
    found = explore(Gate(idempotent=False, off=frozenset(ASLEEP), naps=frozenset({"claimed"})), ("I2",))
    assert ", ".join(found.trace) == (
        f"{SIGNED}, w1 claims, the lease is over, w1 marks, w1 calls: done, w2 claims, w2 marks, w2 calls: done"
    )
