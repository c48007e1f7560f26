"""People, groups and object permissions, to read, for superusers and auditors. `manage.py person` changes them."""

from django.contrib import admin
from django.contrib.auth import admin as stock  # noqa: F401  (registers Group, which is replaced below)
from django.contrib.auth.models import Group

from agents.admin.reading import ReadOnly
from agents.models import AgentGroupObjectPermission, AgentUserObjectPermission, Person
from audit.models import Event

admin.site.unregister(Group)


@admin.register(Person)
class PersonAdmin(ReadOnly):
    # No password, not even its hash: whoever could set one could sign with it.
    fields = [
        "username", "first_name", "email", "member_of", "human", "is_active", "is_staff", "is_superuser",
        "signer_since", "date_joined", "last_login",
    ]  # fmt: skip
    readonly_fields = fields
    list_display = ["username", "first_name", "member_of", "human", "is_active", "is_staff", "is_superuser"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    list_select_related = ["human"]
    search_fields = ["username", "first_name"]
    ordering = ["username"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("human").prefetch_related("groups")

    def events_of(self, row):
        return Event.objects.filter(subject_kind="person", subject_id=str(row.pk))

    @admin.display(description="groups")
    def member_of(self, person: Person) -> str:
        return ", ".join(sorted(group.name for group in person.groups.all())) or "none"


@admin.register(Group)
class GroupAdmin(ReadOnly):
    fields = ["name", "members"]
    readonly_fields = fields
    list_display = ["name", "members"]
    search_fields = ["name"]
    ordering = ["name"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("user_set")

    @admin.display(description="members")
    def members(self, group: Group) -> str:
        return ", ".join(sorted(person.username for person in group.user_set.all())) or "nobody"


@admin.register(AgentUserObjectPermission)
class PersonPermissionAdmin(ReadOnly):
    list_display = ["content_object", "user", "permission"]
    list_select_related = ["content_object", "user", "permission__content_type"]
    search_fields = ["content_object__slug", "user__username"]
    fields = ["content_object", "user", "permission"]
    readonly_fields = fields


@admin.register(AgentGroupObjectPermission)
class GroupPermissionAdmin(ReadOnly):
    list_display = ["content_object", "group", "permission"]
    list_select_related = ["content_object", "group", "permission__content_type"]
    search_fields = ["content_object__slug", "group__name"]
    fields = ["content_object", "group", "permission"]
    readonly_fields = fields
