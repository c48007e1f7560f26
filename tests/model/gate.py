"""An explicit-state model of the gate: everything that can happen to one refund, in every order, until a promise breaks.

It speaks of the product as it is: `agents/actions/claim.py` (look, then take under locks), `execute.py` (commit the mark,
look at the own clock, call, record) and `sweep.py` (the lease is over). Each step here is one commit there, or one call.
There are two revisions of what was asked, and the same asked anew after that ended as failed; four accounts of three
people; two workers that may die, or sleep for longer than their lease, after every step; a tool that honours our key or
knows none. A message may be lost, doubled or late, so a worker may come at any moment.

What it leaves out, on purpose:
- groups: any two people who aren't the requester are enough; policy, facts, limits and redefined tools are tested apart;
- the wire: a call reaches the tool at once or never. A request on its way can't be recalled by anybody, and a worker that
  sleeps between the look at its clock and its first byte is a request on its way;
- a timeout is a worker that never hears the answer; a lease that is over is one that the clock has taken back;
- people are honest about an unknown outcome, and look at the tool at the moment they speak.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

PERSON_OF = {"ann": "Ann", "bo": "Bo", "bo-2": "Bo", "sue": "Sue"}
REQUESTER = "Sue"
QUORUM, REVISIONS, STOPS, MAX_ATTEMPTS = 2, 2, 1, 2

REVIEW, APPROVED, HOLD, EXECUTING, RETRY, UNKNOWN = "review", "approved", "hold", "executing", "retry", "unknown"
REJECTED, EXPIRED, REFUSED, SUCCEEDED, FAILED = "rejected", "expired", "refused", "succeeded", "failed"
ENDS = {REJECTED, EXPIRED, REFUSED, SUCCEEDED, FAILED}

#: Every lock on the door. The model without one of them is the product with a mistake in it.
GUARDS = frozenset(
    {
        "vote names its digest",
        "votes die with an edit",
        "digest at claim",
        "no self",
        "people, not accounts",
        "permit at claim",
        "stop at claim",
        "atomic claim",
        "permit consumed once",
        "deny wins",
        "unknown, not retry",
        "a late no is no answer",
        "freeze",
        "fence on the mark",
        "clock before the call",
        "fence on the record",
    }
)


class Worker(NamedTuple):
    """A process with a claim: on which row, how far it came, and what it can't know."""

    case: int
    revision: int
    stage: str  # looked, claimed, marked, or what it heard: yes, no, unsent
    fence: int = 0
    earlier: bool = False  # an attempt before this one may have reached the tool
    overtaken: bool = False  # it slept, and its lease was taken back
    sound: bool = True  # what it claimed was signed by enough people who saw just that


class World(NamedTuple):
    """The row that stands for the request now, the workers, and what the tool has done."""

    case: int = 1  # 2: asked anew
    revision: int = 1  # the bytes that stand there
    signed: int = 1  # the revision that signatures are for
    state: str = REVIEW
    held_from: str = ""
    votes: frozenset[tuple[str, int]] = frozenset()  # an account, and the revision it was shown
    denied: bool = False
    in_time: bool = True  # the permit
    consumed: int = 0
    attempts: int = 0
    fence: int = 0
    called: bool = False
    stopped: bool = False
    stops: int = 0
    workers: tuple[Worker | None, Worker | None] = (None, None)
    calls: tuple[tuple[int, int], ...] = ()  # of a tool without keys; one with keys may be called again
    effects: tuple[tuple[int, int], ...] = ()  # (case, revision) is the key


Step = tuple[str, World]


