"""The reference pages say what the code says."""

import re
from pathlib import Path
from typing import get_args

import pytest
from django.core.management import call_command, get_commands

from agents import errors, present
from agents.agentfile import grammar as agentfile
from agents.documents.grammar import Keys
from agents.lifecycle import ACTION_MOVES, WORDS, RunState, State
from agents.models import AgentRole
from agents.policy.conditions.kinds import FUNCTIONS
from agents.policy.judging.defaults import REVIEWS
from agents.policy.language import Mode, Type
from agents.policy.reading import grammar
from approvals.models import ReasonCode
from audit.verbs import VERBS
from controlplane import problems
from controlplane.openapi import calls, codes
from tests.factories import make_action, make_company

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def _families(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from _families(sub)


def test_every_code_a_door_may_answer_is_documented():
    framework = {code for _, code, _ in problems.FRAMEWORK}
    ours = {cls.code for cls in _families(errors.Refusal) if not cls.__module__.startswith("tests")}
    ours -= {"no_such_person"}  # the command line alone
    page = (DOCS / "rest.md").read_text()
    assert {code for code in framework | ours if f"`{code}`" not in page} == set()


def test_the_table_of_problems_says_each_code_once_with_its_true_status():
    rows = re.findall(r"^\| (\d{3}) \| ((?:`\w+` ?)+)\|", (DOCS / "rest.md").read_text(), re.MULTILINE)
    written = [(code, int(status)) for status, names in rows for code in re.findall(r"`(\w+)`", names)]
    assert sorted(written) == sorted((one.code, one.status) for one in codes.catalogue().values())


def test_every_call_of_the_api_is_documented():
    page = re.sub(r"\?[\w=&]*", "", (DOCS / "rest.md").read_text())
    known = {re.sub(r"\{\w+\}", "{}", call) for call in re.findall(r"`([A-Z]+ [a-z{}/-]+)`", page)}
    shown = {f"{method} {re.sub(r'{[a-z_]+}', '{}', path)}" for method, path in calls.CALLS}
    assert shown - known == set()


def test_every_state_and_reason_code_is_documented():
    page = (DOCS / "rest.md").read_text()
    assert [word for word in [*State.values, *ReasonCode.values] if f"`{word}`" not in page] == []


def test_every_command_of_ours_is_documented():
    page = (DOCS / "commands.md").read_text()
    ours = [name for name, app in get_commands().items() if app in ("controlplane", "agents", "approvals", "audit")]
    assert [name for name in ours if f"`{name}" not in page] == []


@pytest.mark.parametrize("noun", ["person", "agent", "policy", "lists", "run", "token", "webhook", "demo", "dossier"])
def test_every_verb_of_a_command_is_documented(noun, capsys):
    with pytest.raises(SystemExit):
        call_command(noun, "--help")
    verbs = re.findall(r"^    (\w+) {2,}\S", capsys.readouterr().out, flags=re.MULTILINE)
    page = (DOCS / "commands.md").read_text()
    assert verbs and [verb for verb in verbs if f"{noun} {verb}" not in page] == []


def test_every_key_of_a_policy_and_every_word_of_its_own_is_documented():
    page = (DOCS / "policy.md").read_text()
    keys = {key for shape in vars(grammar).values() if isinstance(shape, Keys) for key in shape.taken}
    words = keys | {*get_args(Mode), *get_args(Type), *grammar.CLASSIFIERS}
    assert sorted(word for word in words if not re.search(rf"\b{word}\b", page)) == []


def test_every_key_of_an_agent_file_is_documented():
    page = (DOCS / "agent-file.md").read_text()
    shapes = [shape for shape in vars(agentfile).values() if isinstance(shape, Keys)]
    keys = {key for shape in shapes for key in shape.taken if not key.isdigit()}
    words = keys | {*agentfile.TRUST, *agentfile.RUNTIME_KINDS, *AgentRole.Role.values}
    assert sorted(word for word in words if not re.search(rf"\b{word}\b", page)) == []


def test_every_function_of_a_condition_is_documented_and_no_other():
    (section,) = re.findall(r"^### Conditions\n(.*?)^###? ", (DOCS / "policy.md").read_text(), re.MULTILINE | re.DOTALL)
    written = set(re.findall(r"`(?:\w+\.)?(\w+)\(", section))
    assert written == {*FUNCTIONS, "exists", "all", "exists_one", "has"}


def test_every_event_is_documented_with_its_sentence_and_no_other():
    written = re.findall(r"^\| `(\w+\.\w+)` \| (.+) \|$", (DOCS / "events.md").read_text(), re.MULTILINE)
    assert written == list(VERBS.items())


def test_every_state_of_an_action_is_documented_with_its_words_and_what_follows():
    rows = re.findall(r"^\| `(\w+)` \| ([^|`]+) \| (.*)\|$", (DOCS / "action.md").read_text(), re.MULTILINE)
    written = {state: (words, set(re.findall(r"`(\w+)`", moves))) for state, words, moves in rows}
    true = {str(state): (WORDS[state], set(map(str, ACTION_MOVES.get(state, ())))) for state in State}
    assert written == true


@pytest.mark.django_db
def test_every_field_of_an_action_is_documented():
    action = make_action(make_company().agent)
    page = (DOCS / "action.md").read_text()
    assert [name for name in present.for_person(action) if f"`{name}`" not in page] == []


def test_every_state_of_a_run_is_documented():
    page = (DOCS / "runs.md").read_text()
    assert [state for state in RunState.values if f"| `{state}` |" not in page] == []


def test_every_setting_of_the_code_is_documented_and_no_other():
    rooms = ("audit", "agents", "approvals", "controlplane")
    source = "".join(path.read_text() for room in rooms for path in (DOCS.parent / room).rglob("*.py"))
    named = set(re.findall(r"\bCOUNTERSIGN_[A-Z_]*[A-Z]", source)) | set(re.findall(r'setting\("([A-Z_]+)"', source))
    page = set(re.findall(r"^\| `([A-Z_]+)`", (DOCS / "settings.md").read_text(), flags=re.MULTILINE))
    assert named and named - page == set()
    assert {name for name in page if name.startswith("COUNTERSIGN_")} - named == set()


def test_the_clocks_of_each_tier_are_documented():
    rows = re.findall(
        r"^\| (\d)[^|]*\|([^|]+)\|([^|]+)\|([^|]+)\|([^|]+)\|$", (DOCS / "desk.md").read_text(), re.MULTILINE
    )
    written = {int(tier): tuple(_seconds(cell) for cell in cells) for tier, *cells in rows}
    reviews = {tier: REVIEWS[tier] for tier in (2, 3, 4)}
    assert written == {tier: (one.look, one.due, one.expires, one.permit) for tier, one in reviews.items()}


def _seconds(cell: str) -> int:
    number, unit = cell.split()
    return int(number) * {"min": 60, "h": 3600}[unit]
