import ast
import importlib
import os
import py_compile

import pytest

from agents.runtimes import base as runtimes
from agents.tools import base
from controlplane import operator
from controlplane.addresses import why_not_address
from controlplane.operator import BadOperatorFile

GOOD = """\
[hosts.refunds]
url = "http://127.0.0.1:18055"
loopback = true

[hosts.bank]
url = "https://api.bank.example/"

[secrets.shop_api]
host = "refunds"
kind = "hmac"
value_file = "secrets/shop_api"

[secrets.bank_key]
host = "bank"
kind = "bearer"
env = "BANK_KEY"

[sources.shop]
kind = "sql"
dsn_file = "secrets/shop_dsn"
schemas = ["public", "sales"]

[sources.crm]
kind = "sql"
dsn_env = "CRM_DSN"

[sources.rates]
kind = "http"
host = "bank"
secret = "bank_key"
"""
DSN = "postgresql://reader:hunter2hunter2@db.example/shop"


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "shop_api").write_bytes(b"0123456789abcdef\n")
    (tmp_path / "secrets" / "shop_api").chmod(0o600)
    (tmp_path / "secrets" / "shop_dsn").write_text(f"{DSN}\n")
    (tmp_path / "secrets" / "shop_dsn").chmod(0o600)
    monkeypatch.setenv("BANK_KEY", "abcdefghijklmnop")
    monkeypatch.setenv("CRM_DSN", "host=crm.example user=reader dbname=crm")
    (tmp_path / "countersign.toml").write_text(GOOD)
    known = set(runtimes.kinds())
    yield tmp_path
    base.configure({}, {})
    for kind in set(runtimes.kinds()) - known:
        del runtimes._kinds[kind]


def refusal(home, text: str) -> str:
    (home / "countersign.toml").write_text(text)
    with pytest.raises(BadOperatorFile) as refused:
        operator.read(home)
    return str(refused.value)


def test_hosts_and_secrets_reach_the_registry_by_name(home):
    operator.load(home)
    assert base.host("refunds") == base.Host("refunds", "http://127.0.0.1:18055", loopback=True)
    assert base.host("bank").url == "https://api.bank.example"
    assert base.secret("shop_api").value == b"0123456789abcdef"
    assert base.secret("bank_key").value == b"abcdefghijklmnop"


def test_sources_reach_the_registry_by_name(home):
    operator.load(home)
    assert base.source("shop") == base.SqlSource("shop", DSN, ("public", "sales"))
    assert base.source("crm") == base.SqlSource("crm", "host=crm.example user=reader dbname=crm", ("public",))
    assert base.source("rates") == base.HttpSource("rates", "bank", "bank_key")


def test_no_file_means_no_hosts(tmp_path):
    assert operator.read(tmp_path) == operator.Nouns()


def test_loading_again_forgets_what_the_file_no_longer_says(home):
    operator.load(home)
    (home / "countersign.toml").write_text("")
    operator.load(home)
    with pytest.raises(base.UnknownHost, match=r"\[hosts.bank\]"):
        base.host("bank")
    with pytest.raises(base.UnknownSecret, match=r"\[secrets.shop_api\]"):
        base.secret("shop_api")
    with pytest.raises(base.UnknownSource, match=r"\[sources.shop\].*Known: none"):
        base.source("shop")


