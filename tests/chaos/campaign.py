"""One campaign: a running product, its plan, everybody at work while things go wrong, rest, and the verdict."""

import math
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from agents.lifecycle import RUN_ENDS
from tests.chaos import desk, oracle
from tests.chaos.crowd import Asked, Client, Decided, Signer, Stopper
from tests.chaos.injector import Injector
from tests.chaos.logs import Logs, Raised, counted, unexplained
from tests.chaos.plan import Plan
from tests.chaos.witness import Witness
from tests.company import Company
from tests.visitor import Reviewer

#: Short enough that lost leases are noticed soon, longer than any call: a lease must outlive a tool's time-out.
LEASES = {"COUNTERSIGN_LEASE_SECONDS": "4", "COUNTERSIGN_RUN_LEASE_SECONDS": "4"}
CLIENTS = 4
#: So few runs left are no reason to let things go on going wrong.
FEW = 4
SIGNERS = ("ana", "mara")
#: Who stops an agent, and who answers for it and lets it go on.
STOPS, RESUMES = "ana", "rosa"

_OPEN_RUNS = """
SELECT count(*) FROM agents_run r JOIN agents_client c ON c.id = r.client_id
WHERE c.name = %(client)s AND NOT (r.state = ANY (%(ends)s) OR (r.state = 'awaiting_review' AND r.lease_until IS NULL))
"""
# `approved` and the like go on by themselves; slots that are open are for the campaign's own people.
_OPEN_ACTIONS = """
SELECT count(*) FROM agents_action a JOIN agents_run r ON r.id = a.run_id JOIN agents_client c ON c.id = r.client_id
WHERE c.name = %(client)s AND a.state IN ('approved', 'executing', 'retry_wait', 'awaiting_review')
"""
# A parked run whose actions have all ended has been rung for, or the clock will: it isn't at rest yet.
_PARKED = """
SELECT count(*) FROM agents_run r JOIN agents_client c ON c.id = r.client_id
WHERE c.name = %(client)s AND r.state = 'awaiting_review' AND NOT EXISTS (
    SELECT FROM agents_action a WHERE a.state = 'unknown' AND (a.run_id = r.id OR a.run_id IN (
        SELECT id FROM agents_run child WHERE child.parent_id = r.id)))
"""


@dataclass(frozen=True)
class Verdict:
    """What came of a campaign. It passed when no promise was broken."""

    plan: Plan
    found: oracle.Evidence
    broken: dict[str, list[str]]
    injector: Injector
    raised: list[Raised]
    revived: list[float | None]  # seconds until the next lease of each run that a killed worker had; None: it ended
    back: list[float | None]  # seconds from each kill of the whole worker until anybody worked again
    faulty_seconds: float
    rest_seconds: float

    @property
    def passed(self) -> bool:
        return not any(self.broken.values())


def run(company: Company, plan: Plan, failpoints: Path, *, cap: float, rest: float) -> Verdict:
    """Carry a plan out on a product that runs; return the verdict.

    Faults end when every run has been asked for and few are left, at the latest after `cap` seconds; then the product
    has `rest` seconds to come to rest, which it must.
    """
    product, client = company.product, f"chaos-{plan.seed}-{time.time_ns()}"
    desk.bring(product)
    token = desk.issue_token(product, client)
    with Witness(product.services["database_owner_url"]) as witness:
        crowd = _Crowd.gather(company, plan, token, witness, seconds=cap + rest)
        logs, injector = Logs(product.home), Injector(product, witness, plan, failpoints, began=crowd.began)
        crowd.begin()
        injector.start()
        _let_go_wrong(witness, client, crowd, injector, until=crowd.began + cap)
        injector.stop()
        crowd.let_all_go_on()
        faulty = time.monotonic() - crowd.began
        _come_to_rest(company, witness, client, crowd, until=crowd.began + faulty + rest)
        crowd.go_home()
        rested = time.monotonic() - crowd.began - faulty
        told = {"client": client, "asked": crowd.asked, "decided": crowd.decided, "stood": crowd.stopper.stood}
        found = oracle.gather(witness, product.services["shop_database_url"], **told)
        revived = [witness.taken_up(one) for one in injector.interrupted]
        back = [witness.works_again(at) for at in injector.killed_at if at is not None]
    raised = logs.raised()
    broken = oracle.violations(found) | {
        "every_task_was_taken": crowd.not_taken(),
        "every_fault_happened": _that_never(plan, injector.done),
        "every_stop_was_taken": _not_stopped(crowd.stopper),
        "nothing_breaks_by_itself": unexplained(raised),
    }
    return Verdict(plan, found, broken, injector, raised, revived, back, faulty, rested)


def _that_never(plan: Plan, happened: Counter) -> list[str]:
    planned = {fault.kind for fault in plan.faults}
    return [f"none of the faults {kind!r} did" for kind in sorted(planned) if not happened[kind]]


def _not_stopped(stopper: Stopper) -> list[str]:
    known = any(stood.since and stood.until for stood in stopper.stood)
    left = ["an agent was never let go on"] if stopper.is_alive() else []
    return left if known else [*left, "no agent ever stood still"]


