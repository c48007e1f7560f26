"""Races need rows that are committed, and connections of their own."""

import pytest

from tests.factories import restore_moves


@pytest.fixture(autouse=True)
def _moves(transactional_db):
    """The test before emptied every table, also the one of allowed moves."""
    restore_moves()