def test_a_secret_never_shows_in_a_repr(home):
    shown = repr(operator.read(home))
    assert "0123456789abcdef" not in shown and "hunter2" not in shown


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('url = "http://127', 'addres = "http://127', "countersign.toml:2: hosts.refunds.addres"),
        ("loopback = true", 'loopback = "yes"', "countersign.toml:3: hosts.refunds.loopback"),
        ("loopback = true", "", "countersign.toml:2: hosts.refunds.url"),
        ("https://api", "http://api", "countersign.toml:6: hosts.bank.url"),
        ('kind = "hmac"', 'kind = "basic"', "countersign.toml:10: secrets.shop_api.kind"),
        ('host = "bank"', 'host = "banks"', "countersign.toml:14: secrets.bank_key.host"),
        ('env = "BANK_KEY"', 'value = "hunter2"', "countersign.toml:16: secrets.bank_key.value"),
        ('env = "BANK_KEY"', "", "countersign.toml:13: secrets.bank_key"),
        ("[hosts.bank]", "[hosts.Bank]", "countersign.toml:5: hosts.Bank"),
        ("[hosts.bank]", "[host.bank]", 'countersign.toml:5: host: not a table we know: did you mean "hosts"?'),
        ("[secrets.bank_key]", "[secret.bank_key]", "countersign.toml:13: secret: not a table we know"),
        ("[secrets.bank_key]", "[ 'secret' . bank_key ]", "countersign.toml:13: secret: not a table we know"),
        ("[hosts.bank]", "[[host]]", "countersign.toml:5: host: not a table we know"),
        ("[hosts.refunds]", "secret.x = 1\n[hosts.refunds]", "countersign.toml:1: secret: not a table we know"),
        ("[hosts.bank]", "[zzz.bank]", "countersign.toml:5: zzz: not a table we know: write one of hosts, secrets"),
        (
            "[hosts.bank]",
            "[hosts.bank]\nurll = 1",
            'countersign.toml:6: hosts.bank.urll: not a key of hosts: did you mean "url"?',
        ),
        ('kind = "sql"', 'kind = "mysql"', "countersign.toml:19: sources.shop.kind"),
        ('kind = "sql"', "kind = []", "countersign.toml:19: sources.shop.kind"),
        ('kind = "sql"', "", "countersign.toml:18: sources.shop.kind"),
        ('dsn_file = "secrets/shop_dsn"', f'dsn = "{DSN}"', "countersign.toml:20: sources.shop.dsn: not a key"),
        ('dsn_file = "secrets/shop_dsn"', "", "countersign.toml:18: sources.shop: say where the address is"),
        ('dsn_env = "CRM_DSN"', 'dsn_env = "CRM_DSN"\ndsn_file = "x"', "countersign.toml:23: sources.crm: say where"),
        ('dsn_env = "CRM_DSN"', "dsn_env = 5", "countersign.toml:23: sources.crm: say where"),
        ('["public", "sales"]', '"public"', "countersign.toml:21: sources.shop.schemas"),
        ('["public", "sales"]', "[]", "countersign.toml:21: sources.shop.schemas"),
        ('["public", "sales"]', '["pg_catalog"]', "countersign.toml:21: sources.shop.schemas: pg_catalog is"),
        ('["public", "sales"]', '["information_schema"]', "countersign.toml:21: sources.shop.schemas"),
        (
            'dsn_env = "CRM_DSN"',
            'dsn_env = "CRM_DSN"\nhost = "bank"',
            "countersign.toml:26: sources.crm.host: not a key",
        ),
        ('kind = "http"', 'kind = "http"\nschemas = []', "countersign.toml:29: sources.rates.schemas: not a key"),
        ('kind = "http"\nhost = "bank"', 'kind = "http"\nhost = "banks"', "countersign.toml:29: sources.rates.host"),
        ('secret = "bank_key"', 'secret = "bank_keys"', "countersign.toml:30: sources.rates.secret"),
        (
            'secret = "bank_key"',
            'secret = "shop_api"',
            "countersign.toml:30: sources.rates.secret: this secret is bound",
        ),
        ("[sources.rates]", "[sources.Rates]", "countersign.toml:27: sources.Rates"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_line(home, old, new, place):
    assert place in refusal(home, GOOD.replace(old, new, 1))


def test_what_is_not_toml_is_refused_with_its_line(home):
    assert "countersign.toml:2:7: not TOML: " in refusal(home, "[hosts.a]\nurl = https://x\n")
    assert "countersign.toml: not TOML: " in refusal(home, "[hosts.a]\nurl = ")


def test_a_file_that_cannot_be_read_is_refused(home):
    (home / "countersign.toml").unlink()
    (home / "countersign.toml").mkdir()
    with pytest.raises(BadOperatorFile, match="can't be read"):
        operator.read(home)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda path: path.unlink(), "can't be read"),
        (lambda path: path.chmod(0o644), "chmod 600"),
        (lambda path: path.write_bytes(b"short"), "at least 16"),
    ],
)
def test_a_secret_that_is_not_there_or_not_private_is_not_used_and_says_why(home, harm, reason):
    harm(home / "secrets" / "shop_api")
    operator.load(home)
    with pytest.raises(base.UnknownSecret, match=reason):
        base.secret("shop_api")
    assert base.secret("bank_key")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda path: path.unlink(), "can't be read"),
        (lambda path: path.chmod(0o644), "chmod 600"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("mysql://reader:hunter2@db.example/shop"), "isn't an address of PostgreSQL"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "isn't an address of PostgreSQL"),
    ],
)
def test_a_source_whose_address_is_not_there_or_not_private_is_not_used_and_says_why(home, harm, reason):
    harm(home / "secrets" / "shop_dsn")
    operator.load(home)
    with pytest.raises(base.UnknownSource, match=reason) as unknown:
        base.source("shop")
    assert "hunter2" not in unknown.value.detail
    assert base.source("crm") and base.source("rates")


