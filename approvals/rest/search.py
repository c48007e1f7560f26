"""The REST door of search. People only, by the same function as the page."""

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents.errors import Invalid
from agents.rest.people import reader_of
from approvals import search as searching
from approvals.figures import board


@api_view(["GET"])
def search(request: Request) -> Response:
    """`GET search/?q=&kind=&agent=&tool=&state=&tier=&since=&until=`: what the person who asks may see, by its words."""
    person = reader_of(request)
    asked = searching.read([(key, text) for key, texts in request.GET.lists() for text in texts])
    if asked.is_short or not asked.words:
        raise Invalid(errors=[{"field": "q", "message": "write a word of two letters or digits, or more"}])
    return Response(searching.as_json(searching.find(person, asked, board.zone_of(person)), request.path))
