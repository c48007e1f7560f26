import io
import json
import os

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from agents import identities, people, runs, stops
from agents.models import Agent, Person, Run, Token
from agents.tools import base
from audit.models import Event
from controlplane import demo
from controlplane.commandline import operator
from tests.commandline import Ended
from tests.domain.registered import AGENT_YAML, OPERATOR, PASSWORD, add_company, configure_nouns, import_desk
from tests.factories import decide, make_action, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    configure_nouns()
    path = tmp_path / "desk.yaml"
    path.write_text(AGENT_YAML)
    yield path
    base.configure({}, {})


def give(monkeypatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


# --- person


def test_adding_a_person_prints_a_random_password_alone_on_stdout():
    ended = Ended("person", "add", "ana", "--groups", "finance, leads", "--name", "Ana")
    ana = Person.objects.get(username="ana")
    assert ended.code == 0 and ana.check_password(ended.out.strip())
    assert "new group: finance" in ended.err and "new group: leads" in ended.err
    assert Event.objects.get().actor_id == operator().id


def test_a_password_from_standard_input_is_not_printed(monkeypatch):
    give(monkeypatch, PASSWORD + "\n")
    ended = Ended("person", "add", "ana", "--password-stdin")
    assert Person.objects.get().check_password(PASSWORD) and PASSWORD not in ended.out + ended.err


def test_an_empty_standard_input_is_no_password(monkeypatch):
    give(monkeypatch, "")
    ended = Ended("person", "add", "ana", "--password-stdin")
    assert ended.code == 1 and "no password on standard input" in ended.err and not Person.objects.exists()


def test_a_refusal_is_a_sentence_with_the_field_and_leaves_nothing(monkeypatch):
    give(monkeypatch, "short\n")
    ended = Ended("person", "add", "ana", "--groups", "new-group", "--password-stdin")
    assert ended.code == 1 and "password: This password is too short" in ended.err and ended.out == ""
    assert not Person.objects.exists() and not Event.objects.exists()


def test_a_person_is_changed_disabled_and_listed():
    Ended("person", "add", "ana", "--groups", "finance", "--staff")
    assert Ended("person", "set", "ana", "--groups", "leads", "--no-staff", "--name", "Ana K.").code == 0
    listed = json.loads(Ended("person", "list", "--json").out)
    assert [(row["username"], row["groups"], row["staff"], row["name"]) for row in listed] == [
        ("ana", ["leads"], False, "Ana K.")
    ]
    assert Ended("person", "disable", "ana").code == 0
    assert "disabled" in Ended("person", "list").out


def test_an_account_that_is_enabled_again_gets_a_new_password():
    first = Ended("person", "add", "ana").out
    Ended("person", "disable", "ana")
    second = Ended("person", "set", "ana", "--enable").out
    ana = Person.objects.get()
    assert ana.is_active and ana.check_password(second.strip()) and first != second


def test_setting_nothing_keeps_the_password():
    password = Ended("person", "add", "ana").out.strip()
    assert Ended("person", "set", "ana").out == ""
    assert Person.objects.get().check_password(password)


def test_disabling_an_owner_says_which_agents_need_another():
    configure_nouns()
    add_company()
    import_desk()
    assert "rosa is still owner of desk" in Ended("person", "disable", "rosa").err


def test_setting_a_new_credential_says_what_can_not_be_signed_any_more():
    company = make_company()
    decide(make_action(company.agent), company.fin)
    make_action(company.agent)
    fin = company.fin.username
    ended = Ended("person", "set", fin, "--new-password")
    assert f"{fin} can't sign the 2 open actions proposed before now; 1 signature in review is void." in ended.err
    assert "proposed before now" not in Ended("person", "set", fin, "--name", "Fin").err
    none = Ended("person", "set", fin, "--groups", "", "--json")
    assert f"{fin} can't sign what was proposed before now (no open action waits for them)." in none.err


def test_disabling_twice_says_so():
    Ended("person", "add", "ana")
    assert "ana is disabled: no sessions" in Ended("person", "disable", "ana").err
    again = Ended("person", "disable", "ana")
    assert again.code == 0 and "ana was disabled already." in again.err


def test_what_is_no_email_address_is_refused_by_name():
    ended = Ended("person", "add", "ana", "--email", "notmail")
    assert ended.code == 1 and "email: 'notmail' is not an email address" in ended.err and ended.out == ""
    assert not Person.objects.exists()


@pytest.mark.parametrize("verb", ["add", "set"])
def test_a_group_with_a_letter_wrong_is_made_only_on_purpose(verb):
    Ended("person", "add", "lee", "--groups", "support-leads")
    name = "ana" if verb == "add" else "lee"
    ended = Ended("person", verb, name, "--groups", "support-lead")
    assert ended.code == 1 and "did you mean support-leads? --new-groups creates it" in ended.err
    assert list(Group.objects.values_list("name", flat=True)) == ["support-leads"]
    assert Ended("person", verb, name, "--groups", "support-lead", "--new-groups").code == 0
    assert "new group: legal" in Ended("person", "set", "lee", "--groups", "legal").err


class Gone(io.StringIO):
    """A pipe whose reader has left: what is printed is kept back, and fails when it is handed over."""

    def flush(self):
        if self.getvalue():
            raise BrokenPipeError


def test_a_password_that_nobody_received_is_not_in_force(monkeypatch):
    monkeypatch.setattr("os.dup2", lambda *numbers: None)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(open(os.devnull, "wb")))
    err = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("person", "add", "ana", stdout=Gone(), stderr=err)
    assert end.value.code == 1 and "so nothing was written" in err.getvalue()
    assert not Person.objects.exists() and not Event.objects.exists()


