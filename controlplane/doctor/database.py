"""PostgreSQL: does it answer, as whom do we come, and does it refuse what it must?"""

import time
from collections.abc import Iterator

from django.db import connection

from controlplane import health, selftest
from controlplane.doctor.findings import Finding, by_size, fail, ok, warn
from controlplane.places import POSTGRES_MAJOR

BOOTSTRAP = "Run the output of `manage.py bootstrap_sql` as a DBA, and point DATABASE_URL at cs_app."
_ME = """
SELECT current_user, rolsuper, rolbypassrls, rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user
"""
_OWNED = """
SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'audit' AND pg_has_role(current_user, c.relowner, 'MEMBER')
"""
_ENCRYPTED = """
SELECT inet_server_addr() IS NULL OR host(inet_server_addr()) IN ('127.0.0.1', '::1') OR ssl
FROM pg_stat_ssl WHERE pid = pg_backend_pid()
"""


def one(query: str):
    """Return the first row of an answer, or its only value."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    return row[0] if len(row) == 1 else row


def postgresql() -> Iterator[Finding]:
    version = one("SHOW server_version")
    if int(version.split(".")[0]) < POSTGRES_MAJOR:
        yield fail("postgresql", f"version {version}", f"Upgrade it to {POSTGRES_MAJOR} or newer.")
    else:
        yield ok("postgresql", f"version {version} answers")
    if not one(_ENCRYPTED):
        hint = "Add ?sslmode=verify-full to DATABASE_URL."
        yield warn("postgresql", "what is said with it crosses the network for all to read", hint)


def roles() -> Iterator[Finding]:
    role, superuser, bypass, makes = one(_ME)
    if superuser or bypass or makes:
        yield fail("roles", f"the product comes as {role}, which may do far more than it needs", BOOTSTRAP)
    elif one(_OWNED):
        yield fail("roles", f"the product comes as {role}, which owns the log", BOOTSTRAP)
    else:
        yield ok("roles", f"the product comes as {role}, which owns nothing of the log")


def migrations() -> Iterator[Finding]:
    missing = health.missing_migrations()
    if missing:
        yield fail("migrations", f"{len(missing)} are missing, from {missing[0]} on", "Run `manage.py migrate`.")
    else:
        yield ok("migrations", "the tables are those of this version")


def self_test() -> Iterator[Finding]:
    found = selftest.problems()
    for problem in found:
        yield fail("self-test", problem, BOOTSTRAP)
    if not found:
        yield ok("self-test", f"{len(selftest.FORBIDDEN)} statements that must be impossible are")


def clocks() -> Iterator[Finding]:
    """Deadlines go by the database's clock; tokens for tools by ours."""
    before = time.time()
    theirs = float(one("SELECT extract(epoch FROM clock_timestamp())"))
    apart = max(0.0, before - theirs, theirs - time.time())
    says, hint = f"this machine and the database are {apart:.1f} s apart", "Let both follow the same time server (NTP)."
    yield by_size("clocks", apart, warn_at=2, fail_at=60, says=says, next=hint)


QUESTIONS = (postgresql, roles, migrations, self_test, clocks)
