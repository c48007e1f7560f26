"""The table of states, three times the same: in the code, in the migration, and as the database enforces it."""

import random
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from agents import actions, states, stops
from agents.errors import AlreadyDecided, Refusal
from agents.lifecycle import ACTION_MOVES, ENDS, FIRST_STATES, State, origins
from agents.models import Action, ClockInterval, MoveAllowed
from agents.models.action import FROZEN
from audit.actors import Actor
from tests.factories import (
    REFUND,
    Company,
    decide,
    events,
    later,
    make_action,
    make_agent,
    make_approved,
    make_company,
    moves,
)
from tests.toolserver import in_turn, says, serving

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")

#: A legal way to each state, from the one a tier-0 action begins in.
WAYS = {
    State.APPROVED: [],
    State.ON_HOLD: [State.ON_HOLD],
    State.AWAITING_REVIEW: [State.ON_HOLD, State.AWAITING_REVIEW],
    State.CHANGES_REQUESTED: [State.ON_HOLD, State.AWAITING_REVIEW, State.CHANGES_REQUESTED],
    State.EXECUTING: [State.EXECUTING],
    State.RETRY_WAIT: [State.EXECUTING, State.RETRY_WAIT],
    State.UNKNOWN: [State.EXECUTING, State.UNKNOWN],
    State.REJECTED: [State.ON_HOLD, State.REJECTED],
    State.EXPIRED: [State.EXPIRED],
    State.REFUSED: [State.REFUSED],
    State.WITHDRAWN: [State.WITHDRAWN],
    State.SUPERSEDED: [State.SUPERSEDED],
    State.SUCCEEDED: [State.EXECUTING, State.SUCCEEDED],
    State.FAILED: [State.EXECUTING, State.FAILED],
    State.DENIED: None,
}


