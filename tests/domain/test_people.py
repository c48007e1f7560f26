import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from agents import access, people
from agents.errors import Invalid
from agents.models import Person
from audit.models import Event
from tests.domain.registered import OPERATOR, PASSWORD
from tests.factories import decide, make_action, make_company

pytestmark = pytest.mark.django_db


def add(username="ana", **options) -> Person:
    return people.add(username=username, by=OPERATOR, **options)


def fields_of(refusal) -> set[str]:
    return {error["field"] for error in refusal.value.errors}


def latest() -> Event:
    return Event.objects.order_by("id").last()


def test_adding_somebody_makes_the_groups_that_are_missing_and_one_event():
    ana = add(groups=["finance", "leads"], display_name="Ana Kovač")
    assert sorted(ana.groups.values_list("name", flat=True)) == ["finance", "leads"]
    event = latest()
    assert (event.verb, event.actor_kind, event.subject_id) == ("person.added", "operator", str(ana.pk))
    assert event.sentence() == "root added the person ana"


def test_the_record_holds_no_name_in_what_it_keeps_for_good():
    add("mara", display_name="Mara Quinn")
    assert "mara" not in latest().leaf_data and "Quinn" not in latest().leaf_data


def test_nobody_can_sign_in_without_a_password():
    add()
    assert not Client().login(username="ana", password="")


def test_two_accounts_of_one_human_count_as_one():
    first = add("ana")
    second = add("ana-admin", same_human_as="ana")
    assert first.human == second.human
    assert add("tom").human != first.human


def test_an_auditor_sees_every_agent_signs_none_of_it_and_can_be_one_no_longer():
    company = make_company()
    sam = add("sam", auditor=True)
    assert latest().data["auditor"] is True
    action = make_action(company.agent)
    assert access.visible_agents(sam).get() == company.agent and access.reads_all(sam)
    assert "groups don't fill" in access.why_not_sign(action, list(action.slots.all()), sam)
    before = sam.signer_since
    sam = people.change("sam", by=OPERATOR, auditor=False)
    assert latest().data["fields"] == "auditor" and sam.signer_since == before
    assert not access.visible_agents(Person.objects.get(pk=sam.pk)).exists()


@pytest.mark.parametrize("username", ["", "аna", "a b", "-x", "x" * 151, "a,b", "a\u202eb"])
def test_a_name_that_could_be_mistaken_for_another_is_refused(username):
    with pytest.raises(Invalid) as refused:
        add(username)
    assert fields_of(refused) == {"username"}


def test_a_name_that_differs_only_in_capitals_is_taken():
    add("ana")
    with pytest.raises(Invalid, match="already"):
        add("Ana")
    assert Person.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "password1234", "anakovac12345"])
def test_a_weak_password_is_refused_and_nothing_is_written(password):
    with pytest.raises(Invalid) as refused:
        add("anakovac1234", groups=["finance"], password=password)
    assert fields_of(refused) == {"password"}
    assert not Person.objects.exists() and not Group.objects.exists() and not Event.objects.exists()


def test_a_hidden_character_in_a_shown_name_is_refused():
    with pytest.raises(Invalid) as refused:
        add(display_name="Ana\u202eovaK")
    assert fields_of(refused) == {"name"}


@pytest.mark.parametrize("email", ["notmail", "a@b", "a b@example.com", f"{'x' * 250}@example.com"])
def test_what_is_no_email_address_is_refused(email):
    with pytest.raises(Invalid) as refused:
        add(email=email)
    assert fields_of(refused) == {"email"} and not Person.objects.exists()
    add(email="ana@example.com")
    with pytest.raises(Invalid):
        people.change("ana", by=OPERATOR, email=email)
    assert people.change("ana", by=OPERATOR, email="").email == ""