def test_a_closed_standard_output_stops_only_what_has_to_print(monkeypatch):
    Ended("person", "add", "lee")
    monkeypatch.setattr("sys.stdout", None)
    ended = Ended("person", "add", "ana")
    assert ended.code == 1 and "so nothing was written" in ended.err and Person.objects.count() == 1
    assert Ended("person", "disable", "lee").code == 0


@pytest.mark.parametrize("words", [("set", "nobody"), ("disable", "nobody"), ("add", "x", "--same-human-as", "nobody")])
def test_somebody_who_is_not_there_is_a_refusal(words):
    ended = Ended("person", *words)
    assert ended.code == 1 and "There is no person 'nobody'" in ended.err


@pytest.mark.parametrize(
    "words", [("person",), ("person", "add"), ("person", "fly"), ("token", "issue"), ("agent", "stop", "x")]
)
def test_wrong_usage_is_told_from_a_refusal(words):
    assert Ended(*words).code == 2


# --- token


def test_a_token_is_printed_alone_and_works(file):
    add_company()
    agent = import_desk(token=False)
    ended = Ended("token", "issue", "--agent", "desk", "--days", "7")
    assert identities.authenticate(ended.out.strip()).agent == agent
    assert ended.out.count("\n") == 1
    prefix = Token.objects.get().prefix
    assert [row["state"] for row in json.loads(Ended("token", "list", "--json").out)] == ["live"]
    assert Ended("token", "revoke", prefix).code == 0
    assert "revoked" in Ended("token", "list", "--agent", "desk").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("issue", "--agent", "nope"), "There is no agent 'nope'"),
        (("revoke", "deadbeef"), "There is no token with this prefix"),
        (("list", "--agent", "nope"), "There is no agent 'nope'"),
    ],
)
def test_a_token_of_nobody_is_refused(words, sentence):
    ended = Ended("token", *words)
    assert ended.code == 1 and sentence in ended.err


def test_a_token_for_ever_is_refused(file):
    add_company()
    import_desk(token=False)
    ended = Ended("token", "issue", "--agent", "desk", "--days", "4000")
    assert ended.code == 1 and "1 to 366 days" in ended.err


# --- agent


def test_an_import_prints_its_diff_and_the_next_command(file):
    add_company()
    ended = Ended("agent", "import", file)
    assert ended.code == 0 and ended.out.startswith("+ agent desk\n")
    assert "manage.py token issue --agent desk" in ended.err
    assert f"manage.py agent import {file}" in ended.err
    Ended("token", "issue", "--agent", "desk")
    assert Ended("agent", "import", file).out == "~ enabled\n"
    assert Ended("agent", "import", file).out == "no change\n"


@pytest.mark.parametrize("verb", ["validate", "import"])
def test_a_mistake_in_the_file_is_a_line_with_its_place(file, verb):
    file.write_text(AGENT_YAML.replace("tier: 3", "tier: high"))
    ended = Ended("agent", verb, file)
    assert ended.code == 1 and f"{file}:19:11: tools[1].tier" in ended.err
    problems = json.loads(Ended("agent", verb, file, "--json").out)["problems"]
    assert problems[0]["line"] == 19
    assert not Agent.objects.exists()


