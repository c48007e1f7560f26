"""What lies outside, asked only when somebody wants to (`--network`): can it be reached, and who answers there?"""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core import mail

from agents.tools import base
from agents.tools.base import SqlSource
from approvals.telling import endpoints
from controlplane.doctor.findings import Finding, by_size, fail, ok, one_line, warn

SECONDS = 5.0
_DAY = 24 * 60 * 60


def public_address() -> Iterator[Finding]:
    yield from _visit("address", "the product's own address", settings.PUBLIC_URL, certificate=True)


def hosts() -> Iterator[Finding]:
    for name, host in sorted(base.hosts.items()):
        yield from _visit(f"host {name}", f"the host {name}", host.url)


def sources() -> Iterator[Finding]:
    for name, source in sorted(base.sources.items()):
        if isinstance(source, SqlSource):
            yield _ask(name, source)


def _ask(name: str, source: SqlSource) -> Finding:
    try:
        with psycopg.connect(source.dsn, connect_timeout=int(SECONDS)) as connection:
            connection.read_only = True
            may_write = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()[0]
    except psycopg.Error as error:
        return fail(f"source {name}", f"can't be read: {one_line(error)}", "Correct its DSN, or start its database.")
    if may_write:
        return fail(f"source {name}", "we come as a superuser", "Give it a role that may only read (docs/sources.md).")
    return ok(f"source {name}", "answers")


def webhooks() -> Iterator[Finding]:
    """Whether they can be reached; `manage.py webhook test NAME` posts something."""
    for name, endpoint in sorted(endpoints.endpoints.items()):
        yield from _visit(f"webhook {name}", f"the webhook {name}", endpoint.url)


def mail_server() -> Iterator[Finding]:
    if not settings.MAIL_IS_SET_UP:
        yield warn("mail", "no mail server is named: nobody is told by mail", "Set COUNTERSIGN_MAIL_URL.")
        return
    try:
        with mail.get_connection(timeout=SECONDS):
            yield ok("mail", f"{settings.EMAIL_HOST} takes us")
    except (OSError, smtplib.SMTPException) as error:
        yield fail(
            "mail", f"{settings.EMAIL_HOST}: {type(error).__name__}: {one_line(error)}", "Correct COUNTERSIGN_MAIL_URL."
        )


def _visit(name: str, what: str, url: str, *, certificate: bool = False) -> Iterator[Finding]:
    """Connect, and over https hold its certificate against its name. Nothing is asked there."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with closing(socket.create_connection((host, port), timeout=SECONDS)) as plain:
            if parts.scheme != "https":
                yield ok(name, f"{host}:{port} can be reached")
                return
            with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secure:
                left = ssl.cert_time_to_seconds(secure.getpeercert()["notAfter"]) - time.time()
    except OSError as error:  # what TLS finds wrong is one, too
        yield fail(
            name, f"{what} ({host}:{port}) can't be reached: {one_line(error)}", "Correct it, or let us through to it."
        )
        return
    says, hint = f"{host}:{port} can be reached; its certificate holds {left / _DAY:.0f} more days", "Renew it."
    yield by_size(name, -left, warn_at=-14 * _DAY if certificate else 0, fail_at=0, says=says, next=hint)


QUESTIONS = (public_address, hosts, sources, webhooks, mail_server)
