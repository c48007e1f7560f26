"""People and the groups that sign. Written by the operator's command line alone; every change is an event.

Whoever can make a signer, or become one, can approve: so each change of credentials, groups or of the human behind an
account moves `signer_since` forward, and that account can't sign what was proposed before.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from agents import actions, headline
from agents.errors import Invalid, Refusal
from agents.lifecycle import State
from agents.models import Action, Human, Person, Slot
from audit import log
from audit.actors import Actor

# ASCII only: two names that look alike on a signature must be the same name.
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,149}", re.ASCII)
_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,149}", re.ASCII)
_READ_ALL = "read_all"


@dataclass(frozen=True)
class Lost:
    """What moving `signer_since` cost an account: open actions it can't sign any more, and signatures that are void."""

    actions: int
    signatures: int


class NoSuchPerson(Refusal):
    code, status = "no_such_person", 404
    sentence = "There is no such person. `manage.py person list` shows who there is."


@transaction.atomic
def add(
    *,
    username: str,
    by: Actor,
    groups: Iterable[str] = (),
    display_name: str = "",
    email: str = "",
    staff: bool = False,
    superuser: bool = False,
    auditor: bool = False,
    same_human_as: str | None = None,
    password: str | None = None,
) -> Person:
    """Make an account and return it. Groups that are missing are made; without a password nobody can sign in with it.

    `same_human_as` names another account of the same human; an `auditor` reads everything and signs nothing by it.
    Raises Invalid, whose errors name the fields, and NoSuchPerson.
    """
    groups = sorted(set(groups))
    _check_username(username)
    _check_names(display_name, groups, email)
    human = find(same_human_as).human if same_human_as else Human.objects.create()
    person = Person(username=username, first_name=display_name, email=email, human=human)
    person.is_staff, person.is_superuser = staff or superuser, superuser
    _set_password(person, password)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:  # another command was faster
        raise _taken(username) from error
    person.groups.set(_groups(groups))
    _change_auditor(person, auditor)
    log.record(
        "person.added",
        by=by,
        subject=("person", str(person.pk)),
        data={
            "human": human.pk,
            "groups": groups,
            "staff": person.is_staff,
            "superuser": superuser,
            "auditor": auditor,
        },
        private={"person": username, "name": display_name},
    )
    return person


@transaction.atomic
def change(
    username: str,
    *,
    by: Actor,
    groups: Iterable[str] | None = None,
    display_name: str | None = None,
    email: str | None = None,
    staff: bool | None = None,
    superuser: bool | None = None,
    auditor: bool | None = None,
    same_human_as: str | None = None,
    password: str | None = None,
    active: bool | None = None,
) -> Person:
    """Change what is given (None leaves it) and return the account. Raises Invalid and NoSuchPerson.

    An account that is made active again needs a new password: its old one died when it was disabled. New groups,
    password or human move `signer_since` to now, and void what the account signed that is still in review: the
    returned account's `lost` (a Lost) counts both; it is None when `signer_since` stayed.
    """
    person = find(username, lock=True)
    person.lost = None
    wanted = None if groups is None else sorted(set(groups))
    _check_names(display_name or "", wanted or [], email or "")
    if active and not person.is_active and password is None:
        raise Invalid(errors=[{"field": "password", "message": "an account that comes back needs a new password"}])
    plain = {
        "first_name": display_name,
        "email": email,
        "is_staff": staff,
        "is_superuser": superuser,
        "is_active": active,
    }
    fields = [name for name, value in plain.items() if value is not None and value != getattr(person, name)]
    for name in fields:
        setattr(person, name, plain[name])
    fields += _change_auditor(person, auditor)
    trusted = _change_signer(person, wanted, same_human_as, password)
    if trusted or "is_active" in fields:
        person.signer_since = Now()
    if fields or trusted:
        person.save()
        person.refresh_from_db()
        _record_change(person, by=by, fields=[*fields, *trusted])
    if trusted or "is_active" in fields:
        person.lost = _lose(person, by=by)
    return person


def _change_signer(
    person: Person, groups: list[str] | None, same_human_as: str | None, password: str | None
) -> list[str]:
    """Change what makes somebody a signer; return the names of what changed."""
    changed = []
    if groups is not None and groups != _group_names(person):
        person.groups.set(_groups(groups))
        changed.append("groups")
    human = find(same_human_as).human if same_human_as else person.human
    if human != person.human:
        person.human = human
        changed.append("human")
    if password is not None:
        _set_password(person, password)
        changed.append("password")
    return changed


def is_auditor(person: Person) -> bool:
    """Whether this very account was made an auditor."""
    return _READ_ALL in {permission.codename for permission in person.user_permissions.all()}


def _change_auditor(person: Person, wanted: bool | None) -> list[str]:
    """Give or take the right to read everything (None leaves it); return the names of what changed."""
    if wanted is None or wanted == is_auditor(person):
        return []
    permission = Permission.objects.get(codename=_READ_ALL, content_type__app_label="agents")
    (person.user_permissions.add if wanted else person.user_permissions.remove)(permission)
    return ["auditor"]


