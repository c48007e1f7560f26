"""What the commands of `manage.py` share: verbs below a noun, who acts, and refusals as sentences with an exit code.

Exit codes: 0 done, 1 refused or invalid, 2 wrong usage. Only data goes to stdout; notes and errors go to stderr.
"""

import json
import os
import pwd
import sys
from contextlib import nullcontext

from django.core.management.base import BaseCommand, OutputWrapper
from django.db import DatabaseError, OperationalError, transaction
from psycopg import errors as postgres

from agents.errors import NoSuchAgent, Refusal
from agents.models import Agent
from audit.actors import Actor


def operator() -> Actor:
    """Return whoever runs this command, by the operating system's name for them (not by what the environment says)."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid-{uid}"
    return Actor(kind="operator", id=name, display=name)


def find_agent(slug: str) -> Agent:
    """Return the agent of this name, with its policy. Raises NoSuchAgent, which says how to see which there are."""
    agent = Agent.objects.filter(slug=slug).select_related("policy").first()
    if agent is None:
        raise NoSuchAgent(f"There is no agent {slug!r}. `manage.py agent list` shows which there are.")
    return agent


class _Closed:
    """A standard output that nobody opened: writing to it fails like writing to somebody who left."""

    def write(self, text: str) -> None:
        raise BrokenPipeError


class Noun(BaseCommand):
    """A command with verbs below it: `add_verbs` declares each with its handler, which runs in one transaction."""

    # Closing an account must not wait for a page's mistake to be found; the serving processes run the checks.
    requires_system_checks = []

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
        self.add_verbs(verbs)

    def add_verbs(self, verbs) -> None:
        raise NotImplementedError

    def verb(self, verbs, name: str, handler, about: str, *, writes: bool = True):
        """Declare one verb and return its parser. One that only reads files or calls others needs no transaction."""
        parser = verbs.add_parser(name, help=about, description=about)
        parser.set_defaults(handler=handler, writes=writes)
        return parser

    def handle(self, *args, handler, writes, **options):
        self.by = operator()
        if sys.stdout is None:  # closed by the shell: `>&-`
            self.stdout = OutputWrapper(_Closed())
        try:
            with transaction.atomic() if writes else nullcontext():
                handler(**options)
                # A password or token that nobody received must not be in force.
                self.flush()
        except Refusal as refusal:
            self.refuse(refusal.detail, *_reasons(refusal))
        except OperationalError as error:
            next_step = "start the product with `make up`, or set DATABASE_URL"
            self.refuse(f"The database doesn't answer: {next_step}. ({_one_line(error)})")
        except BrokenPipeError:
            # Whoever read our output has gone (`... | head`); what was not written to them is not done either.
            if sys.stdout is not None:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if writes:
                self.refuse("Nobody took the output, so nothing was written: run it again with its output open.")
            raise SystemExit(1) from None
        except DatabaseError as error:
            if not isinstance(error.__cause__, (postgres.UndefinedTable, postgres.UndefinedColumn)):
                raise
            self.refuse("The database isn't prepared for this version: run `manage.py migrate`.")

    def refuse(self, *lines: str) -> None:
        """Say why not on stderr and end with exit code 1. Inside a handler nothing of it is kept."""
        for line in lines:
            self.stderr.write(line)
        raise SystemExit(1)

    def flush(self) -> None:
        """Hand over what was printed now, while it can still be undone. Raises BrokenPipeError."""
        self.stdout.flush()

    def note(self, line: str) -> None:
        """Say something for people: stdout is for data."""
        self.stderr.write(line, lambda text: text)

    def print_json(self, value) -> None:
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str))

    def print_table(self, head: tuple[str, ...], rows: list[tuple]) -> None:
        """Print rows in columns as wide as they need."""
        lines = [tuple(str(cell) for cell in row) for row in (head, *rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        for line in lines:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _reasons(refusal: Refusal) -> list[str]:
    """The refusal's fields, unless the sentence has said them already."""
    lines = [
        f"{error['field']}: {error['message']}" if error.get("field") else error["message"] for error in refusal.errors
    ]
    return [line for line, error in zip(lines, refusal.errors, strict=True) if error["message"] not in refusal.detail]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