def put(action: Action, state: State) -> None:
    """Write the state with raw SQL, and beside it whatever the table's other constraints ask for."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE agents_action SET state = %s, permit_until = %s::timestamptz, lease_until = %s::timestamptz,"
            " wake_at = %s::timestamptz, at_risk_at = coalesce(at_risk_at, '2030-01-01'),"
            " due_at = coalesce(due_at, '2030-01-01'), expires_at = coalesce(expires_at, '2030-01-01') WHERE id = %s",
            [
                state,
                "2030-01-01" if state == State.APPROVED else None,
                "2030-01-01" if state == State.EXECUTING else None,
                None if state in ENDS else "2030-01-01",
                action.pk,
            ],
        )


def standing_in(state: State) -> Action:
    if state == State.DENIED:
        return make_action(make_agent(sign={"2": ["a"]}), "issue_refund")
    action = make_action(make_agent(), "look_up")
    for step in WAYS[state]:
        put(action, step)
    return action


# --- one table


def test_migration_fills_the_table_the_code_has():
    written = import_module("agents.migrations.0002_moves_and_grants").MOVES
    assert {old: set(new.split()) for old, new in written.items()} == {
        str(o): {str(n) for n in new} for o, new in ACTION_MOVES.items()
    }


def test_database_holds_the_table_the_code_has():
    held = set(MoveAllowed.objects.values_list("old_state", "new_state"))
    assert held == {(str(old), str(new)) for old, targets in ACTION_MOVES.items() for new in targets}


def test_ends_are_ends_and_nothing_runs_unapproved():
    assert not any(ACTION_MOVES.get(end) for end in ENDS)
    assert origins(State.EXECUTING) == {State.APPROVED, State.RETRY_WAIT}
    assert origins(State.APPROVED) == {State.AWAITING_REVIEW, State.ON_HOLD}


@pytest.mark.parametrize("old", State)
def test_database_refuses_every_move_that_is_not_in_the_table(old):
    action = standing_in(old)
    allowed = set()
    for new in set(State) - {old}:
        try:
            with transaction.atomic():
                put(action, new)
                allowed.add(new)
                transaction.set_rollback(True)
        except DatabaseError as error:
            assert f"can't go from {old} to {new}" in str(error)
    assert allowed == ACTION_MOVES.get(old, frozenset())


@pytest.mark.parametrize("first", State)
def test_database_refuses_an_action_that_begins_in_the_middle(first):
    row = make_action(make_agent(), "look_up")
    row.pk = row.lineage = None
    fresh = Action()
    for field in Action._meta.concrete_fields:
        if field.attname not in ("id", "lineage"):
            setattr(fresh, field.attname, getattr(row, field.attname))
    fresh.lineage, fresh.state = fresh.pk, first
    fresh.permit_until = Now() if first == State.APPROVED else None
    fresh.at_risk_at = fresh.due_at = fresh.expires_at = Now()
    fresh.wake_at = None if first in ENDS else Now()
    fresh.lease_until = Now() if first == State.EXECUTING else None
    if first in FIRST_STATES:
        fresh.save(force_insert=True)
    else:
        with pytest.raises(DatabaseError, match=f"can't begin as {first}"), transaction.atomic():
            fresh.save(force_insert=True)


# --- signatures, as the database counts them


def test_database_refuses_approval_with_an_open_slot():
    company = make_company()
    action = make_action(company.agent)
    decide(action, company.fin)
    with pytest.raises(DatabaseError, match="open slot"):
        put(action, State.APPROVED)


def fill(action: Action, *people) -> None:
    for slot, person in zip(action.slots.all(), people, strict=True):
        action.slots.filter(pk=slot.pk).update(filled_by=person, human=person.human_id, filled_at=Now())


def test_database_refuses_tier_three_with_one_signer():
    company = make_company()
    action = make_action(make_agent(owner=company.owner))
    with pytest.raises(DatabaseError, match="needs two people"), transaction.atomic():
        fill(action, company.both, company.both)
        put(action, State.APPROVED)


@pytest.mark.parametrize("tool", ["issue_refund", "send_reply"])
def test_database_refuses_an_approval_its_own_side_signed(tool):
    company = make_company()
    action = make_action(company.agent, tool)
    fill(action, *[company.owner, company.fin][: action.slots.count()])
    with pytest.raises(DatabaseError, match="own side signed"):
        put(action, State.APPROVED)


def test_database_refuses_a_signature_in_somebody_elses_name():
    company = make_company()
    action = make_action(company.agent)
    slot = action.slots.first()
    with pytest.raises(DatabaseError, match="that very human"):
        action.slots.filter(pk=slot.pk).update(filled_by=company.fin, human=company.lea.human_id, filled_at=Now())


def test_database_keeps_signatures_and_slots_as_they_are_once_review_is_over():
    company = make_company()
    action = make_action(company.agent)
    decide(action, company.fin)
    decide(action, company.lea)
    slot = action.slots.first()
    with pytest.raises(DatabaseError, match="isn't in review"), transaction.atomic():
        action.slots.filter(pk=slot.pk).update(filled_by=None, human=None, filled_at=None)
    slot.pk, slot.position = None, 9
    with pytest.raises(DatabaseError, match="isn't in review"), transaction.atomic():
        slot.save(force_insert=True)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ("expires_at = expires_at + interval '1 s'", "deadline is extended only"),
        ("fence = fence - 1", "never go back"),
        ("attempts = attempts - 1", "never go back"),
        ("permit_seconds = 999999", "Cannot update"),
    ],
)
def test_database_lets_no_deadline_grow_and_no_counter_shrink(columns, why):
    action = make_action(make_company().agent)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE agents_action SET fence = 3, attempts = 3 WHERE id = %s", [action.pk])
        with pytest.raises(DatabaseError, match=why), transaction.atomic():
            cursor.execute(f"UPDATE agents_action SET {columns} WHERE id = %s", [action.pk])


def test_database_lets_no_permit_be_extended():
    action = make_action(make_agent(), "look_up")
    with pytest.raises(DatabaseError, match="never extended"), transaction.atomic():
        Action.objects.filter(pk=action.pk).update(permit_until=action.permit_until + timedelta(seconds=1))


def test_database_refuses_tier_three_without_slots():
    action = make_action(make_agent(), "look_up")
    row = Action(
        **{
            f.attname: getattr(action, f.attname)
            for f in Action._meta.concrete_fields
            if f.attname not in ("id", "lineage")
        }
    )
    row.lineage, row.effective_tier = row.pk, 3
    with pytest.raises(DatabaseError, match="needs two people"), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM agents_slot WHERE action_id = %s",
        "DELETE FROM agents_action WHERE id = %s",
        "TRUNCATE agents_slot",
        "INSERT INTO agents_moveallowed (old_state, new_state) VALUES ('denied', 'approved')",
        "DELETE FROM agents_moveallowed",
        "UPDATE agents_tooldefinition SET body = '{}'",
        "UPDATE agents_slot SET group_id = group_id + 1 WHERE action_id = %s",
        "UPDATE agents_slot SET position = 9 WHERE action_id = %s AND position = 1",
        "UPDATE agents_slot SET eligible = '{}' WHERE action_id = %s",
    ],
)
def test_product_cannot_remove_or_bend_what_must_be_signed(sql):
    action = make_action(make_company().agent)
    with pytest.raises(DatabaseError, match="denied|Cannot|owner"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [action.pk] if "%s" in sql else None)


@pytest.mark.parametrize("name", FROZEN)
def test_columns_fixed_at_birth_cannot_change(name):
    action = make_action(make_company().agent)
    column = Action._meta.get_field(name).column
    changed = {
        "bytea": "'\\x00'::bytea", "uuid": "gen_random_uuid()", "jsonb": "'[1]'::jsonb", "bigint": "987654321",
        "integer": "7", "smallint": "0", "text": "'changed'", "character varying": "'x'", "ARRAY": "'{7}'::bigint[]",
        "timestamp with time zone": "now() - interval '1 day'", "boolean": "true", "double precision": "0.5",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data_type FROM information_schema.columns WHERE table_name = 'agents_action' AND column_name = %s",
            [column],
        )
        kind = cursor.fetchone()[0]
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            cursor.execute(f'UPDATE agents_action SET "{column}" = {changed[kind]} WHERE id = %s', [action.pk])


def test_every_column_is_either_frozen_or_meant_to_move():
    moving = {
        "permit_left", "state", "state_since", "held_from", "at_risk_at", "due_at", "breached_at", "expires_at",
        "permit_until", "permit_consumed_at", "wake_at", "rings", "decision", "reason_code", "decided_at", "attempts",
        "next_attempt_at", "called_at", "lease_owner", "lease_until", "fence", "error", "finished_at", "cost_inference",
        "cost_tooling", "review_seconds", "fixing_seconds", "cost_incidents", "look_due_at", "looked_at", "breach_cause",
        "rung",
    }  # fmt: skip
    assert {field.name for field in Action._meta.concrete_fields} == moving | set(FROZEN)


# --- the hinge


def test_move_that_comes_too_late_is_an_error_and_leaves_no_event():
    company = make_company()
    action = make_action(company.agent)
    stale = Action.objects.get(pk=action.pk)
    decide(action, company.fin, "reject")
    before = len(events(action))
    with pytest.raises(AlreadyDecided), transaction.atomic():
        states.move(stale, to=State.EXPIRED, by=Actor.SYSTEM)
    assert len(events(action)) == before


def test_move_from_a_state_the_caller_never_read_is_refused():
    """Otherwise its event would tell of a step that nobody took."""
    company = make_company()
    stale = make_action(company.agent)
    stops.stop(agent=company.agent, by=OPERATOR, reason="look first")
    with pytest.raises(AlreadyDecided), transaction.atomic():
        states.move(stale, to=State.WITHDRAWN, by=Actor.SYSTEM)


def test_move_demands_a_transaction_of_its_caller_and_a_guard_that_fails_changes_nothing():
    action = make_action(make_agent(), "look_up")
    with pytest.raises(AlreadyDecided), transaction.atomic():
        states.move(action, to=State.REFUSED, by=Actor.SYSTEM, where={"fence": 99})
    action.refresh_from_db()
    assert action.state == "approved"


# --- event if and only if transition


class Walk:
    """Somebody does something that may or may not be allowed, again and again."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.company: Company = make_company()
        self.actions: list[Action] = []

    def step(self) -> None:
        choices = [
            self.propose,
            self.sign,
            self.sign,
            self.reject,
            self.withdraw,
            self.stop,
            self.resume,
            self.time,
            self.execute,
            self.execute,
        ]
        try:
            with transaction.atomic():
                self.random.choice(choices)()
        except Refusal:
            pass

    def one(self) -> Action:
        return Action.objects.get(pk=self.random.choice(self.actions).pk)

    def propose(self):
        tool = self.random.choice(["look_up", "send_reply", "issue_refund"])
        self.actions.append(make_action(self.company.agent, tool))

    def sign(self):
        decide(
            self.one(), self.random.choice([self.company.fin, self.company.lea, self.company.both, self.company.owner])
        )

    def reject(self):
        if self.random.random() < 0.3:
            decide(self.one(), self.company.both, "reject")

    def withdraw(self):
        if self.random.random() < 0.3:
            actions.withdraw(self.one().pk, by=Actor(kind="agent", id=str(self.company.agent.pk), display="x"))

    def stop(self):
        stops.stop(agent=self.company.agent, by=OPERATOR, reason="random")

    def resume(self):
        stops.resume(agent=self.company.agent, by=OPERATOR, reason="random")

    def time(self):
        action = self.one()
        later(action, expires_at=self.random.choice([0, 9e4]), permit_until=self.random.choice([0, 4000]))
        later(action, wake_at=1e6 if action.wake_at else 0, next_attempt_at=1e3)
        actions.sweep()

    def execute(self):
        actions.execute(self.one().pk, worker="walker")


