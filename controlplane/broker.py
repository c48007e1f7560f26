"""What the broker says of itself: asked in short, by whoever watches. Nothing of the product depends on the answers."""

from dataclasses import dataclass

import redis

#: The queues that workers listen to (celeryconfig.py).
QUEUES = ("actions", "runs")
SECONDS = 1.0


@dataclass(frozen=True)
class Broker:
    """`version` as it calls itself; `policy` is what it does when its memory is full, empty when it won't say."""

    version: str
    policy: str


def connect(url: str, *, seconds: float = SECONDS) -> redis.Redis:
    """Return a client that gives up after so many seconds."""
    return redis.Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds)


def ping(url: str) -> bool:
    """Ask whether it answers."""
    try:
        with connect(url) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def waiting(url: str) -> dict[str, int]:
    """Return how many rings wait in each queue. Raises RedisError, OSError or ValueError when it doesn't answer."""
    with connect(url) as client:
        return {queue: client.llen(queue) for queue in QUEUES}


def about(url: str) -> Broker:
    """Return what it is. Raises RedisError, OSError or ValueError when it doesn't answer."""
    with connect(url, seconds=5) as client:
        facts = client.info("server")
        try:
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
        except redis.ResponseError:  # a hosted one may keep its settings to itself
            policy = ""
        return Broker(str(facts.get("valkey_version") or facts.get("redis_version", "")), policy)
