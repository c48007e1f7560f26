"""The start-up self-test: the web process refuses to serve from a database that would let the product rewrite history."""

from django.db import DatabaseError

from agents import forbidden as agents
from approvals import forbidden as approvals
from audit import selftest

FORBIDDEN = selftest.FORBIDDEN + agents.FORBIDDEN + approvals.FORBIDDEN


class Unsafe(RuntimeError):
    """Raised when the database allows what it must refuse, or doesn't answer."""


def problems() -> list[str]:
    """Return what is wrong, a sentence each; empty when the database refuses everything it must."""
    return selftest.weaknesses() + selftest.leaks(FORBIDDEN)


def require() -> None:
    """Pass, or raise Unsafe with every reason and the next step."""
    try:
        found = problems()
    except DatabaseError as error:
        raise Unsafe(
            f"The self-test could not ask the database ({error}). Start it, then start the product again."
        ) from error
    if found:
        reasons = "\n".join(f"  - {reason}" for reason in found)
        raise Unsafe(
            f"Refusing to serve: the database allows what it must refuse.\n{reasons}\n"
            "Run the output of `manage.py bootstrap_sql` as a DBA, `manage.py migrate`, and point DATABASE_URL at cs_app."
        )
