"""Nothing we send reaches inside: addresses in every spelling, and names that lead elsewhere, at every caller."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import httpcore
import pytest

from agents.lookups import web
from agents.lookups.found import Unanswered
from agents.policy.language import HttpLookup
from agents.tools import base, exchange, http, reach
from agents.wire import WireRequest
from approvals.telling import webhooks
from approvals.telling.endpoints import Endpoint
from approvals.telling.trouble import Failed
from controlplane.addresses import why_not_address
from tests.toolserver import says, serving

ROOT = Path(__file__).parents[2]
#: What leads inside or nowhere, however it is written. The resolver's own short spellings stand among them.
FORBIDDEN = """
127.0.0.1 127.0.0.53 127.255.255.254 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0x0.0x0.0x1 017700000001 0177.0.0.1
0 0.0.0.0 0x0 0.1.2.3 10.0.0.1 10.255.255.255 0xa000001 012.0.0.1 167772161 172.16.0.1 172.31.255.255 2886729729
192.168.0.1 192.168.1 3232235521 100.64.0.1 100.127.255.254 169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376
169.254.170.2 169.254.0.1 168.63.129.16 100.100.100.200 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255
198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
::1 :: ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b:1::7f00:1 2002:7f00:1:: 2002:a9fe:a9fe:: 2002:c0a8:1:: 2001::1
2001:0:7f00:1:: 2001:db8::1 3fff::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%1 fec0::1 ff02::1 ff0e::1
100::1 5f00::1 4000::1
""".split()
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.63.255.255", "193.0.0.1", "2001:4860:4860::8888", "2a00:1450::1"]
CARRIED = ["64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"]
INSIDE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "::1", "fd12::1"]
WIRE = WireRequest(method="GET", path="/", body=b"", content_type="")


class Wires:
    """Counts what is looked up, and where sockets would connect; lets them connect nowhere unless told."""

    def __init__(self, monkeypatch, *answers: list[str], really: bool = False):
        self.asked, self.connected, self._answers = [], [], list(answers)
        self._look_up, self._connect, self._really = socket.getaddrinfo, socket.socket.connect, really
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)
        monkeypatch.setattr(socket.socket, "connect", self._note(really))

    def look_up(self, host, port, *args, **kwargs):
        if not self._answers or not str(host).endswith(".example"):
            return self._look_up(host, port, *args, **kwargs)
        self.asked.append(host)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in answer]

    def _note(self, really: bool) -> Callable:
        def connect(sock, address):
            self.connected.append(address[0])
            if not really:
                raise ConnectionRefusedError
            return self._connect(sock, address)

        return connect


# --- every caller, as the product calls


def by_tool(url: str, *, inside: bool = False) -> str:
    with mock.patch.dict(base.hosts, {"h": base.Host("h", url, loopback=inside)}):
        result = http.send({"host": "h"}, WIRE, errand=errand(), deadline=time.monotonic() + 5)
    return result.reason if not isinstance(result, http.Response) else str(result.status)


def by_source(url: str, *, inside: bool = False) -> str:
    lookup = HttpLookup(source="s", path="/")
    with mock.patch.dict(base.hosts, {"h": base.Host("h", url, loopback=inside)}):
        try:
            web.of_source(base.HttpSource("s", "h"), lookup, {}).ask(time.monotonic() + 5)
        except Unanswered as why:
            return {web._SENTENCES["address_refused"]: "address_refused"}.get(str(why), str(why))
    return "200"


def by_webhook(url: str, *, inside: bool = False) -> str:
    try:
        answer = webhooks.post(Endpoint("w", url, frozenset(), b"k" * 32, loopback=inside), number="1", body=b"{}")
    except Failed as why:
        return "address_refused" if "may not go to" in str(why) else str(why)
    return str(answer.status)


def errand() -> http.Errand:
    return http.Errand(id="e", digest="d", wire_digest="w", seconds=5)


CALLERS = [by_tool, by_source, by_webhook]


def is_plain(address: str) -> bool:
    """Whether a name server could answer so: other spellings are people's."""
    try:
        return bool(ipaddress.ip_address(address))
    except ValueError:
        return False