@dataclass(frozen=True)
class Gate:
    """The rules, less the guards that are `off`. Workers oversleep only at the stages in `naps`."""

    idempotent: bool
    off: frozenset[str] = frozenset()
    naps: frozenset[str] = frozenset({"claimed", "marked", "yes", "no", "unsent"})

    def has(self, guard: str) -> bool:
        return guard not in self.off

    def steps(self, world: World) -> Iterator[Step]:
        """Yield everything that may happen next: what it is, and the world after it."""
        yield from self._people(world)
        yield from self._operator_and_clock(world)
        for place, worker in enumerate(world.workers):
            for label, after, then in self._work(world, worker):
                workers = (then, after.workers[1]) if place == 0 else (after.workers[0], then)
                yield f"w{place + 1} {label}", after._replace(workers=workers)

    # --- people

    def _people(self, world: World) -> Iterator[Step]:
        if world.state == REVIEW:
            yield from self._votes(world)
            over = world._replace(state=REJECTED) if self.has("deny wins") else world
            yield "ann rejects", over._replace(denied=True)
        frozen = {REVIEW, APPROVED} if self.has("freeze") else {REVIEW, APPROVED, RETRY}
        if world.case == 1 and world.revision < REVISIONS and world.state in frozen and not world.stopped:
            yield f"edit to r{world.revision + 1}", self._edited(world)
        if world.state == UNKNOWN:
            happened = any(case == world.case for case, _ in world.effects)
            said = SUCCEEDED if happened else FAILED
            yield f"people say it {said}", world._replace(state=said)
        if world.state == FAILED and world.case == 1 and not world.stopped:
            yield "asked anew", _fresh(world, case=2, revision=1)

    def _votes(self, world: World) -> Iterator[Step]:
        signed = {account if not self.has("people, not accounts") else PERSON_OF[account] for account, _ in world.votes}
        for account, person in PERSON_OF.items():
            again = (account if not self.has("people, not accounts") else person) in signed
            if again or (person == REQUESTER and self.has("no self")):
                continue
            for shown in range(1, world.revision + 1):
                if shown == world.signed or not self.has("vote names its digest"):
                    votes = world.votes | {(account, shown)}
                    state = APPROVED if len(votes) == QUORUM else REVIEW
                    yield f"{account} signs r{shown}", world._replace(votes=votes, state=state)

    def _edited(self, world: World) -> World:
        """Another revision is another row, without signatures; without that guard the bytes change beneath them."""
        if world.attempts == 0 and not self.has("votes die with an edit"):
            return world._replace(revision=world.revision + 1)
        return _fresh(world, case=world.case, revision=world.revision + 1)

    # --- the operator and the clock

    def _operator_and_clock(self, world: World) -> Iterator[Step]:
        if not world.stopped and world.stops < STOPS:
            stopped = world._replace(stopped=True, stops=world.stops + 1)
            held = stopped._replace(state=HOLD, held_from=world.state)
            yield "stop", held if world.state in (REVIEW, APPROVED) else stopped
        if world.stopped:
            back = world._replace(state=world.held_from, held_from="") if world.state == HOLD else world
            yield "resume", back._replace(stopped=False)
        if world.state == APPROVED and world.in_time:
            yield "the permit runs out", world._replace(in_time=False)
        if world.state == REVIEW or (world.state == APPROVED and not world.in_time):
            yield "it expires", world._replace(state=EXPIRED)
        if world.state == EXECUTING and self._may_lose_lease(world):
            over = tuple(w._replace(overtaken=True) if w and _holds(world, w) else w for w in world.workers)
            yield "the lease is over", self._retry_or_ask(world._replace(workers=over), sent=world.called)

    def _may_lose_lease(self, world: World) -> bool:
        return all(worker.stage in self.naps for worker in world.workers if worker and _holds(world, worker))

    def _retry_or_ask(self, world: World, *, sent: bool) -> World:
        spent = world.attempts >= MAX_ATTEMPTS
        if sent and (spent or (not self.idempotent and self.has("unknown, not retry"))):
            return world._replace(state=UNKNOWN)
        if spent:
            return world._replace(state=FAILED, called=False)
        back = RETRY if self.has("permit consumed once") else APPROVED
        return world._replace(state=back, called=world.called and sent)

    # --- workers: (what it does, the world after it, the worker after it)

    def _work(self, world: World, worker: Worker | None) -> Iterator[tuple[str, World, Worker | None]]:
        if worker is None:
            if self.has("atomic claim"):
                yield from self._claim(world, self._is_due(world))
            elif self._is_due(world):
                yield "looks", world, Worker(world.case, world.revision, "looked")
            return
        if worker.stage == "looked":
            yield from self._claim(world, (worker.case, worker.revision) == (world.case, world.revision))
        elif worker.stage == "claimed":
            yield self._mark(world, worker)
        elif worker.stage == "marked":
            yield from self._call(world, worker)
        else:
            yield self._record(world, worker)
        yield "dies", world, None

    def _is_due(self, world: World) -> bool:
        if world.stopped and self.has("stop at claim"):
            return False
        in_time = world.in_time or not self.has("permit at claim")
        return world.state == RETRY or (world.state == APPROVED and in_time)

    def _claim(self, world: World, due: bool) -> Iterator[tuple[str, World, Worker | None]]:
        if not due or world.attempts >= MAX_ATTEMPTS:
            return
        if world.signed != world.revision and self.has("digest at claim"):
            yield "refuses: other bytes", world._replace(state=REFUSED), None
            return
        taken = world._replace(
            state=EXECUTING,
            attempts=world.attempts + 1,
            fence=world.fence + 1,
            consumed=world.consumed + (world.state == APPROVED),
        )
        sound = enough(world)
        yield (
            "claims",
            taken,
            Worker(world.case, world.revision, "claimed", taken.fence, earlier=world.called, sound=sound),
        )

    def _mark(self, world: World, worker: Worker) -> tuple[str, World, Worker | None]:
        if self.has("fence on the mark") and not _holds(world, worker):
            return "is fenced", world, None
        same_row = (worker.case, worker.revision) == (world.case, world.revision)
        return "marks", world._replace(called=world.called or same_row), worker._replace(stage="marked")

    def _call(self, world: World, worker: Worker) -> Iterator[tuple[str, World, Worker | None]]:
        if worker.overtaken and self.has("clock before the call"):
            yield "finds its time over", world, None
            return
        key = (worker.case, worker.revision)
        called = world if self.idempotent else world._replace(calls=tuple(sorted((*world.calls, key))))
        known = self.idempotent and key in world.effects
        effects = world.effects if known else tuple(sorted((*world.effects, key)))
        yield "calls: done", called._replace(effects=effects), worker._replace(stage="yes")
        yield "calls: refused", called, worker._replace(stage="no")
        yield "can't connect", world, worker._replace(stage="unsent")

    def _record(self, world: World, worker: Worker) -> tuple[str, World, Worker | None]:
        mine = (worker.case, worker.revision) == (world.case, world.revision) and world.state == EXECUTING
        if not mine or (self.has("fence on the record") and not _holds(world, worker)):
            return "is fenced", world, None
        earlier = worker.earlier and self.has("a late no is no answer")
        if worker.stage == "yes":
            return "records yes", world._replace(state=SUCCEEDED), None
        if worker.stage == "no" and not earlier:
            return "records no", world._replace(state=FAILED), None
        return f"records {worker.stage}", self._retry_or_ask(world, sent=worker.stage == "no" or worker.earlier), None


