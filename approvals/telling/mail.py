"""Mail: plain text, one thread a lineage, through the operator's own server (`COUNTERSIGN_MAIL_URL`)."""

import smtplib
import ssl
import uuid
from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMessage

from agents.models import Person
from approvals.telling import composing, letter
from approvals.telling.letter import Letter
from approvals.telling.smtp import Backend
from approvals.telling.trouble import Failed, Hopeless

NOT_SET_UP = "no mail server is set up (COUNTERSIGN_MAIL_URL)"
NO_ADDRESS = "the account has no mail address"
#: Not to be answered by machines, and not by whoever is away.
_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Precedence": "bulk"}


def why_not(person: Person) -> str:
    """Say why this person can't be sent mail, or nothing."""
    if not settings.MAIL_IS_SET_UP:
        return NOT_SET_UP
    return "" if person.email else NO_ADDRESS


def message(told: Letter, *, person: Person, zone: str, number: int) -> EmailMessage:
    """Return the mail of one letter. `number` is the notice's: a mail that is sent again has the same id."""
    thread = f"<{told.lineage or 'countersign'}@{composing.domain()}>"
    threading = {"Message-ID": f"<{number}.{thread[1:]}", "In-Reply-To": thread, "References": thread}
    return _mail(letter.subject(told), letter.body(told, zone), person, threading)


def digest(letters: Sequence[Letter], *, person: Person, zone: str) -> EmailMessage:
    """Return the mail of a digest."""
    text = letter.digest_body(list(letters), zone, composing.absolute("queue"))
    named = {"Message-ID": f"<{uuid.uuid4()}@{composing.domain()}>"}
    return _mail(letter.digest_subject(list(letters)), text, person, named)


def _mail(subject: str, text: str, person: Person, headers: dict[str, str]) -> EmailMessage:
    return EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [person.email], headers={**_HEADERS, **headers})


def deliver(mail: EmailMessage, server: Backend) -> None:
    """Hand a mail to the server, whose connection stays open for the next. Raises Failed or Hopeless."""
    try:
        server.send_messages([mail])
    except (smtplib.SMTPException, OSError) as error:
        with suppress(smtplib.SMTPException, OSError):
            server.close()  # the next mail begins anew, whatever state this left
        raise _trouble(error) from error


def _trouble(error: Exception) -> Failed:
    """Say what went wrong, never in the server's own words: they may hold the address, or anything."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _judged([code for code, _ in error.recipients.values()], "the server refused the recipient")
    if isinstance(error, smtplib.SMTPAuthenticationError):  # the operator's to mend, and worth a later try
        return Failed(f"the server didn't take our password ({error.smtp_code})", unreachable=True)
    if isinstance(error, smtplib.SMTPResponseException):
        return _judged([error.smtp_code], "the server refused the mail")
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Failed("the server didn't answer in time", unreachable=True)
    if isinstance(error, smtplib.SMTPException):
        return Failed(f"the server broke off ({type(error).__name__})", unreachable=True)
    if isinstance(error, ssl.SSLError):
        return Failed("the server can't be trusted (TLS)", unreachable=True)
    return Failed("the server can't be reached", unreachable=True)


def _judged(codes: list[int], what: str) -> Failed:
    """Return what the codes mean: 5xx is for good, anything else for now."""
    final = bool(codes) and all(500 <= code < 600 for code in codes)
    return (Hopeless if final else Failed)(f"{what} ({', '.join(map(str, codes))})")