@dataclass(frozen=True)
class _Crowd:
    """Everybody at the doors, and what they were told."""

    began: float
    asked: list[Asked]
    clients: list[Client]
    signers: list[Signer]
    stopper: Stopper

    @classmethod
    def gather(cls, company: Company, plan: Plan, token: str, witness: Witness, *, seconds: float) -> "_Crowd":
        asked = [Asked(task) for task in plan.tasks]
        signers = [Signer(company.person(name), seed=plan.seed) for name in SIGNERS]
        began = time.monotonic()
        shares = [asked[one::CLIENTS] for one in range(CLIENTS)]
        clients = [Client(company.url, token, share, began=began, until=began + seconds) for share in shares]
        people = {
            role: Reviewer(company.url, name, company.passwords[name])
            for role, name in (("first", STOPS), ("second", RESUMES))
        }
        stopper = Stopper(plan.stops, witness, **people, began=began)
        return cls(began, asked, clients, signers, stopper)

    def begin(self) -> None:
        for thread in (*self.clients, *self.signers, self.stopper):
            thread.start()

    def let_all_go_on(self) -> None:
        """End the stops, now: what stands still is resumed."""
        self.stopper.home_time.set()
        self.stopper.join(timeout=60)

    def go_home(self) -> None:
        for signer in self.signers:
            signer.home_time.set()
            signer.join(timeout=30)

    @property
    def still_asks(self) -> bool:
        return any(client.is_alive() for client in self.clients)

    @property
    def decided(self) -> list[Decided]:
        return [one for signer in self.signers for one in signer.decided]

    def not_taken(self) -> list[str]:
        never = sum(not one.runs for one in self.asked)
        refused = [words for client in self.clients for words in client.refused]
        return [*refused, *([f"{never} tasks were never acknowledged"] if never else [])]


def _let_go_wrong(witness: Witness, client: str, crowd: _Crowd, injector: Injector, *, until: float) -> None:
    """Return when the planned time is over and no more than a few runs are left, or no time is."""
    while time.monotonic() < until:
        if not injector.is_alive() and not crowd.still_asks:
            left = witness.look(_OPEN_RUNS, client=client, ends=sorted(RUN_ENDS))
            if left is not None and left[0][0] <= FEW:
                return
        time.sleep(0.5)


def _come_to_rest(company: Company, witness: Witness, client: str, crowd: _Crowd, *, until: float) -> None:
    """Return when nothing moves any more, or no time is left: then the checks say what isn't at rest."""
    while time.monotonic() < until:
        with suppress(httpx.HTTPError):
            if company.agent.http.get("/readyz").status_code == 200 and not crowd.still_asks:
                queries = (_OPEN_RUNS, _OPEN_ACTIONS, _PARKED)
                counts = [witness.look(query, client=client, ends=sorted(RUN_ENDS)) for query in queries]
                if counts == [[(0,)]] * len(queries):
                    return
        time.sleep(0.5)


# --- the table


def report(verdict: Verdict) -> str:
    """Return what is printed: what was asked, what went wrong, how it ended, and every promise that was broken."""
    lines = [
        f"seed {verdict.plan.seed}: {len(verdict.plan.tasks)} tasks, things went wrong for {verdict.faulty_seconds:.0f} s,"
        f" at rest {verdict.rest_seconds:.0f} s later",
        *_table("runs", Counter(row["state"] for row in verdict.found.runs.values())),
        *_table("actions", Counter(row["state"] for row in verdict.found.actions.values())),
        *_table("faults", verdict.injector.done),
        *_table("faults that found nothing to hit", verdict.injector.missed),
        *_table("places at which a process died or stood still", +verdict.injector.armed),
        f"  never reached: {', '.join(verdict.injector.never_reached) or 'none'}",
        *_table("errors in the product's logs", counted(verdict.raised)),
        _told(verdict.found),
        _effects(verdict.found),
        _revived(verdict),
    ]
    for promise, broken in verdict.broken.items():
        lines.append(f"{promise.replace('_', ' ')}: {f'BROKEN {len(broken)} times' if broken else 'held'}")
        lines += [f"    {sentence}" for sentence in broken[:10]]
    return "\n".join(lines)


def _table(title: str, counts: Counter) -> list[str]:
    return [f"{title}:", *(f"  {count:6d}  {name}" for name, count in counts.most_common())] if counts else []


def _told(found: oracle.Evidence) -> str:
    sent, unanswered = sum(one.sent for one in found.asked), sum(one.unanswered for one in found.asked)
    return (
        f"requests: {sent} sent, {unanswered} unanswered and sent again; {len(found.decided)} decisions acknowledged;"
        f" agents stopped and resumed {len(found.stood)} times"
    )


def _effects(found: oracle.Evidence) -> str:
    called = [action for action, row in found.actions.items() if row["called"]]
    lies = sum(lines[lie] for lines in found.ledger.values() for lie in oracle.LIES)
    done = sum(found.ledger[action]["done"] for action in found.actions)
    again = sum(found.ledger[action]["replayed"] for action in found.actions)
    attempts = sum(row["attempts"] for row in found.actions.values())
    return (
        f"calls: {len(called)} actions called in {attempts} attempts;"
        f" the shop saw {done} effects and {again} repetitions, and lied {lies} times"
    )


def _revived(verdict: Verdict) -> str:
    lease = LEASES["COUNTERSIGN_RUN_LEASE_SECONDS"]
    return (
        f"after a kill of the whole worker somebody works again: {_quantiles(verdict.back)}\n"
        f"runs that a killed worker had are carried on by another: {_quantiles(verdict.revived)} (lease {lease} s)"
    )


def _quantiles(seconds: list[float | None]) -> str:
    known = sorted(one for one in seconds if one is not None)
    if not known:
        return "never seen"
    p50, p99 = (known[math.ceil(len(known) * share) - 1] for share in (0.5, 0.99))
    return f"p50 {p50:.1f} s, p99 {p99:.1f} s of {len(known)}"
