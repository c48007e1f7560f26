"""The way to the mail server, with one deadline for each mail: a server that drips its answers holds nobody up.

A socket's timeout begins anew with every byte, so it bounds no conversation. Here each step waits at most for what is left.
"""

import io
import smtplib
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

#: For all that is said with the server about one mail, the connection and the farewell included.
SECONDS = 30.0


class Backend(EmailBackend):
    """Django's backend, whose connection stays open for the next mail. Raises TimeoutError or SMTPException when late."""

    def __init__(self, *args, seconds: float = SECONDS, **options):
        super().__init__(*args, **options)
        self.seconds, self.ends = seconds, time.monotonic() + seconds
        self.timeout = min(self.timeout or seconds, seconds)

    @property
    def connection_class(self):
        return partial(_OverTls if self.use_ssl else _Plain, left=self._left)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.ends = time.monotonic() + self.seconds
        self.open()  # Django closes only what it has opened in there itself
        return super().send_messages(email_messages)

    def _left(self) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this mail is over")
        return left


class _Bounded(smtplib.SMTP):
    def __init__(self, *args, left: Callable[[], float], **options):
        self._left = left
        super().__init__(*args, **options)

    def getreply(self):
        if self.file is None:
            self.file = io.BufferedReader(_Answers(self.sock, self._wait))
        return super().getreply()

    def send(self, s):
        if self.sock is not None:
            try:
                self.sock.settimeout(self._wait())
            except TimeoutError as error:
                self.close()
                raise smtplib.SMTPServerDisconnected("out of time") from error
        super().send(s)

    def _wait(self) -> float:
        return min(self.timeout, self._left())


class _Plain(_Bounded):
    """In the clear, or after STARTTLS."""


class _OverTls(_Bounded, smtplib.SMTP_SSL):
    """TLS from the first byte."""


class _Answers(io.RawIOBase):
    """What the server says, read while there is time."""

    def __init__(self, sock: socket.socket, wait: Callable[[], float]):
        self._sock, self._wait = sock, wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self._sock.settimeout(self._wait())
        return self._sock.recv_into(buffer)
