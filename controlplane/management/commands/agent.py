from pathlib import Path

from django.core.management import CommandError

from agents import agentfile, readiness, registry, stops
from agents.counting import count
from agents.models import Agent, AgentRole
from approvals.owners import console
from controlplane.commandline import Noun, find_agent


class Command(Noun):
    help = "Check, import, export, list, stop and resume agents."

    def add_verbs(self, verbs):
        for name, handler, about in (
            ("validate", self.validate_file, "Read an agent file and say what is wrong with it; writes nothing."),
            ("import", self.import_file, "Bring an agent in from its file: all of it or nothing. Says what changed."),
        ):
            parser = self.verb(verbs, name, handler, about, writes=name == "import")
            parser.add_argument("path", metavar="PATH", type=Path)
            parser.add_argument("--json", action="store_true")
        export = self.verb(
            verbs,
            "export",
            self.export_file,
            "Print a registered agent as the file that would bring it in.",
            writes=False,
        )
        export.add_argument("slug", metavar="SLUG")
        # No transaction around them: a stop counts from the commit of its flag, before what is open goes on hold.
        for name, handler, about in (
            (
                "stop",
                self.stop,
                "Stop an agent, one tool of it, or everything: nothing new starts, what waits is held.",
            ),
            ("resume", self.resume, "Let a stopped agent, a stopped tool or everything go on."),
        ):
            parser = self.verb(verbs, name, handler, about, writes=False)
            which = parser.add_mutually_exclusive_group(required=True)
            which.add_argument("slug", metavar="SLUG", nargs="?")
            which.add_argument("--everything", action="store_true", help="every agent at once")
            parser.add_argument("--tool", metavar="NAME", help="only this tool of the agent")
            parser.add_argument("--reason", required=True, help="goes on record")
        listing = self.verb(
            verbs, "list", self.list_agents, "List agents, where they stand, and what they still need.", writes=False
        )
        listing.add_argument("--json", action="store_true")

    def validate_file(self, path, json, **_):
        spec = self.read(path, json=json)
        try:
            reading = registry.check(spec)
        except agentfile.AgentFileErrors as errors:
            self.refuse_file(errors, json=json)
        notes = [*spec.notes, *(reading.notes if reading else ())]
        if json:
            return self.print_json({"agent": spec.slug, "valid": True, "notes": [note.as_json() for note in notes]})
        for note in notes:
            self.note(f"note: {note}")
        rules = f", {count(len(reading.policy.rules), 'rule')}" if reading else ""
        self.note(f"{path}: valid ({spec.slug}, {count(len(spec.tools), 'tool')}{rules}).")
        self.note("People, groups, hosts, secrets and sources are looked up at import.")

    def import_file(self, path, json, **_):
        spec = self.read(path, json=json)
        try:
            report = registry.import_agent(spec, by=self.by)
        except agentfile.AgentFileErrors as errors:
            self.refuse_file(errors, json=json)
        if json:
            return self.print_json(vars(report))
        for note in report.notes:
            self.note(f"note: {note}")
        self.stdout.write("\n".join(report.lines) or "no change")
        if report.blocked_by:
            self.note(f"{report.slug} isn't enabled. What is missing:")
            for item in report.blocked_by:
                self.note(f"  {item}")
            self.note(f"Then run `manage.py agent import {path}` again.")

    def export_file(self, slug, **_):
        spec = registry.export_agent(find_agent(slug))
        self.stdout.write(agentfile.write(spec), ending="")
        if spec.policy:
            self.note(f"Beside it belongs {spec.policy.file}: `manage.py policy export {slug} > {spec.policy.file}`")

    def stop(self, slug, tool, everything, reason, **_):
        what, words = _what(slug, tool, everything)
        if everything:
            held = stops.stop_everything(by=self.by, reason=reason)
        elif tool is not None:
            held = stops.stop_tool(tool=console.tool_of(find_agent(slug), tool), by=self.by, reason=reason)
        else:
            held = stops.stop(agent=find_agent(slug), by=self.by, reason=reason)
        again = f"`manage.py agent resume {words} --reason ...` lets it go on."
        self.note(f"{what} is stopped; {count(held, 'action')} on hold. {again}")

    def resume(self, slug, tool, everything, reason, **_):
        what, _words = _what(slug, tool, everything)
        if everything:
            back = stops.resume_everything(by=self.by, reason=reason)
        elif tool is not None:
            back = stops.resume_tool(tool=console.tool_of(find_agent(slug), tool), by=self.by, reason=reason)
        else:
            back = stops.resume(agent=find_agent(slug), by=self.by, reason=reason)
        where = "it was" if back == 1 else "they were"
        self.note(f"{what} works again; {count(back, 'action')} went back to where {where}.")

    def list_agents(self, json, **_):
        agents = list(Agent.objects.order_by("slug").prefetch_related("roles__person"))
        if json:
            return self.print_json([_as_json(agent) for agent in agents])
        rows = [(agent.slug, registry.standing(agent), _owner(agent), agent.name, _needs(agent)) for agent in agents]
        self.print_table(("AGENT", "STANDING", "OWNER", "NAME", "NEEDS"), rows)

    def read(self, path: Path, *, json: bool) -> agentfile.AgentFile:
        try:
            return agentfile.read_path(path)
        except agentfile.AgentFileErrors as errors:
            self.refuse_file(errors, json=json)

    def refuse_file(self, errors: agentfile.AgentFileErrors, *, json: bool) -> None:
        if json:
            problems = [problem.as_json() for problem in errors.problems]
            self.print_json({"valid": False, "problems": problems, "more_may_follow": errors.partial})
        self.refuse(*errors.lines)


def _what(slug: str | None, tool: str | None, everything: bool) -> tuple[str, str]:
    """Return what is meant, in a sentence and as it is written on the line. Raises CommandError for a tool of no agent."""
    if everything and tool is not None:
        raise CommandError("--tool goes with the SLUG of its agent, not with --everything.", returncode=2)
    if everything:
        return "Everything", "--everything"
    return (slug, slug) if tool is None else (f"{tool} of {slug}", f"{slug} --tool {tool}")


def _owner(agent: Agent) -> str:
    return next((role.person.username for role in agent.roles.all() if role.role == AgentRole.Role.OWNER), "nobody")


def _needs(agent: Agent) -> str:
    return "; ".join(f"{item.name} ({item.evidence})" for item in readiness.missing(agent)) or "-"


def _as_json(agent: Agent) -> dict:
    return {
        "slug": agent.slug,
        "name": agent.name,
        "standing": registry.standing(agent),
        "owner": _owner(agent),
        "sign": agent.sign,
        "readiness": [
            {"name": item.name, "ok": item.ok, "evidence": item.evidence, "next_step": item.next_step}
            for item in readiness.check(agent)
        ],
    }
