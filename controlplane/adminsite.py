"""The admin's own pages: what needs attention, who owns what, which agent may use which tool. They only read."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_safe

from approvals.owners import attention, duties, matrix
from approvals.pages.answers import as_number


class Site(admin.AdminSite):
    """Stock admin whose front page says what needs attention. Every page here is confined by `agents.access`."""

    enable_nav_sidebar = False  # the front page leads everywhere, and a sidebar leaves too little of a narrow window

    def get_urls(self):
        ours = [
            path("matrix/", self.admin_view(require_safe(self.matrix_page)), name="matrix"),
            path("who-owns-what/", self.admin_view(require_safe(self.duties_page)), name="duties"),
        ]
        return ours + super().get_urls()

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().index(request, {"attention": attention.of(request.user)} | (extra_context or {}))

    def matrix_page(self, request: HttpRequest) -> HttpResponse:
        shown = matrix.of(request.user, page=_page_number(request))
        return self._page(request, "admin/matrix.html", "Who may do what", matrix=shown)

    def duties_page(self, request: HttpRequest) -> HttpResponse:
        shown = duties.of(request.user, page=_page_number(request))
        return self._page(request, "admin/duties.html", "Who owns what", duties=shown)

    def _page(self, request: HttpRequest, template: str, title: str, **shown) -> HttpResponse:
        return TemplateResponse(request, template, self.each_context(request) | {"title": title} | shown)


def _page_number(request: HttpRequest) -> int:
    return as_number(request.GET.get("page", ""))
