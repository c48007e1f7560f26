"""Lists at the REST doors: filters read strictly, and pages that are gone through by a cursor."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.core.validators import slug_re
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agents.errors import Invalid

PAGE = 50


def read(request: Request, known: Sequence[str]) -> dict[str, str]:
    """Return the filters of a request, each given once. Raises Invalid naming every one that is unknown or given twice."""
    given = dict(request.query_params.lists())
    unknown = f"unknown; known are {', '.join(known)}"
    errors = [{"field": name[:80], "message": unknown} for name in sorted(given.keys() - set(known))]
    errors += [{"field": name, "message": "give it once"} for name in known if len(given.get(name, ())) > 1]
    errors += [
        {"field": name, "message": "write what to look for, or leave it out"} for name in known if _is_odd(given, name)
    ]
    if errors:
        raise Invalid(errors=errors)
    return request.query_params.dict()


def _is_odd(given: dict, name: str) -> bool:
    # The database refuses some of what a query may hold, and nothing it knows is named so.
    return any(not text or not text.isprintable() for text in given.get(name, ()))


def answer(
    request: Request, found: QuerySet, *, show: Callable[[Sequence[Model]], list], place: str = "pk"
) -> Response:
    """Answer a page of what was found, in its order, and where the next begins. `place` is what it is ordered by.

    `show` is given the whole page, so that it can ask for all of it at once; what it leaves out isn't shown.
    """
    rows = list(found[: PAGE + 1])
    shown, more = rows[:PAGE], rows[PAGE:]
    params = request.query_params.dict()
    following = urlencode(params | {"cursor": str(getattr(shown[-1], place))}) if more else ""
    return Response({"results": show(shown), "next": f"{request.path}?{following}" if more else None})


def one_of(field: str, given: str, known: Sequence[str]) -> str:
    """Return the given word. Raises Invalid when it isn't one of those that are known."""
    if given not in known:
        raise Invalid(errors=[{"field": field, "message": f"one of {', '.join(known)}"}])
    return given


def read_id(field: str, given: str) -> UUID:
    """Return an id that was given. Raises Invalid."""
    try:
        return UUID(given)
    except ValueError as error:
        message = "take it from `next` of the page before" if field == "cursor" else "an id, as it was answered"
        raise Invalid(errors=[{"field": field, "message": message}]) from error


def read_slug(field: str, given: str) -> str:
    """Return a slug that was given. Raises Invalid."""
    if not slug_re.fullmatch(given):
        raise Invalid(errors=[{"field": field, "message": "take it from `next` of the page before"}])
    return given


def number(field: str, given: str, *, most: int) -> int:
    """Return a whole number from 0 to `most`. Raises Invalid."""
    if not (given.isascii() and given.isdigit() and len(given) < 20 and int(given) <= most):
        message = "take it from `next` of the page before" if field == "cursor" else f"a whole number from 0 to {most}"
        raise Invalid(errors=[{"field": field, "message": message}])
    return int(given)
