"""The one way out, for tools, look-ups and webhooks: it looks a name up once, judges what it found, and connects to that.

Its connections end at one moment: a timeout for each read would let one byte a second last for ever.
"""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from functools import cache

import httpcore

from agents.tools import reach

#: For looking the name up and for connecting, together.
CONNECT_SECONDS = 3.0
#: A write is cut into pieces, so that a reader who takes one byte at a time meets the deadline as well.
_PIECE = 16 * 1024


class AddressRefused(httpcore.ConnectError):
    """The name leads where calls may not go. Nothing was sent, and nothing connected."""


class Network(httpcore.NetworkBackend):
    """Connections that end at `deadline` (of the monotonic clock), whatever the other side does in between.

    `inside`: whether the operator said that this host is inside; then it is nowhere else, and without that word it must
    be public. The name is looked up once, all it leads to is judged, and the connection goes to the address that was
    judged: a second answer of the name server's (DNS rebinding) is never asked for. TLS and the Host header keep the name.
    """

    def __init__(self, deadline: float, *, inside: bool):
        self.deadline, self.wanted = deadline, "inside" if inside else "public"
        self.sockets = httpcore.SyncBackend()

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        ends = min(self.deadline, time.monotonic() + CONNECT_SECONDS)
        *others, last = self._addresses(host, port, ends)
        for address in others:
            try:
                return self._connect(address, port, ends, socket_options)
            except httpcore.ConnectError:
                continue
        return self._connect(last, port, ends, socket_options)

    def _connect(self, address: str, port: int, ends: float, socket_options) -> httpcore.NetworkStream:
        left = _left(ends, httpcore.ConnectTimeout)
        return _Stream(self.sockets.connect_tcp(address, port, left, None, socket_options), self.deadline)

    def _addresses(self, host: str, port: int, ends: float) -> list[str]:
        """Return where the name leads. Raises AddressRefused if any of it is elsewhere than the operator said."""
        found = _written(host) or _look_up(host, port, ends)
        if not found:
            raise httpcore.ConnectError("the name leads nowhere")
        if any(reach.kind_of(address) != self.wanted for address in found):
            raise AddressRefused(f"this host isn't {self.wanted}, or not only")
        return [str(address) for address in found]


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: float):
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes, timeout=None):
        return self.stream.read(max_bytes, _left(self.deadline, httpcore.ReadTimeout))

    def write(self, buffer, timeout=None):
        for start in range(0, len(buffer), _PIECE):
            self.stream.write(buffer[start : start + _PIECE], _left(self.deadline, httpcore.WriteTimeout))

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        left = _left(self.deadline, httpcore.ConnectTimeout)
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, left), self.deadline)

    def close(self):
        self.stream.close()

    def get_extra_info(self, info):
        return self.stream.get_extra_info(info)


def pool(network: Network, url: httpcore.URL) -> httpcore.ConnectionPool:
    """Return what makes one exchange over this network; whoever asks for it closes it."""
    return httpcore.ConnectionPool(network_backend=network, ssl_context=_trust() if url.scheme == b"https" else None)


@cache  # reading all authorities takes longer than a call
def _trust() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


def _written(host: str) -> list[reach.Address]:
    """Return the address if one is written there, in its one plain form; nothing for any name or other spelling."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        return []


def _look_up(host: str, port: int, ends: float) -> list[reach.Address]:
    """Return what the name server says of a host, each address once, in its order. Raises ConnectError, ConnectTimeout.

    In a thread of its own, because the system's resolver knows no deadline.
    """
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def ask():
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=_left(ends, httpcore.ConnectTimeout))
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name server didn't answer in time") from None
    if isinstance(found, Exception):
        raise httpcore.ConnectError("the name can't be looked up") from found
    return [ipaddress.ip_address(text) for text in dict.fromkeys(place[0] for *_, place in found)]


def _left(deadline: float, late: type[Exception]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the time for the whole exchange is over")
    return left
