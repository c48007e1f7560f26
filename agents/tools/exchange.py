"""A network whose connections end at one moment: a timeout for each read would let one byte a second last for ever."""

import time

import httpcore

CONNECT_SECONDS = 3.0
#: A write is cut into pieces, so that a reader who takes one byte at a time meets the deadline as well.
_PIECE = 16 * 1024


class Network(httpcore.NetworkBackend):
    """Connections that end at `deadline` (of the monotonic clock), whatever the other side does in between."""

    def __init__(self, deadline: float):
        self.deadline = deadline
        self.sockets = httpcore.SyncBackend()

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        left = min(CONNECT_SECONDS, _left(self.deadline, httpcore.ConnectTimeout))
        return _Stream(self.sockets.connect_tcp(host, port, left, local_address, socket_options), self.deadline)


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


def _left(deadline: float, late: type[Exception]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the time for the whole exchange is over")
    return left
