"""A touch of a passkey: good for one person, one revision, one digest, once; everything else is refused."""

import json
from copy import deepcopy
from hashlib import sha256

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from fido2.cose import CoseKey
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestedCredentialData
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agents import people
from agents.errors import Invalid, Stale
from agents.models import Action, Person
from approvals.deciding import desk, passkeys, proof, touching, withdrawing
from approvals.models import Decision, Passkey, Touch
from audit.actors import Actor
from audit.models import Event
from tests.authenticator import Device
from tests.factories import events, make_action, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_company()


@pytest.fixture
def action(company):
    return make_action(company.agent)


def enrol(person: Person, device: Device | None = None, name: str = "laptop") -> Device:
    device, session = device or Device(), {}
    passkeys.add(session, by=person, name=name, answer=device.make(passkeys.begin(session, by=person)))
    return device


@pytest.fixture
def enrolled(company) -> tuple[Person, Device]:
    return company.fin, enrol(company.fin)


def seen(action: Action) -> dict:
    return {"action_id": action.pk, "digest": action.digest, "revision": action.revision}


def touch(action: Action, by: Person, device: Device, session: dict | None = None) -> Touch:
    session = {} if session is None else session
    answer = device.touch(touching.ask(session, by=by, **seen(action)))
    return touching.take(session, by=by, answer=answer, **seen(action))


def approve(action: Action, by: Person, **proved) -> Decision:
    return desk.decide(by=by, word="approve", **seen(action), **proved)


def recorded(verb: str) -> list[Event]:
    return list(Event.objects.filter(verb=verb))


# --- one touch, one approval


def test_one_touch_approves_and_stands_on_decision_and_event(company, action):
    made = touch(action, company.fin, enrol(company.fin))
    decision = approve(action, company.fin, touch=made)
    assert (decision.step_up, decision.touch) == ("passkey", made)
    signed = next(event for event in events(action) if event.verb == "action.signed")
    assert signed.data["proved_by"] == "passkey"


def test_what_is_kept_proves_the_approval_without_us(company, action):
    made = touch(action, company.fin, enrol(company.fin))
    Passkey.objects.all().delete()
    key = AttestedCredentialData(bytes(made.credential)).public_key
    said = json.loads(bytes(made.client_data))
    key.verify(bytes(made.authenticator_data) + sha256(bytes(made.client_data)).digest(), bytes(made.signature))
    bound = {"nonce": made.nonce, "person_id": company.fin.pk}
    assert websafe_decode(said["challenge"]) == touching.challenge_of(**bound, **seen(action))


def test_a_touch_counts_even_where_the_password_is_fresh(company, action):
    decision = approve(action, company.fin, touch=touch(action, company.fin, enrol(company.fin)), step_up="password")
    assert decision.step_up == "passkey"


def test_the_password_stays_a_way_for_whoever_has_a_passkey(company, action):
    enrol(company.fin)
    decision = approve(action, company.fin, step_up="password")
    assert (decision.step_up, decision.touch) == ("password", None)


def test_the_word_alone_is_no_touch(company, action):
    enrol(company.fin)
    with pytest.raises(proof.StepUpNeeded):
        approve(action, company.fin, step_up="passkey")
    with pytest.raises(IntegrityError, match="a_passkey_has_its_touch"), transaction.atomic():
        decision = approve(action, company.fin, step_up="password")
        fields = {
            field.attname: getattr(decision, field.attname) for field in Decision._meta.fields if field.name != "id"
        }
        Decision.objects.create(**fields | {"nth": 2, "step_up": "passkey"})


# --- what it was not made for


def test_a_touch_for_one_item_is_none_for_another(company, action):
    device, session, second = enrol(company.fin), {}, make_action(company.agent)
    answer = device.touch(touching.ask(session, by=company.fin, **seen(action)))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer=answer, **seen(second))
    assert not Touch.objects.exists()


@pytest.mark.parametrize("changed", [{"digest": "0" * 64}, {"revision": 2}])
def test_a_touch_for_these_bytes_is_none_for_others(company, action, changed):
    device, session = enrol(company.fin), {}
    answer = device.touch(touching.ask(session, by=company.fin, **seen(action)))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer=answer, **seen(action) | changed)


@pytest.mark.parametrize("changed", [{"digest": "0" * 64}, {"revision": 2}])
def test_nothing_is_asked_of_a_device_for_bytes_that_dont_stand_there(company, action, changed):
    enrol(company.fin)
    with pytest.raises(Stale):
        touching.ask({}, by=company.fin, **seen(action) | changed)


def test_the_desk_takes_no_touch_made_for_something_else(company, action):
    second = make_action(company.agent)
    made = touch(second, company.fin, enrol(company.fin))
    with pytest.raises(proof.StepUpNeeded):
        approve(action, company.fin, touch=made, step_up="password")
    theirs = touch(action, company.lea, enrol(company.lea))
    with pytest.raises(proof.StepUpNeeded):
        approve(action, company.fin, touch=theirs)
    assert not Decision.objects.exists()


