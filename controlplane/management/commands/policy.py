from pathlib import Path

from agents import agentfile, granted, policies, rulebook
from agents.counting import count
from agents.documents.composing import MAX_BYTES
from agents.documents.problems import DocumentErrors, Problem
from agents.errors import Refusal
from agents.models import Agent, Policy
from agents.policy.cases import CaseResult
from agents.policy.coverage import Covered
from agents.policy.language import Tool
from agents.policy.reading import PolicyErrors
from agents.policy.writing import write_policy
from agents.rulebook import Examined, RuleInWords
from approvals.owners import coverage
from approvals.owners import policies as pages
from controlplane.commandline import Noun, find_agent

POLICY_FILE, AGENT_FILE = "policy.yaml", "agent.yaml"


class NoPolicy(Refusal):
    code, status = "not_found", 404
    sentence = "The agent has no policy: the tiers alone decide."


class Command(Noun):
    help = "Check, show and export policies, and say which tools have a rule of their own."

    def add_verbs(self, verbs):
        validate = self.verb(
            verbs, "validate", self.validate_file, "Read a policy, run its cases, say what it does; writes nothing.",
            writes=False,
        )  # fmt: skip
        validate.add_argument("path", metavar="PATH", type=Path, help=f"the file, or a folder with {POLICY_FILE}")
        whose = validate.add_mutually_exclusive_group()
        whose.add_argument(
            "--agent-file", metavar="PATH", type=Path, help=f"whose tools it is about (default: {AGENT_FILE} beside it)"
        )
        whose.add_argument("--agent", metavar="SLUG", help="a registered agent whose tools it is about")
        show = self.verb(
            verbs, "show", self.show_policy, "Print an agent's policy in words and expanded.", writes=False
        )
        export = self.verb(
            verbs, "export", self.export_policy, "Print an agent's policy as it was written.", writes=False
        )
        for parser in (show, export):
            parser.add_argument("slug", metavar="SLUG")
        listing = self.verb(
            verbs, "coverage", self.list_coverage, "List every tool of every agent with the rules that gate it, "
            "first those without one.", writes=False,
        )  # fmt: skip
        for parser in (validate, listing):
            parser.add_argument("--json", action="store_true")

    def validate_file(self, path, agent_file, agent, json, **_):
        file = path / POLICY_FILE if path.is_dir() else path
        try:
            source = _read(file)
            found = rulebook.examine(source, name=str(file), tools=self.tools(file, agent_file, agent))
        except DocumentErrors as errors:
            if json:
                self.print_json(rulebook.errors_json(errors))
            self.refuse(*errors.lines)
        if json:
            self.print_json(found.as_json())
        else:
            self.tell(found, file)
        if found.failures:
            self.refuse(*map(str, found.failures))

    def show_policy(self, slug, **_):
        agent = find_agent(slug)
        row = _policy(agent)
        policy = policies.stored(row)
        tools = policies.shapes_of(agent)
        said = pages.page_of(agent).said
        self.stdout.write(f"{row.label}, {policy.mode}: {pages.MODES[policy.mode]}.")
        self.stdout.write("")
        self.print_rules(said.rules)
        self.stdout.write("\nExpanded:")
        self.stdout.write(write_policy(policy, tools=tools), ending="")

    def export_policy(self, slug, **_):
        self.stdout.write(_policy(find_agent(slug)).source, ending="")

    def list_coverage(self, json, **_):
        lines = coverage.every_tool()
        if json:
            return self.print_json([{"agent": one.agent.slug, **rulebook.covered_json(one.covered)} for one in lines])
        rows = [(f"T{one.covered.tier}", one.covered.tool, one.agent.slug, *_gated(one.covered)) for one in lines]
        self.print_table(("TIER", "TOOL", "AGENT", "RULES", "WHEN NONE SPEAKS"), rows)

    # --- what is said of a policy

    def tell(self, found: Examined, file: Path) -> None:
        """Print what a policy does; a policy whose cases fail isn't called valid."""
        if not found.failures:
            about = f"{count(len(found.rules), 'rule')}, {count(len(found.cases), 'case')} passed"
            self.note(f"{file}: valid ({found.policy.name}, {about}).")
            self.note("Groups, sources and lists are looked up at import.")
        self.print_rules(found.rules)
        for note in found.notes:
            self.note(f"note: {note}")
        if found.cases:
            self.stdout.write("\nCases:")
        for result in found.cases:
            self.stdout.write(f"  {_case(result)}")
        self.stdout.write("\nTools:")
        width = max((len(covered.tool) for covered in found.coverage), default=0)
        for covered in found.coverage:
            rules, otherwise = _gated(covered)
            says = f"{rules}; when none speaks, {otherwise}" if covered.gates else f"no rule of its own: {otherwise}"
            self.stdout.write(f"  T{covered.tier}  {covered.tool.ljust(width)}  {says}")

    def print_rules(self, rules: list[RuleInWords]) -> None:
        self.stdout.write("Rules:")
        for rule in rules:
            self.stdout.write(f"  line {rule.line}, {rule.rule.id}: {rule.words}")

    def tools(self, file: Path, agent_file: Path | None, slug: str | None) -> list[Tool]:
        """Return the tools a policy file is about. Raises AgentFileErrors; needs the database for a registered agent only."""
        if slug:
            return granted.tools(find_agent(slug))
        path = agent_file or file.with_name(AGENT_FILE)
        path = path / AGENT_FILE if path.is_dir() else path
        if agent_file is None and not path.exists():
            whose = "say whose tools it is about, with --agent-file PATH or --agent SLUG"
            self.refuse(f"There is no {AGENT_FILE} beside {file}: {whose}.")
        return policies.shapes(agentfile.read(_read(path), name=str(path)))


def _read(path: Path) -> bytes:
    """Return the bytes of a file, at most one more than may be read. Raises PolicyErrors."""
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for ever, a device never end
            raise _unread(path, "this is neither a file nor a folder: give the path of a policy")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unread(path, f"can't be opened ({reason}): check the path and its permissions") from None


def _unread(path: Path, message: str) -> PolicyErrors:
    return PolicyErrors([Problem(str(path), 1, 1, "", message)])


def _policy(agent: Agent) -> Policy:
    if agent.policy is None:
        raise NoPolicy(f"{agent.slug} has no policy: the tiers alone decide.")
    return agent.policy


def _case(result: CaseResult) -> str:
    if result.ok:
        return f"ok    {result.case.name}"
    case, verdict = result.case, result.verdict
    expected = _outcome(case.expect, (case.rule,) if case.rule else (), case.tier)
    got = _outcome(verdict.outcome, result.rules, verdict.effective_tier)
    return f"FAIL  {case.name} (line {case.place[0]}): expected {expected}, got {got}"


def _outcome(outcome: str, rules: tuple[str, ...], tier: int | None) -> str:
    by = f" by {' and '.join(rules)}" if rules else ""
    return f"{outcome}{by}" + (f" at tier {tier}" if tier is not None else "")


def _gated(covered: Covered) -> tuple[str, str]:
    return ", ".join(f"{gate.then} {gate.rule}" for gate in covered.gates) or "-", covered.otherwise