def test_a_source_whose_variable_is_not_set_is_said(home, monkeypatch):
    monkeypatch.delenv("CRM_DSN")
    assert "CRM_DSN" in operator.read(home).unusable_sources["crm"]


def test_a_mistake_in_a_source_never_repeats_its_address(home):
    assert "hunter2" not in refusal(home, GOOD.replace('dsn_file = "secrets/shop_dsn"', f'dsn = "{DSN}"'))


def test_a_variable_that_is_not_set_is_said(home, monkeypatch):
    monkeypatch.delenv("BANK_KEY")
    assert "BANK_KEY" in operator.read(home).unusable["bank_key"]


def test_a_bearer_secret_cannot_smuggle_a_header(home, monkeypatch):
    monkeypatch.setenv("BANK_KEY", "abcdefghijklmnop\nX-Evil: 1")
    assert "visible ASCII" in operator.read(home).unusable["bank_key"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f000001", "https://0x7f.1", "https://017700000001",
        "https://localhost", "https://x.localhost", "https://10.1.2.3", "https://192.168.0.1", "https://172.16.0.1",
        "https://169.254.169.254", "https://0.0.0.0", "https://[::1]", "https://[::ffff:127.0.0.1]", "https://[fd00::1]",
        "https://[fe80::1]", "https://100.64.0.1", "https://224.0.0.1", "https://db.internal", "https://127.0.0.1.",
    ],
)  # fmt: skip
def test_an_inside_address_needs_an_explicit_entry(url):
    assert why_not_address(url, loopback=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:18055", "http://[::1]:80", "https://10.1.2.3", "http://shop:8080"])
def test_an_explicit_entry_lets_inside_addresses_in(url):
    assert why_not_address(url, loopback=True) is None


def test_a_public_address_is_no_inside_one():
    assert "public" in why_not_address("http://8.8.8.8", loopback=True)


@pytest.mark.parametrize("url", ["https://api.bank.example", "https://api.bank.example:8443/", "https://8.8.8.8"])
def test_public_addresses_over_https_are_fine(url):
    assert why_not_address(url, loopback=False) is None


@pytest.mark.parametrize(
    "url",
    [
        "", "bank.example", "ftp://bank.example", "https://", "https://user:pw@bank.example", "https://bank.example/v1",
        "https://bank.example?x=1", "https://bank.example?", "https://bank.example#", "https://bank.example:99999",
        "https://bank.example:0x1", "https://bank .example", "https://bank.example\\@evil.example", "https://[::1", "https://a\nb",
    ],
)  # fmt: skip
def test_what_is_more_or_less_than_scheme_host_and_port_is_refused(url):
    assert why_not_address(url, loopback=False)


def test_a_process_does_not_start_on_a_broken_file(home):
    import subprocess
    import sys

    (home / "countersign.toml").write_text("[hosts.a]\nurl = 3\n")
    environment = os.environ | {"COUNTERSIGN_HOME": str(home), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    words = [sys.executable, "manage.py", "agent", "list"]
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "countersign.toml:2: hosts.a.url" in ended.stderr
    assert "Traceback" not in ended.stderr


# --- what runs need

RUNS = """\
[hosts.refunds]
url = "http://127.0.0.1:18055"
loopback = true
per_minute = 120

[teams.support]
usd_per_day = 12.50
actions_per_day = 900

[pools.local]
per_minute = 30
burst = 5

[scripts.refunds]
load = "refunds:handle"
path = "scripts"

[runtimes.echo]
load = "echo:Echo"
path = "scripts"
"""
HANDLER = (
    "from dataclasses import dataclass\n\n@dataclass\nclass Kept:\n    n: int = 0\n\ndef handle(task):\n    yield 1\n"
)
RUNTIME = "class Echo:\n    def estimate(self, *told): ...\n    def step(self, *told): ...\n"


@pytest.fixture
def folder(home):
    """The folder with the operator's own code, named by the operator's file."""
    (home / "countersign.toml").write_text(RUNS)
    (home / "scripts").mkdir()
    (home / "scripts" / "refunds.py").write_text(HANDLER)
    (home / "scripts" / "echo.py").write_text(RUNTIME)
    return home / "scripts"


def test_what_runs_need_reaches_the_registry_by_name(home, folder):
    operator.load(home)
    assert base.host("refunds").per_minute == 120
    assert base.team("support") == base.Team("support", {"micros": 12_500_000, "actions": 900})
    assert base.pool("local") == base.Pool("local", per_minute=30, burst=5)
    assert list(base.script("refunds")(None)) == [1]
    assert type(runtimes.get("echo")).__name__ == "Echo"
    assert base.runtime("echo").__name__ == "Echo"


def test_what_is_not_said_of_a_rate_is_the_least(home, folder):
    (home / "countersign.toml").write_text("[pools.local]\nper_minute = 30\n" + GOOD)
    operator.load(home)
    assert base.pool("local").burst == 1 and base.host("refunds").per_minute is None


@pytest.mark.parametrize(
    ("find", "unknown", "words"),
    [
        (base.team, base.UnknownTeam, r"no team 'x': the operator adds \[teams.x\].*Known: none"),
        (base.pool, base.UnknownPool, r"\[pools.x\]"),
        (base.script, base.UnknownScript, r"\[scripts.x\]"),
        (base.runtime, base.UnknownKind, r"\[runtimes.x\]"),
    ],
)
def test_what_nobody_named_is_refused_with_what_the_operator_writes(home, find, unknown, words):
    operator.load(home)
    with pytest.raises(unknown, match=words):
        find("x")


def test_an_amount_is_exactly_what_is_written(home):
    (home / "countersign.toml").write_text("[teams.a]\nusd_per_day = 4.1\n[teams.b]\nusd_per_day = 1e2\n")
    teams = operator.read(home).teams
    assert (teams["a"].caps, teams["b"].caps) == ({"micros": 4_100_000}, {"micros": 100_000_000})


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("per_minute = 120", "per_minute = 0", "countersign.toml:4: hosts.refunds.per_minute: write a whole number"),
        ("per_minute = 120", 'per_minute = "120"', "countersign.toml:4: hosts.refunds.per_minute"),
        ("usd_per_day = 12.50", "usd_per_day = 0", "countersign.toml:7: teams.support.usd_per_day: write more than 0"),
        ("usd_per_day = 12.50", "usd_per_day = -1", "countersign.toml:7: teams.support.usd_per_day: write an amount"),
        ("usd_per_day = 12.50", "usd_per_day = 0.0000001", "teams.support.usd_per_day: write at most six decimals"),
        ("usd_per_day = 12.50", "usd_per_day = true", "teams.support.usd_per_day: write an amount in US dollars"),
        ("usd_per_day = 12.50", "usd_per_day = inf", "teams.support.usd_per_day: write an amount in US dollars"),
        ("usd_per_day = 12.50", "usd_per_run = 1", "countersign.toml:7: teams.support.usd_per_run: not a key of teams"),
        ("actions_per_day = 900", "actions_per_day = 1.5", "countersign.toml:8: teams.support.actions_per_day"),
        ("actions_per_day = 900", "actions_per_day = true", "countersign.toml:8: teams.support.actions_per_day"),
        ("usd_per_day = 12.50\nactions_per_day = 900", "", "countersign.toml:6: teams.support: it caps nothing"),
        ("per_minute = 30", "", "countersign.toml:10: pools.local.per_minute: write a whole number"),
        ("burst = 5", "burst = 0", "countersign.toml:12: pools.local.burst: write a whole number"),
        ('load = "refunds:handle"', "", "countersign.toml:14: scripts.refunds.load: say what is loaded"),
        ('"refunds:handle"', '"refunds.py"', "countersign.toml:15: scripts.refunds.load: say what is loaded"),
        ('"refunds:handle"', '"../refunds:handle"', "countersign.toml:15: scripts.refunds.load: say what is loaded"),
        (
            'handle"\npath = "scripts"',
            'handle"\npath = 3',
            "countersign.toml:16: scripts.refunds.path: write the folder",
        ),
        ("[runtimes.echo]", "[runtimes.scripted]", "runtimes.scripted: scripted is a kind of the product's own"),
        ("[runtimes.echo]", "[runtimes.llm]", "runtimes.llm: llm is a kind of the product's own"),
        ("[teams.support]", "[teams.Support]", "countersign.toml:6: teams.Support: a name is lower-case"),
    ],
)
def test_a_mistake_in_what_runs_need_is_named_with_its_key_and_line(home, folder, old, new, place):
    assert place in refusal(home, RUNS.replace(old, new, 1))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, "can't be read (no such file or directory)"),
        ("import nothing_of_this_name", "refunds can't be imported (ModuleNotFoundError: No module named"),
        ("def handle(task", "refunds can't be imported (SyntaxError: "),
        ("raise SystemExit(3)", "refunds can't be imported (SystemExit: 3)"),
        ("def other(task):\n    yield 1", "refunds has no handle."),
        ("def handle(task):\n    return 1", "it isn't a generator function: write def handle(task), which yields"),
        ("handle = 3", "it isn't a generator function"),
    ],
)
def test_a_script_that_cannot_be_used_says_why_and_keeps_nothing_else_from_working(home, folder, code, reason):
    path = folder / "refunds.py"
    path.write_text(code) if code else path.unlink()
    operator.load(home)
    with pytest.raises(base.UnknownScript) as unknown:
        base.script("refunds")
    assert "The script 'refunds' can't be used: " in unknown.value.detail and reason in unknown.value.detail
    assert base.pool("local") and base.runtime("echo")


