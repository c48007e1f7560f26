"""PostgreSQL addresses as Django connections: two aliases, two roles, one database."""

from urllib.parse import parse_qsl, unquote, urlsplit

OWNER_ROLE = "cs_owner"
#: A statement that a connection ran so often is prepared there. Django's own statements never are: only those of `audit.prepared`.
PREPARED_AFTER = 3


def from_url(url: str, *, assume_role: str | None = None) -> dict:
    """Turn `postgresql://user:password@host:port/name?option=value` into Django settings.

    A folder as `host=` option reaches a unix socket; `prepare=off` is for poolers that lend a connection for one
    transaction. Raises ValueError for any other scheme: PostgreSQL is the only database.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError(f"DATABASE_URL must start with postgresql://, not {parts.scheme or 'nothing'}://")
    options: dict = dict(parse_qsl(parts.query))
    options["prepare_threshold"] = None if options.pop("prepare", "on") == "off" else PREPARED_AFTER
    host = options.pop("host", None) or unquote(parts.hostname or "")
    if assume_role:
        options["assume_role"] = assume_role
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def aliases(app_url: str, owner_url: str, *, pool: int = 0) -> dict[str, dict]:
    """Return `default` (the product's own role) and `owner` (migrations), as Django's DATABASES.

    `pool` is the most connections one process keeps open; 0 opens one a request, which a forking worker needs.
    """
    app = from_url(app_url)
    if pool:
        app["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
    owner = from_url(owner_url, assume_role=OWNER_ROLE)
    # Tests create one database through the owner; `default` is the same connection unless a test takes the app's role.
    app["TEST"] = {"MIRROR": "owner"}
    return {"default": app, "owner": owner}
