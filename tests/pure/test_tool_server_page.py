"""The check that docs/howto/build-a-tool-server.md gives to those who build tools takes what we send, and nothing else."""

import re
from pathlib import Path

import pytest

from agents.tools.base import Secret
from agents.tools.credentials import Errand, mint
from agents.wire import WireRequest

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "build-a-tool-server.md"
KEY = b"9f" * 32
WIRE = WireRequest("POST", "/orders?x=%C3%A9", b'{"amount":25.5,"name":"Zo\xc3\xab"}', "application/json")


@pytest.fixture(scope="module")
def action_of():
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict = {}
    exec(code, names)  # noqa: S102 - our own page
    return names["action_of"]


def sent(seconds: int = 300) -> dict[str, str]:
    errand = Errand("action-1", digest="d" * 64, wire_digest=WIRE.digest(), seconds=seconds)
    secret = Secret("depot_key", host="depot", kind="hmac", value=KEY)
    return {"Authorization": mint(secret=secret, host="depot", errand=errand), "Idempotency-Key": "action-1"}


def test_it_takes_the_request_that_was_signed(action_of):
    found = action_of(sent(), WIRE.method, WIRE.path, WIRE.body, secret=KEY, host="depot")
    assert found == "action-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"target": "/orders?x=e"},
        {"body": b"{}"},
        {"secret": b"another"},
        {"host": "elsewhere"},
        {"headers": {}},
        {"headers": {"Authorization": "Bearer x"}},
        {"headers": sent() | {"Idempotency-Key": "action-2"}},
        {"headers": sent(seconds=-1)},
    ],
)
def test_it_takes_no_other(action_of, changed):
    asked = {"headers": sent(), "method": WIRE.method, "target": WIRE.path, "body": WIRE.body} | changed
    with pytest.raises(ValueError, match=r"."):
        action_of(**({"secret": KEY, "host": "depot"} | asked))
