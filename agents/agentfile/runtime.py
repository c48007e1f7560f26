"""What carries an agent: it lives elsewhere, follows a script, or is of a kind that the operator named."""

from collections.abc import Collection

from agents.agentfile import grammar
from agents.agentfile.handler import read_steps
from agents.documents.nodes import Mapping, Scalar
from agents.documents.section import Section


def read_runtime(agent: Section, tools: Collection[str], text: str) -> tuple[str | None, dict]:
    """Return the kind, None when it was reported, and what the runtime is given, as plain JSON.

    `tools` are the names of the file's tools; `text` is the file's, for exact places. Whether the operator has the
    kind, script or pool that is named is for the caller to check.
    """
    runtime = agent.section("runtime", grammar.EXTERNAL_RUNTIME if _is_external(agent) else grammar.RUNTIME)
    if runtime is None:
        return None, {}
    kind = _read_kind(runtime)
    if kind == grammar.EXTERNAL:
        return kind, {}
    body = _read_scripted(runtime, tools, text) if kind == grammar.SCRIPTED else {}
    if kind not in (None, grammar.SCRIPTED):
        _refuse_scripted(runtime)
    pool = runtime.text("pool", grammar.NOUN)
    return kind, body | ({"pool": pool} if pool else {})


def _is_external(agent: Section) -> bool:
    runtime = agent.get("runtime")
    kind = runtime.items.get("kind") if isinstance(runtime, Mapping) else None
    return isinstance(kind, Scalar) and kind.value == grammar.EXTERNAL


def _read_kind(runtime: Section) -> str | None:
    kind = runtime.get("kind")
    if isinstance(kind, Scalar) and kind.value in grammar.RUNTIME_KINDS_LATER:
        kinds = " or ".join(f"kind: {name}" for name in grammar.RUNTIME_KINDS)
        runtime.report("kind", f"{kind.value} runtimes are known but not available yet: write {kinds}")
        return None
    return runtime.text("kind", grammar.NOUN)


def _read_scripted(runtime: Section, tools: Collection[str], text: str) -> dict:
    body = read_steps(runtime, tools, text)
    if script := runtime.text("script", grammar.NOUN):
        body["script"] = script
    if runtime.has("script") and (runtime.has("steps") or runtime.has("finish")):
        runtime.report("script", "the script says the steps: remove steps and finish, or remove script")
    elif not runtime.has("script") and not runtime.has("steps"):
        say = "script or steps is missing: name a script in countersign.toml ([scripts.NAME]), or write the steps here"
        runtime.report("", say)
    return body


def _refuse_scripted(runtime: Section) -> None:
    for key in ("script", "steps", "finish"):
        if runtime.has(key):
            runtime.report(key, f"{key} goes with kind: {grammar.SCRIPTED}: write that, or remove {key}")
