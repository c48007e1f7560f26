"""Several alike at once: the comparison, the decision, and what became of each."""

from dataclasses import asdict
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents.errors import Invalid
from approvals.deciding import bulk
from approvals.pages.action import REASONS
from approvals.pages.answers import as_number, page, see
from approvals.pages.doors import form_on, signed_in

_KEPT = "bulk_results"


@require_safe
@signed_in
def compare_page(request: HttpRequest) -> HttpResponse:
    """`?id=...&id=...`: a set side by side."""
    return _page(request, [_id(text) for text in request.GET.getlist("id")[: bulk.MOST_REJECTED + 1]])


@form_on("queue")
def decide(request: HttpRequest) -> HttpResponse:
    form = request.POST
    items = [_bound(text) for text in form.getlist("item")[: bulk.MOST_REJECTED + 1]]
    try:
        results = bulk.decide(
            items,
            by=request.user,
            word=form.get("decision", ""),
            reason_code=form.get("reason_code", "") if form.get("decision") == "reject" else "",
            note=form.get("note", ""),
        )
    except Invalid as refusal:
        return _page(request, [item.id for item in items], refusal=refusal, typed=form)
    request.session[_KEPT] = [asdict(result) for result in results]
    return see("bulk-results")


@require_safe
@signed_in
def results_page(request: HttpRequest) -> HttpResponse:
    """What became of each item of the set this person decided on last."""
    return page(request, "bulk_results.html", results=request.session.get(_KEPT, []))


def _page(request: HttpRequest, ids: list[UUID], **context) -> HttpResponse:
    refusal = context.get("refusal")
    shown = {"set": bulk.compare(ids, request.user), "reasons": REASONS, "most": bulk.MOST_APPROVED}
    return page(request, "bulk.html", status=refusal.status if refusal else 200, **shown, **context)


def _bound(text: str) -> bulk.Bound:
    pk, _, rest = text.partition(":")
    digest, _, revision = rest.partition(":")
    return bulk.Bound(_id(pk), digest[:64], as_number(revision))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(errors=[{"field": "items", "message": "not the id of an action"}]) from None
