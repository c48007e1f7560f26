"""REST doors of policies: a policy is read and tried before anybody brings it in. Nothing is written."""

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, rulebook
from agents.api import read_fields
from agents.errors import TokenCannotDecide
from agents.models import Agent, Person
from agents.policy.language import Tool
from agents.policy.reading import PolicyErrors
from agents.policy.shapes import shape_of
from agents.readiness import granted_definitions

_FIELDS = {"policy": str, "agent": str}


@api_view(["POST"])
def validate(request: Request) -> Response:
    """`POST policies/validate/`: what a policy says for the tools of an agent, or every problem of it; 200 either way."""
    if not isinstance(request.user, Person):
        raise TokenCannotDecide(
            "Policies are for people who are signed in; a token proposes and reads its own actions."
        )
    fields = read_fields(request.data, _FIELDS, required={"policy", "agent"})
    agent = access.agent_for(request.user, fields["agent"])
    return Response(_judgement(fields["policy"], tools_of(agent)))


def tools_of(agent: Agent) -> list[Tool]:
    """Return the tools the agent may propose now, as a policy sees them."""
    return [shape_of(body) for body in granted_definitions(agent)]


def _judgement(text: str, tools: list[Tool]) -> dict:
    try:
        body = rulebook.examine(text, name="policy", tools=tools).as_json()
    except PolicyErrors as errors:
        body = rulebook.errors_json(errors)
    for key in body.keys() & {"problems", "notes"}:  # what came in a request has no file
        body[key] = [{name: value for name, value in one.items() if name != "file"} for one in body[key]]
    return body