def written(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_caller_connects_to_a_forbidden_address_however_it_is_written(monkeypatch, caller, address):
    wires = Wires(monkeypatch)
    assert caller(f"https://{written(address)}") != "200"
    assert wires.connected == []


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("address", [one for one in FORBIDDEN if is_plain(one)])
def test_no_caller_connects_to_a_forbidden_address_that_a_name_leads_to(monkeypatch, caller, address):
    wires = Wires(monkeypatch, [address])
    assert caller("https://pay.example") == "address_refused"
    assert wires.connected == []


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("inside", ["localhost", "localhost.", "LOCALHOST"])
def test_names_of_this_very_machine_are_refused(monkeypatch, caller, inside):
    wires = Wires(monkeypatch)
    assert caller(f"https://{inside}") != "200"
    assert wires.connected == []


@pytest.mark.parametrize("caller", CALLERS)
def test_one_inside_address_among_public_ones_refuses_them_all(monkeypatch, caller):
    wires = Wires(monkeypatch, ["8.8.8.8", "10.0.0.5"])
    assert caller("https://pay.example") == "address_refused"
    assert wires.connected == []


@pytest.mark.parametrize("caller", CALLERS)
def test_a_name_that_leads_inside_at_the_second_look_is_never_looked_at_twice(monkeypatch, caller):
    wires = Wires(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    caller("https://pay.example")
    assert (wires.asked, wires.connected) == (["pay.example"], ["8.8.8.8"])


@pytest.mark.parametrize("caller", CALLERS)
def test_every_address_of_a_name_is_tried_and_only_those_judged(monkeypatch, caller):
    wires = Wires(monkeypatch, ["8.8.8.8", "1.1.1.1"], ["127.0.0.1"])
    caller("https://pay.example")
    assert wires.connected == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("caller", CALLERS)
def test_a_host_named_inside_is_never_looked_for_outside(monkeypatch, caller):
    wires = Wires(monkeypatch, ["8.8.8.8"])
    assert caller("http://shop.example", inside=True) == "address_refused"
    assert wires.connected == []


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "0.0.0.0", "255.255.255.255"])
def test_not_even_a_host_named_inside_reaches_a_clouds_metadata(monkeypatch, caller, address):
    wires = Wires(monkeypatch, [address])
    assert caller("http://shop.example", inside=True) == "address_refused"
    assert wires.connected == []


@pytest.mark.parametrize("caller", CALLERS)
def test_a_host_named_inside_is_called_at_the_judged_address_under_its_own_name(monkeypatch, caller):
    with serving(says(200, {"ok": True})) as tool:
        port = int(tool.url.rpartition(":")[2])
        wires = Wires(monkeypatch, ["127.0.0.1"], really=True)
        assert caller(f"http://shop.example:{port}", inside=True) == "200"
    assert tool.calls[0].headers["Host"] == f"shop.example:{port}"
    assert wires.connected == ["127.0.0.1"]


def tls_asked(monkeypatch) -> list[tuple]:
    """Let every connection end where TLS begins; return what it was to begin with, as it happens."""
    asked = []

    class Silent(httpcore.NetworkStream):
        def start_tls(self, ssl_context, server_hostname=None, timeout=None):
            asked.append((server_hostname, ssl_context))
            raise httpcore.ConnectError

        def close(self):
            """Nothing is open."""

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_, **__: Silent())
    return asked


def test_tls_asks_for_the_name_and_not_for_the_address(monkeypatch):
    wires, asked = Wires(monkeypatch, ["8.8.8.8"]), tls_asked(monkeypatch)
    assert by_tool("https://pay.example") == "tool_unreachable"
    [(name, context)] = asked
    assert (name, context.check_hostname, context.verify_mode) == ("pay.example", True, ssl.CERT_REQUIRED)
    assert wires.asked == ["pay.example"]


