"""A small refund service: the shop that the sample agent works for.

It stands for any system of yours that an approved action reaches over HTTP. It listens on loopback only, keeps
its own tables in its own PostgreSQL database, believes nothing but the credential on each call, and writes down
every effectful call it receives. README.md says how to run it.
"""

import argparse
import os
import signal
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import credential
import psycopg
import sample
from door import Door
from faults import Faults
from psycopg_pool import ConnectionPool, PoolTimeout


class Service(ThreadingHTTPServer):
    """The listening socket and what every request needs: the pool, the secret, the host's name, the faults."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, *, pool: ConnectionPool, secret: bytes, host: str, honour_keys: bool, faults):
        super().__init__(("127.0.0.1", port), Door)
        self.pool, self.secret, self.host = pool, secret, host
        self.honour_keys, self.faults = honour_keys, faults

    def handle_error(self, request, client_address) -> None:
        """Say in one line that a caller hung up; a traceback for each would bury the errors that are ours."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            return super().handle_error(request, client_address)
        sys.stderr.write(f"connection lost: {error!r}\n")


def main() -> int:
    """Run the service until SIGTERM or Ctrl-C. Returns 2 when it can't start, with a sentence on stderr."""
    given = _parse()
    try:
        secret = credential.read_secret(given.secret_file)
        pool = _open_pool(given.database_url)
        sample.prepare(pool, refill=given.load)
        service = Service(
            given.port,
            pool=pool,
            secret=secret,
            host=given.host_name,
            honour_keys=not given.ignore_keys,
            faults=Faults() if os.environ.get("REFUND_SERVICE_FAULTS") == "1" else None,
        )
    except (OSError, ValueError, PoolTimeout, psycopg.Error) as error:
        sys.stderr.write(f"The refund service can't start: {_explain(error, given)}\n")
        return 2
    _serve(service)
    pool.close()
    return 0


def _serve(service: Service) -> None:
    def stop(*_):
        if service.faults is not None:
            service.faults.stopping.set()
        # shutdown() waits for serve_forever() to return, so it can't be called on this thread.
        threading.Thread(target=service.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(f"refund service ready on http://127.0.0.1:{service.server_address[1]}\n")
    sys.stdout.flush()
    service.serve_forever(poll_interval=0.1)
    service.server_close()


def _open_pool(url: str) -> ConnectionPool:
    pool = ConnectionPool(
        url,
        min_size=1,
        max_size=10,
        timeout=10,
        open=False,
        check=ConnectionPool.check_connection,
        kwargs={"connect_timeout": 5, "options": "-c timezone=UTC -c lock_timeout=15s -c statement_timeout=15s"},
    )
    try:
        pool.open(wait=True, timeout=15)
    except PoolTimeout:
        pool.close()
        raise
    return pool


def _explain(error: Exception, given: argparse.Namespace) -> str:
    if isinstance(error, PoolTimeout):
        return "its database doesn't answer. Is PostgreSQL running, and does the database in --database-url exist?"
    if isinstance(error, OSError) and error.filename is None:
        return f"port {given.port} is taken ({error.strerror}). Choose another with --port, or 0 for any free one."
    return " ".join(str(error).split())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database-url", default=os.environ.get("SHOP_DATABASE_URL"), help="or SHOP_DATABASE_URL")
    parser.add_argument("--port", type=int, default=18055, help="on 127.0.0.1; 0 takes any free one")
    parser.add_argument("--secret-file", type=Path, required=True, help="holds the secret shared with Countersign")
    parser.add_argument("--host-name", default="refunds", help="this service's name among the [hosts]")
    parser.add_argument("--load", action="store_true", help="add sample rows that are missing, even if not empty")
    parser.add_argument("--ignore-keys", action="store_true", help="don't honour Idempotency-Key (for tests)")
    given = parser.parse_args()
    if not given.database_url:
        parser.error("give --database-url, or set SHOP_DATABASE_URL")
    return given


if __name__ == "__main__":
    sys.exit(main())
