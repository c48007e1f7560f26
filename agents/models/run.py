import pgtrigger
import uuid_utils.compat
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.lifecycle import RUN_ENDS, RunState
from agents.models.action import Action
from agents.models.agent import Agent
from agents.models.person import Person
from agents.models.token import Client, Token

#: Columns fixed when a run is enqueued: an agent that is changed meanwhile doesn't change what runs.
FROZEN = [
    "id", "agent", "kind", "client", "token", "parent", "depth", "mission_lead", "trace_id", "runtime", "verify", "caps",
    "input_digest", "created_at",
]  # fmt: skip

_MOVE_ALLOWED = """
IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'queued' THEN
        RAISE EXCEPTION 'a run can''t begin as %', NEW.state USING ERRCODE = 'check_violation';
    END IF;
ELSIF NEW.state <> OLD.state AND NOT EXISTS (
    SELECT FROM agents_runmoveallowed AS m WHERE m.old_state = OLD.state AND m.new_state = NEW.state
) THEN
    RAISE EXCEPTION 'a run can''t go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

_ONE_WAY = """
IF NEW.fence < OLD.fence OR NEW.steps < OLD.steps OR NEW.plan < OLD.plan THEN
    RAISE EXCEPTION 'fence, steps and plan never go back' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

_STEP_ONE_WAY = """
IF OLD.state <> 'intent' AND NEW.state <> OLD.state THEN
    RAISE EXCEPTION 'a step that is over stays as it is' USING ERRCODE = 'check_violation';
END IF;
IF NEW.tries < OLD.tries THEN
    RAISE EXCEPTION 'tries never go back' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

# Sent when the transaction commits: whoever waits for news reads again, and the news itself says nothing.
_TELL = "PERFORM pg_notify('countersign_news', 'run:' || NEW.id); RETURN NEW;"


class RunMoveAllowed(models.Model):
    """The state table of runs as the database knows it: the trigger reads it; the app may not write it."""

    old_state = models.CharField(max_length=20)
    new_state = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["old_state", "new_state"], name="run_move_once")]


class Run(models.Model):
    """One task of an agent, carried by workers step by step: who asked, what it may spend, and where it stands."""

    class Kind(models.TextChoices):
        TASK = "task"
        VERIFICATION = "verification"

    # what it is
    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=15, choices=Kind.choices, default=Kind.TASK)
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="runs")
    token = models.ForeignKey(Token, models.PROTECT, null=True, related_name="+")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    depth = models.PositiveSmallIntegerField(default=0)
    mission_lead = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    trace_id = models.CharField(max_length=64, blank=True)
    input_digest = models.CharField(max_length=64)
    runtime = models.JSONField(help_text="what carries it, as it was when it was enqueued")
    verify = models.JSONField(default=dict, help_text="what it is held against before it may complete")
    caps = models.JSONField(default=dict, help_text="tokens, micros, actions, seconds, depth, replans")
    created_at = models.DateTimeField(db_default=Now())

    # where it stands
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.QUEUED)
    state_since = models.DateTimeField(db_default=Now())
    paused_from = models.CharField(max_length=20, blank=True)
    stopped_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    stop_reason = models.TextField(blank=True)
    steps = models.PositiveIntegerField(default=0, help_text="the number of its last step")
    plan = models.PositiveIntegerField(default=1, help_text="counts its plans")
    wake_at = models.DateTimeField(null=True, help_text="when the clock must ring again; null when it has ended")
    rings = models.PositiveIntegerField(default=0)
    news = models.PositiveBigIntegerField(default=0, help_text="counts what happened to its actions and children")
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True, help_text="its budget of time ends here")
    finished_at = models.DateTimeField(null=True)
    error = models.JSONField(null=True)
    attention = models.CharField(max_length=40, blank=True, help_text="why its agent's people should look at it")
    seen_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True)

    # what it used and cost so far, by bucket; micros are millionths of a US dollar; null is not measured
    tokens_in = models.BigIntegerField(default=0)
    tokens_out = models.BigIntegerField(default=0)
    micros_inference = models.BigIntegerField(default=0)
    micros_tooling = models.BigIntegerField(default=0)
    micros_incidents = models.BigIntegerField(null=True)
    fixing_seconds = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["wake_at"], name="run_wake", condition=Q(wake_at__isnull=False)),
            models.Index(fields=["agent", "-created_at"], name="run_agent"),
            models.Index(fields=["client", "-created_at"], name="run_client"),
            models.Index(fields=["agent"], name="run_attention", condition=~Q(attention="") & Q(seen_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=sorted(RUN_ENDS), wake_at__isnull=True, lease_until__isnull=True)
                | (~Q(state__in=sorted(RUN_ENDS)) & Q(wake_at__isnull=False)),
                name="open_runs_wake",
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.PAUSED) ^ Q(paused_from=""), name="paused_from_only_while_paused"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="run_move_allowed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
                func=_MOVE_ALLOWED,
            ),
            pgtrigger.Trigger(name="run_one_way", when=pgtrigger.Before, operation=pgtrigger.Update, func=_ONE_WAY),
            pgtrigger.ReadOnly(name="run_frozen", fields=FROZEN),
            pgtrigger.Protect(name="run_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(name="run_news", when=pgtrigger.After, operation=pgtrigger.UpdateOf("state"), func=_TELL),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RunContent(models.Model):
    """Words of a run: what was asked, what its runtime remembers, what came out. They die by the policy's days."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="content")
    input = models.JSONField(default=dict)
    memory = models.JSONField(null=True, help_text="what the runtime gave back to be given again")
    output = models.JSONField(null=True)
    erase_after = models.PositiveIntegerField(null=True, help_text="days after its end; null keeps it")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["run"], condition=Q(erase_after__isnull=False, erased_at__isnull=True), name="run_to_erase"
            )
        ]


