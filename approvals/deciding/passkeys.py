"""Passkeys: people enrol, name and remove their own. What one signs is in `touching`.

A passkey is made for our one origin and always verifies who uses it, by PIN or biometry (Web Authentication Level 2).
Attestation isn't asked for: which make of device somebody trusts is theirs to say.
"""

import struct
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from agents import canonical, headline
from agents.errors import Invalid, Refusal
from agents.models import Person
from approvals.models import Passkey
from audit import log

#: What somebody has on as many devices as they may own.
MOST = 20
NAME_LENGTH = 60
#: Bytes the id of a passkey may have (Web Authentication Level 2, section 4, "Credential ID").
ID_LENGTH = 1023
#: A challenge of ours waits so long for its answer.
SECONDS = 300
_ENROLMENT = "passkey_enrolment"
#: What reading an answer that is no answer raises.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError, struct.error)


class PasskeysNotHere(Refusal):
    code, status = "passkeys_not_here", 409
    sentence = (
        f"Passkeys work at {settings.PASSKEY_ORIGIN} alone: open that address."
        if settings.PASSKEY_ORIGIN
        else "Passkeys need an https address with a name: the operator sets COUNTERSIGN_URL. Your password works."
    )


class PasskeyNotMade(Refusal):
    code, status = "passkey_not_made", 422
    sentence = "The passkey wasn't added: what your device answered doesn't fit what was asked. Begin again."


class NoSuchPasskey(Refusal):
    code, status = "no_such_passkey", 404
    sentence = "You have no such passkey. It may have been removed already."


@dataclass(frozen=True)
class Shown:
    """A passkey as its owner sees it; `why_not` is empty while it can sign."""

    passkey: Passkey
    why_not: str


def are_possible(host: str) -> bool:
    """Whether a page that was asked for at this host, with its port, can use passkeys."""
    return bool(settings.PASSKEY_ORIGIN) and urlsplit(settings.PASSKEY_ORIGIN).netloc == host


def every_one_of(person: Person) -> QuerySet[Passkey]:
    return Passkey.objects.filter(person=person)


def that_count_of(person: Person) -> QuerySet[Passkey]:
    """Return the passkeys this person can sign with.

    Not those that may have been copied, nor those from before the operator last changed the account's password, groups
    or human: whoever enrolled them may be somebody else.
    """
    return every_one_of(person).filter(suspected_at=None, added_at__gte=F("person__signer_since"))


def shelf(person: Person) -> list[Shown]:
    """Return every passkey of this person, oldest first, and what keeps any of them from signing."""
    since = person.signer_since
    return [Shown(one, _why_not(one, since)) for one in every_one_of(person)]


def _why_not(passkey: Passkey, signer_since: datetime) -> str:
    if passkey.suspected_at is not None:
        return "There may be a copy of it: its count went back. Remove it, and tell the operator."
    if passkey.added_at < signer_since:
        return "The operator changed your account after you added it. Remove it, and add it anew."
    return ""


def relying_party() -> Fido2Server:
    """Return the verifier for our origin. Raises PasskeysNotHere where there can be no passkeys."""
    domain = urlsplit(settings.PASSKEY_ORIGIN).hostname
    if not domain:
        raise PasskeysNotHere()
    entity = PublicKeyCredentialRpEntity(id=domain, name="Countersign")
    return Fido2Server(entity, attestation="none", verify_origin=lambda origin: origin == settings.PASSKEY_ORIGIN)


