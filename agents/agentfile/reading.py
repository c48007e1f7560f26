"""From an agent file to an AgentFile, or to every problem in it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from agents.agentfile import grammar
from agents.agentfile.agent import AgentFile, AgentFileErrors, PolicyText, ToolSpec
from agents.agentfile.budget import read_budget
from agents.agentfile.ladder import read_ladder
from agents.agentfile.runtime import read_runtime
from agents.agentfile.tools import HELD, check_elsewhere, check_tools, read_tool
from agents.agentfile.verify import read_verify
from agents.counting import count
from agents.documents.composing import MAX_BYTES, START, Unreadable, compose, decode
from agents.documents.nodes import Mapping, Node, Sequence, describe, locate
from agents.documents.problems import Findings, Problem
from agents.documents.section import Section

SEPARATE_FROM = 3  # from this tier on owner, steward and eval owner are different people
SEPARATE_ROLES = ("owner", "steward", "eval_owner")


def read(source: bytes | str, *, name: str) -> AgentFile:
    """Return the agent that the YAML text describes; `name` is what problems call the file.

    Raises AgentFileErrors with every problem found. Nothing is opened, fetched or looked up: of a policy only the
    file's name is known, and whether people, groups, agents and what the operator names exist is for the caller to
    check, with `AgentFile.where` to point at them.
    """
    findings = Findings(name, what="an agent file", refusal=AgentFileErrors)
    try:
        text = decode(source, findings)
        root = compose(text, findings)
    except Unreadable:
        raise AgentFileErrors(sorted(findings.problems), partial=True) from None
    return _read_agent(root, findings, text)


def read_path(path: str | Path) -> AgentFile:
    """Return the agent of a file, or of a folder's `agent.yaml` or only YAML file, with the text of its policy.

    Other YAML files of the folder are named in the notes: they aren't read. Raises AgentFileErrors.
    """
    path = Path(path)
    others: list[Path] = []
    if path.is_dir():
        path, others = _find_file(path)
    agent = _with_policy(read(_read_bytes(path), name=str(path)))
    named = agent.policy.file if agent.policy else None
    aside = [
        Problem(agent.file, *START, "", f"{other.name} beside it isn't read") for other in others if other.name != named
    ]
    return _with_notes(agent, aside)


def _find_file(folder: Path) -> tuple[Path, list[Path]]:
    try:
        found = sorted(entry for entry in folder.iterdir() if entry.suffix in (".yaml", ".yml") and entry.is_file())
    except OSError as error:
        raise _unopened(folder, error) from None
    named = [entry for entry in found if entry.stem == "agent"]
    chosen = named if len(named) == 1 else found
    if len(chosen) == 1:
        return chosen[0], [entry for entry in found if entry != chosen[0]]
    if not found:
        raise _refusal(folder, "there is no YAML file in this folder: add agent.yaml")
    listed = ", ".join(entry.name for entry in found[:5])
    raise _refusal(folder, f"several YAML files ({listed}): name the one to read, or call it agent.yaml")


def _read_bytes(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for ever, a device never end
            raise _refusal(path, "this is neither a file nor a folder: give the path of an agent file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unopened(path, error) from None


def _with_policy(agent: AgentFile) -> AgentFile:
    """Return the agent with its policy's text; what that says is for others to read."""
    if agent.policy is None:
        return agent
    path = Path(agent.policy_path)
    if not path.exists():
        raise AgentFileErrors([agent.problem("policy", f"there is no {path.name} beside this file: add it there")])
    findings = Findings(str(path), what="a policy", refusal=AgentFileErrors)
    try:
        text = decode(_read_bytes(path), findings)
    except Unreadable:
        raise AgentFileErrors(sorted(findings.problems), partial=True) from None
    return replace(agent, policy=PolicyText(agent.policy.file, text))


def _unopened(path: Path, error: OSError | ValueError) -> AgentFileErrors:
    reason = getattr(error, "strerror", None) or str(error)
    return _refusal(path, f"can't be opened ({reason}): check the path and its permissions")


def _refusal(path: Path, message: str) -> AgentFileErrors:
    return AgentFileErrors([Problem(str(path), *START, "", message)])


def _with_notes(agent: AgentFile, more: Iterable[Problem]) -> AgentFile:
    return replace(agent, notes=(*more, *agent.notes))


# --- the agent


def _read_agent(root: Node, findings: Findings, text: str) -> AgentFile:
    agent = Section.open(root, "", grammar.AGENT, findings)
    if agent is None:
        raise AgentFileErrors(findings.problems, partial=True)
    sign, roles, tools = _read_sign(agent), _read_roles(agent), _read_tools(agent)
    _check_signatures(agent, tools)
    _check_separation(agent, roles, tools)
    named = [spec.name for _, spec in tools if spec.name]
    runtime, body = read_runtime(agent, named, text)
    read = {
        "slug": agent.text("agent", grammar.SLUG),
        "name": agent.text("name", grammar.LINE),
        "purpose": agent.text("purpose", grammar.PROSE),
        "roles": roles,
        "sign": sign,
        "ladder": read_ladder(agent),
        "runtime": runtime,
        "runtime_body": body,
        "budget": read_budget(agent, runtime),
        "verify": read_verify(agent, named),
        "delegates": _read_delegates(agent),
        "team": agent.text("team", grammar.NOUN) or "",
        "enabled": agent.truth("enabled") or False,
        "sources": _read_sources(agent),
        "tools": tuple(spec for _, spec in tools),
        "policy": _read_policy(agent),
    }
    if runtime == grammar.EXTERNAL:
        _refuse_what_runs_need(agent)
        check_elsewhere(tools)
    _check_others(agent, read)
    return AgentFile(**read, notes=findings.finish(), file=findings.file, root=root)


