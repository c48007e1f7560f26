"""What the operator writes: webhooks in countersign.toml, and the mail server's address."""

import base64

import pytest

from approvals.telling import endpoints, kinds
from controlplane import mailing, operator
from controlplane.operator import BadOperatorFile
from controlplane.settings import BASE_DIR

GOOD = """\
[webhooks.chat]
url = "https://chat.example/services/T0/B0?x=1"
secret_file = "secrets/chat"
events = ["action.approved", "run.*"]
"""
KEY = b"0123456789abcdef01234567"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "secrets").mkdir()
    write(tmp_path, f"whsec_{base64.b64encode(KEY).decode()}\n".encode())
    (tmp_path / "countersign.toml").write_text(GOOD)
    yield tmp_path
    endpoints.configure({})


def write(home, secret: bytes) -> None:
    (home / "secrets" / "chat").write_bytes(secret)
    (home / "secrets" / "chat").chmod(0o600)


def test_a_webhook_reaches_the_registry_with_its_key_and_every_event_it_asks_for(home):
    operator.load(home)
    chat = endpoints.find("chat")
    assert chat.secret == KEY and chat.url.endswith("?x=1")
    assert "run.failed" in chat.events and "action.approved" in chat.events and "action.rejected" not in chat.events
    assert chat.events <= kinds.OFFERED and endpoints.asking_for("run.failed") == ["chat"]
    assert "T0" not in repr(chat) and KEY.decode() not in repr(operator.read(home))


def test_a_key_without_its_mark_is_taken_as_it_stands(home):
    write(home, KEY)
    assert operator.read(home).webhooks["chat"].secret == KEY


def test_loading_again_forgets_what_the_file_no_longer_says(home):
    operator.load(home)
    (home / "countersign.toml").write_text("")
    operator.load(home)
    assert endpoints.endpoints == {} and endpoints.wanted() == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("https://chat", "http://chat", "webhooks.chat.url: write https"),
        ("https://chat", "ftp://chat", "webhooks.chat.url: write url"),
        ("https://chat", "https://user:pw@chat", "webhooks.chat.url: write url"),
        ("?x=1", "?x= 1", "webhooks.chat.url: write url"),
        ("https://chat.example/", "https://chat.example:x/", "webhooks.chat.url: not a URL"),
        ('secret_file = "secrets/chat"', "", "webhooks.chat: say where its secret is"),
        ('["action.approved", "run.*"]', "[]", "webhooks.chat.events: say what it is told"),
        ("run.*", "runs.*", "webhooks.chat.events: 'runs.*' isn't one of our events"),
        ("action.approved", "token.issued", "isn't one of our events"),
        ("events", "verbs", "webhooks.chat.verbs: not a key of webhooks"),
    ],
)
def test_a_mistake_stops_the_start_with_its_place(home, old, new, place):
    (home / "countersign.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(BadOperatorFile) as refused:
        operator.read(home)
    assert place in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:9"])
def test_only_loopback_may_do_without_https(home, host):
    (home / "countersign.toml").write_text(GOOD.replace("https://chat.example", f"http://{host}"))
    assert "chat" in operator.read(home).webhooks


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "127.0.0.1", "[fd00::1]", "localhost", "chat.internal", "169.254.169.254"]
)
def test_an_inside_webhook_needs_an_explicit_word(home, host):
    inside = GOOD.replace("https://chat.example", f"https://{host}")
    (home / "countersign.toml").write_text(inside)
    with pytest.raises(BadOperatorFile, match=r"webhooks.chat.url"):
        operator.read(home)
    (home / "countersign.toml").write_text(inside.replace("events =", "loopback = true\nevents ="))
    if host == "169.254.169.254":  # where a cloud machine's own credentials are had: for nobody
        with pytest.raises(BadOperatorFile, match="never go to"):
            operator.read(home)
    else:
        assert operator.read(home).webhooks["chat"].loopback


@pytest.mark.parametrize("secret", [b"short", b"whsec_!!!", b"whsec_c2hvcnQ=", b"x" * 65])
def test_a_key_that_cant_be_used_stops_only_its_webhook(home, secret):
    write(home, secret)
    nouns = operator.read(home)
    assert "secret" in nouns.unusable_webhooks["chat"] and nouns.webhooks["chat"].secret == b""


def test_a_key_that_everybody_can_read_isnt_used(home):
    (home / "secrets" / "chat").chmod(0o644)
    assert "chmod 600" in operator.read(home).unusable_webhooks["chat"]


# --- the mail server


def test_no_address_means_no_mail():
    assert mailing.from_url("") == {"MAIL_IS_SET_UP": False, "EMAIL_HOST": ""}


def test_an_address_becomes_djangos_settings():
    made = mailing.from_url("smtp://desk:p%40ss@mail.example:2525?tls=1")
    assert made["EMAIL_HOST"] == "mail.example" and made["EMAIL_PORT"] == 2525 and made["EMAIL_HOST_PASSWORD"] == "p@ss"
    assert made["EMAIL_USE_TLS"] and not made["EMAIL_USE_SSL"] and made["EMAIL_TIMEOUT"] == 10
    assert mailing.from_url("smtps://mail.example")["EMAIL_PORT"] == 465
    assert mailing.from_url("smtp://mail.example?tls=1")["EMAIL_PORT"] == 587
    assert mailing.from_url("smtp://a:b@127.0.0.1:25")["EMAIL_HOST_USER"] == "a"


@pytest.mark.parametrize(
    "url", ["mail.example", "https://mail.example", "smtp://", "smtp://a:b@mail.example", "smtp://mail.example?ssl=1"]
)
def test_an_address_that_would_fail_or_show_the_password_is_refused(url):
    with pytest.raises(ValueError, match="COUNTERSIGN_MAIL_URL"):
        mailing.from_url(url)


def test_every_event_that_is_offered_is_in_the_documentation():
    text = (BASE_DIR / "docs" / "notifications.md").read_text()
    assert [kind for kind in kinds.LEADS if f"`{kind}`" not in text] == []
