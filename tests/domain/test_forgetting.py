"""Words between people die with an action's content; what was decided, and the events, stay."""

import pytest

from agents import contents
from approvals.deciding import asking, handing
from approvals.models import Decision, Draft, Handover, Question
from tests.factories import decide, events, give_policy, later, make_action, make_company, make_person

pytestmark = pytest.mark.django_db
KEEPING = "policy: p\nkeep: {prompts: true, tool_calls: true, days: 90}\nrules: []\n"


def talked_about(company):
    """Return an action that people asked about, handed on, half decided and rejected."""
    action = make_action(company.agent, rationale="because")
    asking.ask(action_id=action.pk, by=company.fin, codes=["explain"], text="Why so much for Lena?")
    asking.answer(action_id=action.pk, by=company.owner, text="Lena paid twice.")
    handing.give(action_id=action.pk, by=company.fin, to=company.both.username, note="You know Lena.")
    Draft.objects.create(action=action, person=company.both, digest=action.digest, fields={"note": "Lena"})
    decide(action, company.lea, "reject", note="Not for Lena.")
    return action


def words(action) -> list[str]:
    question, handover = Question.objects.get(action=action), Handover.objects.get(action=action)
    return [question.text, question.answer, handover.note]


def test_words_between_people_die_with_the_content_and_only_then():
    company = make_company()
    make_person("fin-b", "finance")
    give_policy(company.agent, KEEPING)
    old, young = talked_about(company), talked_about(company)
    before = [event.verb for event in events(old)]
    later(old, finished_at=90 * 86400 + 5)
    assert contents.erase_due() == 1
    assert words(old) == ["", "", ""] and not Draft.objects.filter(action=old).exists()
    assert words(young) == ["Why so much for Lena?", "Lena paid twice.", "You know Lena."]
    assert Draft.objects.filter(action=young).exists()
    assert [event.verb for event in events(old)] == [*before, "content.erased"]
    assert Question.objects.get(action=old).ended_as == "answered"
    assert Decision.objects.filter(action=old).exists()
