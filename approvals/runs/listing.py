"""Runs in lists: what a person may see, what needs them first, who each one waits for. Only reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from agents import access, budgets
from agents.lifecycle import ASKED, RUN_ENDS, RUN_WORDS, RunState
from agents.models import Agent, Person, Run, RunStep, Slot
from approvals.attending import clockface
from approvals.runs.timeline import lasting

PAGE = 50
#: Filters beside the states themselves.
NEEDS_YOU, OPEN, ENDED = "needs_you", "open", "ended"
#: Nobody carried on in this time what was due: workers or the clock are away.
_PATIENCE = timedelta(minutes=1)
#: Characters of what a run is about; its page has the rest.
_LINE = 160

_SHAPES = {
    RunState.COMPLETED: ("ok", "circle"),
    RunState.AWAITING_REVIEW: ("people", "diamond"),
    RunState.PAUSED: ("held", "bar"),
    RunState.QUEUED: ("quiet", "ring"),
    RunState.CANCELLED: ("quiet", "bar"),
}
_UNDER_WAY, _ENDED_BADLY = ("busy", "ring"), ("bad", "square")
_BUSY = {RunState.PLANNING, RunState.EXECUTING, RunState.VERIFYING}


@dataclass(frozen=True)
class Standing:
    """Where a run stands: in words, with the tone and the shape that say the same."""

    words: str
    tone: str
    shape: str


@dataclass(frozen=True)
class Row:
    """One run in a list. `about`, `agent_name` and `asked_by` are other people's text: show them inert."""

    id: str
    short: str
    about: str
    standing: Standing
    needs_you: bool
    agent: str
    agent_name: str
    asked_by: str
    steps: int
    actions: int
    cost: str
    tokens: str
    created_at: datetime
    age: str
    lasted: str
    waits_for: str


@dataclass(frozen=True)
class Shelf:
    """A page of runs. `needs` stands apart on the first page when nothing is asked for; `before` leads to older ones."""

    needs: list[Row]
    more_needs: bool
    rows: list[Row]
    before: str
    agents: list[Agent]
    states: list[tuple[str, str]]
    agent: str
    state: str
    first: bool
    now: datetime

    @property
    def filtered(self) -> bool:
        return bool(self.agent or self.state)


def shelf(person: Person, *, agent: str = "", state: str = "", before: str = "") -> Shelf:
    """Return a page of the runs this person sees, newest first. The number of queries is the same however many there are.

    `agent` (a slug) and `state` (one of `states`) narrow it, `before` is the id of a run to go on after. What they name
    and isn't there finds nothing.
    """
    now, visible = timezone.now(), access.visible_runs(person)
    asked = _matching(visible, person, agent, state)
    needs = [] if agent or state else list(_with_row(needing(person))[: PAGE + 1])
    found = list(_with_row(_after(asked, before))[: PAGE + 1])
    rows = rows_of([*needs[:PAGE], *found[:PAGE]], person, now)
    apart = len(needs[:PAGE])
    return Shelf(
        needs=[] if before else rows[:apart],
        more_needs=len(needs) > PAGE,
        rows=rows[apart:],
        before=str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        agents=list(access.visible_agents(person).order_by("slug")),
        states=_STATES,
        agent=agent,
        state=state,
        first=not before,
        now=now,
    )


def needing(person: Person) -> QuerySet[Run]:
    """Return the runs that ended badly or can't go on, and that nobody with a role of their agent has looked at, for one
    who has one."""
    mine = person.agent_roles.values("agent") if person.is_active else person.agent_roles.none().values("agent")
    return Run.objects.filter(~Q(attention=""), seen_at__isnull=True, agent__in=mine)


def latest(agent: Agent, person: Person, count: int = 5) -> list[Row]:
    """Return the latest runs of an agent this person sees."""
    return rows_of(list(_with_row(agent.runs.all())[:count]), person, timezone.now())


def unseen(person: Person, count: int = 5) -> list[Row]:
    """Return the latest runs that need this person, and one more than `count` when there are more."""
    return rows_of(list(_with_row(needing(person))[: count + 1]), person, timezone.now())