def begin(session: MutableMapping, *, by: Person) -> dict:
    """Return what the browser needs to make a passkey, as JSON writes it; the session keeps what the answer must fit."""
    if every_one_of(by).count() >= MOST:
        raise Invalid(f"You have {MOST} passkeys: remove one first.")
    known = [AttestedCredentialData(bytes(one.credential)) for one in that_count_of(by)]
    options, state = relying_party().register_begin(
        PublicKeyCredentialUserEntity(id=str(by.pk).encode(), name=by.username, display_name=str(by)),
        credentials=known,
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,  # whoever signs is signed in already
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    session[_ENROLMENT] = {"challenge": state["challenge"], "at": time.time(), "person": by.pk}
    return dict(options)


def add(session: MutableMapping, *, by: Person, name: str, answer: Mapping) -> Passkey:
    """Keep the passkey a browser made for what `begin` asked, and return it. Once, and within five minutes.

    The caller has made sure that the person proved lately who they are. Raises Invalid for a name, PasskeyNotMade.
    """
    name = _read_name(name)
    made = _verified(session.pop(_ENROLMENT, {}), by, answer)
    credential = made.credential_data
    try:
        with transaction.atomic():
            passkey = Passkey.objects.create(
                person=by,
                name=name,
                credential_id=credential.credential_id,
                credential=bytes(credential),
                sign_count=made.counter,
            )
            _record("passkey.added", passkey)
    except IntegrityError:
        raise PasskeyNotMade("This passkey is enrolled already. Choose another device.") from None
    return passkey


@transaction.atomic
def remove(passkey_id: int, *, by: Person) -> None:
    """Forget a passkey; what it signed stays. Raises NoSuchPasskey for a missing and a foreign one alike."""
    passkey = every_one_of(by).select_for_update(of=("self",)).filter(pk=passkey_id).first()
    if passkey is None:
        raise NoSuchPasskey()
    _record("passkey.removed", passkey)
    passkey.delete()


def _read_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or headline.reveal(name) != name:
        wanted = f"write a name of at most {NAME_LENGTH} visible characters, so that you know it again"
        raise Invalid("The passkey needs a name.", errors=[{"field": "name", "message": wanted}])
    return name


def _verified(asked: Mapping, by: Person, answer: Mapping) -> AuthenticatorData:
    """Return what the device says of the new key, once it fits. Raises PasskeyNotMade."""
    if asked.get("person") != by.pk or not is_fresh(asked):
        raise PasskeyNotMade("It took too long, or was begun elsewhere meanwhile: nothing was added. Begin again.")
    state = {"challenge": asked["challenge"], "user_verification": UserVerificationRequirement.REQUIRED}
    try:
        given = RegistrationResponse.from_dict(texts_of(answer, "clientDataJSON", "attestationObject"))
        made = relying_party().register_complete(state, given)
    except MALFORMED:
        raise PasskeyNotMade() from None
    if given.response.client_data.cross_origin or not _is_sound(made.credential_data, given.raw_id):
        raise PasskeyNotMade()
    return made


def _is_sound(key: AttestedCredentialData | None, raw_id: bytes) -> bool:
    """Whether a new key is of a kind that was asked for, and goes by the id it was sent under."""
    if key is None or key.credential_id != raw_id or len(raw_id) > ID_LENGTH:
        return False
    return key.public_key.ALGORITHM in CoseKey.supported_algorithms()


def read(text: str) -> Mapping:
    """Return what a browser answered, as a form sends it in JSON; nothing, which fits nothing, when it isn't that."""
    try:
        answer = canonical.parse_json(text.encode(), max_bytes=16_384, max_depth=4)
    except (canonical.BadJson, UnicodeError):
        return {}
    return answer if isinstance(answer, dict) else {}


def texts_of(answer: Mapping, *parts: str) -> dict:
    """Return the id of a browser's answer and these parts of its response, all of them text, and nothing else.

    Whatever reads them turns a number into as many bytes, and one number would be all the memory there is. Raises one of
    MALFORMED.
    """
    found = {name: answer["response"][name] for name in parts}
    if not all(isinstance(text, str) for text in (answer["rawId"], *found.values())):
        raise TypeError("a part of the answer isn't text")
    return {"rawId": answer["rawId"], "response": found}


def is_fresh(asked: Mapping) -> bool:
    """Whether what was asked is young enough to be answered."""
    return 0 <= time.time() - asked.get("at", 0) < SECONDS


def _record(verb: str, passkey: Passkey) -> None:
    person = passkey.person
    log.record(
        verb,
        by=person.actor(),
        subject=("person", str(person.pk)),
        data={"key": canonical.sha256_hex(bytes(passkey.credential))},
        private={"name": passkey.name},
    )
