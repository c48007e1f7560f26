"""REST doors of policies: a policy is read and tried before anybody brings it in. Nothing is written."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, granted, rulebook
from agents.errors import BusyValidating, Invalid
from agents.models import Person
from agents.policy.language import Tool
from agents.policy.reading import PolicyErrors
from agents.rest.fields import Fields
from agents.rest.people import reader_of

#: Bytes of a policy's text at this door. A text written to be slow costs seconds of a thread that others wait for.
MAX_POLICY = 64 * 1024
#: Validations at once in one process, whoever asks.
MAX_AT_ONCE = 2

TRIED = Fields({"policy": str, "agent": str}, required={"policy", "agent"})
_room = threading.BoundedSemaphore(MAX_AT_ONCE)
_validating: set = set()  # keys of the people whose policy is being validated
_validating_lock = threading.Lock()


@api_view(["POST"])
def validate(request: Request) -> Response:
    """`POST policies/validate/`: what a policy says for the tools of an agent, or every problem of it; 200 either way."""
    person = reader_of(request)
    fields = TRIED.read(request.data)
    agent = access.agent_for(person, fields["agent"])
    _check_size(fields["policy"])
    tools = granted.tools(agent)
    with _turn(person):
        return Response(_judgement(fields["policy"], tools))


def _check_size(text: str) -> None:
    if len(text.encode(errors="surrogatepass")) > MAX_POLICY:
        message = (
            f"must have at most {MAX_POLICY // 1024} KiB here; "
            "the command line takes up to 256 KiB: `manage.py policy validate FILE`"
        )
        raise Invalid(errors=[{"field": "policy", "message": message}])


@contextmanager
def _turn(person: Person) -> Iterator[None]:
    """Hold the person's one turn and one of the process's; raises BusyValidating at once where either is taken."""
    with _validating_lock:
        if person.pk in _validating or not _room.acquire(blocking=False):
            raise BusyValidating
        _validating.add(person.pk)
    try:
        yield
    finally:
        with _validating_lock:
            _validating.remove(person.pk)
            _room.release()


def _judgement(text: str, tools: list[Tool]) -> dict:
    try:
        body = rulebook.examine(text, name="policy", tools=tools).as_json()
    except PolicyErrors as errors:
        body = rulebook.errors_json(errors)
    for key in body.keys() & {"problems", "notes"}:  # what came in a request has no file
        body[key] = [{name: value for name, value in one.items() if name != "file"} for one in body[key]]
    return body