def test_somebody_elses_passkey_signs_nothing_for_me(company, action):
    enrol(company.fin)
    theirs, session = enrol(company.lea), {}
    answer = theirs.touch(touching.ask(session, by=company.fin, **seen(action)))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer=answer, **seen(action))


def test_what_was_asked_of_me_proves_nothing_of_somebody_else(company, action):
    enrol(company.fin)
    theirs, session = enrol(company.lea), {}
    answer = theirs.touch(touching.ask(session, by=company.fin, **seen(action)))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.lea, answer=answer, **seen(action))


# --- once, and soon


def test_a_touch_is_used_once(company, action):
    device, session = enrol(company.fin), {}
    answer = device.touch(touching.ask(session, by=company.fin, **seen(action)))
    decision = approve(action, company.fin, touch=touching.take(session, by=company.fin, answer=answer, **seen(action)))
    withdrawing.withdraw(decision_id=decision.pk, by=company.fin)
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer=answer, **seen(action))


@pytest.mark.parametrize("step", [0, 1])
def test_a_session_that_remembers_the_nonce_again_doesnt_bring_a_touch_back(company, action, step):
    """Two requests at once each read the session before the other has written it. That isn't a copy of the passkey."""
    device, session = enrol(company.fin, Device(step=step)), {}
    answer = device.touch(touching.ask(session, by=company.fin, **seen(action)))
    again = deepcopy(session)
    touching.take(session, by=company.fin, answer=answer, **seen(action))
    with pytest.raises(touching.PasskeyRefused, match="used already"):
        touching.take(again, by=company.fin, answer=answer, **seen(action))
    assert Touch.objects.count() == 1 and not recorded("passkey.suspected")


def test_a_touch_that_failed_spent_its_nonce(company, action):
    device, session = enrol(company.fin), {}
    asked = touching.ask(session, by=company.fin, **seen(action))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer={}, **seen(action))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer=device.touch(asked), **seen(action))


def test_only_the_newest_question_is_answered(company, action):
    device, session = enrol(company.fin), {}
    older = touching.ask(session, by=company.fin, **seen(action))
    touching.ask(session, by=company.fin, **seen(action))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer=device.touch(older), **seen(action))


@pytest.mark.parametrize("ago", [passkeys.SECONDS + 1, -60])
def test_a_nonce_lives_five_minutes(company, action, ago):
    device, session = enrol(company.fin), {}
    asked = touching.ask(session, by=company.fin, **seen(action))
    session["passkey_nonce"]["at"] -= ago
    with pytest.raises(touching.PasskeyRefused, match="too long"):
        touching.take(session, by=company.fin, answer=device.touch(asked), **seen(action))


# --- devices that lie, and pages that aren't ours


@pytest.mark.parametrize(
    "lie",
    [
        {"verifies": False},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:8000"},
        {"origin": "http://localhost.evil.example:8000"},
        {"domain": "evil.example"},
        {"crosses": True},
    ],
)
def test_no_verified_person_or_another_origin_is_refused(company, action, lie):
    device = enrol(company.fin)
    vars(device).update(lie)
    with pytest.raises(touching.PasskeyRefused):
        touch(action, company.fin, device)
    with pytest.raises(passkeys.PasskeyNotMade):
        enrol(company.lea, device)


def test_another_key_under_the_same_name_is_refused(company, action):
    device, thief = enrol(company.fin), Device()
    thief.id = device.id
    with pytest.raises(touching.PasskeyRefused):
        touch(action, company.fin, thief)


def test_a_count_that_goes_back_is_refused_recorded_and_ends_the_passkey(company, action):
    device = enrol(company.fin)
    touch(action, company.fin, device)
    device.count -= 1
    with pytest.raises(touching.PasskeyRefused, match="copy"):
        touch(action, company.fin, device)
    event = recorded("passkey.suspected")[0]
    assert (event.data["count"], event.data["counted_before"]) == (2, 2)
    assert event.data["action"] == str(action.pk)
    device.count = 100
    with pytest.raises(touching.NoPasskey):
        touch(action, company.fin, device)
    assert Touch.objects.count() == 1


def test_a_device_that_doesnt_count_is_taken_as_such_until_it_counts(company, action):
    device = enrol(company.fin, Device(step=0))
    touch(action, company.fin, device)
    touch(action, company.fin, device)
    device.step = 1
    touch(action, company.fin, device)
    device.step, device.count = 0, 0
    with pytest.raises(touching.PasskeyRefused, match="copy"):
        touch(action, company.fin, device)


_TEXT = st.text(max_size=40) | st.binary(max_size=60).map(websafe_encode)
_JUNK = _TEXT | st.none() | st.booleans() | st.integers() | st.lists(_TEXT) | st.dictionaries(_TEXT, _TEXT)
_MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def spoiled(answer: dict, part: str, junk) -> dict:
    place = answer if part in answer else answer["response"]
    place[part] = junk
    return answer


