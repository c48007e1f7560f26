"""Holds three independent logs against each other and against the rows: what clients were told, what the shop did, events.

Each check returns its violations as sentences; no sentence means that the promise held.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import psycopg

from agents.lifecycle import ENDS, RUN_ENDS
from tests.chaos.crowd import Asked, Decided, Stood
from tests.chaos.plan import UNKEYED
from tests.chaos.witness import Witness

#: States of an action that wait for people, however long.
WITH_PEOPLE = {"awaiting_review", "changes_requested", "on_hold", "unknown"}
#: Answers of the shop that weren't true, each a line of its ledger beside what was really done.
LIES = {"says_done", "says_refused", "says_failed", "says_nonsense"}
#: What an attempt came to when provably nothing had gone out.
NOTHING_SENT = {"tool_unreachable", "address_refused", "unknown_host", "unknown_secret"}

_RUNS = """
SELECT r.id::text, g.slug, r.state, r.parent_id::text, r.lease_until IS NOT NULL AS leased,
       r.wake_at IS NOT NULL AS wakes, r.steps, r.caps, r.error->>'code' AS code
FROM agents_run r JOIN agents_agent g ON g.id = r.agent_id JOIN agents_client c ON c.id = r.client_id WHERE c.name = %(client)s
"""
_ACTIONS = """
SELECT a.id::text, a.run_id::text, a.step_id::text, g.slug, a.state, a.called_at IS NOT NULL AS called,
       a.lease_until IS NOT NULL AS leased, a.wake_at IS NOT NULL AS wakes, d.body->>'effect' AS effect, a.attempts
FROM agents_action a JOIN agents_agent g ON g.id = a.agent_id JOIN agents_tooldefinition d ON d.id = a.definition_id
WHERE a.run_id::text = ANY (%(runs)s)
"""
_STEPS = """
SELECT s.id::text, s.run_id::text, s.number, s.kind, s.state, s.tries, s.action_id::text, s.child_id::text, s.reserved,
       s.tokens_in + s.tokens_out AS tokens, s.micros
