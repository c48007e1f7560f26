"""Where passkeys can be: an https name, or this very machine by its name."""

import pytest

from controlplane.domains import passkey_origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8000", "http://localhost:8000"),
        ("http://[::1]:9000", "http://localhost:9000"),
        ("http://localhost", "http://localhost"),
        ("https://desk.example", "https://desk.example"),
        ("https://desk.example:443", "https://desk.example"),
        ("https://DESK.example:8443/", "https://desk.example:8443"),
        ("https://10.0.0.7", ""),
        ("https://[2001:db8::1]", ""),
        ("http://desk.example", ""),
        ("http://desk.localhost.example", ""),
        ("", ""),
    ],
)
def test_the_origin_is_a_name_that_browsers_trust(url, origin):
    assert passkey_origin(url) == origin