@pytest.mark.parametrize("seed", range(6))
def test_record_tells_every_transition_and_nothing_else(seed):
    walk = Walk(seed)
    answers = in_turn(*[says(walk.random.choice([200, 200, 400, 500, 302]), {}) for _ in range(60)])
    with serving(answers):
        walk.propose()
        for _ in range(60):
            walk.step()
    told = 0
    for action in Action.objects.all():
        steps = moves(action)
        told += len(steps)
        assert steps[0][0] is None and State(steps[0][1]) in FIRST_STATES
        assert [origin for origin, _ in steps[1:]] == [to for _, to in steps[:-1]], "a step is missing or told twice"
        assert all(State(new) in ACTION_MOVES[State(old)] for old, new in steps[1:])
        assert steps[-1][1] == action.state
        assert sum(1 for _, to in steps if to == "executing") == action.attempts
        running = ClockInterval.objects.filter(action=action, ended_at=None).count()
        assert running == (action.state in ("awaiting_review", "on_hold", "changes_requested"))
        assert (action.wake_at is None) == (State(action.state) in ENDS)
    assert told > len(walk.actions), "the walk moved nothing"


def test_refused_money_never_had_fewer_than_two_names():
    """What ran at tier 3 in any walk was signed by two people who aren't the owner."""
    company = make_company()
    action = make_approved(company, arguments={"order_id": "o", "amount_usd": 5})
    assert action.effective_tier == REFUND["tier"] == 3
    signers = set(action.slots.values_list("human", flat=True))
    assert len(signers) == 2 and company.owner.human_id not in signers
    assert action.permit_until - action.decided_at < timedelta(minutes=16)