def _record_change(person: Person, *, by: Actor, fields: list[str]) -> None:
    words = {"first_name": "name", "is_staff": "staff", "is_superuser": "superuser", "is_active": "active"}
    log.record(
        "person.changed",
        by=by,
        subject=("person", str(person.pk)),
        data={
            "fields": ", ".join(words.get(field, field) for field in fields),
            "human": person.human_id,
            "groups": _group_names(person),
            "staff": person.is_staff,
            "superuser": person.is_superuser,
            "auditor": is_auditor(person),
            "active": person.is_active,
        },
        private={"person": person.username, "name": person.first_name},
    )


@transaction.atomic
def disable(username: str, *, by: Actor) -> Person:
    """Close an account now and return it; disabling twice changes nothing, and `lost` is None. Raises NoSuchPerson.

    Its sessions end with its password: every session is bound to the password's hash. Its signatures on what is
    still in review are void, so that others can sign; a claim counts only voters who are still active.
    """
    person = find(username, lock=True)
    person.lost = None
    if person.is_active:
        person.is_active = False
        person.set_unusable_password()
        person.signer_since = Now()
        person.save(update_fields=["is_active", "password", "signer_since"])
        person.refresh_from_db()
        log.record("person.disabled", by=by, subject=("person", str(person.pk)), private={"person": person.username})
        person.lost = _lose(person, by=by)
    return person


def _lose(person: Person, *, by: Actor) -> Lost:
    """Void what the account signed and may not sign now; count that, and what waits for its groups from before."""
    voided = actions.void_votes(person, by=by)
    theirs = Slot.objects.filter(action=OuterRef("pk"), filled_by=None, group__in=person.groups.values("pk"))
    # On hold counts only if it will wait for signatures again.
    waits = Q(state__in=(State.AWAITING_REVIEW, State.CHANGES_REQUESTED)) | Q(
        state=State.ON_HOLD, held_from=State.AWAITING_REVIEW
    )
    before = Action.objects.filter(waits, created_at__lt=person.signer_since).exclude(
        self_humans__contains=[person.human_id]
    )
    return Lost(actions=before.filter(Exists(theirs)).count(), signatures=voided)


def find(username: str, *, lock: bool = False) -> Person:
    """Return the account of this name, with its human. Raises NoSuchPerson."""
    people = Person.objects.select_related("human")
    # NO KEY: a decision that refers to this account is written under its action's lock, which we take afterwards.
    person = (people.select_for_update(of=("self",), no_key=True) if lock else people).filter(username=username).first()
    if person is None:
        raise NoSuchPerson(f"There is no person {username!r}. `manage.py person list` shows who there is.")
    return person


def missing_groups(names: Iterable[str]) -> list[str]:
    """Return which of these groups don't exist yet, sorted."""
    names = set(names)
    return sorted(names - set(Group.objects.filter(name__in=names).values_list("name", flat=True)))


def similar_groups(names: Iterable[str]) -> dict[str, str]:
    """Return {name: existing group} for the names that don't exist and are close to one that does."""
    known = {name.casefold(): name for name in Group.objects.values_list("name", flat=True)}
    close = {name: difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.8) for name in missing_groups(names)}
    return {name: known[found[0]] for name, found in close.items() if found}


def _groups(names: list[str]) -> list[Group]:
    return [Group.objects.get_or_create(name=name)[0] for name in names]


def _group_names(person: Person) -> list[str]:
    return sorted(person.groups.values_list("name", flat=True))


def _check_username(username: str) -> None:
    if not _USERNAME.fullmatch(username):
        message = "use ASCII letters, digits and . _ @ + -, starting with a letter or digit; at most 150 characters"
        raise Invalid(f"{username[:150]!r} can't be a user name.", errors=[{"field": "username", "message": message}])
    if Person.objects.filter(username__iexact=username).exists():
        raise _taken(username)


def _taken(username: str) -> Invalid:
    message = "this name, or one that differs only in capitals, is taken; `person set` changes an account"
    return Invalid(f"There is a person {username!r} already.", errors=[{"field": "username", "message": message}])


def _check_names(display_name: str, groups: list[str], email: str) -> None:
    errors = []
    try:
        Person._meta.get_field("email").run_validators(email)
    except ValidationError:
        errors.append({"field": "email", "message": f"{email[:150]!r} is not an email address, like ana@example.com"})
    if len(display_name) > 150 or headline.reveal(display_name) != display_name:
        errors.append({"field": "name", "message": "at most 150 characters, all of them visible, on one line"})
    for name in groups:
        if not _GROUP.fullmatch(name):
            message = f"{name[:150]!r}: use ASCII letters, digits, spaces and . _ -, starting with a letter or digit"
            errors.append({"field": "groups", "message": message})
    if errors:
        raise Invalid(errors=errors)


def _set_password(person: Person, password: str | None) -> None:
    if password is None:
        return person.set_unusable_password()
    try:
        validate_password(password, user=person)
    except ValidationError as error:
        messages = [{"field": "password", "message": message} for message in error.messages]
        raise Invalid("This password can't be used.", errors=messages) from error
    person.set_password(password)