def test_whom_to_trust_is_read_once_a_process(monkeypatch):
    Wires(monkeypatch, ["8.8.8.8"])
    asked = tls_asked(monkeypatch)
    for caller in CALLERS * 2:
        caller("https://pay.example")
    assert len(asked) == 6 and len({id(context) for _, context in asked}) == 1


@pytest.mark.parametrize("caller", CALLERS)
def test_a_name_server_that_is_silent_ends_with_the_time_to_connect(monkeypatch, caller):
    monkeypatch.setattr(exchange, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(60))
    begun = time.monotonic()
    assert caller("https://pay.example") not in ("200", "address_refused")
    assert time.monotonic() - begun < 30


# --- redirects, proxies, packed answers


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_inside_is_not_followed(caller, status):
    with serving(says(status, {}, Location="http://169.254.169.254/latest/meta-data/")) as tool:
        caller(tool.url, inside=True)
        assert len(tool.calls) == 1


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used(monkeypatch, caller, name):
    with serving() as proxy, serving() as tool:
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert caller(tool.url, inside=True) == "200"
        assert (len(proxy.calls), len(tool.calls)) == (0, 1)


def test_a_packed_answer_is_never_unpacked():
    import gzip

    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < http.MAX_ANSWER_BYTES
    with serving(says(200, bomb, **{"Content-Encoding": "gzip", "Content-Type": "application/json"})) as tool:
        host = base.host("refunds")
        response = http.send({"host": host.name}, WIRE, errand=errand(), deadline=time.monotonic() + 5)
    assert response.body == bomb
    assert "Accept-Encoding" not in tool.calls[0].headers


def test_headers_without_end_are_given_up():
    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(20_000):
            handler.wfile.write(f"X-{number}: {'a' * 100}\r\n".encode())

    with serving(endless) as tool:
        assert by_tool(tool.url, inside=True) == "connection_lost"


# --- the rules themselves


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address):
    assert reach.kind_of(ipaddress.ip_address(address)) == "public"


@pytest.mark.parametrize("address", CARRIED)
def test_an_address_that_carries_a_public_one_is_public(address):
    assert reach.kind_of(ipaddress.ip_address(address)) == "public"


@pytest.mark.parametrize("address", INSIDE)
def test_a_private_address_is_inside(address):
    assert reach.kind_of(ipaddress.ip_address(address)) == "inside"


@pytest.mark.parametrize("address", FORBIDDEN)
def test_the_operators_file_refuses_what_is_written_inside(address):
    assert why_not_address(f"https://{written(address)}", loopback=False)


def test_the_set_is_as_large_as_we_say():
    assert len(set(FORBIDDEN)) >= 60


def test_nothing_else_in_the_product_opens_connections():
    """The one way out is `exchange`; mail has the operator's own server, `up` asks itself how it is, and `doctor` knocks at
    what the operator named, and sends nothing."""
    ways = ("import httpx", "\nimport requests", "urllib.request", "http.client", "smtplib", "SyncBackend", "aiohttp")
    allowed = {
        "agents/tools/exchange.py",
        "approvals/telling/smtp.py",
        "approvals/telling/mail.py",
        "controlplane/up.py",
        "controlplane/doctor/outside.py",
    }
    rooms = [path for room in ("audit", "agents", "approvals", "controlplane") for path in (ROOT / room).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in rooms if any(way in path.read_text() for way in ways)}
    assert found <= allowed
    pools = {str(path.relative_to(ROOT)) for path in rooms if "ConnectionPool(" in path.read_text()}
    assert pools == {"agents/tools/exchange.py"}
    assert "ConnectionPool(network_backend=network," in (ROOT / "agents/tools/exchange.py").read_text()
