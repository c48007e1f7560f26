"""`manage.py dossier`: the same answers on a terminal as on the page and over REST."""

import json
from uuid import uuid4

import pytest

from agents.models import Agent
from approvals import dossier
from audit.dossier import Subject
from tests.commandline import Ended
from tests.factories import decide, make_action, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_company()


@pytest.fixture
def signed(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    decide(action, company.lea)
    return action


def test_who_approved_an_action_is_answered_on_the_terminal(company, signed):
    ended = Ended("dossier", "action", str(signed.pk))
    assert ended.code == 0
    owned, allowed, passed = (ended.out.splitlines()[number] for number in (1, 3, 5))
    assert str(company.owner) in owned and "tier 3" in allowed
    assert f"{company.fin} signed for finance" in passed and f"{company.lea} signed for support-leads" in passed
    assert f"/actions/{signed.pk}/dossier/" in ended.out


def test_json_is_what_rest_answers(signed):
    said = json.loads(Ended("dossier", "action", str(signed.pk), "--json").out)
    sheet = dossier.for_operator(Subject("action", str(signed.pk)), str(signed.pk))
    shown = dossier.as_json(sheet, f"/api/v1/actions/{signed.pk}/dossier/")
    assert said | {"at": ""} == json.loads(json.dumps(shown)) | {"at": ""}
    assert said["events"]["items"][0]["leaf_hash"]


def test_agents_and_people_have_one_too(company, signed):
    for kind, name in (("agent", company.agent.slug), ("person", company.fin.username)):
        assert f"/{name}/dossier/" in Ended("dossier", kind, name).out


@pytest.mark.parametrize("words", [("action", str(uuid4())), ("run", str(uuid4())), ("agent", "no"), ("person", "no")])
def test_what_is_not_there_is_refused(words):
    ended = Ended("dossier", *words)
    assert ended.code == 1 and "There is no" in ended.err and ended.out == ""


def test_words_of_others_do_not_steer_the_terminal(company):
    Agent.objects.filter(pk=company.agent.pk).update(name="Desk\x1b[2J\u202e")
    company.agent.refresh_from_db()
    action = make_action(company.agent)
    assert not {"\x1b", "\u202e"} & set(Ended("dossier", "action", str(action.pk)).out)