def test_code_that_everybody_can_change_is_not_run(home, folder):
    (folder / "refunds.py").write_text("raise SystemExit('it was run')")
    (folder / "refunds.py").chmod(0o666)
    assert "chmod o-w" in operator.read(home).unusable_scripts["refunds"]


@pytest.mark.parametrize("above", [0, 1])
def test_code_in_a_folder_where_everybody_can_replace_it_is_not_run(home, folder, above):
    (folder / "refunds.py").write_text("raise SystemExit('it was run')")
    loose = [folder, home][above]
    loose.chmod(0o777)
    problem = operator.read(home).unusable_scripts["refunds"]
    assert "can replace" in problem and problem.endswith(f"run `chmod o-w {loose}`.")
    loose.chmod(0o775)
    assert "it was run" in operator.read(home).unusable_scripts["refunds"]


def test_code_behind_a_link_is_trusted_no_more_than_both_folders(home, folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "refunds.py").rename(elsewhere / "refunds.py")
    (folder / "refunds.py").symlink_to(elsewhere / "refunds.py")
    assert not operator.read(home).unusable_scripts
    for loose in (folder, elsewhere):
        loose.chmod(0o777)
        assert f"chmod o-w {loose}" in operator.read(home).unusable_scripts["refunds"]
        loose.chmod(0o755)


