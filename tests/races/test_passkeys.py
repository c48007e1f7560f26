"""One touch carried by many requests at once proves one approval."""

from copy import deepcopy

import pytest

from approvals.deciding import passkeys, touching
from approvals.models import Passkey, Touch
from tests.authenticator import Device
from tests.factories import make_action, make_company
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.mark.parametrize("step", [0, 1])
def test_a_touch_sent_many_times_at_once_counts_once_and_looks_like_no_copy(step):
    company, device = make_company(), Device(step=step)
    action, person, session = make_action(company.agent), company.fin, {}
    passkeys.add(session, by=person, name="laptop", answer=device.make(passkeys.begin(session, by=person)))
    seen = {"action_id": action.pk, "digest": action.digest, "revision": action.revision}
    answer = device.touch(touching.ask(session, by=person, **seen))

    def send(own: dict):
        return touching.take(own, by=person, answer=answer, **seen)

    results = together(*[lambda own=own: send(own) for own in [deepcopy(session) for _ in range(6)]])
    assert sum(isinstance(result, Touch) for result in results) == 1
    assert sum(isinstance(result, touching.PasskeyRefused) for result in results) == 5
    assert Passkey.objects.get().suspected_at is None
