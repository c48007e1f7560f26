"""Everything goes wrong at once, for a short while: the same campaign as `make chaos`, on the product that all tests share."""

import re

import httpx
import pytest

from agents.failpoints import PLACES
from tests.chaos import campaign, desk, plan
from tests.product import CHECKOUT, until

RUNS, SECONDS, SEED = 40, 12.0, 11
#: It takes its time, and `test_kills` has it.
WITHOUT = frozenset({"freeze worker"})


def test_every_place_of_the_list_is_in_the_source_and_every_one_in_the_source_is_listed():
    sources = [*(CHECKOUT / "agents").rglob("*.py"), *(CHECKOUT / "approvals").rglob("*.py")]
    reached = [name for path in sources for name in re.findall(r'failpoints\.reach\("(\w+)"\)', path.read_text())]
    assert sorted(reached) == sorted(PLACES)


def test_the_same_seed_draws_the_same_campaign_and_another_one_another(tmp_path):
    drawn = [plan.draw(runs=200, seed=seed, seconds=60, markers=tmp_path) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] and drawn[0].tasks != drawn[2].tasks and drawn[0].faults != drawn[2].faults


@pytest.fixture
def restarted(company):
    """The product with the campaign's runtime in the operator's file, which its processes read when they start."""
    product = company.product
    desk.name_runtime(product.home)
    for name in ("worker", "clock", "web"):
        product.wait_restart(name, product.kill(name), seconds=60)
    until(lambda: _is_ready(company), seconds=60, what="a product that is ready again")
    return company


def _is_ready(company) -> bool:
    try:
        return company.agent.http.get("/readyz").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.long
def test_no_run_is_lost_and_no_effect_doubled_while_everything_is_killed(restarted, tmp_path):
    drawn = plan.draw(runs=RUNS, seed=SEED, seconds=SECONDS, markers=tmp_path, without=WITHOUT)
    verdict = campaign.run(restarted, drawn, restarted.failpoints, cap=SECONDS * 2, rest=120)
    print(campaign.report(verdict))
    assert verdict.passed, campaign.report(verdict)