def test_a_group_that_is_nearly_another_is_found_and_a_new_one_is_not():
    add(groups=["support-leads", "finance"])
    assert people.similar_groups(["suport-leads", "Finance", "finance", "legal"]) == {
        "suport-leads": "support-leads",
        "Finance": "finance",
    }


def test_a_newer_signer_loses_what_was_proposed_before_and_what_they_signed():
    company = make_company()
    for _ in range(2):
        decide(make_action(company.agent), company.fin)
    make_action(company.agent, "send_reply")  # for support leads, not for finance
    decide(make_action(company.agent), company.fin, "reject")
    changed = people.change(company.fin.username, by=OPERATOR, password=PASSWORD)
    assert changed.lost == people.Lost(actions=2, signatures=2)
    assert people.change(company.owner.username, by=OPERATOR, groups=["finance"]).lost.actions == 0, "never theirs"
    assert people.change(company.lea.username, by=OPERATOR, display_name="Lea").lost is None
    assert people.disable(company.lea.username, by=OPERATOR).lost == people.Lost(actions=3, signatures=0)
    assert people.disable(company.lea.username, by=OPERATOR).lost is None


@pytest.mark.parametrize(
    "change", [{"groups": ["finance"]}, {"groups": []}, {"password": PASSWORD}, {"same_human_as": "tom"}]
)
def test_whatever_makes_a_signer_moves_the_time_since_which_they_sign(change):
    add("tom")
    before = add(groups=["leads"]).signer_since
    after = people.change("ana", by=OPERATOR, **change)
    after.refresh_from_db()
    assert after.signer_since > before


@pytest.mark.parametrize("change", [{"display_name": "Ana K."}, {"staff": True}, {"groups": ["leads"]}, {}])
def test_other_changes_leave_a_signer_as_trusted_as_before(change):
    before = Person.objects.get(pk=add(groups=["leads"]).pk).signer_since
    assert people.change("ana", by=OPERATOR, **change).signer_since == before


def test_a_change_says_which_fields_and_changing_nothing_says_nothing():
    add(groups=["leads"])
    people.change("ana", by=OPERATOR, groups=["finance"], display_name="Ana K.")
    assert latest().sentence() == "root changed name, groups of the person ana"
    count = Event.objects.count()
    people.change("ana", by=OPERATOR, groups=["finance"])
    assert Event.objects.count() == count


def test_whoever_is_disabled_is_signed_out_at_once_and_can_not_sign_in():
    add(password=PASSWORD)
    browser = Client()
    assert browser.login(username="ana", password=PASSWORD)
    people.disable("ana", by=OPERATOR)
    assert not is_signed_in(browser)
    assert not Client().login(username="ana", password=PASSWORD)
    assert latest().verb == "person.disabled"


def test_a_session_from_before_does_not_come_back_with_the_account():
    add(password=PASSWORD)
    browser = Client()
    browser.login(username="ana", password=PASSWORD)
    people.disable("ana", by=OPERATOR)
    people.change("ana", by=OPERATOR, active=True, password="another good passphrase")
    assert not is_signed_in(browser)


def test_an_account_that_comes_back_needs_a_new_password():
    add()
    people.disable("ana", by=OPERATOR)
    with pytest.raises(Invalid) as refused:
        people.change("ana", by=OPERATOR, active=True)
    assert fields_of(refused) == {"password"}


def test_disabling_twice_is_one_event():
    add()
    people.disable("ana", by=OPERATOR)
    people.disable("ana", by=OPERATOR)
    assert Event.objects.filter(verb="person.disabled").count() == 1


def test_somebody_who_is_not_there_is_named_in_the_refusal():
    for verb in (people.change, people.disable):
        with pytest.raises(people.NoSuchPerson, match="nobody-here"):
            verb("nobody-here", by=OPERATOR)


def is_signed_in(browser: Client) -> bool:
    """Ask the admin: it sends strangers to the sign-in page and refuses those who aren't staff."""
    return browser.get(reverse("admin:index")).status_code != 302