FROM agents_runstep s WHERE s.run_id::text = ANY (%(runs)s) ORDER BY s.run_id, s.number
"""
_EVENTS = """
SELECT subject_kind, subject_id, verb, data FROM audit.event
WHERE subject_id = ANY (%(ids)s) AND subject_kind IN ('run', 'action') ORDER BY id
"""
_MOVES = "SELECT kind, row_id, old, new FROM chaos.move WHERE row_id = ANY (%(ids)s) ORDER BY id"
_BUDGETS = "SELECT scope, unit, cap, reserved, settled FROM agents_budget WHERE scope = ANY (%(scopes)s)"
_KEYS = "SELECT key, run_id::text FROM agents_idempotencykey WHERE key = ANY (%(keys)s)"
_LEASES = """
SELECT l.kind, l.row_id::text AS id FROM chaos.lease l
LEFT JOIN agents_run r ON l.kind = 'run' AND r.id = l.row_id LEFT JOIN agents_action a ON l.kind = 'action' AND a.id = l.row_id
JOIN agents_agent g ON g.id = coalesce(r.agent_id, a.agent_id)
WHERE g.slug = %(agent)s AND l.at > %(since)s AND l.at < %(until)s
"""
_DECISIONS = """
SELECT d.action_id::text, p.username, d.word FROM approvals_decision d JOIN agents_person p ON p.id = d.person_id
WHERE d.action_id::text = ANY (%(actions)s)
"""


@dataclass
class Evidence:
    """Everything the checks read, read once, after the product has come to rest."""

    asked: list[Asked]
    decided: list[Decided]
    runs: dict[str, dict]
    actions: dict[str, dict]
    steps: list[dict]
    events: dict[tuple[str, str], list[tuple[str, dict]]]
    moves: dict[tuple[str, str], list[tuple[str | None, str]]]
    ledger: dict[str, Counter]
    budgets: list[dict]
    overshoot: list[tuple]
    keys: dict[str, str]
    decisions: set[tuple[str, str, str]]
    stood: list[tuple[Stood, list[str]]]  # and what was taken up meanwhile
    of_run: dict[str, list[dict]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self):
        for step in self.steps:
            self.of_run[step["run_id"]].append(step)


def gather(
    witness: Witness, shop_url: str, *, client: str, asked: list[Asked], decided: list[Decided], stood: list[Stood]
) -> Evidence:
    """Read the rows of the campaign's client, the events and the witness's log of them, and the shop's ledger."""
    with witness.connected() as connection, connection.transaction():
        # One moment for all of it: what didn't come to rest moves on while we read.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.row_factory = psycopg.rows.dict_row

        def by_id(query: str, **values) -> dict[str, dict]:
            return {row["id"]: row for row in connection.execute(query, values)}

        runs = by_id(_RUNS, client=client)
        actions = by_id(_ACTIONS, runs=list(runs))
        steps = connection.execute(_STEPS, {"runs": list(runs)}).fetchall()
        ids = [*runs, *actions]
        events, moves = defaultdict(list), defaultdict(list)
        for row in connection.execute(_EVENTS, {"ids": ids}):
            events[row["subject_kind"], row["subject_id"]].append((row["verb"], row["data"]))
        for row in connection.execute(_MOVES, {"ids": ids}):
            moves[row["kind"], row["row_id"]].append((row["old"], row["new"]))
        scopes = [f"run:{run}" for run in runs]
        budgets = connection.execute(_BUDGETS, {"scopes": scopes}).fetchall()
        keys = {row["key"]: row["run_id"] for row in connection.execute(_KEYS, {"keys": [one.key for one in asked]})}
        taken = [[f"{r['kind']} {r['id']}" for r in connection.execute(_LEASES, vars(one))] for one in stood]
        decisions = {tuple(row.values()) for row in connection.execute(_DECISIONS, {"actions": list(actions)})}
    overshoot = witness.rows("SELECT DISTINCT scope, unit, cap, reserved, settled FROM chaos.overshoot")
    ledger = _ledger(shop_url, actions)
    told = list(zip(stood, taken, strict=True))
    return Evidence(
        asked, decided, runs, actions, steps, events, moves, ledger, budgets, overshoot, keys, decisions, told
    )


def _ledger(shop_url: str, actions: Iterable[str]) -> dict[str, Counter]:
    ledger: dict[str, Counter] = defaultdict(Counter)
    with psycopg.connect(shop_url) as connection:
        query = "SELECT action, outcome FROM ledger WHERE action = ANY (%s)"
        for action, outcome in connection.execute(query, [list(actions)]):
            ledger[action][outcome] += 1
    return ledger


# --- the checks


def nothing_is_lost(found: Evidence) -> Iterator[str]:
    """Every acknowledged run is there, once for each key, and has ended or waits for people; so is every decision."""
    for asked in found.asked:
        if len(set(asked.runs)) > 1:
            yield f"key {asked.key} was answered with {sorted(set(asked.runs))}"
        for run in set(asked.runs) - found.runs.keys():
            yield f"run {run} was acknowledged and isn't there"
        if asked.runs and found.keys.get(asked.key) != asked.runs[0]:
            yield f"key {asked.key} was answered with {asked.runs[0]} and stands for {found.keys.get(asked.key)}"
    top = [run for run in found.runs.values() if run["parent_id"] is None]
    if len(top) != len(found.keys):
        yield f"{len(top)} runs for {len(found.keys)} keys"
    for one in found.decided:
        if (one.action, one.username, one.word) not in found.decisions:
            yield f"the {one.word} of {one.username} on action {one.action} was acknowledged and isn't there"


