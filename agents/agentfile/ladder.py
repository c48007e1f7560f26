"""Who is told when a review is late: by tier, rung by rung, each so long after it was due."""

from agents.agentfile import grammar
from agents.counting import count
from agents.documents.nodes import Mapping, Scalar, Sequence, describe
from agents.documents.problems import join
from agents.documents.section import Section
from agents.policy.durations import BadDuration, seconds_of, write_duration

_AT_ONCE = ("0s", "0m", "0h", "0d")


def read_ladder(agent: Section) -> dict[str, list[dict]]:
    """Return by tier the rungs as they are stored: `after` in seconds past due, `tell` the names of groups and people.

    Whether the names exist is for the caller to check.
    """
    escalate = agent.section("escalate", grammar.ESCALATE)
    if escalate is None:
        return {}
    if not escalate.node.items:
        agent.report(
            "escalate", "nobody is named: add a tier, like {3: [{after: 0m, tell: [rosa]}]}, or remove the key"
        )
    read = {tier: _read_rungs(escalate, tier) for tier in grammar.ESCALATE.taken}
    return {tier: rungs for tier, rungs in read.items() if rungs}


def said(ladder: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """Return a stored ladder as an agent file words it: `after` as a length of time."""
    return {
        tier: [{"after": write_duration(rung["after"]), "tell": list(rung["tell"])} for rung in rungs]
        for tier, rungs in sorted(ladder.items())
    }


def in_words(ladder: dict[str, list[dict]]) -> dict[str, list[str]]:
    """Return each rung in a few words, by tier: `30m rosa and leads`."""
    return {
        tier: [f"{rung['after']} {' and '.join(rung['tell'])}" for rung in rungs]
        for tier, rungs in said(ladder).items()
    }


def _read_rungs(escalate: Section, tier: str) -> list[dict]:
    node, path = escalate.get(tier), join(escalate.path, tier)
    if node is None:
        return []
    if not isinstance(node, Sequence) or not node.items:
        message = f"a ladder is a list of at least one rung, not {describe(node)}: write [{{after: 0m, tell: [rosa]}}]"
        escalate.report(tier, message)
        return []
    if len(node.items) > grammar.MAX_RUNGS:
        escalate.report(tier, f"more than {count(grammar.MAX_RUNGS, 'rung')}: tell more people on each")
        return []
    opened = [Section.open(item, f"{path}[{i}]", grammar.RUNG, escalate.findings) for i, item in enumerate(node.items)]
    rungs = [_read_rung(rung) for rung in opened if rung]
    _check_order(opened, rungs)
    return rungs


def _read_rung(rung: Section) -> dict:
    names = rung.texts("tell", grammar.TOLD)
    if names == []:
        rung.report("tell", "nobody is told: name a group or a person, like [support-leads]")
    elif names and len(names) > grammar.MAX_TOLD:
        rung.report("tell", f"more than {grammar.MAX_TOLD} names: tell a group")
    return {"after": _read_after(rung), "tell": names or []}


def _read_after(rung: Section) -> int | None:
    node = rung.get("after")
    if node is None:
        return None
    text = node.text if isinstance(node, Scalar) and isinstance(node.value, str | int) else ""
    if text in _AT_ONCE:
        return 0
    try:
        return seconds_of(text, most_days=grammar.MOST_DAYS_AFTER)
    except BadDuration as error:
        at_once = "0m is at once" if not isinstance(node, Mapping | Sequence) else "like 30m"
        rung.report("after", f"not {describe(node)}: {error}; {at_once}")
        return None


def _check_order(opened: list[Section | None], rungs: list[dict]) -> None:
    """Report a rung that is no later than the one before it."""
    sections = [rung for rung in opened if rung]
    for (before, after), section in zip(zip(rungs, rungs[1:], strict=False), sections[1:], strict=False):
        if None not in (before["after"], after["after"]) and after["after"] <= before["after"]:
            shown = write_duration(before["after"])
            section.report("after", f"no later than the rung before it ({shown}): put the rungs in the order of time")