def _fresh(world: World, *, case: int, revision: int) -> World:
    """A new row, unsigned; the world around it stays."""
    around = {name: getattr(world, name) for name in ("stopped", "stops", "workers", "calls", "effects")}
    return World(case=case, revision=revision, signed=revision, **around)


def _holds(world: World, worker: Worker) -> bool:
    """Whether the worker's fence is the row's, so that its writes count."""
    return (worker.case, worker.revision, worker.fence) == (world.case, world.revision, world.fence) and (
        world.state == EXECUTING
    )


def enough(world: World) -> bool:
    """Whether enough people other than the requester signed, having been shown the bytes that stand there."""
    people = {PERSON_OF[account] for account, shown in world.votes if shown == world.revision}
    return len(people - {REQUESTER}) >= QUORUM


# --- what must always hold, asked of every step


def _row(world: World) -> tuple[int, int]:
    return world.case, world.revision


def _claimed(before: World, after: World) -> bool:
    return _row(before) == _row(after) and after.attempts > before.attempts


def quorum_on_bytes(before: World, after: World) -> bool:
    """I1: what takes effect was signed by enough people who saw just that."""
    return len(after.effects) == len(before.effects) or all(
        worker.sound for old, worker in zip(before.workers, after.workers, strict=True) if worker and worker != old
    )


