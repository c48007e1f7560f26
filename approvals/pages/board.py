"""Pages of figures and history, and what leaves the product from them: parse, read, answer. A GET changes nothing but the log."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_safe

from agents import access
from agents.errors import Invalid, NotAllowed
from agents.models import Person
from approvals.figures import board, exporting, history_list, measures, my_stats, periods
from approvals.figures.exporting import Column
from approvals.figures.tables import TABLES
from approvals.models import Decision, ReasonCode
from approvals.pages.answers import as_number, page
from approvals.pages.doors import signed_in
from audit import log


@require_safe
@signed_in
def board_page(request: HttpRequest) -> HttpResponse:
    shown = board.for_person(request.user, **_which(request))
    query = urlencode({"of": shown.chosen.value, "range": shown.period.name}) if shown.chosen else ""
    return page(request, "board.html", board=shown, query=query, ranges=periods.WORDS, definitions=measures.DEFINITIONS)


def _which(request: HttpRequest) -> dict[str, str]:
    return {"of": request.GET.get("of", ""), "name": request.GET.get("range", "")}


@require_safe
@signed_in
def decisions_page(request: HttpRequest) -> HttpResponse:
    person, asked = request.user, history_list.read(request.GET)
    before = as_number(request.GET.get("before", ""))
    zone = board.zone_of(person)
    mine = asked.who == history_list.ME
    return page(
        request,
        "decisions.html",
        asked=asked,
        zone=zone.key,
        history=history_list.listed(history_list.found(person, asked, zone), before=before),
        first=not before,
        stats=my_stats.of(person) if mine and not asked.narrowed and not before else None,
        agents=access.visible_agents(person).order_by("slug"),
        words=Decision.Word.choices,
        codes=ReasonCode.choices,
        most=exporting.MOST,
    )


# --- exports


def people_only(view: Callable) -> Callable:
    """For what leaves the product: a token is refused (403) whatever session comes with it, and nothing is fetched ahead."""
    door = require_GET(signed_in(view))

    @wraps(view)
    def refusing(request: HttpRequest) -> HttpResponse:
        if "Authorization" in request.headers:
            raise NotAllowed(
                "Exports are for people who are signed in: a token reads its own actions at actions/{id}/."
            )
        if "Sec-Purpose" in request.headers:
            return HttpResponse(status=503, headers={"Cache-Control": "no-store"})
        return door(request)

    return refusing


@people_only
def export_decisions(request: HttpRequest) -> HttpResponse:
    asked, form = history_list.read(request.GET), _form(request)
    if asked.wrong_days:
        raise Invalid(errors=[{"field": name, "message": "write a day as 2026-11-21"} for name in asked.wrong_days])
    with transaction.atomic():
        zone = board.zone_of(request.user)
        held, is_cut = history_list.ids(history_list.found(request.user, asked, zone))
        _record(request.user, what="decisions", rows=len(held), form=form, query=asked.query, is_cut=is_cut)
    rows = history_list.rows(held)
    return _file("decisions", form, history_list.COLUMNS, rows, count=len(held), is_cut=is_cut)


@people_only
def export_board(request: HttpRequest) -> HttpResponse:
    form, name = _form(request), request.GET.get("table", "")
    if name not in TABLES:
        raise Invalid(errors=[{"field": "table", "message": f"one of {', '.join(TABLES)}"}])
    shown = board.for_person(request.user, **_which(request))
    table = board.table_of(shown, name)
    query = urlencode({"of": shown.chosen.value, "range": shown.period.name})
    with transaction.atomic():
        _record(request.user, what=f"board {name}", rows=len(table.rows), form=form, query=query)
    return _file(f"board-{name}", form, table.columns, table.rows, count=len(table.rows))


def _form(request: HttpRequest) -> exporting.Format:
    form = request.GET.get("format", "csv")
    if form not in exporting.TYPES:
        raise Invalid(errors=[{"field": "format", "message": f"one of {', '.join(exporting.TYPES)}"}])
    return form


def _record(person: Person, *, what: str, rows: int, form: str, query: str, is_cut: bool = False) -> None:
    """Record that somebody takes records out, before the first of them leaves. What they searched for stands apart."""
    log.record(
        "records.exported",
        by=person.actor(),
        subject=("person", str(person.pk)),
        data={"what": what, "rows": rows, "format": form, "cut": is_cut},
        private={"query": query},
    )


def _file(
    name: str, form: exporting.Format, columns: Sequence[Column], rows: Iterable, *, count: int, is_cut: bool = False
) -> StreamingHttpResponse:
    """Return the file as a stream; its name and a header say when it isn't whole."""
    body = exporting.in_chunks(exporting.lines(form, columns, rows))
    ending = f"-first-{count}-rows" if is_cut else ""
    headers = {
        "Content-Disposition": content_disposition_header(True, f"countersign-{name}{ending}.{form}"),
        "X-Content-Type-Options": "nosniff",
        "Countersign-Rows": str(count),
        "Countersign-Cut": "yes" if is_cut else "no",
    }
    return StreamingHttpResponse(body, content_type=exporting.TYPES[form], headers=headers)