@_MANY
@example(part="signature", junk=30_000_000_000)  # as many bytes, if it is taken for a length
@given(part=st.sampled_from(["rawId", "response", "clientDataJSON", "authenticatorData", "signature"]), junk=_JUNK)
def test_a_touch_that_is_none_is_refused_and_breaks_nothing(enrolled, action, part, junk):
    person, device = enrolled
    session: dict = {}
    answer = device.touch(touching.ask(session, by=person, **seen(action)))
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=person, answer=spoiled(answer, part, junk), **seen(action))


@_MANY
@example(part="attestationObject", junk=30_000_000_000)
@example(part="attestationObject", junk=websafe_encode(b"\x81" * 12_000))  # lists in lists
@given(part=st.sampled_from(["rawId", "response", "clientDataJSON", "attestationObject"]), junk=_JUNK)
def test_a_key_that_is_none_is_refused_and_breaks_nothing(company, part, junk):
    session: dict = {}
    answer = Device().make(passkeys.begin(session, by=company.fin))
    with pytest.raises(passkeys.PasskeyNotMade):
        passkeys.add(session, by=company.fin, name="phone", answer=spoiled(answer, part, junk))


# --- enrolling and removing


def test_adding_and_removing_go_on_record(company):
    enrol(company.fin, name="blue key")
    passkey = Passkey.objects.get()
    added = recorded("passkey.added")[0]
    assert (added.subject_kind, added.subject_id) == ("person", str(company.fin.pk))
    assert added.private_values()["name"] == "blue key"
    passkeys.remove(passkey.pk, by=company.fin)
    assert recorded("passkey.removed")[0].data == added.data
    assert not Passkey.objects.exists()


def test_nobody_removes_somebody_elses(company):
    enrol(company.fin)
    with pytest.raises(passkeys.NoSuchPasskey):
        passkeys.remove(Passkey.objects.get().pk, by=company.lea)
    assert Passkey.objects.exists()


def test_a_removed_passkey_signs_nothing(company, action):
    device, session = enrol(company.fin), {}
    enrol(company.fin)
    asked = touching.ask(session, by=company.fin, **seen(action))
    passkeys.remove(Passkey.objects.get(credential_id=device.id).pk, by=company.fin)
    with pytest.raises(touching.PasskeyRefused):
        touching.take(session, by=company.fin, answer=device.touch(asked), **seen(action))


def test_one_device_belongs_to_one_account(company):
    device = enrol(company.fin)
    with pytest.raises(passkeys.PasskeyNotMade, match="already"):
        enrol(company.lea, device)


def test_an_id_longer_than_any_device_makes_is_refused(company):
    device = Device()
    device.id = bytes(passkeys.ID_LENGTH + 1)
    with pytest.raises(passkeys.PasskeyNotMade):
        enrol(company.fin, device)


def test_a_key_of_a_kind_that_was_not_asked_for_is_refused(company):
    device = Device()
    for kind in (-65535, -1):  # RSA with SHA-1; nothing at all
        device.public = CoseKey({1: 3, 3: kind, -1: bytes(256), -2: b"\x01\x00\x01"})
        with pytest.raises(passkeys.PasskeyNotMade):
            enrol(company.fin, device)


def test_an_enrolment_is_answered_once_in_time_and_by_whoever_began_it(company):
    device, session = Device(), {}
    asked = passkeys.begin(session, by=company.fin)
    kept = deepcopy(session)
    with pytest.raises(passkeys.PasskeyNotMade):
        passkeys.add(session, by=company.lea, name="laptop", answer=device.make(asked))
    with pytest.raises(passkeys.PasskeyNotMade):
        passkeys.add(session, by=company.fin, name="laptop", answer=device.make(asked))
    kept["passkey_enrolment"]["at"] -= passkeys.SECONDS + 1
    with pytest.raises(passkeys.PasskeyNotMade, match="too long"):
        passkeys.add(kept, by=company.fin, name="laptop", answer=device.make(asked))


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "key\u202e", "two\nlines", "nul\x00"])
def test_a_passkey_has_a_name_one_can_read(company, name):
    with pytest.raises(Invalid) as refused:
        enrol(company.fin, name=name)
    assert refused.value.errors[0]["field"] == "name"


def test_there_is_an_end_to_passkeys(company, monkeypatch):
    monkeypatch.setattr(passkeys, "MOST", 2)
    enrol(company.fin)
    enrol(company.fin)
    with pytest.raises(Invalid):
        passkeys.begin({}, by=company.fin)


def test_a_new_password_ends_the_passkeys_of_before(company, action):
    """Whoever enrolled them may be who the new password is meant to keep out."""
    device = enrol(company.fin)
    people.change(company.fin.username, by=Actor.SYSTEM, password="a-wholly-different-horse")
    with pytest.raises(touching.NoPasskey):
        touch(action, company.fin, device)
    assert passkeys.shelf(Person.objects.get(pk=company.fin.pk))[0].why_not


# --- the database


def test_the_database_keeps_touches_and_keys_as_they_are(company, action):
    touch(action, company.fin, enrol(company.fin))
    for change in (
        lambda: Touch.objects.update(digest="0" * 64),
        lambda: Touch.objects.all().delete(),
        lambda: Passkey.objects.update(credential=b"other"),
        lambda: Passkey.objects.update(person=company.lea),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
