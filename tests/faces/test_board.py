"""The board, the history and what is exported of them, as a browser without JavaScript meets them."""

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent, Person
from approvals.figures import history_list, measures, tables
from approvals.models import Preference
from audit.models import Event
from tests.domain.reviewed import World
from tests.factories import decide, make_action, make_person, principal_of

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
HOSTILE = "<script>alert(2)</script>\u202eevil\u200b"
BOARD = "/board/?of=team:support-leads&range=30d"


@pytest.fixture
def world():
    return World("refund-desk", now=timezone.now())


@pytest.fixture
def lea(world):
    return world.company.lea


def text(response) -> str:
    return response.content.decode()


def words(response) -> str:
    plain = re.sub(r"<[^>]*>", " ", text(response)).replace("&nbsp;", " ")
    return re.sub(r"\s+", " ", plain)


def body(response) -> str:
    return b"".join(response.streaming_content).decode()


def cells(response) -> list[dict]:
    return list(csv.DictReader(io.StringIO(body(response), newline="")))


def exported() -> list[Event]:
    return list(Event.objects.filter(verb="records.exported").order_by("id"))


# --- who comes in


@pytest.mark.parametrize("address", ["/board/", "/board/export/", "/decisions/export/", "/decisions/"])
def test_pages_ask_who_you_are_first(client, address):
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={address}")


@pytest.mark.parametrize("address", ["/board/export/?of=team:support-leads&table=flow", "/decisions/export/"])
def test_a_token_exports_nothing_even_beside_a_session(at, client, world, lea, address):
    token = {"HTTP_AUTHORIZATION": f"Bearer {principal_of(world.agent).token.prefix}"}
    assert client.get(address, **token).status_code == 403
    assert at(lea).get(address, **token).status_code == 403
    assert exported() == []