def test_names_that_are_not_known_are_lines_with_their_place(file):
    ended = Ended("agent", "import", file)
    assert ended.code == 1 and f"{file}:4:16: roles.owner: there is no person 'rosa'" in ended.err
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "owner: rosa",
            "owner: rsoa",
            "roles.owner: there is no person 'rsoa': did you mean \"rosa\"? If not, add them with",
        ),
        (
            "owner: rosa",
            "owner: qqqq",
            "roles.owner: there is no person 'qqqq': add them with `manage.py person add qqqq`",
        ),
        (
            "finance",
            "finanze",
            "there is no group 'finanze': did you mean \"finance\"? If not, make it by adding somebody",
        ),
        ("finance", "qqqq", "there is no group 'qqqq': make it by adding somebody"),
    ],
)
def test_a_name_that_is_nearly_one_that_is_known_is_asked_about(file, old, new, said):
    add_company()
    file.write_text(file.read_text().replace(old, new, 1))
    ended = Ended("agent", "import", file)
    assert ended.code == 1 and said in ended.err
    assert not Agent.objects.exists()


def test_validating_writes_nothing(file):
    ended = Ended("agent", "validate", file)
    assert ended.code == 0 and "valid" in ended.err and not Agent.objects.exists()


def test_what_is_exported_imports_as_no_change(file, tmp_path):
    add_company()
    import_desk()
    again = tmp_path / "again.yaml"
    again.write_text(Ended("agent", "export", "desk").out)
    assert Ended("agent", "import", again).out == "no change\n"


def test_the_list_says_what_each_agent_still_needs(file):
    add_company()
    import_desk(token=False)
    people.disable("ana", by=OPERATOR)
    (line,) = Ended("agent", "list").out.splitlines()[1:]
    assert line.split()[:2] == ["desk", "draft"]
    assert line.endswith("signatures at tier 3 (finance: nobody; leads: mara); live token (none)")


def test_an_agent_that_is_ready_needs_nothing(file):
    add_company()
    import_desk()
    head, line = Ended("agent", "list").out.splitlines()
    assert head.split()[-1] == "NEEDS" and line.split()[-1] == "-"


def test_more_problems_may_follow_is_the_last_line(file):
    file.write_text(AGENT_YAML.replace("tier: 3", "tier: high"))
    ended = Ended("agent", "validate", file)
    assert ended.err.splitlines()[-1] == "More may follow once these are mended."
    assert json.loads(Ended("agent", "validate", file, "--json").out)["more_may_follow"] is True


def test_one_tool_is_not_tools(file):
    file.write_text(AGENT_YAML[: AGENT_YAML.index("  - name: pay_back")])
    assert "(desk, 1 tool)" in Ended("agent", "validate", file).err


def test_the_operator_stops_and_resumes_an_agent(file):
    add_company()
    agent = import_desk()
    assert "desk is stopped; 0 actions on hold." in Ended("agent", "stop", "desk", "--reason", "odd refunds").err
    agent.refresh_from_db()
    assert agent.is_stopped and agent.stop_reason == "odd refunds"
    assert json.loads(Ended("agent", "list", "--json").out)[0]["standing"] == "stopped"
    again = Ended("agent", "stop", "desk", "--reason", "still")
    assert again.code == 1 and "stopped already. The operator stopped it on" in again.err
    assert Ended("agent", "resume", "desk", "--reason", "looked").code == 0
    assert "enabled" in Ended("agent", "list").out


@pytest.mark.parametrize(
    "words", [("export", "nope"), ("stop", "nope", "--reason", "x"), ("resume", "nope", "--reason", "x")]
)
def test_an_agent_that_is_not_there_is_a_refusal(words):
    ended = Ended("agent", *words)
    assert ended.code == 1 and "There is no agent 'nope'" in ended.err


# --- demo


@pytest.fixture
def home(tmp_path, settings):
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    yield settings.HOME
    base.configure({}, {})


def test_the_sample_company_comes_in_enabled_with_private_files(home):
    ended = Ended("demo", "load")
    assert ended.code == 0, ended.err
    agent = Agent.objects.get(slug="refund-desk")
    assert agent.enabled and agent.roles.get(role="owner").person.username == "rosa"
    tokens = ("secrets/refund-desk-token", "secrets/support-inbox-token")
    for name in ("sample-passwords.txt", "secrets/shop_api", *tokens, "countersign.toml"):
        assert (home / name).stat().st_mode & 0o077 == 0, name
    own, inbox = (identities.authenticate((home / name).read_text().strip()) for name in tokens)
    assert own.agent == agent
    assert inbox.client.name == "support-inbox" and list(inbox.agents) == [agent]
    for line in (home / "sample-passwords.txt").read_text().splitlines():
        username, password = line.split()
        assert Person.objects.get(username=username).check_password(password)


