from pathlib import Path

from agents import agentfile, readiness, registry, stops
from agents.counting import count
from agents.models import Agent, AgentRole
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
        for name, handler, about in (
            ("stop", self.stop_agent, "Stop an agent: no new proposals, nothing more runs, what waits goes on hold."),
            ("resume", self.resume_agent, "Let a stopped agent work again."),
        ):
            parser = self.verb(verbs, name, handler, about)
            parser.add_argument("slug", metavar="SLUG")
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

    def stop_agent(self, slug, reason, **_):
        held = stops.stop(agent=find_agent(slug), by=self.by, reason=reason)
        self.note(
            f"{slug} is stopped; {count(held, 'action')} on hold."
            f" `manage.py agent resume {slug} --reason ...` lets it go on."
        )

    def resume_agent(self, slug, reason, **_):
        back = stops.resume(agent=find_agent(slug), by=self.by, reason=reason)
        self.note(
            f"{slug} works again; {count(back, 'action')} went back to where {'it was' if back == 1 else 'they were'}."
        )

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
