"""What a run came to, reported afterwards, and the incidents that somebody looks at."""

from decimal import Decimal

import pytest
from django.db.models.functions import Now

from agents import incidents, outcomes
from agents.errors import Invalid, NotAllowed
from agents.models import AgentRole, Incident, Outcome, Run
from audit import verbs
from audit.actors import Actor
from audit.models import Event
from tests.factories import make_company, make_person, principal_of

pytestmark = pytest.mark.django_db
CLIENT = Actor(kind="client", id="7", display="shop")


@pytest.fixture
def run(company):
    """A run that has ended."""
    run = Run.objects.create(agent=company.agent, runtime={"kind": "scripted"}, input_digest="0" * 64, wake_at=Now())
    Run.objects.filter(pk=run.pk).update(state="failed", wake_at=None)
    return run


def of_run(run) -> list[Event]:
    return list(Event.objects.filter(subject_kind="run", subject_id=str(run.pk)))


def test_run_may_come_to_several_things_each_on_record(run):
    outcomes.report(run=run, by=CLIENT, outcome="resolved", value=Decimal("12.50"))
    outcomes.report(run=run, by=CLIENT, outcome="reopened", feedback="She wrote again.")
    kept = Outcome.objects.filter(run_id=run.pk).order_by("pk").values_list("kind", "value", "note", "reported_by")
    assert list(kept) == [
        ("resolved", Decimal("12.50"), "", "client:7"),
        ("reopened", None, "She wrote again.", "client:7"),
    ]
    first, second = of_run(run)
    assert (first.verb, first.data["outcome"], first.data["value"]) == ("run.outcome", "resolved", "12.50")
    assert second.private_values()["feedback"] == "She wrote again." and "wrote" not in str(second.data)


@pytest.mark.parametrize("state", ["queued", "paused"])
def test_run_that_goes_on_has_come_to_nothing_yet(company, state):
    run = Run.objects.create(agent=company.agent, runtime={}, input_digest="0" * 64, wake_at=Now())
    if state == "paused":
        Run.objects.filter(pk=run.pk).update(state="paused", paused_from="queued")
    with pytest.raises(outcomes.RunNotEnded) as refused:
        outcomes.report(run=run, by=CLIENT, outcome="resolved")
    assert refused.value.extra == {"state": state}
    assert not Outcome.objects.exists()


def test_agent_does_not_report_what_its_own_run_came_to(company, run):
    with pytest.raises(NotAllowed):
        outcomes.report(run=run, by=principal_of(company.agent).actor(), outcome="resolved")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": "brilliant"}, "outcome"),
        ({"outcome": ""}, "outcome"),
        ({"value": Decimal("NaN")}, "value"),
        ({"value": Decimal("Infinity")}, "value"),
        ({"value": Decimal("1.005")}, "value"),
        ({"value": Decimal(10) ** 12}, "value"),
        ({"value": Decimal("-1e400")}, "value"),
    ],
)
def test_unsound_report_is_refused_by_its_field(run, given, field):
    with pytest.raises(Invalid) as refused:
        outcomes.report(run=run, by=CLIENT, **{"outcome": "resolved", **given})
    assert [error["field"] for error in refused.value.errors] == [field]
    assert not Outcome.objects.exists()


@pytest.mark.parametrize("value", ["0", "-999999999999.99", "999999999999.99", "1.50000"])
def test_amount_is_kept_to_the_cent(run, value):
    outcome = outcomes.report(run=run, by=CLIENT, outcome="resolved", value=Decimal(value))
    outcome.refresh_from_db()
    assert outcome.value == Decimal(value)


def test_hostile_feedback_is_kept_as_text(run):
    outcome = outcomes.report(run=run, by=CLIENT, outcome="feedback", feedback="a\x00b" + "x" * 9000)
    assert outcome.note.startswith("ab") and len(outcome.note) == outcomes.FEEDBACK_LENGTH


# --- incidents


def test_report_of_harm_opens_an_incident_of_the_agent(company, run):
    outcome = outcomes.report(run=run, by=CLIENT, outcome="rolled_back", incident="Refunded twice.")
    [incident] = Incident.objects.all()
    assert outcome.incident == incident
    assert (incident.agent, incident.run_id, incident.note) == (company.agent, run.pk, "Refunded twice.")
    opened, reported = of_run(run)
    assert (opened.verb, reported.data["incident"]) == ("incident.opened", incident.pk)
    assert verbs.sentence(opened.verb, who="shop", data=opened.data).startswith(f"shop opened incident {incident.pk}")


@pytest.mark.parametrize("incident", ["", "  \n"])
def test_report_without_harm_opens_none(run, incident):
    assert outcomes.report(run=run, by=CLIENT, outcome="resolved", incident=incident).incident is None
    assert not Incident.objects.exists()


def test_role_holder_closes_it_with_what_was_found(company, run):
    incident = outcomes.report(run=run, by=CLIENT, outcome="rework", incident="Wrong order.").incident
    closed = incidents.close(incident, by=company.owner, note="The shop sent the wrong id.")
    assert closed.closed_by == company.owner and closed.closed_at is not None
    last = of_run(run)[-1]
    assert last.verb == "incident.closed" and last.private_values()["note"] == "The shop sent the wrong id."


def test_incident_of_an_agent_alone_stands_with_the_agent(company):
    incident = incidents.open_(agent=company.agent, title="Odd tone", by=company.owner.actor())
    assert Event.objects.filter(verb="incident.opened", subject_kind="agent", subject_id=str(company.agent.pk)).exists()
    assert incidents.close(incident, by=company.owner, note="Seen.").closed_at


def test_reviewers_strangers_and_superusers_close_nothing(company, run):
    incident = outcomes.report(run=run, by=CLIENT, outcome="rework", incident="Wrong order.").incident
    elsewhere = make_company().owner
    for person in (company.fin, elsewhere, make_person("root", is_superuser=True)):
        with pytest.raises(NotAllowed):
            incidents.close(incident, by=person, note="Nothing to see.")
    incident.refresh_from_db()
    assert incident.closed_at is None


def test_incident_is_closed_once_and_not_without_a_word(company, run):
    incident = outcomes.report(run=run, by=CLIENT, outcome="rework", incident="Wrong order.").incident
    with pytest.raises(Invalid):
        incidents.close(incident, by=company.owner, note=" \x00 ")
    incidents.close(incident, by=company.owner, note="Found.")
    steward = make_person("milan")
    AgentRole.objects.create(agent=company.agent, role="steward", person=steward)
    with pytest.raises(incidents.AlreadyClosed):
        incidents.close(incident, by=steward, note="Found something else.")
    incident.refresh_from_db()
    assert incident.closed_by == company.owner