def everything_ends(found: Evidence) -> Iterator[str]:
    """Every run has ended as its task may end, or waits for people because one of its actions does."""
    waiting = {action["run_id"] for action in found.actions.values() if action["state"] in WITH_PEOPLE}
    waiting |= {found.runs[run]["parent_id"] for run in waiting}
    tasks = {run: asked.task for asked in found.asked for run in asked.runs}
    for run, row in found.runs.items():
        if row["state"] not in RUN_ENDS:
            if row["state"] != "awaiting_review" or run not in waiting:
                yield f"run {run} of {row['slug']} is {row['state']} and nobody owes it anything"
        elif run in tasks and row["state"] not in tasks[run].ends:
            yield f"run {run} ({tasks[run].kind}) ended {row['state']} ({row['code']}), not {sorted(tasks[run].ends)}"
    for asked in found.asked:
        if asked.cancelled and found.runs[asked.runs[0]]["state"] != "cancelled":
            yield f"run {asked.runs[0]}: its cancel was acknowledged and it is {found.runs[asked.runs[0]]['state']}"


def effects_happen_once(found: Evidence) -> Iterator[str]:
    """One action a step, one effect an action; and what is told of an effect is what the shop's ledger says."""
    steps = Counter(action["step_id"] for action in found.actions.values())
    yield from (f"step {step} has {number} actions" for step, number in steps.items() if number > 1)
    for action, row in found.actions.items():
        lines = found.ledger[action]
        if lines["done"] > 1:
            yield f"action {action} of {row['slug']} took effect {lines['done']} times"
        if row["effect"] == "read":
            continue
        if row["state"] == "succeeded" and lines["done"] != 1 and not lines["says_done"]:
            yield f"action {action} is told to have succeeded, and the shop's ledger has {dict(lines)}"
        if row["state"] not in ("succeeded", "unknown") and lines["done"] and not lines["says_refused"]:
            yield f"action {action} is {row['state']}, and took effect"
        if lines and not row["called"]:
            yield f"action {action} reached the shop, and no call is on record"
        if set(lines) - LIES - {"done", "replayed", "refused"}:
            yield f"the shop turned calls of action {action} away: {dict(lines)}"


def without_keys_nothing_is_tried_twice(found: Evidence) -> Iterator[str]:
    """A tool that doesn't honour our key is called once, unless it is proven that nothing went out the time before."""
    for action, row in found.actions.items():
        if row["slug"] != UNKEYED or row["effect"] == "read":
            continue
        if (reached := _calls(found.ledger[action])) > 1:
            yield f"action {action} reached a tool without keys {reached} times"
        maybe_sent = False
        for verb, data in found.events["action", action]:
            if verb == "action.called":
                if maybe_sent:
                    yield f"action {action} was called again although an attempt may have gone out"
                maybe_sent = True
            elif verb == "action.retry_scheduled" and data["reason"] in NOTHING_SENT:
                maybe_sent = False


def _calls(lines: Counter) -> int:
    """Return how many calls these lines are of. Where `says_done` lied nothing was done; every other lie is a second line."""
    return sum(number for outcome, number in lines.items() if outcome not in LIES or outcome == "says_done")


def ends_are_final(found: Evidence) -> Iterator[str]:
    """I5 and L1: ends have neither lease nor wake-up; whatever is open has a wake-up."""
    for kind, rows, ends in (("run", found.runs, RUN_ENDS), ("action", found.actions, ENDS)):
        for row_id, row in rows.items():
            if row["state"] in ends and (row["leased"] or row["wakes"]):
                yield f"{kind} {row_id} has ended as {row['state']} and still has a lease or a wake-up"
            if row["state"] not in ends and not row["wakes"]:
                yield f"{kind} {row_id} is {row['state']} and nothing will wake it"