def test_loading_it_again_changes_nothing(home):
    Ended("demo", "load")
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    events = Event.objects.count()
    ended = Ended("demo", "load")
    assert ended.code == 0 and "no change" in ended.err
    assert files == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert Event.objects.count() == events


def test_the_sample_agent_is_carried_by_the_script_that_the_operators_file_names(home):
    Ended("demo", "load")
    agent = Agent.objects.get(slug="refund-desk")
    assert (agent.runtime, agent.runtime_body) == ("scripted", {"script": "refund_desk"})
    assert base.script("refund_desk").__name__ == "work"


def test_a_data_folder_from_before_there_were_runs_gets_the_script_below_what_stands_there(home):
    Ended("demo", "load")
    path = home / "countersign.toml"
    before, marked, script = path.read_text().partition("\n# The Python that carries")
    assert marked and script
    path.write_text(before)
    ended = Ended("demo", "load")
    assert ended.code == 0 and "countersign.toml: the script refund_desk" in ended.err
    assert path.read_text().startswith(before) and "[scripts.refund_desk]" in path.read_text()


@pytest.mark.parametrize("holder", ["refund-desk", "support-inbox"])
def test_a_revoked_sample_token_is_replaced(home, holder):
    Ended("demo", "load")
    path = home / "secrets" / f"{holder}-token"
    identities.revoke(prefix=path.read_text().split("_")[1], by=OPERATOR)
    assert Ended("demo", "load").code == 0
    assert identities.authenticate(path.read_text().strip())
    assert Token.objects.count() == 3, "the other one stays"


def test_hosts_that_the_operator_wrote_stay_as_they_are(home):
    mine = (
        '[hosts.refunds]\nurl = "https://refunds.example"\n'
        '[secrets.shop_api]\nhost = "refunds"\nkind = "hmac"\nvalue_file = "secrets/shop_api"\n'
    )
    (home / "countersign.toml").write_text(mine)
    assert Ended("demo", "load").code == 0
    assert (home / "countersign.toml").read_text().startswith(mine)


def test_people_who_are_there_keep_their_passwords(home):
    people.add(username="ana", by=OPERATOR, groups=["finance"], password=PASSWORD)
    Ended("demo", "load")
    assert Person.objects.get(username="ana").check_password(PASSWORD)
    assert "ana " not in (home / "sample-passwords.txt").read_text()


def test_running_the_inbox_without_a_token_says_what_to_do_first(home):
    ended = Ended("demo", "run")
    assert ended.code == 1 and "manage.py demo load" in ended.err


def test_running_the_inbox_without_the_product_says_so(home, settings, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    (home / "secrets").mkdir()
    (home / "secrets/support-inbox-token").write_text("cs_x")
    ended = Ended("demo", "run")
    assert ended.code == 1 and "doesn't answer" in ended.err


@pytest.fixture
def inbox(home, live_server):
    """Hand the first tickets to the sample agent, as `demo run` does; returns the lines it says. No worker is there."""
    Ended("demo", "load")
    module, token = demo.load_inbox(), (home / "secrets/support-inbox-token").read_text().strip()

    def hand_over(tickets: int = 2) -> list[str]:
        lines: list[str] = []
        module.run(live_server.url, token, module.read_tickets()[:tickets], lines.append, patience=0)
        return lines

    return hand_over


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_inbox_enqueues_a_run_for_each_ticket_and_names_nothing_but_the_ticket(inbox):
    assert inbox() == ["T-1001  queued", "T-1002  queued", "2 tickets: 2 queued"]
    enqueued = Run.objects.order_by("created_at").values_list("agent__slug", "client__name", "content__input")
    assert list(enqueued) == [("refund-desk", "support-inbox", {"ticket_id": f"T-100{number}"}) for number in (1, 2)]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_handing_the_inbox_over_again_enqueues_nothing_twice_and_says_what_became_of_it(inbox):
    inbox()
    runs.cancel(Run.objects.earliest("created_at").pk, by=OPERATOR, reason="not ours")
    assert inbox(3) == ["T-1001  cancelled", "T-1002  queued", "T-1003  queued", "3 tickets: 2 queued, 1 cancelled"]
    assert Run.objects.count() == 3


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_ticket_that_the_door_turns_away_is_said_with_its_reason(inbox):
    stops.stop(agent=Agent.objects.get(slug="refund-desk"), by=OPERATOR, reason="odd")
    lines = inbox(1)
    assert lines[0].startswith("T-1001  turned away: 409 agent_stopped: ")
    assert lines[1] == "1 ticket: 1 turned away"
