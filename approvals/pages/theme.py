"""The colours somebody chose, as a cookie: a page is written in them before it is painted. The preference itself is a row."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SECONDS = 400 * 24 * 60 * 60  # the longest a browser keeps a cookie (RFC 6265bis)


def wear(response: HttpResponse, request: HttpRequest, theme: str) -> HttpResponse:
    """Set the cookie from which `base.html` writes the theme into the page; nothing to follow anybody by."""
    if request.COOKIES.get("theme") != theme:
        safety = {"secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
        response.set_cookie("theme", theme, max_age=SECONDS, **safety)
    return response
