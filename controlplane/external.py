"""Servers of somebody else's, named by `DATABASE_URL` and `REDIS_URL`: do they answer, and who are we there?"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import psycopg

from controlplane.places import CannotStart


def check_database(environment: Mapping[str, str]) -> None:
    """Return when both roles can log in. Raises CannotStart with a sentence that holds no password."""
    if not environment.get("DATABASE_OWNER_URL"):
        raise CannotStart(
            "DATABASE_URL is set and DATABASE_OWNER_URL isn't: migrations need a login that may SET ROLE cs_owner. "
            "`manage.py bootstrap_sql` prints the SQL that makes the roles"
        )
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        try:
            with psycopg.connect(environment[name], connect_timeout=5) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            reason = " ".join(str(error).split())
            raise CannotStart(
                f"PostgreSQL at {where(environment[name])} ({name}) doesn't answer: {reason}. "
                "Start it or correct the address; without DATABASE_URL the embedded PostgreSQL is used"
            ) from error


def check_redis(url: str) -> None:
    """Return when Redis or Valkey answers. Raises CannotStart with a sentence that holds no password."""
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise CannotStart(
            f"Redis at {where(url)} (REDIS_URL) doesn't answer: {error}. "
            "Start it or correct the address; without REDIS_URL the embedded Valkey is used"
        ) from error


def where(url: str) -> str:
    """Return host, port and path of a URL; never who logs in and how."""
    parts = urlsplit(url)
    host = (parts.hostname or "the local socket") + (f":{parts.port}" if parts.port else "")
    return host + parts.path
