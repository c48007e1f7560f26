import pytest

from tests.factories import make_company


@pytest.fixture
def company():
    """A small company in the database of this process, not the whole product; a file that needs another makes its own."""
    return make_company()
