"""A touch of a passkey as proof: for one action, revision and digest, by one person, once, within five minutes.

What the device signs is derived from all of these and a nonce of ours, so a touch made for one thing fits no other.
"""

import secrets
import time
from collections.abc import Mapping, MutableMapping
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticationResponse, UserVerificationRequirement

from agents import access, canonical
from agents.errors import Refusal, Stale
from agents.models import Person
from approvals.deciding import passkeys
from approvals.models import Passkey, Touch
from audit import log

_NONCE = "passkey_nonce"
_VERSION = 1


class NoPasskey(Refusal):
    code = "no_passkey"
    sentence = "You have no passkey that counts: add one at /preferences/passkeys/, or confirm your password."


class PasskeyRefused(Refusal):
    code, status = "passkey_refused", 403
    sentence = "This touch of a passkey doesn't prove this approval. Touch it again, or confirm your password."


def challenge_of(*, nonce: str, action_id: UUID, revision: int, digest: str, person_id: int) -> bytes:
    """Return the 32 bytes a device signs: SHA-256 over the canonical JSON (RFC 8785) of everything the touch is for."""
    bound = {"action": str(action_id), "digest": digest, "nonce": nonce, "person": person_id, "revision": revision}
    return bytes.fromhex(canonical.digest_of({"v": _VERSION, "for": "approve"} | bound))


def ask(session: MutableMapping, *, action_id: UUID, by: Person, digest: str, revision: int) -> dict:
    """Return what the browser needs for one touch, as JSON writes it; the session keeps its nonce, the newest alone.

    Raises NoSuchAction, Stale when it isn't what stands there now, NoPasskey, PasskeysNotHere.
    """
    action = access.action_for(by, action_id)
    if (digest, revision) != (action.digest, action.revision):
        raise Stale(current_digest=action.digest, current_revision=action.revision)
    known = [AttestedCredentialData(bytes(one.credential)) for one in passkeys.that_count_of(by)]
    if not known:
        raise NoPasskey()
    nonce = secrets.token_urlsafe(32)
    bound = {"nonce": nonce, "action_id": action.pk, "revision": revision, "digest": digest, "person_id": by.pk}
    options, _ = passkeys.relying_party().authenticate_begin(
        known, UserVerificationRequirement.REQUIRED, challenge=challenge_of(**bound)
    )
    session[_NONCE] = {"nonce": nonce, "at": time.time()}
    return dict(options)


def take(session: MutableMapping, *, action_id: UUID, by: Person, digest: str, revision: int, answer: Mapping) -> Touch:
    """Verify a touch and keep it; return it, for `desk.decide`. The nonce is spent, whatever comes of it.

    A count that went back is put on record, and that passkey counts no more. Raises NoSuchAction, PasskeyRefused.
    """
    action = access.action_for(by, action_id)
    asked = session.pop(_NONCE, {})
    if not passkeys.is_fresh(asked):
        raise PasskeyRefused("It took too long, or the touch was used: nothing is decided. Touch your passkey again.")
    bound = {"action_id": action.pk, "revision": revision, "digest": digest, "person_id": by.pk}
    challenge = challenge_of(nonce=asked["nonce"], **bound)
    with transaction.atomic():
        passkey, given = _verified(challenge, by, answer)
        # Two requests at once may carry the same touch, before the session has forgotten its nonce.
        if Touch.objects.filter(nonce=asked["nonce"]).exists():
            raise PasskeyRefused("This touch was used already. Touch your passkey again.")
        if not _went_back(given.response.authenticator_data.counter, passkey.sign_count):
            return _keep(passkey, given, nonce=asked["nonce"], **bound)
        _suspect(passkey, action.pk, given.response.authenticator_data.counter)
    raise PasskeyRefused("There may be a copy of this passkey: it counts no more. Confirm your password instead.")


def _went_back(count: int, before: int) -> bool:
    """Whether a device that counts didn't count on: there may be a copy (Web Authentication Level 2, section 6.1.1)."""
    return bool(count or before) and count <= before


def _verified(challenge: bytes, by: Person, answer: Mapping) -> tuple[Passkey, AuthenticationResponse]:
    """Return the passkey, locked, and what it signed. Raises PasskeyRefused."""
    state = {"challenge": websafe_encode(challenge), "user_verification": UserVerificationRequirement.REQUIRED}
    try:
        parts = ("clientDataJSON", "authenticatorData", "signature")
        given = AuthenticationResponse.from_dict(passkeys.texts_of(answer, *parts))
        mine = passkeys.that_count_of(by).select_for_update(of=("self",), no_key=True)
        passkey = mine.filter(credential_id=given.raw_id).first()
        if passkey is None or given.response.client_data.cross_origin:
            raise PasskeyRefused()
        known = [AttestedCredentialData(bytes(passkey.credential))]
        passkeys.relying_party().authenticate_complete(state, known, given)
    except passkeys.MALFORMED:
        raise PasskeyRefused() from None
    return passkey, given


def _keep(passkey: Passkey, given: AuthenticationResponse, **bound) -> Touch:
    said = given.response
    Passkey.objects.filter(pk=passkey.pk).update(sign_count=said.authenticator_data.counter, used_at=Now())
    return Touch.objects.create(
        credential=passkey.credential,
        client_data=bytes(said.client_data),
        authenticator_data=bytes(said.authenticator_data),
        signature=said.signature,
        **bound,
    )


def _suspect(passkey: Passkey, action_id: UUID, count: int) -> None:
    Passkey.objects.filter(pk=passkey.pk).update(suspected_at=Now())
    log.record(
        "passkey.suspected",
        by=passkey.person.actor(),
        subject=("person", str(passkey.person_id)),
        data={
            "key": canonical.sha256_hex(bytes(passkey.credential)),
            "action": str(action_id),
            "count": count,
            "counted_before": passkey.sign_count,
        },
        private={"name": passkey.name},
    )
