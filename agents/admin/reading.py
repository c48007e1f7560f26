"""Admin pages to read: what may be seen is confined, and no request changes anything."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from agents import access
from agents.models import Agent, Person
from audit.models import Event

#: Entries on one page of a history.
PAGE = 50


def reads_all(person: Person) -> bool:
    """Whether a member of staff may read every person and permission (superusers and auditors)."""
    return person.is_staff and access.reads_all(person)


def dossier_of(agent: Agent) -> str:
    """Return the address of everything on record about an agent."""
    return reverse("agent-dossier", args=[agent.slug])


class ReadOnly(admin.ModelAdmin):
    """Nothing is added, changed or deleted here, and there are no bulk actions. A row's history is the record's own."""

    actions = None
    list_per_page = 50

    def lookup_allowed(self, lookup, value, request) -> bool:
        """Only the page's own filters: a condition on any other column (a password's hash, say) would answer questions."""
        names = {name if isinstance(name, str) else name[0] for name in self.list_filter}
        asked = {f"{name}{ending}" for name in names for ending in ("", "__exact", "__id__exact", "__isempty")}
        dated = {f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day") if self.date_hierarchy}
        return lookup in asked | dated

    # --- what is on record about a row, in place of the admin's own log, which tells of this one door alone

    def events_of(self, row) -> QuerySet[Event]:
        """Return what is on record about a row."""
        return Event.objects.none()

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        before = request.GET.get("before", "")
        found = self.events_of(row).order_by("-id").prefetch_related("private")
        if before.isascii() and before.isdigit() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        events = list(found[: PAGE + 1])
        context = self.admin_site.each_context(request) | {
            "title": f"History of {row}",
            "opts": self.opts,
            "object": row,
            "module_name": str(self.opts.verbose_name_plural).capitalize(),
            "events": events[:PAGE],
            "older": events[PAGE - 1].pk if len(events) > PAGE else None,
            "newest": not before,
        }
        return TemplateResponse(request, "admin/history.html", context | (extra_context or {}))

    def log_addition(self, request, obj, message) -> None:
        """Write nothing: the verb that did it has its event."""

    def log_change(self, request, obj, message) -> None:
        """Write nothing: the verb that did it has its event."""

    def has_module_permission(self, request) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None) -> bool:
        return reads_all(request.user)

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class Confined(ReadOnly):
    """Staff sees the rows of agents that `agents.access` lets them see: in lists, pages and autocomplete alike."""

    #: The lookup from a row to its agent; empty when the row is the agent.
    agent_path = ""

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        lookup = f"{self.agent_path}__in" if self.agent_path else "pk__in"
        return rows.filter(**{lookup: access.visible_agents(request.user).values("pk")})

    def agent_of(self, row) -> Agent:
        """Return the agent that a row belongs to."""
        return getattr(row, self.agent_path) if self.agent_path else row

    def events_of(self, row) -> QuerySet[Event]:
        return Event.objects.filter(subject_kind="agent", subject_id=str(self.agent_of(row).pk))

    def history_view(self, request, object_id, extra_context=None):
        row = self.get_object(request, object_id)
        dossier = {} if row is None else {"agent": self.agent_of(row), "dossier": dossier_of(self.agent_of(row))}
        return super().history_view(request, object_id, dossier | (extra_context or {}))

    def has_view_permission(self, request, obj=None) -> bool:
        # The rows are confined by the queryset, which is where every page of the admin gets its object from.
        return request.user.is_active and request.user.is_staff


class ReadOnlyInline(admin.TabularInline):
    """Rows of an agent on its page. Whoever sees the page sees them. `note` says who changes them, and how."""

    template = "admin/rows.html"
    note = ""
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request, obj=None) -> bool:
        return True

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
