"""A mail server in a thread: it speaks SMTP, keeps what it was given, and refuses or dawdles when a test wants it to."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from django.test import override_settings


@dataclass
class Mailbox:
    """What the server was given, and how it behaves. `answers`: what it says to RCPT, one after the other; then 250."""

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    #: What it answers byte by byte, 0.3 s apart: a command, or `greeting`.
    drips: str = ""
    #: A mail is taken only when this is set.
    open: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.verb = "greeting"
        self.say("220 mail.example ESMTP")
        for line in self.rfile:
            words = line.decode("ascii", "replace").split(None, 1) or [""]
            verb = self.verb = words[0].upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            if verb == "DATA":
                self.take()
            elif verb == "RCPT":
                self.rcpt(line.decode().strip())
            else:
                self.say("250 ok")

    def rcpt(self, line: str):
        box = self.server.box
        box.reached.set()
        box.open.wait(30)
        answer = box.answers.pop(0) if box.answers else "250 ok"
        if answer.startswith("250"):
            box.recipients.append(line.partition("<")[2].partition(">")[0])
        self.say(answer)

    def take(self):
        self.say("354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        else:
            return  # they hung up before the end
        whole = b"".join(lines)
        self.server.box.raw.append(whole)
        self.server.box.mails.append(message_from_bytes(whole, policy=policy.default))
        self.say("250 taken")

    def say(self, line: str):
        whole = f"{line}\r\n".encode()
        if self.server.box.drips != self.verb:
            self.wfile.write(whole)
            return
        with suppress(OSError):  # nobody waits for the end of it
            for byte in whole:
                time.sleep(0.3)
                self.wfile.write(bytes([byte]))


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a mail server on a free port of loopback, and let the product send its mail there."""
    box = Mailbox()
    box.open.set()
    with socketserver.ThreadingTCPServer((box.host, 0), _Session) as server:
        server.daemon_threads, server.box = True, box
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with sending_to(box.port):
            yield box
        box.open.set()
        server.shutdown()


def sending_to(port: int):
    """Let the product send its mail to this port of loopback, as `COUNTERSIGN_MAIL_URL` would."""
    return override_settings(
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_TIMEOUT=5,
        MAIL_IS_SET_UP=True,
        DEFAULT_FROM_EMAIL="desk@countersign.example",
        PUBLIC_URL="https://desk.example",
    )


def text_of(mail: EmailMessage) -> str:
    return mail.get_content().replace("\r\n", "\n")
