"""Every version of every policy, to read: as it was written, and as the rules it comes to."""

from django.contrib import admin
from django.utils.html import format_html

from agents import policies
from agents.admin.reading import Confined
from agents.models import Policy
from agents.policy.writing import write_policy


@admin.register(Policy)
class PolicyAdmin(Confined):
    agent_path = "agent"
    list_display = ["label", "agent", "in_force", "short_digest", "created_at"]
    list_select_related = ["agent"]
    search_fields = ["name", "agent__slug"]
    ordering = ["agent__slug", "-version"]
    fields = ["agent", "label", "in_force", "file", "digest", "created_at", "as_written", "expanded"]
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("agent").defer("source", "body")  # large, and not for lists

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
