"""The floor that the gate is held against: a bare endpoint and an empty task on the same stack. A settings module, too.

`/floor/` reads the same JSON behind the same authentication, does the same look-ups, writes one row and sends one task.
"""

import json
from functools import cache

from controlplane.settings import *  # noqa: F403

ROOT_URLCONF = "bench.floor_urls"
TABLE = """
CREATE TABLE bench_floor (id uuid PRIMARY KEY DEFAULT uuidv7(), body jsonb NOT NULL, facts jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
GRANT SELECT, INSERT ON bench_floor TO cs_app
"""
_INSERT = "INSERT INTO bench_floor (body, facts) VALUES (%s, %s) RETURNING id"


@cache
def _facts(agent_id: int) -> tuple:
    from agents import policies
    from agents.models import Agent

    agent = Agent.objects.select_related("policy").get(pk=agent_id)
    return tuple(policies.stored(agent.policy).facts.values())


def take(request):
    """Take what an agent proposes, without asking whether it may."""
    from celery import current_app
    from django.db import connection, transaction
    from rest_framework.response import Response

    from agents import lookups

    body = request.data
    found = lookups.fetch(
        _facts(request.user.agent.pk), arguments=body["arguments"], definitions={}, seconds=2, agent="floor"
    )
    facts = {name: str(one.value) for name, one in found.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_INSERT, [json.dumps(body), json.dumps(facts)])
        [(pk,)] = cursor.fetchall()
        transaction.on_commit(lambda: current_app.send_task("bench.nothing", [str(pk)], retry=False, expires=60))
    return Response({"id": str(pk)}, status=201)
