"""The addresses of databases as Django takes them."""

import pytest

from controlplane import databases


@pytest.mark.parametrize(
    ("query", "after"), [("", databases.PREPARED_AFTER), ("?prepare=off", None), ("?prepare=on", 3)]
)
def test_statements_are_prepared_unless_the_address_says_otherwise(query, after):
    options = databases.from_url(f"postgresql://cs_app@db/countersign{query}")["OPTIONS"]
    assert options == {"prepare_threshold": after}
