"""What every answer of the API says in its headers, problems too: its trace, and what is left of a token's calls."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from agents import tracing


class ApiHeaders:
    """Joins the caller's trace (`request.trace`), and answers with it; adds the rate limit where a token was counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        request.trace = tracing.joined(request.headers.get("traceparent", ""))
        response = self.get_response(request)
        response.headers["traceparent"] = request.trace.header
        if allowance := getattr(request, "allowance", None):
            for name, value in allowance.headers().items():
                response.headers[name] = value
        return response
