"""Sessions end: after half an hour in which nobody did anything, and twelve hours after signing in, whatever was done.

The table keeps only a hash of what the cookie says: whoever reads it, or a copy of it, can't sit down in anybody's place.
A page that asks by itself whether there is news keeps no session alive. The web process's clock counts, as for cookies.
"""

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, logout
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone

from agents.models import Person
from audit import log
from audit.actors import Actor
from controlplane import devices

#: Addresses that an open page asks again and again, whether or not somebody sits before it.
BEATS = frozenset({"pulse", "run-live", "new-notices"})
_BEGAN, _SEEN, _DEVICE = "session_began", "session_seen", "session_device"
#: How exactly the last deed is kept: at most one write in so many seconds.
_GRAIN = 60


class SessionStore(DatabaseSessionStore):
    """Django's sessions in the database, under hashes of their keys, with the time at which somebody signed in: it is
    written with the sign-in itself."""

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        found = self.model.objects.filter(session_key=hashed(self.session_key), expire_date__gt=timezone.now()).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(hashed(session_key))

    def create_model_instance(self, data: dict) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = hashed(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(hashed(key))

    def save(self, must_create: bool = False) -> None:
        if SESSION_KEY in self and _BEGAN not in self:
            self[_BEGAN] = self[_SEEN] = time.time()
        super().save(must_create=must_create)


def hashed(session_key: str) -> str:
    """Return what stands for a key in the table: 160 bits of its SHA-256. A key is random: it needs no slow hash."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]


class SessionLimitsMiddleware:
    """Ends a session that is over before anybody is recognised by it, and notes that it is in use."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            if why := _why_over(request.session, time.time()):
                _end(request, why)
            else:
                _note(request)
        return self.get_response(request)


def _why_over(session, now: float) -> str:
    """Say why a session is over, or nothing. One without its times is from before there were any: its row runs out."""
    if now - session.get(_BEGAN, now) >= settings.SESSION_COOKIE_AGE:
        return "twelve hours are over"
    if now - session.get(_SEEN, now) >= settings.SESSION_IDLE.total_seconds():
        return "nobody did anything"
    return ""


def _note(request: HttpRequest) -> None:
    now = time.time()
    if now - request.session.get(_SEEN, 0) >= _GRAIN and not _is_beat(request):
        request.session[_SEEN] = now


def _is_beat(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).url_name in BEATS
    except Resolver404:
        return True  # an address that isn't there is nobody's deed


def _end(request: HttpRequest, why: str) -> None:
    person = request.session[SESSION_KEY]
    with transaction.atomic():
        log.record(
            "session.ended", by=Actor.SYSTEM, subject=("person", person), data={"why": why}, retention="13 months"
        )
        logout(request)


# --- one's own


@dataclass(frozen=True)
class Open:
    """A session in which somebody is signed in. `mark` names it on a page, and is no key: it opens nothing.

    `seen` is when something was last done in it, a minute or so exactly.
    """

    mark: str
    device: str
    began: datetime
    seen: datetime
    is_this: bool


def remember_device(request: HttpRequest) -> None:
    """Keep with the session what somebody has just signed in with."""
    request.session[_DEVICE] = devices.in_words(request.headers.get("User-Agent", ""))


def open_of(person: Person, *, this: str) -> list[Open]:
    """Return the sessions in which this person is signed in now, this one first, then as they were last used.

    `this` is the key of the session that asks. Whose a session is stands inside it, so all that haven't run out are read.
    """
    store, mine = SessionStore(), hashed(this)
    found = []
    for row in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        said = store.decode(row.session_data)
        if _is_in(person, said):
            device = said.get(_DEVICE, devices.UNKNOWN)
            began, seen = (_instant(said.get(name, 0)) for name in (_BEGAN, _SEEN))
            found.append(Open(row.session_key, device, began, seen, row.session_key == mine))
    return sorted(found, key=lambda one: (not one.is_this, -one.seen.timestamp()))


@transaction.atomic
def end_others(person: Person, *, this: str, marks: Collection[str] | None = None) -> int:
    """End the person's other sessions, or those `marks` name, and return how many; the one that asks (`this`) goes on.

    A mark of somebody else's session, or of one that is over, ends nothing.
    """
    ended = [one.mark for one in open_of(person, this=this) if not one.is_this and (marks is None or one.mark in marks)]
    count, _ = Session.objects.filter(session_key__in=ended).delete()
    if count:
        subject, data = ("person", str(person.pk)), {"count": count}
        log.record("session.ended_elsewhere", by=person.actor(), subject=subject, data=data, retention="13 months")
    return count


def _is_in(person: Person, said: dict) -> bool:
    """Whether a session recognises this person still: neither over nor from before a new password."""
    is_theirs = said.get(SESSION_KEY) == str(person.pk)
    return (
        is_theirs and said.get(HASH_SESSION_KEY) == person.get_session_auth_hash() and not _why_over(said, time.time())
    )


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
