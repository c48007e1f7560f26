"""`manage.py doctor`: everything an operator would ask of an installation, running or not. It changes nothing.

Exit codes: 0 all is well, 1 somebody should look, 2 something doesn't work.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

import django
from django.db import DatabaseError, InterfaceError, connection

from controlplane.doctor.findings import CODES, Finding, Question, fail, one_line, surviving


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the findings as JSON on stdout")
    parser.add_argument(
        "--network", action="store_true", help="also visit hosts, sources, webhooks and the mail server"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="only this question (workers, clock, ...)")


def main(words: list[str] | None = None) -> int:
    """Ask everything, print what was found, return the exit code."""
    parser = argparse.ArgumentParser("manage.py doctor", description="Ask everything an operator would ask.")
    add_arguments(parser)
    given = parser.parse_args(words)
    found = list(examine(network=given.network, only=given.only))
    if given.json:
        sys.stdout.write(json.dumps([finding.as_json() for finding in found], indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(lines(found)) + "\n")
    return max((CODES[finding.level] for finding in found), default=0)


def examine(*, network: bool = False, only: Sequence[str] | None = None) -> Iterator[Finding]:
    """Yield every finding, the nearest first, or those of some questions `only`.

    What can't be asked without another is left out when that fails.
    """
    # What a start would refuse must be told, too: settings that can't be read, an operator's file with a mistake.
    try:
        django.setup()
    except (ValueError, SystemExit) as error:
        yield fail("start", one_line(error).removeprefix("countersign can't start: "), "Correct it; then ask again.")
        return
    from controlplane.doctor import database, host, outside, work

    known = {each.__name__ for room in (host, database, work, outside) for each in room.QUESTIONS}
    if unknown := set(only or ()) - known:
        yield fail("doctor", f"there is no question {min(unknown)!r}", f"There are {', '.join(sorted(known))}.")
        return
    yield from _ask(host.QUESTIONS, only)
    if away := why_away():
        hint = "Start the product with `make up`, or correct DATABASE_URL. What depends on it wasn't asked."
        yield fail("postgresql", f"doesn't answer: {away}", hint)
        yield from _ask([work.broker_there], only)
    else:
        answers = list(_ask(database.QUESTIONS, only))
        yield from answers
        missing = any(answer.name == "migrations" and answer.level == "fail" for answer in answers)
        yield from _ask([work.broker_there] if missing else work.QUESTIONS, only)
    if network:
        yield from _ask(outside.QUESTIONS, only)


def why_away() -> str:
    """Return why the database can't be asked anything; nothing when it can."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        return one_line(error)
    return ""


def _ask(questions: Sequence[Question], only: Sequence[str] | None) -> Iterator[Finding]:
    for question in questions:
        if only is None or question.__name__ in only:
            yield from surviving(question)()


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """Yield one line for each finding and one for what to do about it, then a last one that sums up."""
    width = max(len(finding.name) for finding in found)
    for finding in found:
        yield f"{finding.level:<4}  {finding.name:<{width}}  {finding.says}"
        if finding.next:
            yield f"{'':<{width + 8}}-> {finding.next}"
    counts = {level: sum(finding.level == level for finding in found) for level in CODES}
    yield ", ".join(f"{count} {level}" for level, count in counts.items() if count)