def test_a_foreign_board_and_none_are_the_same(at, world):
    fin = at(world.company.fin)
    answers = [fin.get("/board/", {"of": of}) for of in ("team:support-leads", "team:nobody", "agent:refund-desk", "x")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({words(answer) for answer in answers}) == 1
    export = fin.get("/board/export/", {"of": "team:support-leads", "table": "flow"})
    assert export.status_code == 404 and exported() == []


def test_somebody_in_no_team_is_told_so(at):
    assert "No board is yours" in words(at(make_person("nobody")).get("/board/"))


def test_pages_and_files_are_kept_by_no_cache(at, lea):
    for address in (BOARD, "/decisions/", "/decisions/export/", "/board/export/?of=team:support-leads&table=flow"):
        assert "no-store" in at(lea).get(address)["Cache-Control"]


@pytest.mark.parametrize("address", ["/board/", "/decisions/", "/board/export/", "/decisions/export/"])
def test_nothing_here_takes_a_post(at, lea, address):
    assert at(lea).post(address).status_code == 405


# --- the board


def test_a_rate_of_too_few_is_shown_as_its_counts_and_interval(at, world, lea):
    for _ in range(4):
        world.end(world.ask(100), 10)
    page = words(at(lea).get(BOARD))
    assert "Not enough data Target 95 % 4 of 4, likely 51 to 100 %" in page


def test_the_figures_stand_with_the_word_that_judges_them(at, world, lea):
    for number in range(40):
        world.end(world.ask(300), 10 if number % 10 else 90)
    world.ask(90)
    world.ask(50)
    page = words(at(lea).get(BOARD))
    assert "Within SLA 87.8 % Below the target of 95 % 36 of 41, likely 74 to 95 %" in page
    assert "Late now 1 1 at risk 2 wait for review" in page
    assert "p50 10 min, p90 10 min target 1 h, 40 decided" in re.sub(r" +", " ", page)


def test_nothing_at_all_is_said_in_words(at, world, lea):
    Agent.objects.filter(pk=world.agent.pk).update(sign={"2": ["support-leads"]})
    assert "Nothing came in, ended or waits" in words(at(lea).get("/board/?of=team:support-leads&range=today"))


def test_every_drawing_is_named_described_and_has_its_table(at, world, lea):
    world.end(world.ask(100), 10)
    page = text(at(lea).get(BOARD))
    drawings = re.findall(
        r'<svg class="drawing" role="img" aria-labelledby="([\w-]+)" aria-describedby="([\w-]+)"', page
    )
    assert len(drawings) == 2
    for title, desc in drawings:
        assert f'<title id="{title}">' in page and f'<desc id="{desc}">' in page
    assert len(re.findall(r'<figure class="chart">.*?<details><summary>.*?<table', page, re.S)) == 2
    assert "style=" not in page and "<script" not in page.split("</head>")[1]


def test_times_are_those_of_the_readers_zone(at, world, lea):
    Preference.objects.create(person=lea, zone="Asia/Kolkata")
    assert "Asia/Kolkata" in words(at(lea).get(BOARD))


def test_what_agents_are_called_is_inert(at, world, lea):
    Agent.objects.filter(pk=world.agent.pk).update(name=HOSTILE)
    world.end(world.ask(100, rules=(HOSTILE,)), 10)
    page = text(at(lea).get(BOARD))
    assert "<script>alert" not in page and "\u202e" not in page and "U+202E" in page


def test_people_stand_by_name_and_no_rank_is_said(at, world, lea):
    for name in ("zoe", "Adam"):
        make_person(name, "support-leads")
    world.ask(30)
    page = words(at(lea).get(BOARD))
    assert page.index("Adam") < page.index("zoe")
    assert not re.search(r"\b(rank|fastest|slowest|leader|best|worst)\b", page, re.I)


def test_a_board_takes_as_many_queries_however_much_there_is(at, world, lea):
    def queries() -> int:
        browser = at(Person.objects.get(pk=lea.pk))
        with CaptureQueriesContext(connection) as captured:
            browser.get(BOARD)
        return len(captured)

    few = queries()
    for number in range(8):
        world.end(world.ask(300 + number, rules=(f"rule{number}",)), 10)
    assert queries() == few


def test_every_figure_stands_in_the_docs_as_it_is_defined(at, world, lea):
    page = re.sub(r"\s+", " ", (DOCS / "board.md").read_text())
    for name, definition in measures.DEFINITIONS.items():
        assert f"| {name} | {definition} |" in page, name
    told = tables.tables(world.of_team())
    for table in told:
        assert f"`{table.name}`" in page
        assert [column.name for column in table.columns if f"`{column.name}`" not in page] == []
    assert [column.name for column in history_list.COLUMNS if f"`{column.name}`" not in page] == []
    assert [code for code in measures.CAUSES if code and f"`{code}`" not in page] == []
    assert tuple(table.name for table in told) == tables.TABLES
    world.end(world.ask(100), 10)
    shown = words(at(lea).get(BOARD))
    assert [name for name, said in measures.DEFINITIONS.items() if name not in shown] == []


# --- exports of the board


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_table_is_the_same_in_csv_jsonl_and_on_the_page(at, world, lea, name):
    for number in range(3):
        world.end(world.ask(300, rules=("over_limit",)), 10 if number else 90)
    ask = {"of": "team:support-leads", "range": "7d", "table": name}
    first = at(lea).get("/board/export/", ask | {"format": "csv"})
    assert first["Content-Disposition"] == f'attachment; filename="countersign-board-{name}.csv"'
    rows = cells(first)
    objects = [json.loads(line) for line in body(at(lea).get("/board/export/", ask | {"format": "jsonl"})).splitlines()]
    assert len(rows) == len(objects) == int(first["Countersign-Rows"]) > 0
    assert [list(row) for row in rows] == [list(one) for one in objects]
    said = exported()
    assert [(event.data["what"], event.data["rows"], event.data["format"]) for event in said] == [
        (f"board {name}", len(rows), "csv"), (f"board {name}", len(rows), "jsonl"),
    ]  # fmt: skip


def test_what_isnt_asked_rightly_is_refused_and_nothing_recorded(at, lea):
    for query in ("table=flow&format=xlsx", "table=all", ""):
        assert at(lea).get(f"/board/export/?of=team:support-leads&{query}").status_code == 422
    assert at(lea).get("/decisions/export/?format=xml").status_code == 422
    assert at(lea).get("/decisions/export/?since=soon").status_code == 422
    assert exported() == []


def test_a_browser_that_fetches_ahead_takes_nothing_out(at, lea):
    assert at(lea).get("/decisions/export/", HTTP_SEC_PURPOSE="prefetch").status_code == 503
    assert exported() == []


# --- the history


def test_the_history_begins_with_mine_and_offers_everybodys(at, world, lea):
    action = make_action(world.agent)
    decide(action, world.company.fin, "reject", note="no")
    assert "You have decided nothing here yet" in words(at(lea).get("/decisions/"))
    page = words(at(lea).get("/decisions/?who=anybody"))
    assert "Decisions you may see" in page and str(world.company.fin) in page and "Wrong value" in page


def test_a_day_that_is_none_is_said_and_finds_nothing(at, world, lea):
    decide(make_action(world.agent), lea, "reject")
    page = text(at(lea).get("/decisions/?since=2026-13-01"))
    assert "That is no day" in page and 'aria-invalid="true"' in page and "No decision matches" in page


def test_filters_stay_in_the_form_and_in_the_way_to_older_pages(at, world, lea, monkeypatch):
    monkeypatch.setattr(history_list, "PAGE", 1)
    for _ in range(2):
        decide(make_action(world.agent), lea, "reject")
    page = text(at(lea).get("/decisions/?word=reject&text=Refund"))
    assert 'value="Refund"' in page and '<option value="reject" selected>' in page
    older = re.search(r'href="\?([^"]*before=\d+)"', page).group(1).replace("&amp;", "&")
    assert "word=reject" in older and "Receipt" in text(at(lea).get(f"/decisions/?{older}"))


def test_my_figures_are_shown_to_me_alone(at, world, lea):
    decide(make_action(world.agent), lea, "reject")
    assert "Your last 30 days: 1 decision" in words(at(lea).get("/decisions/"))
    for address in ("/decisions/?who=anybody", "/decisions/?word=reject"):
        assert "Your last 30 days" not in words(at(lea).get(address))


def test_the_history_exports_what_it_shows_with_its_filters(at, world, lea):
    kept = decide(make_action(world.agent), lea, "reject", note="=1+1\r\nand a line")
    decide(make_action(world.agent, "send_reply"), lea)
    at(lea)
    answer = at(lea).get("/decisions/export/?word=reject&format=csv")
    (row,) = cells(answer)
    assert list(row) == [column.name for column in history_list.COLUMNS]
    assert (row["decision"], row["word"], row["person"]) == (str(kept.pk), "reject", lea.username)
    assert row["note"].startswith("'=1+1") and row["agent"] == "refund-desk"
    (one,) = [
        json.loads(line) for line in body(at(lea).get("/decisions/export/?word=reject&format=jsonl")).splitlines()
    ]
    assert one["note"] == "=1+1\r\nand a line" and one["action"] == str(kept.action_id)
    assert answer["Countersign-Cut"] == "no"


def test_others_words_on_an_open_review_are_in_no_export(at, world, lea):
    decide(make_action(world.agent), world.company.fin)
    assert cells(at(lea).get("/decisions/export/?who=anybody")) == []


def test_an_export_is_recorded_and_says_when_it_is_cut(at, world, lea, monkeypatch):
    for _ in range(3):
        decide(make_action(world.agent), lea, "reject")
    monkeypatch.setattr(history_list, "MOST", 2)
    answer = at(lea).get("/decisions/export/?text=Refund")
    assert answer["Content-Disposition"] == 'attachment; filename="countersign-decisions-first-2-rows.csv"'
    assert answer["Countersign-Cut"] == "yes" and len(cells(answer)) == 2
    (event,) = exported()
    assert event.data == {"what": "decisions", "rows": 2, "format": "csv", "cut": True}
    assert event.actor_id == str(lea.pk) and event.private_values()["query"] == "text=Refund"
    assert timezone.now() - event.at < timedelta(minutes=5)
