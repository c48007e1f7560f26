"""What the tests of runs have in common: an agent that talks, its turns, and a worker that carries it on."""

from agents import engine, runs
from agents.models import Action, Agent, Run
from agents.runs import Asked
from audit.actors import Actor
from audit.models import Event
from tests.factories import Company, make_company
from tests.runtimes import KIND, register_talking

CLIENT = Actor(kind="client", id="inbox", display="inbox")

register_talking()
#: A last turn that puts out everything that came back.
SAW = {"finish": {"saw": "$results"}}


def make_talking_company(slug: str = "", **fields) -> Company:
    """Return a company whose agent runs here, with these columns."""
    company = make_company(slug)
    set_agent(company.agent, runtime=KIND, **fields)
    return company


def set_agent(agent: Agent, **columns) -> Agent:
    """Write columns of an agent, as an import would."""
    Agent.objects.filter(pk=agent.pk).update(**columns)
    agent.refresh_from_db()
    return agent


def look(order: str = "A-1", **more) -> dict:
    return {"tool": "look_up", "arguments": {"order_id": order}, **more}


def refund(order: str = "A-1", amount: int = 120, **more) -> dict:
    return {"tool": "issue_refund", "arguments": {"order_id": order, "amount_usd": amount}, **more}


def reply(ticket: str = "T-1", text: str = "We are looking into it.") -> dict:
    return {"tool": "send_reply", "arguments": {"ticket": ticket, "text": text}}


def enqueue(agent: Agent, *turns: dict, **asked) -> Run:
    return runs.enqueue(agent, Asked(input={"turns": list(turns)}, **asked), by=CLIENT)


def begin(agent: Agent, *turns: dict, **asked) -> Run:
    """Enqueue a run of these turns and carry it as far as it goes."""
    return carry(enqueue(agent, *turns, **asked))


def carry(run: Run, *, worker: str = "w1") -> Run:
    """Let a worker carry the run as far as it goes now; return it as it stands."""
    engine.advance(run.pk, worker=worker)
    return fresh(run)


def fresh(run: Run) -> Run:
    return Run.objects.select_related("agent", "content").get(pk=run.pk)


def action_of(run: Run, tool: str = "issue_refund") -> Action:
    return Action.objects.filter(run_id=run.pk, tool__name=tool).latest("created_at")


def journal(run: Run) -> list[tuple[str, str]]:
    return [(step.kind, step.state) for step in run.journal.order_by("number")]


def verbs(run: Run) -> list[str]:
    events = Event.objects.filter(subject_kind="run", subject_id=str(run.pk)).order_by("id")
    return [event.verb.removeprefix("run.") for event in events]
