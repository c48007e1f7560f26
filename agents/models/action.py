import pgtrigger
import uuid_utils.compat
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.lifecycle import ENDS, State
from agents.models.agent import Agent
from agents.models.person import Person
from agents.models.token import Token
from agents.models.tool import Tool, ToolDefinition

#: Columns fixed at birth. An edit is a new revision, a new row.
FROZEN = [
    "id", "lineage", "revision", "kind", "agent", "proposer_agent", "proposer_person", "on_behalf_of", "token", "tool",
    "definition", "payload", "payload_digest", "digest", "wire_version", "wire_digest", "undoes", "release_id",
    "policy_id", "policy", "self_humans", "tier", "effective_tier", "verdict", "reasons", "facts", "scope", "snapshot", "headline",
    "impact", "permit_seconds", "sample_rate", "sampled", "run_id", "step_id", "trace_id", "created_at",
]  # fmt: skip

_MOVE_ALLOWED = """
IF TG_OP = 'INSERT' THEN
    IF NEW.state NOT IN ('denied', 'awaiting_review', 'approved') THEN
        RAISE EXCEPTION 'an action can''t begin as %', NEW.state USING ERRCODE = 'check_violation';
    END IF;
ELSIF NEW.state <> OLD.state AND NOT EXISTS (
    SELECT FROM agents_moveallowed AS m WHERE m.old_state = OLD.state AND m.new_state = NEW.state
) THEN
    RAISE EXCEPTION 'an action can''t go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""

_SLOTS_FILLED = """
IF NEW.state IN ('approved', 'executing') AND (TG_OP = 'INSERT' OR NEW.state <> OLD.state) THEN
    IF EXISTS (SELECT FROM agents_slot AS s WHERE s.action_id = NEW.id AND s.filled_by_id IS NULL) THEN
        RAISE EXCEPTION 'an open slot: the action can''t be %', NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM agents_slot AS s WHERE s.action_id = NEW.id AND s.human = ANY (NEW.self_humans)) THEN
        RAISE EXCEPTION 'its own side signed: the action can''t be %', NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.effective_tier >= 3 AND (
        SELECT count(DISTINCT s.human) FROM agents_slot AS s WHERE s.action_id = NEW.id
    ) < 2 THEN
        RAISE EXCEPTION 'tier % needs two people: the action can''t be %', NEW.effective_tier, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
END IF;
RETURN NEW;
"""

# Time and counters go one way: a deadline is never extended but by the end of a pause, a permit but by a move.
_ONE_WAY = """
IF NEW.fence < OLD.fence OR NEW.attempts < OLD.attempts THEN
    RAISE EXCEPTION 'fence and attempts never go back' USING ERRCODE = 'check_violation';
END IF;
IF NEW.expires_at > OLD.expires_at AND NOT (OLD.state IN ('on_hold', 'changes_requested')
        AND NEW.state <> OLD.state) THEN
    RAISE EXCEPTION 'a deadline is extended only when a pause ends' USING ERRCODE = 'check_violation';
END IF;
IF NEW.permit_until > OLD.permit_until AND NEW.state = OLD.state THEN
    RAISE EXCEPTION 'a permit is never extended' USING ERRCODE = 'check_violation';
END IF;
IF NEW.permit_consumed_at > OLD.permit_consumed_at
        OR (OLD.permit_consumed_at IS NOT NULL AND NEW.permit_consumed_at IS NULL) THEN
    RAISE EXCEPTION 'a permit is consumed once' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


# Sent when the transaction commits: whoever waits for news reads again, and the news itself says nothing.
_TELL = "PERFORM pg_notify('countersign_news', 'action:' || NEW.id); RETURN NEW;"


class MoveAllowed(models.Model):
    """The state table as the database knows it: the trigger `move_allowed` reads it; the app may not write it."""

    old_state = models.CharField(max_length=20)
    new_state = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["old_state", "new_state"], name="move_once")]


