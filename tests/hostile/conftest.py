"""The desk that the hostile texts come to."""

import pytest

from tests.hostile.places import make_desk


@pytest.fixture
def desk():
    return make_desk()