def _read_roles(agent: Section) -> dict[str, str]:
    roles = agent.section("roles", grammar.ROLES)
    if roles is None:
        return {}
    named = {role: roles.text(role, grammar.USERNAME) for role in grammar.ROLES.taken}
    return {role: username for role, username in named.items() if username}


def _read_sign(agent: Section) -> dict[int, tuple[str, ...]]:
    section = agent.section("sign", grammar.SIGN)
    found = {}
    for tier, needed in grammar.SLOTS_NEEDED.items():
        groups = section.texts(str(tier), grammar.GROUP) if section else None
        if groups is None:
            continue
        if len(groups) < needed:
            more = "another group" if groups else "the groups whose people sign"
            section.report(str(tier), f"tier {tier} needs {count(needed, 'group')}, {len(groups)} named: add {more}")
        elif len(groups) > grammar.MAX_SLOTS:
            section.report(str(tier), f"more than {grammar.MAX_SLOTS} groups: name those who must sign each action")
        found[tier] = tuple(groups)
    if 4 in found:
        if grammar.SECURITY not in found[4]:
            section.report("4", f"nobody breaks the glass without security: add the group {grammar.SECURITY}")
    return found


def _read_sources(agent: Section) -> tuple[str, ...]:
    sources = agent.texts("sources", grammar.SOURCE) or []
    if len(sources) > grammar.MAX_SOURCES:
        agent.report("sources", f"more than {grammar.MAX_SOURCES} sources: name those the policy's facts come from")
    return tuple(sources)


def _read_delegates(agent: Section) -> tuple[str, ...]:
    delegates = agent.texts("delegates", grammar.SLUG) or []
    if len(delegates) > grammar.MAX_DELEGATES:
        agent.report("delegates", f"more than {grammar.MAX_DELEGATES} delegates: name those it gives tasks to")
    return tuple(delegates)


def _read_policy(agent: Section) -> PolicyText | None:
    file = agent.text("policy", grammar.POLICY_FILE)
    return PolicyText(file) if file else None


def _read_tools(agent: Section) -> list[tuple[Section, ToolSpec]]:
    node = agent.get("tools")
    if node is None:
        return []
    if not isinstance(node, Sequence) or not node.items:
        agent.findings.partial = True
        agent.report("tools", f"tools is a list of at least one tool, not {describe(node)}: write - name: ...")
        return []
    if len(node.items) > grammar.MAX_TOOLS:
        agent.findings.partial = True
        agent.report("tools", f"more than {grammar.MAX_TOOLS} tools: split the agent")
        return []
    policy = agent.has("policy")
    read_tools = [read_tool(item, f"tools[{i}]", agent.findings, policy=policy) for i, item in enumerate(node.items)]
    tools = [tool for tool in read_tools if tool]
    check_tools(tools)
    return tools


def _check_signatures(agent: Section, tools: list[tuple[Section, ToolSpec]]) -> None:
    sign = agent.node.items.get("sign")
    if sign is not None and not isinstance(sign, Mapping):
        return  # reported already
    for tool, spec in tools:
        tier = spec.tier or 0
        if tier >= HELD and (sign is None or str(tier) not in sign.items):
            groups = ", ".join(["group", "other-group"][: grammar.SLOTS_NEEDED[tier]])
            tool.report("tier", f"nobody may sign tier {tier}: add it to sign, like sign: {{{tier}: [{groups}]}}")
        if tier == 4:
            _note(agent, f"{tool.path}.tier", "tier 4 is refused unless a review rule of the policy breaks the glass")


def _refuse_what_runs_need(agent: Section) -> None:
    """Report what could only be enforced on an agent that we run."""
    for key in ("verify", "delegates"):
        if agent.has(key):
            agent.report(key, f"an agent that runs elsewhere has no runs: remove {key}, or write a runtime we run")


def _check_others(agent: Section, read: dict) -> None:
    """Report an agent that would check its own work or give itself tasks."""
    named = {f"delegates[{place}]": slug for place, slug in enumerate(read["delegates"])}
    named["verify.agent"] = read["verify"].get("agent")
    for path, slug in named.items():
        if slug is not None and slug == read["slug"]:
            agent.findings.add(locate(agent.node, path), path, "this is the agent itself: name another agent")


def _check_separation(agent: Section, roles: dict[str, str], tools: list[tuple[Section, ToolSpec]]) -> None:
    if max((spec.tier or 0 for _, spec in tools), default=0) < SEPARATE_FROM:
        return
    held: dict[str, str] = {}
    for role in SEPARATE_ROLES:
        username = roles.get(role)
        if username and (other := held.setdefault(username.casefold(), role)) != role:
            rule = "from tier 3 on owner, steward and eval_owner are different people"
            at = locate(agent.node, f"roles.{role}")
            agent.findings.add(at, f"roles.{role}", f"{username} is the {other} too: {rule}, name another")


def _note(agent: Section, path: str, message: str) -> None:
    agent.findings.note(locate(agent.node, path), path, message)