_STATES = [
    (NEEDS_YOU, "Needs you"),
    (OPEN, "Open"),
    (ENDED, "Ended"),
    *((str(state), RUN_WORDS[state]) for state in RunState),
]
# Every open run has a wake-up, and there is an index of those: it spares reading all that ever ended.
_OPEN = Q(wake_at__isnull=False)


def _matching(visible: QuerySet[Run], person: Person, agent: str, state: str) -> QuerySet[Run]:
    if agent:
        # No slug holds more than these; the database refuses some of what an address may hold.
        visible = visible.filter(agent__slug=agent) if agent.isprintable() else visible.none()
    if not state:
        return visible if agent else visible.exclude(pk__in=needing(person).values("pk"))
    if state == NEEDS_YOU:
        return visible.filter(pk__in=needing(person).values("pk"))
    if state in (OPEN, ENDED):
        return visible.filter(_OPEN if state == OPEN else ~_OPEN)
    if state not in RunState.values:
        return visible.none()
    return visible.filter(state=state) if state in RUN_ENDS else visible.filter(_OPEN, state=state)


def _after(runs: QuerySet[Run], before: str) -> QuerySet[Run]:
    """Return the older ones. Ids count up with time, so the last one shown is the place to go on from."""
    try:
        return runs.filter(pk__lt=UUID(before)) if before else runs
    except ValueError:
        return runs.none()


