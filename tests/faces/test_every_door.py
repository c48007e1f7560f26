"""Every address there is, walked: what comes from elsewhere changes nothing, reading changes nothing, and the headers stand."""

from uuid import uuid4

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from agents.models import Action
from audit.models import Event
from tests.domain.running import enqueue, make_talking_company, refund
from tests.factories import decide, make_action, make_person, prove

pytestmark = pytest.mark.django_db
#: What reading may leave behind: who looked at what, what was refused, and the session's own times.
TRACES = {
    "approvals_look", "audit_refusaltally", "django_session", "agents_token", "approvals_preference",
    "agents_runlook",
}  # fmt: skip
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class World:
    """Something at every address, and a superuser's browser, to whom every page of the admin opens."""

    def __init__(self):
        company = make_talking_company("every-door")
        self.person = make_person("boss", "finance", "support-leads", is_staff=True, is_superuser=True)
        self.action = make_action(company.agent)
        self.run = enqueue(company.agent, refund())
        self.decision = decide(self.action, self.person)
        self.ids = {
            "action_id": self.action.pk,
            "run_id": self.run.pk,
            "decision_id": self.decision.pk,
            "absence_id": 1,
            "piece_id": uuid4(),
            "slug": company.agent.slug,
            "username": self.person.username,
            "app_label": "agents",
            "content_type_id": ContentType.objects.get_for_model(type(company.agent)).pk,
            "object_id": company.agent.pk,
            "url": "anything",
            "rest": "1/1/",
        }

    def browser(self, **options) -> Client:
        client = Client(enforce_csrf_checks=True, **options)
        client.force_login(self.person, backend="django.contrib.auth.backends.ModelBackend")
        prove(client, self.person)
        client.get(reverse("queue"))
        return client

    def addresses(self) -> list[str]:
        """Return the path of every pattern there is, filled in."""
        return sorted(set(self._walk(get_resolver().url_patterns, "/")))

    def _walk(self, patterns, before: str):
        for one in patterns:
            if isinstance(one, URLResolver):
                yield from self._walk(one.url_patterns, before + self._filled(one.pattern))
            elif isinstance(one, URLPattern):
                yield before + self._filled(one.pattern)

    def _filled(self, pattern) -> str:
        text = getattr(pattern, "_route", None)
        if text is None:  # the admin's own regular expressions: one for its apps, one for whatever else there is
            return "agents/" if "app_label" in pattern._regex else "nothing/"
        for name, converter in pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            value = converter.to_url(self.ids[name])
            for written in (f"<{kind}:{name}>", f"<str:{name}>", f"<{name}>"):
                text = text.replace(written, str(value))
        assert "<" not in text, text
        return text


#: Tests run on a database that isn't durable, and a product that finds one says that it isn't ready.
UNREADY = "/readyz"


@pytest.fixture
def world():
    return World()


def standing() -> dict[str, str]:
    """Return a digest of every table but those of traces, and how many events of deeds there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'audit')")
        tables = [name for (name,) in cursor.fetchall() if name.partition(".")[2] not in TRACES]
        found = {}
        for table in sorted(tables):
            cursor.execute(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            )  # noqa: S608
            found[table] = cursor.fetchone()
    return found


def differing(before: dict, after: dict) -> set[str]:
    return {table for table in before if before[table] != after[table]}


def test_the_walk_reaches_every_room(world):
    addresses = world.addresses()
    assert len(addresses) > 150
    for part in (
        f"/actions/{world.action.pk}/decide/",
        "/everything/stop/",
        "/admin/agents/agent/",
        "/accounts/login/",
    ):
        assert part in addresses


def test_a_post_without_the_forms_secret_is_refused_everywhere(world):
    browser, before = world.browser(), standing()
    answers = {path: browser.post(path, {}, **kind_for(path)).status_code for path in world.addresses()}
    assert {path: status for path, status in answers.items() if status not in (403, 405)} == {}
    assert sum(status == 403 for status in answers.values()) > 140
    assert differing(before, standing()) == set()


def kind_for(path: str) -> dict:
    return {"content_type": "application/json"} if path.startswith("/api/") else {}


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Site": "cross-site", "Authorization": "token"},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_a_post_from_another_site_is_refused_everywhere_even_with_the_secret(world, headers):
    browser, before = world.browser(), standing()
    secret = browser.cookies["countersign_csrf"].value
    answers = {}
    for path in world.addresses():
        fields = {"csrfmiddlewaretoken": secret}
        answers[path] = browser.post(path, fields, headers={"X-CSRFToken": secret, **headers}).status_code
    wrong = {path: status for path, status in answers.items() if status not in (401, 403, 405)}
    assert wrong == {}
    assert differing(before, standing()) == set()


@pytest.mark.parametrize("headers", ELSEWHERE[:2], ids=str)
def test_signing_in_from_another_sites_page_is_refused(headers):
    make_person("lea").set_password("correct horse battery")
    browser = Client(enforce_csrf_checks=True)
    browser.get(reverse("account_login"))
    secret = browser.cookies["countersign_csrf"].value
    fields = {"login": "lea", "password": "correct horse battery", "csrfmiddlewaretoken": secret}
    assert browser.post(reverse("account_login"), fields, headers=headers).status_code == 403


def test_our_own_pages_and_clients_without_a_browser_pass(world):
    browser = world.browser()
    secret = browser.cookies["countersign_csrf"].value
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {}):
        answer = browser.post(reverse("switch-keys"), {"csrfmiddlewaretoken": secret}, headers=headers)
        assert answer.status_code in (302, 303), headers


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_reading_any_address_changes_nothing_but_what_says_that_it_was_read(world, method):
    browser, before, last = world.browser(), standing(), Event.objects.order_by("pk").last()
    action = Action.objects.filter(pk=world.action.pk).values().get()
    for path in world.addresses():
        answer = getattr(browser, method)(path)
        assert answer.status_code < 500 or path == UNREADY, path
    told = set(Event.objects.filter(pk__gt=last.pk).values_list("verb", flat=True))
    assert told <= ({"records.exported", "evidence.opened"} if method == "get" else set())
    now = Action.objects.filter(pk=world.action.pk).values().get()
    assert {name for name in action if action[name] != now[name]} <= {"looked_at"}
    assert differing(before, standing()) <= {
        "audit.event",
        "audit.private",
        "public.agents_action",
        "public.agents_ratepool",  # how often readiness was asked for
    }


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_methods_that_nobody_uses_change_nothing(world, method):
    browser, before = world.browser(), standing()
    secret = browser.cookies["countersign_csrf"].value
    for path in world.addresses():
        answer = getattr(browser, method)(path, headers={"X-CSRFToken": secret})
        assert answer.status_code < 500 or path == UNREADY, path
    assert differing(before, standing()) == set()


def wrong_with(answer: HttpResponse) -> list[str]:
    """Return which headers of an answer are missing or say something else."""
    wrong = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
    if "frame-ancestors 'none'" not in answer.headers.get("Content-Security-Policy", ""):
        wrong.append("Content-Security-Policy")
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        wrong.append("Cache-Control")
    return wrong


@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_carries_its_headers(world, signed_in):
    browser = world.browser() if signed_in else Client(enforce_csrf_checks=True)
    wrong = {}
    for path in [*world.addresses(), "/not/there/"]:
        for method in ("get", "post"):
            if found := wrong_with(getattr(browser, method)(path)):
                wrong[f"{method} {path}"] = found
    assert wrong == {}
