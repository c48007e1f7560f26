from pathlib import Path
from uuid import UUID

from agents import access, asking, canonical, present_runs, runs, stops
from agents.counting import count
from agents.errors import Invalid
from agents.headline import reveal
from agents.lifecycle import RUN_WORDS, RunState
from agents.models import Run
from controlplane.commandline import Noun, find_agent

MOST_LISTED = 100


class Command(Noun):
    help = "List, show, cancel, stop and resume runs, and enqueue one to try an agent."

    def add_verbs(self, verbs):
        enqueue = self.verb(verbs, "enqueue", self.enqueue_run, "Give an agent a task; prints the run's id alone.")
        enqueue.add_argument("--agent", metavar="SLUG", required=True)
        given = "the task, a JSON object; or @FILE that holds one"
        enqueue.add_argument("--input", metavar="JSON", required=True, help=given)
        listing = self.verb(
            verbs, "list", self.list_runs, f"List runs, newest first, at most {MOST_LISTED}.", writes=False
        )
        listing.add_argument("--agent", metavar="SLUG", help="only this agent's")
        listing.add_argument("--state", metavar="STATE", choices=RunState.values, help=", ".join(RunState.values))
        listing.add_argument("--json", action="store_true")
        show = self.verb(verbs, "show", self.show_run, "Show a run: its steps, what it waits for, cost.", writes=False)
        show.add_argument("--json", action="store_true")
        cancel = self.verb(verbs, "cancel", self.cancel_run, "End a run; its open actions are withdrawn.")
        stop = self.verb(verbs, "stop", self.stop_run, "Let a run stand still; its permits drop, its actions wait.")
        resume = self.verb(verbs, "resume", self.resume_run, "Let a stopped run go on.")
        for parser in (show, cancel, stop, resume):
            parser.add_argument("run_id", metavar="ID", type=UUID)
        for parser in (cancel, stop, resume):
            parser.add_argument("--reason", required=True, help="goes on record")

    def enqueue_run(self, agent, input, **_):
        asked = runs.Asked(input=_task(input))
        run = runs.enqueue(find_agent(agent), asked, by=self.by)
        self.stdout.write(str(run.pk))
        self.note(f"{agent} has a new task. `manage.py run show {run.pk}` says how it goes.")

    def list_runs(self, agent, state, json, **_):
        found = Run.objects.select_related("agent").order_by("-created_at", "-pk")
        found = found.filter(agent=find_agent(agent)) if agent else found
        found = found.filter(state=state) if state else found
        page = list(found[: MOST_LISTED + 1])
        listed = [present_runs.in_list(run) for run in page[:MOST_LISTED]]
        if len(page) > MOST_LISTED:
            self.note(f"The newest {MOST_LISTED}; there are more.")
        if json:
            return self.print_json(listed)
        rows = [
            (run["id"], run["agent"], RUN_WORDS[RunState(run["state"])], _moment(run["created_at"])) for run in listed
        ]
        self.print_table(("RUN", "AGENT", "STATE", "ENQUEUED"), rows)

    def show_run(self, run_id, json, **_):
        run = present_runs.for_person(_find(run_id))
        if json:
            return self.print_json(run)
        for line in _lines(run):
            self.stdout.write(reveal(line))  # words of an agent must not steer a terminal
        rows = [
            (
                step["number"],
                step["kind"],
                step["state"],
                reveal(step["tool"] or "-"),
                step["failure"] or "-",
                step["tokens"],
            )
            for step in run["steps"]
        ]
        self.print_table(("STEP", "KIND", "STATE", "TOOL", "FAILURE", "TOKENS"), rows)

    def cancel_run(self, run_id, reason, **_):
        runs.cancel(_find(run_id).pk, by=self.by, reason=reason)
        self.note(f"{run_id} is cancelled. What was being executed already can't be recalled.")

    def stop_run(self, run_id, reason, **_):
        held = stops.stop_run(run_id, by=self.by, reason=reason)
        self.note(
            f"{run_id} is stopped; {count(held, 'action')} on hold."
            f" `manage.py run resume {run_id} --reason ...` lets it go on."
        )

    def resume_run(self, run_id, reason, **_):
        back = stops.resume_run(run_id, by=self.by, reason=reason)
        self.note(
            f"{run_id} goes on; {count(back, 'action')} went back to where {'it was' if back == 1 else 'they were'}."
        )


def _find(run_id: UUID) -> Run:
    return access.run_among(Run.objects.all(), run_id)


def _task(text: str) -> dict:
    """Return the task that was given, or that stands in the file. Raises Invalid."""
    try:
        task = canonical.parse_json(Path(text[1:]).read_bytes() if text.startswith("@") else text.encode())
    except OSError as error:
        raise Invalid(f"--input: {text[1:]} can't be read: {error.strerror}.") from error
    except canonical.BadJson as error:
        raise Invalid(f"--input: {error}.") from error
    if not isinstance(task, dict):
        raise Invalid('--input: give a JSON object, like {"ticket_id": "T-1"}.')
    return asking.plain(task)


def _lines(run: dict) -> list[str]:
    """Return a run in words, without its steps."""
    lines = [f"{run['id']} of {run['agent']}: {RUN_WORDS[RunState(run['state'])]}"]
    if run["error"]:
        lines.append(f"why: {run['error']['code']}. {run['error']['detail']}")
    for waiting in run["waiting_for"]:
        groups = " and ".join(waiting["groups"]) or "its people"
        lines.append(f"waits for {groups}: {waiting['tool']} ({waiting['action']})")
    lines += [_spent(unit, line) for unit, line in run["budget"].items()]
    return lines


def _spent(unit: str, line: dict) -> str:
    most = "no cap" if line["cap"] is None else f"of {line['cap']}"
    return f"{unit}: {line['used']} {most}"


def _moment(at: str) -> str:
    return at[:16].replace("T", " ")
