"""The product's worker with one task more, which does nothing but say that it was reached."""

import redis
from django.conf import settings

from controlplane.celery import app

_broker = redis.Redis.from_url(settings.REDIS_URL)


@app.task(name="bench.nothing")
def nothing(_row: str) -> None:
    pass


@app.task(name="bench.echo")
def echo(word: str) -> None:
    _broker.lpush(f"bench:{word}", 1)
