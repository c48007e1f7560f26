import os

import pytest

from agents.tools import base
from controlplane import operator
from controlplane.operator import BadOperatorFile, why_not_address

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
    yield tmp_path
    base.configure({}, {})


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
        ("[hosts.bank]", "[host.bank]", "host: not a key we know"),
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
    assert "line 2" in refusal(home, "[hosts.a]\nurl = https://x\n")


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