class Action(models.Model):
    """One revision of something an agent or a person wants done: its exact bytes, the verdict on it, and where it stands."""

    class Kind(models.TextChoices):
        REAL = "real"
        CHANGE = "change"
        PRACTICE = "practice"

    # what it is
    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    lineage = models.UUIDField(help_text="the id of revision 1")
    revision = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.REAL)
    agent = models.ForeignKey(
        Agent, models.PROTECT, related_name="actions", db_index=False, help_text="the agent it is about"
    )
    proposer_agent = models.ForeignKey(Agent, models.PROTECT, null=True, related_name="+")
    proposer_person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    on_behalf_of = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    token = models.ForeignKey(Token, models.PROTECT, null=True, related_name="+", db_index=False)
    tool = models.ForeignKey(Tool, models.PROTECT, related_name="+")
    definition = models.ForeignKey(ToolDefinition, models.PROTECT, related_name="+", db_index=False)
    payload = models.BinaryField(help_text="the arguments, canonical (RFC 8785)")
    payload_digest = models.CharField(max_length=64, help_text="of the arguments alone: recognises a re-proposal")
    digest = models.CharField(max_length=64, help_text="of everything an approval binds to")
    wire_version = models.PositiveSmallIntegerField(default=1)
    wire_digest = models.CharField(max_length=64, help_text="of the request as it will be sent")
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    release_id = models.UUIDField(null=True)
    policy_id = models.UUIDField(null=True)
    policy = models.CharField(max_length=100, help_text="name and version of the policy that gave the verdict")
    scope = models.JSONField(help_text="what the minted credential allows")
    headline = models.TextField(help_text="rendered from the validated arguments")
    impact = models.BigIntegerField(default=0, help_text="money at stake, minor units")
    self_humans = ArrayField(models.BigIntegerField(), default=list, help_text="who counts as self: may never sign")
    run_id = models.UUIDField(null=True)
    step_id = models.UUIDField(null=True)
    trace_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    # why it passed, or did not
    tier = models.PositiveSmallIntegerField()
    effective_tier = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=10)
    reasons = models.JSONField(default=list)
    facts = models.JSONField(default=dict, help_text="what was looked up for the verdict: an approval binds to it")
    snapshot = models.JSONField(
        default=dict, help_text="what else the verdict rested on; who held which role is in its event"
    )
    permit_seconds = models.PositiveIntegerField(null=True)
    sample_rate = models.FloatField(default=0, help_text="the share of its like that people look at afterwards")
    sampled = models.BooleanField(default=False, help_text="drawn: people look at it afterwards")

    # where it stands
    state = models.CharField(max_length=20, choices=State.choices)
    state_since = models.DateTimeField(db_default=Now())
    held_from = models.CharField(max_length=20, blank=True, help_text="the state a hold interrupted")
    look_due_at = models.DateTimeField(null=True, help_text="by then somebody who may sign should have opened it")
    looked_at = models.DateTimeField(null=True, help_text="when somebody who may sign first did")
    at_risk_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    breach_cause = models.CharField(max_length=20, blank=True, help_text="why it was late, stamped with the breach")
    rung = models.PositiveSmallIntegerField(default=0, help_text="how far it was taken up the ladder")
    expires_at = models.DateTimeField(null=True)
    permit_until = models.DateTimeField(null=True)
    permit_left = models.PositiveIntegerField(null=True, help_text="seconds a hold left of the permit")
    permit_consumed_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True, help_text="when the clock must look again; null when it has ended")
    rings = models.PositiveIntegerField(default=0)

    # what was decided and done
    decision = models.CharField(max_length=10, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    decided_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    called_at = models.DateTimeField(null=True, help_text="committed before the call: null proves nothing went out")
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    error = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)

    # what it cost; null is not measured, zero is measured
    cost_inference = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    cost_tooling = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    review_seconds = models.PositiveIntegerField(null=True)
    fixing_seconds = models.PositiveIntegerField(null=True)
    cost_incidents = models.DecimalField(max_digits=14, decimal_places=6, null=True)

    class Meta:
        ordering = ["-created_at"]
        # Each is kept up at every move: a row changes six times in its life. What few rows name is indexed in those alone.
        indexes = [
            models.Index(fields=["wake_at"], name="action_wake", condition=Q(wake_at__isnull=False)),
            models.Index(fields=["agent", "state"], name="action_agent_state"),
            models.Index(fields=["agent", "created_at"], name="action_arrivals"),
            models.Index(fields=["run_id"], name="action_run", condition=Q(run_id__isnull=False)),
            models.Index(fields=["undoes"], name="action_undoes", condition=Q(undoes__isnull=False)),
            models.Index(fields=["on_behalf_of"], name="action_behalf", condition=Q(on_behalf_of__isnull=False)),
            models.Index(fields=["proposer_person"], name="action_person", condition=Q(proposer_person__isnull=False)),
            # Figures of a period: rows lie about as they came, so a few bytes a block find them.
            BrinIndex(fields=["created_at"], name="action_created", autosummarize=True),
            BrinIndex(fields=["finished_at"], name="action_finished", autosummarize=True),
        ]
        constraints = [
            models.UniqueConstraint(fields=["lineage", "revision"], name="revision_once_a_lineage"),
            models.CheckConstraint(condition=Q(effective_tier__lte=4, tier__lte=4), name="action_tier_0_to_4"),
            models.CheckConstraint(
                condition=Q(proposer_agent__isnull=True) ^ Q(proposer_person__isnull=True), name="one_proposer"
            ),
            # Liveness as a constraint: whatever hasn't ended has a time at which the clock looks at it.
            models.CheckConstraint(
                condition=Q(state__in=sorted(ENDS), wake_at__isnull=True)
                | (~Q(state__in=sorted(ENDS)) & Q(wake_at__isnull=False)),
                name="open_actions_wake",
            ),
            models.CheckConstraint(
                condition=Q(state=State.EXECUTING, lease_until__isnull=False)
                | (~Q(state=State.EXECUTING) & Q(lease_until__isnull=True)),
                name="lease_only_while_executing",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ON_HOLD) | Q(permit_until__isnull=True), name="a_hold_drops_the_permit"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.APPROVED) | Q(permit_until__isnull=False, permit_seconds__isnull=False),
                name="approved_until",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.AWAITING_REVIEW)
                | Q(at_risk_at__isnull=False, due_at__isnull=False, expires_at__isnull=False),
                name="review_has_deadlines",
            ),
            models.CheckConstraint(
                condition=~Q(kind="practice")
                | ~Q(state__in=["approved", "executing", "retry_wait", "unknown", "succeeded", "failed"]),
                name="practice_never_runs",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="move_allowed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
                func=_MOVE_ALLOWED,
            ),
            pgtrigger.Trigger(
                name="slots_filled",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
                func=_SLOTS_FILLED,
            ),
            pgtrigger.Trigger(name="one_way", when=pgtrigger.Before, operation=pgtrigger.Update, func=_ONE_WAY),
            pgtrigger.ReadOnly(name="frozen_at_birth", fields=FROZEN),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="action_news", when=pgtrigger.After, operation=pgtrigger.UpdateOf("state"), func=_TELL
            ),
        ]

    def __str__(self) -> str:
        return self.headline or str(self.pk)


class ActionContent(models.Model):
    """Words and output of an action: they die by the policy's days, while the evidence on the action lives on."""

    action = models.OneToOneField(Action, models.CASCADE, primary_key=True, related_name="content")
    rationale = models.TextField(blank=True)
    claims = models.JSONField(default=dict)
    provenance = models.JSONField(default=dict)
    output = models.JSONField(null=True, help_text="what the tool answered")
    note = models.TextField(blank=True, db_default="", help_text="the words of whoever rejected it")
    erase_after = models.PositiveIntegerField(null=True, help_text="days after its end; null keeps it")
    keep_output = models.BooleanField(default=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["action"],
                condition=Q(erase_after__isnull=False, erased_at__isnull=True),
                name="content_to_erase",
            )
        ]