def test_a_folder_for_everybody_in_which_nobody_moves_others_files_holds_code(home, folder):
    folder.chmod(0o1777)
    assert not operator.read(home).unusable_scripts


def test_bytecode_that_lies_beside_the_code_is_not_run(home, folder):
    path = folder / "refunds.py"
    good = path.read_text()
    planted = f"raise SystemExit('planted') {'#' * len(good)}"[: len(good)]
    path.write_text(planted)
    at = path.stat()
    py_compile.compile(str(path), doraise=True)
    path.write_text(good)
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert path.stat().st_size == at.st_size and not operator.read(home).unusable_scripts


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def Echo(): ...", "it isn't a class."),
        ("class Echo:\n    def step(self): ...", "it has no estimate:"),
        ("class Echo: ...", "it has no estimate and no step:"),
    ],
)
def test_a_runtime_that_is_none_is_not_registered_and_says_why(home, folder, code, reason):
    (folder / "echo.py").write_text(code)
    operator.load(home)
    with pytest.raises(base.UnknownKind, match=reason):
        base.runtime("echo")
    assert "echo" not in runtimes.kinds()


def test_code_in_a_folder_never_stands_in_for_a_module_of_that_name(home, folder):
    import json

    (folder / "json.py").write_text(HANDLER)
    (home / "countersign.toml").write_text(RUNS.replace("refunds:handle", "json:handle"))
    operator.load(home)
    assert base.script("refunds").__module__ == "countersign_scripts_refunds"
    assert importlib.import_module("json") is json


def test_code_without_a_folder_is_whatever_python_imports(home):
    (home / "countersign.toml").write_text(
        '[scripts.walk]\nload = "ast:walk"\n[scripts.gone]\nload = "no_such:handle"\n'
    )
    operator.load(home)
    assert base.script("walk") is ast.walk
    assert "no_such can't be imported" in base.unusable_scripts["gone"]
