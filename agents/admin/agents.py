"""Agents and their tools."""

import json

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from agents import access, granting, identities, registry
from agents.admin.lists import spoken_for
from agents.admin.onlookers import SightPage
from agents.admin.reading import Confined, ReadOnlyInline, dossier_of
from agents.agentfile import budget
from agents.errors import Refusal
from agents.models import Agent, AgentRole, Grant, Token, Tool
from agents.readiness.by_tier import by_tier
from audit import refusals

EDITED = ("name", "purpose", "sign")


class AgentForm(forms.ModelForm):
    """Name and purpose any time; who signs while it is a draft. Anything else that is posted is refused by name."""

    request = None  # set by AgentAdmin for each request

    class Meta:
        model = Agent
        fields = EDITED
        help_texts = {
            "name": "What people read in the queue.",
            "purpose": "Why this agent exists.",
            "sign": 'Groups that fill the slots, by tier: {"2": ["support-leads"], "3": ["finance", "support-leads"]}. '
            "It bears risk: once the agent has been enabled, only the operator changes it, with a new agent file.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        sign = self.fields.get("sign")  # not there for those who only look
        if sign and not self.instance.is_draft:  # posted with the rest, so that a forced change is refused by name
            sign.widget.attrs["readonly"] = True

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        # Also what the page never offers: a forced post must be refused, not quietly ignored.
        asked = {name: cleaned[name] for name in EDITED} | self._forced()
        try:
            registry.check_edit(self.instance, asked)
        except Refusal as refusal:
            actor = self.request.user.actor()
            subject = ("agent", str(self.instance.pk))
            refusals.tally(by=actor, code=refusal.code, where=f"POST {self.request.path}", subject=subject)
            for error in refusal.errors:
                field = error["field"] if error["field"] in self.fields else None
                self.add_error(field, ValidationError(error["message"], code=refusal.code))
        return cleaned

    def _forced(self) -> dict:
        return {name: self.data[name] for name in registry.NEVER_EDITED if name in self.data}


class RoleInline(ReadOnlyInline):
    model = AgentRole
    note = mark_safe(
        "The operator changes who answers for it: <code>roles</code> in the agent file, then "
        "<code>manage.py agent import</code>."
    )
    fields = ["role", "holder"]
    readonly_fields = ["holder"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("person", "agent")

    @admin.display(description="person")
    def holder(self, role: AgentRole) -> str:
        return f"{role.person} ({role.person.username})"  # no link: owners don't open people's pages


class ToolInline(ReadOnlyInline):
    model = Tool
    note = "A tool is what its definition says: the operator imports a new agent file to change it."
    fields = ["name", "tier", "digest"]
    readonly_fields = ["digest"]
    show_change_link = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("agent", "definition")

    @admin.display(description="definition")
    def digest(self, tool: Tool) -> str:
        return tool.definition.digest[:16] if tool.definition else "none"


class GrantInline(ReadOnlyInline):
    model = Grant
    note = "What stands in the agent file is granted when it is imported, and revoked when it is gone from there."
    fields = ["tool_name", "standing", "granted_by", "granted_at", "until", "revoked_at", "last_used"]
    readonly_fields = fields
    origins = granting.Origins({}, {})  # read once a page, below: the admin makes an inline for each request

    def get_queryset(self, request):
        grants = super().get_queryset(request).annotate(now=Now())
        return grants.select_related("agent").order_by("tool_name", "-granted_at")

    def get_formset(self, request, obj=None, **kwargs):
        if obj is not None:
            self.origins = granting.origins(obj)
        return super().get_formset(request, obj, **kwargs)

    @admin.display(description="standing")
    def standing(self, grant: Grant) -> str:
        return granting.standing_of(grant, grant.now)

    @admin.display(description="granted by")
    def granted_by(self, grant: Grant) -> str:
        return self.origins.givers.get(grant.pk) or "not on record"

    @admin.display(description="until")
    def until(self, grant: Grant) -> str:
        return date_format(grant.expires_at, "DATETIME_FORMAT") if grant.expires_at else "no end"

    @admin.display(description="last asked for")
    def last_used(self, grant: Grant) -> str:
        at = self.origins.uses.get(grant.tool_id)
        return date_format(at, "DATETIME_FORMAT") if at else "not lately"


class TokenInline(ReadOnlyInline):
    model = Token
    note = mark_safe(
        "<code>manage.py token issue</code> makes a token, <code>manage.py token revoke</code> ends one: "
        "issue the next one first."
    )
    fields = ["prefix", "standing", "issued_at", "expires_at", "last_used_at", "revoked_at"]
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(now=Now())

    @admin.display(description="standing")
    def standing(self, token: Token) -> str:
        return identities.standing_of(token, token.now)


@admin.register(Agent)
class AgentAdmin(SightPage, Confined):
    form = AgentForm
    list_display = ["slug", "name", "owner", "standing", "first_enabled_at"]
    list_filter = ["enabled", ("stopped_at", admin.EmptyFieldListFilter), "runtime"]
    search_fields = ["slug", "name", "purpose"]
    readonly_fields = [
        "slug", "policy_label", "sources_named", "runtime", "runtime_given", "caps", "team", "delegates_named",
        "verified_by", "clients", "standing", "record", "needs", "seen_by",
    ]  # fmt: skip
    fields = ["slug", "name", "purpose", "sign", *readonly_fields[1:-2]]
    inlines = [RoleInline, ToolInline, GrantInline, TokenInline]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("roles__person")

    def has_change_permission(self, request, obj=None) -> bool:
        person = request.user
        if not (person.is_active and person.is_staff):
            return False
        # Without an object this only opens the list, where nothing can be edited.
        return obj is None or access.may_edit(person, obj)

    def get_search_results(self, request, queryset, search_term):
        """Offer beside a list's key only agents this person may propose one for, as the form does."""
        found, repeated = super().get_search_results(request, queryset, search_term)
        if request.GET.get("model_name") == "listentry":
            found = found.filter(pk__in=spoken_for(request.user).values("pk"))
        return found, repeated

    def get_fieldsets(self, request, obj=None):
        """Show what the agent still needs, and who sees it, on their own, under headings that links lead to."""
        plain = super().get_fieldsets(request, obj)
        needs = ("Readiness", {"fields": ["needs"], "classes": ["readiness"]})
        return plain if obj is None else [*plain, needs, ("Sight", {"fields": ["seen_by"]})]

    def get_form(self, request, obj=None, change=False, **kwargs):
        return type("BoundAgentForm", (super().get_form(request, obj, change, **kwargs),), {"request": request})

    def save_model(self, request, obj, form, change):
        """Save through the registry, which locks the agent and asks again; the form's answer may be a second old."""
        registry.edit(obj.pk, by=request.user.actor(), **{name: form.cleaned_data[name] for name in EDITED})

    @admin.display(description="owner")
    def owner(self, agent: Agent) -> str:
        return next((str(role.person) for role in agent.roles.all() if role.role == AgentRole.Role.OWNER), "nobody")

    @admin.display(description="standing")
    def standing(self, agent: Agent) -> str:
        return registry.standing(agent)

    @admin.display(description="policy")
    def policy_label(self, agent: Agent) -> str:
        if agent.policy is None:
            return "none: the tiers alone decide"
        address = reverse("admin:agents_policy_change", args=[agent.policy.pk])
        return format_html('<a href="{}">{}</a>', address, agent.policy.label)

    @admin.display(description="sources of facts")
    def sources_named(self, agent: Agent) -> str:
        return ", ".join(agent.sources) or "none"

    @admin.display(description="what the runtime is given")
    def runtime_given(self, agent: Agent) -> str:
        return _as_lines(agent.runtime_body)

    @admin.display(description="budget")
    def caps(self, agent: Agent) -> str:
        return ", ".join(f"{key} {cap}" for key, cap in budget.said(agent.budget).items()) or "none"

    @admin.display(description="gives tasks to")
    def delegates_named(self, agent: Agent) -> str:
        return ", ".join(agent.delegates) or "nobody"

    @admin.display(description="its runs are verified by")
    def verified_by(self, agent: Agent) -> str:
        return _as_lines(agent.verify)

    @admin.display(description="clients' tokens")
    def clients(self, agent: Agent) -> str:
        tokens = agent.client_tokens.select_related("client").annotate(now=Now())
        said = ((token.client, token.prefix, identities.standing_of(token, token.now)) for token in tokens)
        rows = format_html_join(mark_safe("<br>"), "{}: {}, {}", said)
        return format_html('<span id="clients">{}</span>', rows or "none")

    @admin.display(description="on record")
    def record(self, agent: Agent) -> str:
        history = reverse("admin:agents_agent_history", args=[agent.pk])
        policy = reverse("policy", args=[agent.slug])
        return format_html(
            '<a href="{}">History</a> · <a href="{}">Dossier</a> · <a href="{}">What its policy covers</a>',
            history, dossier_of(agent), policy,
        )  # fmt: skip

    @admin.display(description="tier by tier")
    def needs(self, agent: Agent) -> str:
        return render_to_string("admin/_readiness.html", {"readiness": by_tier(agent)})


@admin.register(Tool)
class ToolAdmin(Confined):
    agent_path = "agent"
    list_filter = ["tier", ("agent", admin.RelatedOnlyFieldListFilter)]
    list_display = ["name", "agent", "tier", "digest"]
    list_select_related = ["agent", "definition"]
    search_fields = ["name", "agent__slug"]
    fields = ["agent", "name", "tier", "digest", "definition_text"]
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("agent", "definition")

    def events_of(self, row: Tool):
        return super().events_of(row).filter(data__tool=row.name)

    @admin.display(description="digest")
    def digest(self, tool: Tool) -> str:
        return tool.definition.digest if tool.definition else "none"

    @admin.display(description="definition")
    def definition_text(self, tool: Tool) -> str:
        return _as_lines(tool.definition.body if tool.definition else {})


def _as_lines(stored: dict) -> str:
    if not stored:
        return "none"
    return format_html("<pre>{}</pre>", json.dumps(stored, indent=2, ensure_ascii=False))
