"""Whether everything is stopped, told so that nobody slips in while that is being decided."""

from django.db import connection

from agents.models import Standstill
from agents.stops.words import EverythingStopped

#: Held shared by whoever lets an agent begin, and alone by whoever stops everything, once it has locked every agent.
_LOCK = 0x57A_0D571


def require_no_standstill() -> None:
    """Raise EverythingStopped while everything is stopped; until the caller's transaction ends, no standstill begins.

    Called by whoever is about to enable or resume an agent, once it has locked that agent's row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LOCK])
    if current() is not None:
        raise EverythingStopped()


def keep_newcomers_out() -> None:
    """Wait for whoever is just letting an agent begin, and keep others from it until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def current() -> Standstill | None:
    """Return the standstill that is on, or None."""
    return Standstill.objects.select_related("started_by").filter(ended_at=None).first()
