"""The product's door and a worker as processes of their own, on a durable throw-away database, with a shop to ask.

What is measured is what a client sees over HTTP. The worker is started only where something is to be carried out.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

from bench import ready
from bench.crowd import at_once
from bench.ends import ENDS

POLICY = """
    policy: gated
    mode: scoped_autonomy
    facts:
      tenure_days:  {type: int, source: shop, sql: "select current_date - since::date from customers where id = %(payee)s"}
      refunds_90d:  {type: int, source: shop, sql: "select count(*) from refunds where customer_id = %(payee)s"}
      fraud_risk:   {type: number, source: shop, sql: "select fraud_risk from customers where id = %(payee)s"}
    rules:
      - {id: small, tool: transfer, then: allow, when: "amount_usd <= 25 && tenure_days >= 180 && refunds_90d == 0"}
      - {id: risky, tool: transfer, then: review, when: "fraud_risk >= 0.7"}
      - {id: big, tool: transfer, then: review, when: "amount_usd > 25"}
"""
SHOP = """
CREATE TABLE customers (id text PRIMARY KEY, since timestamptz NOT NULL, fraud_risk float8 NOT NULL);
CREATE TABLE refunds (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, customer_id text NOT NULL);
CREATE INDEX ON refunds (customer_id);
INSERT INTO customers SELECT 'C-' || n, now() - interval '400 days', 0.1 FROM generate_series(0, 9999) AS n;
CREATE ROLE shop_reader LOGIN PASSWORD 'reads'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_reader
"""
NOUNS = """
[hosts.refunds]
url = "{url}"
loopback = true

[secrets.shop_api]
host = "refunds"
kind = "hmac"
value_file = "secrets/shop_api"

[sources.shop]
kind = "sql"
dsn_file = "secrets/shop_dsn"
"""
_number = count()


class Stack:
    """A door at `port`, an agent with a policy and a token, and a person who signs."""

    def __init__(self):
        ready.prepare()
        from django.test.utils import setup_databases

        from controlplane.embedded import Postgres
        from tests.product import free_port
        from tests.servers import ours

        self.servers, self.port = ours[0], free_port()
        ENDS.callback(self.servers.stop)
        self.servers.postgres = Postgres(self.servers.place)  # durable, as the product's own
        self.servers.start()
        self._run("postgres", "CREATE DATABASE shop")
        self._run("shop", SHOP)
        setup_databases(verbosity=0, interactive=False, aliases=["default", "owner"])
        self._write_nouns()
        self._populate()

    # -- what is asked of it -------------------------------------------------------------------------------------------

    def submit(self, path: str, calls: int, *, clients: int) -> float:
        """Let so many clients make these calls in all, at once, and return how many were answered in a second."""
        each = calls // clients

        def run(ready: Callable[[], object]) -> None:
            client = http.client.HTTPConnection("127.0.0.1", self.port)
            client.connect()
            ready()
            for _ in range(each):
                self._post(client, path)
            client.close()

        return each * clients / at_once([run] * clients)

    def held(self, many: int) -> Iterator:
        """Propose so many payments that a person must sign, and return their rows."""
        from agents.models import Action
        from tests.factories import make_action

        for _ in range(many):
            arguments = {"payee": f"C-{next(_number) % 10_000}", "amount_usd": "50.00"}
            yield Action.objects.get(
                pk=make_action(self.agent, "transfer", arguments=arguments, key=f"h{next(_number)}").pk
            )

    def watch(self) -> None:
        """Start the worker, once."""
        if not self._worker_runs:
            words = ["-A", "bench.floor_worker", "worker", "-c", "2", "--without-gossip", "--without-mingle"]
            self._spawn("worker", "celery", *words)
            self._worker_runs = True

    def run_as_owner(self, *statements: str) -> None:
        """Run statements in the product's database, as its superuser."""
        self._run(self.database, *statements)

    # -- how it is made ------------------------------------------------------------------------------------------------

    def _post(self, client: http.client.HTTPConnection, path: str) -> None:
        number = next(_number)
        body = {"tool": "transfer", "arguments": {"payee": f"C-{number % 10_000}", "amount_usd": "12.50"}}
        headers = {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Idempotency-Key": f"k{number}",
        }  # fmt: skip
        client.request("POST", path, json.dumps(body), headers)
        answer = client.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{path} answered {answer.status}: {said[:300]!r}")

    def _write_nouns(self) -> None:
        from tests.toolserver import SECRET, serving

        tool = ENDS.enter_context(serving())
        home = self.servers.home
        (home / "secrets").mkdir(exist_ok=True)
        for name, text in {"shop_api": SECRET.decode(), "shop_dsn": self._dsn()}.items():
            (home / "secrets" / name).write_text(text)
            (home / "secrets" / name).chmod(0o600)
        (home / "countersign.toml").write_text(NOUNS.format(url=tool.url))
        from controlplane import operator

        operator.load(home)

    def _dsn(self) -> str:
        return f"postgresql://shop_reader:reads@/shop?host={self.servers.postgres.place.sockets}"

    def _populate(self) -> None:
        from django.db import connections

        from agents import identities
        from audit.actors import Actor
        from bench.floor import TABLE
        from tests.factories import TRANSFER, give_policy, make_agent, make_person

        self.owner, self.signer = make_person("bench-owner"), make_person("bench-signer", "leads")
        sign = dict.fromkeys(("2", "3", "4"), ["leads"])
        self.agent = give_policy(make_agent("gated", owner=self.owner, sign=sign, tools=(TRANSFER,)), POLICY)
        self.token = identities.issue(agent=self.agent, by=Actor.SYSTEM)[1]
        self.database = connections["default"].settings_dict["NAME"]
        self.run_as_owner(*TABLE.split(";"))
        self._worker_runs = False
        self._serve()

    def _serve(self) -> None:
        from controlplane.up import UVICORN_OPTIONS, is_ready

        self._spawn("web", "uvicorn", "controlplane.asgi:application", "--port", str(self.port), *UVICORN_OPTIONS)
        deadline = time.monotonic() + 60
        while not is_ready(self.port):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the door doesn't open: {(self.servers.home / 'web.log').read_text()[-2000:]}")
            time.sleep(0.1)

    def _spawn(self, name: str, module: str, *words: str) -> None:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "bench.floor",
            "DATABASE_URL": self.servers.postgres.url("cs_app", self.database),
            "DATABASE_OWNER_URL": self.servers.postgres.url("cs_app", self.database),
            "COUNTERSIGN_PORT": str(self.port),
            "COUNTERSIGN_TOKEN_PER_MINUTE": "0",
        }
        log = ENDS.enter_context((self.servers.home / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[1],
        )
        ENDS.callback(_end, process)

    def _run(self, database: str, *statements: str) -> None:
        import psycopg

        with psycopg.connect(self.servers.postgres.url("postgres", database), autocommit=True) as superuser:
            for statement in statements:
                superuser.execute(statement)


def _end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@cache
def stack() -> Stack:
    return Stack()
