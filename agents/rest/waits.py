"""Long polls as views see them: they answer at once, and mark an answer that whoever asked would rather wait for.

The door (`controlplane.waiting`) takes the mark off, waits for news and asks again; no client ever sees it.
"""

import re

from rest_framework.request import Request
from rest_framework.response import Response

from agents.errors import Invalid

UNFINISHED = "Countersign-Unfinished"
MAX_SECONDS = 60


def asked(request: Request) -> bool:
    """Whether `?wait=` asks to wait, 0 to 60 whole seconds; not given is 0. Raises Invalid."""
    given = request.query_params.get("wait", "0")
    if not re.fullmatch(r"[0-9]{1,2}", given) or int(given) > MAX_SECONDS:
        message = f"write whole seconds from 0 to {MAX_SECONDS}"
        raise Invalid(errors=[{"field": "wait", "message": message}])
    return int(given) > 0


def answer(body: dict, *, about: str, finished: bool, wait: bool) -> Response:
    """Answer at once; what isn't finished is marked with what news of it are `about` (kind:id) if it should be waited for."""
    return Response(body, headers={} if finished or not wait else {UNFINISHED: about})