def one_effect(before: World, after: World) -> bool:
    """I2: one effect in a lineage, asked anew or not; a tool without keys is called once for a row."""
    return len(after.effects) <= 1 and len(set(after.calls)) == len(after.calls)


def grant_once(before: World, after: World) -> bool:
    """I3: an approval is consumed once, in time, and nothing is claimed of a stopped agent."""
    late = before.state == APPROVED and not before.in_time
    return after.consumed <= 1 and not (_claimed(before, after) and (late or before.stopped))


def fence(before: World, after: World) -> bool:
    """I4: a worker whose lease was taken back changes nothing of the row."""
    return not any(
        old is not new and old and old.stage != "looked" and not _holds(before, old) and _changed(before, after)
        for old, new in zip(before.workers, after.workers, strict=True)
    )


def _changed(before: World, after: World) -> bool:
    apart = {"workers": (None, None), "calls": (), "effects": ()}
    return before._replace(**apart) != after._replace(**apart)


def no_zombies(before: World, after: World) -> bool:
    """I5: what has ended stays so."""
    return before.state not in ENDS or _row(before) != _row(after) or before.state == after.state


def freeze(before: World, after: World) -> bool:
    """I6: once tried, there is no other revision."""
    return not before.attempts or before.case != after.case or before.revision == after.revision


def monotone(before: World, after: World) -> bool:
    """I7: counters never go back."""
    same = _row(before) == _row(after)
    row = not same or (after.fence >= before.fence and after.attempts >= before.attempts)
    return row and after.stops >= before.stops and len(after.effects) >= len(before.effects)


def deny_wins(before: World, after: World) -> bool:
    """I11: what somebody rejected is never claimed."""
    return not (before.denied and _claimed(before, after))


INVARIANTS: dict[str, Callable[[World, World], bool]] = {
    "I1": quorum_on_bytes,
    "I2": one_effect,
    "I3": grant_once,
    "I4": fence,
    "I5": no_zombies,
    "I6": freeze,
    "I7": monotone,
    "I11": deny_wins,
}


@dataclass(frozen=True)
class Explored:
    """How many worlds there are, and the shortest way to a broken invariant if there is one."""

    worlds: int
    broken: str = ""
    trace: tuple[str, ...] = ()


def explore(gate: Gate, invariants: tuple[str, ...] = tuple(INVARIANTS)) -> Explored:
    """Walk every world breadth first, each step held against the invariants; stop at the first one broken.

    Two workers are alike: worlds that differ in who is who are one.
    """
    checks = [(name, INVARIANTS[name]) for name in invariants]
    start = World()
    came: dict[tuple, tuple[World, str] | None] = {_alike(start): None}
    ahead = [start]
    for world in ahead:
        for label, after in gate.steps(world):
            for name, holds in checks:
                if not holds(world, after):
                    return Explored(len(came), name, (*_way_to(world, came), label))
            if (key := _alike(after)) not in came:
                came[key] = (world, label)
                ahead.append(after)
    return Explored(len(came))


def _alike(world: World) -> tuple:
    return (*world[:-3], frozenset(world.workers), *world[-2:])


def _way_to(world: World, came: dict) -> tuple[str, ...]:
    way = []
    while came[_alike(world)]:
        world, label = came[_alike(world)]
        way.append(label)
    return tuple(reversed(way))
