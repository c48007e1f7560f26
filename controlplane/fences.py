"""What browsers tell of where a request comes from, and what we tell them of where an answer may go.

Beside Django's own check of the form's secret and the Origin: these hold where a secret has leaked, or a page of ours is
shown inside another.
"""

from django.http import HttpRequest, HttpResponse

from controlplane import problems

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
#: Where a form of ours comes from (Fetch Metadata, W3C): from us, or from nobody's page. A sibling domain is not us.
_OURS = ("same-origin", "none")
#: Where an answer to it must not be shown: inside another page.
_FRAMES = ("iframe", "frame", "embed", "object", "fencedframe")


class FetchMetadataMiddleware:
    """Refuses whatever could change something when the browser says that another site sent it, or a frame; older browsers
    say nothing, and the form's secret alone decides. Every answer says that only our own pages may read it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        if request.method in _SAFE_METHODS or not comes_from_elsewhere(request):
            return None
        return problems.cross_site(request)


def comes_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that the request was made by another site's page, or for a frame."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return site not in _OURS or request.headers.get("Sec-Fetch-Dest", "") in _FRAMES