def _with_row(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.select_related("agent", "client", "parent__agent").order_by("-pk")


# --- one row


def rows_of(runs: Sequence[Run], person: Person, now: datetime) -> list[Row]:
    """Return a row for each run, with four queries for all of them; with none for none."""
    if not runs:
        return []
    ids = [run.pk for run in runs]
    acted = RunStep.objects.filter(run__in=ids, action__isnull=False).values_list("run").annotate(Count("pk"))
    counts, missing, about = dict(acted.order_by()), _missing(ids), abouts(ids)
    answers = set(person.agent_roles.values_list("agent", flat=True))
    return [
        _row(run, about[run.pk], counts.get(run.pk, 0), missing.get(run.pk, ()), run.agent_id in answers, now)
        for run in runs
    ]


def _row(run: Run, about: str, actions: int, missing: Sequence[str], answers: bool, now: datetime) -> Row:
    needs_you = answers and needs_somebody(run)
    return Row(
        id=str(run.pk),
        short=short(run.pk),
        about=about,
        standing=standing(run.state),
        needs_you=needs_you,
        agent=run.agent.slug,
        agent_name=run.agent.name,
        asked_by=asked_by(run),
        steps=run.steps,
        actions=actions,
        cost=budgets.in_words("micros", run.micros_inference + run.micros_tooling),
        tokens=budgets.in_words("tokens", run.tokens_in + run.tokens_out),
        created_at=run.created_at,
        age=clockface.span(now - run.created_at),
        lasted=lasting((run.finished_at or now) - run.created_at),
        waits_for="you, to look" if needs_you else waits_for(run, missing, now),
    )


def _missing(runs: Iterable[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Return by run whose signatures its held actions wait for."""
    held = Slot.objects.filter(action__run_id__in=list(runs), action__state__in=ASKED, filled_by__isnull=True)
    found: dict = {}
    for run_id, label in held.order_by("action", "position").values_list("action__run_id", "label"):
        found.setdefault(run_id, {})[label] = None
    return {run_id: tuple(labels) for run_id, labels in found.items()}


#: Where a task's input may say in words what it is for; the first that does names the run.
GOALS = ("goal", "purpose", "task")
# A task may be large and a list shows many, so the database cuts them; what is short in it, like an id, comes first. What
# is larger than `%(small)s` stored bytes isn't unpacked to look for a goal. Of erased words `{}` is left.
_ABOUT = """
SELECT run.id, left(COALESCE(goal.words, acted.headline,
    (SELECT string_agg(format('%%s: %%s', name, COALESCE(value, 'null')), ', ' ORDER BY length(value) > 40, place)
     FROM agents_runcontent AS content,
          jsonb_each_text(CASE jsonb_typeof(content.input) WHEN 'object' THEN content.input END)
              WITH ORDINALITY AS member(name, value, place)
     WHERE content.run_id = run.id),
    ''), %(most)s + 1), CASE WHEN goal.words IS NULL THEN acted.actions - 1 ELSE 0 END
FROM agents_run AS run
LEFT JOIN LATERAL (
    SELECT content.input ->> key AS words
    FROM agents_runcontent AS content, unnest(%(goals)s::text[]) WITH ORDINALITY AS asked(key, nth)
    WHERE content.run_id = run.id AND pg_column_size(content.input) <= %(small)s
        AND jsonb_typeof(content.input -> key) = 'string' AND content.input ->> key ~ '\\S'
    ORDER BY nth LIMIT 1
) AS goal ON true
LEFT JOIN LATERAL (
    SELECT (array_agg(action.headline ORDER BY step.number))[1] AS headline, count(*) AS actions
    FROM agents_runstep AS step JOIN agents_action AS action ON action.id = step.action_id WHERE step.run_id = run.id
) AS acted ON true
WHERE run.id = ANY(%(ids)s)
"""
_SMALL = 64 * 1024


def abouts(runs: Sequence[UUID]) -> dict[UUID, str]:
    """Return what each run is about, in a line: the goal its task names, else the headline of its first action and how many
    more there are, or its input until there is one.

    Empty where there is none of these. It tells no more than the run's own page. Other people's text: show it inert.
    """
    if not runs:
        return {}
    asked = {"ids": list(runs), "most": _LINE, "goals": list(GOALS), "small": _SMALL}
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT, asked)
        return {run: _line(about, more or 0) for run, about, more in cursor.fetchall()}


def _line(about: str, more: int) -> str:
    cut = about if len(about) <= _LINE else f"{about[:_LINE]}…"
    return f"{cut} and {more} more" if more > 0 else cut


def short(run_id: UUID) -> str:
    """Return the end of an id, which tells runs apart: its beginning is the time, much the same for all of a minute."""
    return str(run_id)[-8:]


def standing(state: str) -> Standing:
    """Return a state of a run as people read it."""
    state = RunState(state)
    tone, shape = _SHAPES.get(state, _UNDER_WAY if state in _BUSY else _ENDED_BADLY)
    return Standing(RUN_WORDS[state], tone, shape)


def needs_somebody(run: Run) -> bool:
    """Whether it ended in a way that its agent's people should look at, and none of them has."""
    return bool(run.attention) and run.seen_at is None


def asked_by(run: Run) -> str:
    """Say who gave the task: a client, the agent that handed it on, or the operator. Other people's text."""
    if run.parent_id:
        return f"{run.parent.agent.slug} (handed on)"
    return run.client.name if run.client else "the operator"


def waits_for(run: Run, missing: Sequence[str], now: datetime) -> str:
    """Say whom or what an open run waits for, or whom one that ended badly does; empty when for nobody."""
    if run.state in RUN_ENDS:
        return "somebody with a role of its agent to look" if needs_somebody(run) else ""
    if run.state == RunState.PAUSED:
        return "somebody to resume it" if run.stop_reason else "its agent to be resumed"
    if run.state == RunState.AWAITING_REVIEW:
        return ", ".join(missing) or ("somebody with a role of its agent" if run.attention else "people")
    if since := overdue(run, now):
        return f"a worker, for {lasting(since)}"
    return "a worker" if run.state == RunState.QUEUED else ""


def overdue(run: Run, now: datetime) -> timedelta | None:
    """Return for how long nobody has carried on an open run that was due; None when all is well."""
    if run.state in RUN_ENDS or run.state == RunState.PAUSED:
        return None
    since = now - (run.created_at if run.state == RunState.QUEUED else run.wake_at)
    return since if since > _PATIENCE else None
