"""What the lists of a policy say: role holders propose and confirm keys; nothing is edited in place or deleted."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect

from agents import lists
from agents.admin.reading import Confined
from agents.counting import count
from agents.errors import Refusal
from agents.models import Agent, ListEntry, Person
from audit import refusals


class Suggesting(AutocompleteSelect):
    """A choice that is searched as one types; without JavaScript, the ordinary one with everything that may be chosen."""

    def optgroups(self, name, value, attrs=None):
        return forms.Select.optgroups(self, name, value, attrs)

    @property
    def media(self):
        return super().media + forms.Media(js=["admin.js"])


class EntryForm(forms.ModelForm):
    """A key to propose. Everything the verb would refuse is said beside the fields."""

    request = None  # set by ListEntryAdmin for each request

    class Meta:
        model = ListEntry
        fields = ("agent", "list_name", "key", "note")
        help_texts = {
            "list_name": "A list that the agent's policy names.",
            "key": "Exactly as it stands in the argument or fact it is compared to.",
            "note": "Why it belongs there, for whoever confirms it.",
        }

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        try:
            lists.check(**cleaned, by=self.request.user)
        except Refusal as refusal:
            tally(self.request, refusal, cleaned["agent"].pk)
            for error in refusal.errors or [{"field": None, "message": refusal.detail}]:
                self.add_error(error["field"], ValidationError(error["message"], code=refusal.code))
        return cleaned


@admin.register(ListEntry)
class ListEntryAdmin(Confined):
    form = EntryForm
    agent_path = "agent"
    list_display = ["key", "list_name", "agent", "state", "proposer", "proposed_at", "confirmed_by", "note"]
    list_display_links = None
    list_filter = ["state", ("agent", admin.RelatedOnlyFieldListFilter)]
    date_hierarchy = "proposed_at"
    autocomplete_fields = ["agent"]
    list_select_related = ["agent", "proposed_by", "confirmed_by"]
    search_fields = ["list_name", "key", "agent__slug"]
    actions = ["confirm", "drop", "propose_removal", "keep", "confirm_removal"]

    def get_fields(self, request, obj=None):
        return EntryForm.Meta.fields if obj is None else self.list_display

    def has_add_permission(self, request) -> bool:
        person = request.user
        return person.is_active and person.is_staff and spoken_for(person).exists()

    def get_form(self, request, obj=None, change=False, **kwargs):
        return type("BoundEntryForm", (super().get_form(request, obj, change, **kwargs),), {"request": request})

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        chosen = {"queryset": spoken_for(request.user), "widget": Suggesting(db_field, self.admin_site)}
        return super().formfield_for_foreignkey(db_field, request, **kwargs | chosen)

    def events_of(self, row: ListEntry):
        return super().events_of(row).filter(verb__startswith="list.", data__entry=row.pk)

    def save_model(self, request, obj, form, change):
        """Propose through the verb, which locks the agent and asks again; the form's answer may be a second old."""
        entry = lists.propose(**form.cleaned_data, by=request.user)
        obj.pk, obj.state = entry.pk, entry.state

    def response_add(self, request, obj, post_url_continue=None):
        waits = f"Proposed {obj}: another person who holds a role of the agent confirms it."
        self.message_user(request, f"Listed {obj}: it counts now." if obj.counts else waits, messages.SUCCESS)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(request.path)
        return self.response_post_save_add(request, obj)

    @admin.display(description="proposed by")
    def proposer(self, entry: ListEntry) -> str:
        return str(entry.proposed_by or "the operator")

    @admin.action(description="Confirm: the chosen keys count")
    def confirm(self, request, queryset):
        self._each(request, queryset, lists.confirm, "confirmed")

    @admin.action(description="Drop: the chosen keys were only proposed")
    def drop(self, request, queryset):
        self._each(request, queryset, lists.drop, "dropped")

    @admin.action(description="Propose to take the chosen keys out")
    def propose_removal(self, request, queryset):
        self._each(request, queryset, lists.propose_removal, "proposed to be taken out")

    @admin.action(description="Keep the chosen keys: they aren't taken out")
    def keep(self, request, queryset):
        self._each(request, queryset, lists.keep, "kept")

    @admin.action(description="Confirm: the chosen keys are taken out")
    def confirm_removal(self, request, queryset):
        self._each(request, queryset, lists.confirm_removal, "taken out")

    def _each(self, request, queryset, verb, done: str) -> None:
        """Do it for each entry by itself: one that is refused keeps none of the others back."""
        if request.POST.get("select_across") == "1":
            # Also what was proposed since the page was made: nobody speaks for a key they didn't see.
            return self.message_user(request, "Choose the keys on this page, not all there are.", messages.ERROR)
        changed = 0
        for entry in queryset:
            try:
                verb(entry=entry, by=request.user)
                changed += 1
            except Refusal as refusal:
                tally(request, refusal, entry.agent_id)
                self.message_user(request, f"Refused for {entry}: {refusal.detail}", messages.ERROR)
        if changed:
            self.message_user(request, f"{count(changed, 'key')} {done}.", messages.SUCCESS)


def spoken_for(person: Person):
    """Return the agents with a policy for whose lists this person may propose keys."""
    return Agent.objects.filter(roles__person=person, policy__isnull=False).distinct()


def tally(request, refusal: Refusal, agent_id: int) -> None:
    """Count a refusal that is shown on the page it happened on."""
    where = f"POST {request.path}"
    refusals.tally(by=request.user.actor(), code=refusal.code, where=where, subject=("agent", str(agent_id)))
