"""What every test stands on: real PostgreSQL, and the product's own role wherever the database is asked."""

import pytest
from django.db import connection


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
    if not transactional and not request.node.get_closest_marker("as_owner"):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE cs_app")
    yield
