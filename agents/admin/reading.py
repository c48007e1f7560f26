"""Admin pages to read: what may be seen is confined, and no request changes anything."""

from django.contrib import admin

from agents import access
from agents.models import Person


def reads_all(person: Person) -> bool:
    """Whether a member of staff may read every person and permission (superusers and auditors)."""
    return person.is_active and person.is_staff and (person.is_superuser or person.has_perm("agents.read_all"))


class ReadOnly(admin.ModelAdmin):
    """Nothing is added, changed or deleted here, and there are no bulk actions."""

    actions = None
    list_per_page = 50

    def lookup_allowed(self, lookup, value, request) -> bool:
        """Only the page's own filters: a condition on any other column (a password's hash, say) would answer questions."""
        return lookup.removesuffix("__exact") in {name for name in self.list_filter if isinstance(name, str)}

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

    def has_view_permission(self, request, obj=None) -> bool:
        # The rows are confined by the queryset, which is where every page of the admin gets its object from.
        return request.user.is_active and request.user.is_staff


class ReadOnlyInline(admin.TabularInline):
    """Rows of an agent on its page. Whoever sees the page sees them."""

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
