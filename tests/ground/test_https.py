"""What a deployment behind https gets by its address alone: cookies, transport, checks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import json, django
django.setup()
from django.conf import settings
names = %r
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


def environment(home: Path, url: str) -> dict:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COUNTERSIGN_", "DATABASE_", "REDIS_"))
    }
    secret = "a long enough key of this very test, with fifty characters or more in it"
    mine = {"COUNTERSIGN_HOME": str(home), "COUNTERSIGN_URL": url, "COUNTERSIGN_SECRET_KEY": secret}
    return kept | mine | {"DJANGO_SETTINGS_MODULE": "controlplane.settings"}


def settings_of(home: Path, url: str, *names: str) -> dict:
    words = [sys.executable, "-c", ASK % (names,)]
    run = subprocess.run(words, cwd=ROOT, env=environment(home, url), capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def test_behind_https_cookies_belong_to_this_host_alone_and_travel_encrypted(tmp_path):
    found = settings_of(
        tmp_path, "https://desk.example", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE",
        "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH",
    )  # fmt: skip
    assert found == {
        "SESSION_COOKIE_NAME": "__Host-session", "CSRF_COOKIE_NAME": "__Host-csrf", "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SAMESITE": "Lax", "SESSION_COOKIE_DOMAIN": None, "SESSION_COOKIE_PATH": "/",
    }  # fmt: skip


def test_behind_https_browsers_are_told_to_stay_there_for_a_year(tmp_path):
    found = settings_of(tmp_path, "https://desk.example", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS")
    assert found == {"SECURE_HSTS_SECONDS": 31_536_000, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True}


@pytest.mark.parametrize("url", ["https://desk.example", "http://127.0.0.1:8000"])
def test_passwords_are_stored_slowly_debug_is_off_and_no_header_of_a_client_is_believed(tmp_path, url):
    found = settings_of(
        tmp_path, url, "PASSWORD_HASHERS", "DEBUG", "SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "ALLOWED_HOSTS"
    )
    assert found["PASSWORD_HASHERS"] == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert (found["DEBUG"], found["SECURE_PROXY_SSL_HEADER"], found["USE_X_FORWARDED_HOST"]) == (False, None, False)
    assert "*" not in found["ALLOWED_HOSTS"]


def test_djangos_own_checks_for_a_deployment_find_nothing_we_did_not_decide(tmp_path):
    """W008: the proxy in front redirects to https. W021: whether a domain is preloaded is its owner's word."""
    words = [sys.executable, "manage.py", "check", "--deploy"]
    run = subprocess.run(
        words, cwd=ROOT, env=environment(tmp_path, "https://desk.example"), capture_output=True, text=True, check=True
    )
    warned = {line.split("(")[1].split(")")[0] for line in run.stderr.splitlines() if line.startswith("?: (")}
    assert warned <= {"security.W008", "security.W021"}, run.stderr