def every_move_has_its_event(found: Evidence) -> Iterator[str]:
    """I8: events and the changes that the database saw are the same, one by one, and leave no gap."""
    for kind, rows in (("run", found.runs), ("action", found.actions)):
        for row_id, row in rows.items():
            moves = found.moves[kind, row_id]
            told = [(data.get("from"), data["to"]) for _, data in found.events[kind, row_id] if "to" in data]
            if kind == "run":
                entered = [verb for verb, _ in found.events[kind, row_id] if verb == "run.enqueued"]
                told = [(None, "queued")] * len(entered) + told
            if told != moves:
                yield f"{kind} {row_id}: the events tell {told}, the database saw {moves}"
            if any(after[0] != before[1] for before, after in zip(moves, moves[1:], strict=False)):
                yield f"{kind} {row_id} moved with a gap: {moves}"
            if not moves or moves[-1][1] != row["state"]:
                yield f"{kind} {row_id} is {row['state']}, and its moves end elsewhere: {moves[-1:]}"


def journals_are_whole(found: Evidence) -> Iterator[str]:
    """Steps are numbered without gap or double; an ended run has none open; a step says what its action came to."""
    for run, row in found.runs.items():
        numbers = [step["number"] for step in found.of_run[run]]
        if numbers != list(range(1, row["steps"] + 1)):
            yield f"run {run} counts {row['steps']} steps and has {numbers}"
        for step in found.of_run[run]:
            if row["state"] in RUN_ENDS and step["state"] == "intent":
                yield f"run {run} has ended ({row['state']}) with step {step['number']} open"
            yield from _tells_of_its_action(found, run, step)
        if row["state"] == "completed" and {step["state"] for step in found.of_run[run]} - {"done", "failed"}:
            yield f"run {run} completed with steps that nobody knows of"


def _tells_of_its_action(found: Evidence, run: str, step: dict) -> Iterator[str]:
    if step["action_id"] is None or step["state"] in ("intent", "unknown"):
        return
    action = found.actions[step["action_id"]]
    if (step["state"] == "done") != (action["state"] == "succeeded"):
        yield f"run {run} step {step['number']} is {step['state']}, and its action is {action['state']}"


def budgets_hold(found: Evidence) -> Iterator[str]:
    """I9: never over the cap, nothing held back for a run that has ended, and what was used is what was counted."""
    yield from (
        f"{scope} {unit}: {reserved} + {settled} over {cap}" for scope, unit, cap, reserved, settled in found.overshoot
    )
    for row in found.budgets:
        run = row["scope"].removeprefix("run:")
        family = [run, *_below(found, run)]
        if found.runs[run]["state"] in RUN_ENDS and row["reserved"]:
            yield f"run {run} has ended with {row['reserved']} {row['unit']} held back"
        steps = [step for one in family for step in found.of_run[one]]
        if row["unit"] == "actions":
            used = sum(
                found.moves["action", a][0][1] != "denied" for a, b in found.actions.items() if b["run_id"] in family
            )
            smooth = True
        else:
            used = sum(step[row["unit"]] for step in steps)
            smooth = all(step["tries"] <= 1 and step["state"] in ("done", "failed") for step in steps)
        if row["settled"] < used or (smooth and row["settled"] != used):
            yield f"run {run}: {used} {row['unit']} used and {row['settled']} counted"


def stops_hold(found: Evidence) -> Iterator[str]:
    """Once a stop is acknowledged nothing of that agent is taken up, until somebody asks that it goes on."""
    for stood, taken in found.stood:
        yield from (f"{one} was taken up while {stood.agent} was stopped" for one in taken)


def _below(found: Evidence, run: str) -> list[str]:
    children = [one for one, row in found.runs.items() if row["parent_id"] == run]
    return children + [grandchild for child in children for grandchild in _below(found, child)]


CHECKS = (
    nothing_is_lost,
    everything_ends,
    effects_happen_once,
    without_keys_nothing_is_tried_twice,
    ends_are_final,
    every_move_has_its_event,
    journals_are_whole,
    budgets_hold,
    stops_hold,
)


def violations(found: Evidence) -> dict[str, list[str]]:
    """Return what every check found, by the name of the promise; promises that held are there with an empty list."""
    return {check.__name__: list(check(found)) for check in CHECKS}
