"""An arrival cap holds however many proposals come at the same moment."""

import pytest

from agents.errors import TooManyArrivals
from agents.models import Action
from tests.domain.running import set_agent
from tests.factories import make_action, make_company, principal_of
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_twelve_at_once_pass_a_cap_of_three_three_times():
    agent = set_agent(make_company().agent, budget={"arrivals_per_hour": 3})
    principal_of(agent)
    results = together(*[lambda: make_action(agent)] * 12)
    entered = [one for one in results if isinstance(one, Action)]
    assert len(entered) == 3 == Action.objects.filter(agent=agent).count(), results
    assert all(isinstance(one, Action | TooManyArrivals) for one in results), results
