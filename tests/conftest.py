"""What every test stands on: real PostgreSQL as the product's own role, and the real product for what looks from outside."""

from pathlib import Path

import pytest
from django.db import connection

from tests.company import QUICK, Company
from tests.product import Product

# Hooks: the run's own PostgreSQL and Valkey start before the first test that needs them, and stop after the last.
from tests.servers import (  # noqa: F401
    django_db_setup,
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_unconfigure,
)
from tests.templates import pytest_configure, sample_company  # noqa: F401

EMPTIED = pytest.StashKey[bool]()
COMPANY = pytest.StashKey[Product]()
#: Only their tests use the whole product, and they come first (tests/servers.py sorts them).
WITH_COMPANY = {Path(__file__).parent / folder for folder in ("ground", "chaos", "stories", "browser")}


@pytest.fixture(autouse=True)
def _as_the_product(request):
    """Run database tests as `cs_app`, the role the product has: what the owner could do proves nothing.

    Transactional tests flush afterwards, which only the owner may; they open their own connections where roles matter.
    """
    marker = request.node.get_closest_marker("django_db")
    if "db" not in request.fixturenames and marker is None:
        yield
        return
    request.getfixturevalue("db")
    transactional = "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction"))
    if request.config.stash.get(EMPTIED, False):
        from tests.factories import begin_anew

        begin_anew()  # a transactional test before emptied every table, also those of allowed moves, but not the log
    request.config.stash[EMPTIED] = bool(transactional)
    if not transactional and not request.node.get_closest_marker("as_owner"):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE cs_app")
    yield


@pytest.fixture(scope="session")
def company(tmp_path_factory, request):
    """The whole product with the sample company, as `make up` leaves it, but with short leases; one for each process."""
    first = sample_company()
    home = first.copy_to(tmp_path_factory.mktemp("company") / "home")
    failpoints = home.parent / "failpoints"
    failpoints.mkdir()
    with Product(home, demo=True, env={**QUICK, "COUNTERSIGN_FAILPOINTS": str(failpoints)}) as product:
        request.config.stash[COMPANY] = product
        company = Company(product)
        company.failpoints, company.first_words = failpoints, first.said.read_text()
        company.first_ledger = company.shop("SELECT path, outcome FROM ledger")
        yield company


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Stop the company after the last test that uses it: a product that idles takes a sixteenth of a processor."""
    if COMPANY in item.config.stash and item.path.parent not in WITH_COMPANY:
        item.config.stash[COMPANY].discard()
        del item.config.stash[COMPANY]