class RunStep(models.Model):
    """One step of a run, written before and after: what is `done` is never done again."""

    class Kind(models.TextChoices):
        THINK = "think"  # the runtime's turn
        ACT = "act"  # one call of a tool, through the gate
        DELEGATE = "delegate"  # a run of another agent
        VERIFY = "verify"  # the output is held against what was declared

    class State(models.TextChoices):
        INTENT = "intent"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown"  # its run ended before anybody knew

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    run = models.ForeignKey(Run, models.PROTECT, related_name="journal")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.INTENT)
    plan = models.PositiveIntegerField(default=1)
    asked_by = models.PositiveIntegerField(null=True, help_text="the number of the think step that wanted it")
    tool = models.CharField(max_length=63, blank=True)
    asked_digest = models.CharField(max_length=64, blank=True, help_text="of tool and arguments: finds repetition")
    action = models.ForeignKey(Action, models.PROTECT, null=True, related_name="+")
    child = models.ForeignKey(Run, models.PROTECT, null=True, related_name="+")
    content = models.JSONField(default=dict, help_text="what is asked; dies with the run's words")
    result = models.JSONField(null=True, help_text="codes and states, never words")
    tries = models.PositiveSmallIntegerField(default=0, help_text="counted before the work: a crash counts")
    worker = models.CharField(max_length=200, blank=True)
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    reserved = models.JSONField(default=dict, help_text="what the budgets hold back for it: tokens, micros, day")
    tokens_in = models.BigIntegerField(default=0)
    tokens_out = models.BigIntegerField(default=0)
    micros = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="step_once_a_run")]
        indexes = [
            models.Index(fields=["action"], name="step_action", condition=Q(action__isnull=False)),
            models.Index(fields=["child"], name="step_child", condition=Q(child__isnull=False)),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="step_one_way", when=pgtrigger.Before, operation=pgtrigger.Update, func=_STEP_ONE_WAY
            ),
            pgtrigger.Protect(name="step_never_deleted", operation=pgtrigger.Delete),
        ]
