"""Every version of every policy, to read: as it was written, and as the rules it comes to."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from agents import policies
from agents.admin.reading import Confined
from agents.models import Policy
from agents.policy.writing import write_policy


@admin.register(Policy)
class PolicyAdmin(Confined):
    agent_path = "agent"
    date_hierarchy = "created_at"
    list_filter = [("agent", admin.RelatedOnlyFieldListFilter)]
    list_display = ["label", "agent", "in_force", "short_digest", "created_at"]
    list_select_related = ["agent"]
    search_fields = ["name", "agent__slug"]
    ordering = ["agent__slug", "-version"]
    fields = ["agent", "label", "in_force", "coverage", "file", "digest", "created_at", "as_written", "expanded"]
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("agent").defer("source", "body")  # large, and not for lists

    def events_of(self, row: Policy):
        return super().events_of(row).filter(verb__startswith="policy.", data__policy_id=str(row.pk))

    @admin.display(description="what it covers")
    def coverage(self, policy: Policy) -> str:
        address = reverse("policy", args=[policy.agent.slug])
        return format_html('<a href="{}?version={}">Every rule in words, tool by tool</a>', address, policy.version)

    @admin.display(description="in force", boolean=True)
    def in_force(self, policy: Policy) -> bool:
        return policy.agent.policy_id == policy.pk

    @admin.display(description="digest")
    def short_digest(self, policy: Policy) -> str:
        return policy.digest[:16]

    @admin.display(description="as written")
    def as_written(self, policy: Policy) -> str:
        return format_html("<pre>{}</pre>", policy.source)

    @admin.display(description="as rules")
    def expanded(self, policy: Policy) -> str:
        tools = policies.shapes_of(policy.agent)
        return format_html("<pre>{}</pre>", write_policy(policies.stored(policy), tools=tools))
