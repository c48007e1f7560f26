"""Who sees an agent: shown on its page, and given and taken on a page of its own."""

from django import forms
from django.contrib import messages
from django.contrib.admin import display
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from agents import access, onlookers
from agents.admin.lists import tally
from agents.errors import Invalid, NotAllowed
from agents.models import Agent, Person

_PAGE = "agents_agent_sight"


def _reason() -> forms.CharField:
    return forms.CharField(max_length=1000, label="Why", help_text="It stays on record, and on this page.")


class GiveForm(forms.Form):
    """To whom sight is given: a person by their user name, or a group."""

    person = forms.CharField(required=False, max_length=150, label="A person", help_text="By their user name.")
    group = forms.ModelChoiceField(
        Group.objects.order_by("name"), required=False, label="Or a group", empty_label="No group",
        help_text="Everybody who is in it, now or later.",
    )  # fmt: skip
    reason = _reason()

    def clean(self):
        cleaned = super().clean()
        name, group = cleaned.get("person", ""), cleaned.get("group")
        if bool(name) == bool(group):
            raise ValidationError("Name a person, or choose a group.", code="invalid")
        person = Person.objects.filter(username=name, is_active=True).first()
        if name and person is None:
            raise ValidationError({"person": "There is no active account of this name."})
        return cleaned | {"to": group or person}


class TakeForm(forms.Form):
    """From whom it is taken: somebody to whom it was given."""

    who = forms.ChoiceField(label="From whom")
    reason = _reason()

    def __init__(self, given: list[onlookers.Given], *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.given = {one.key: one.to for one in given}
        self.fields["who"].choices = [("", "Choose"), *((one.key, one.name) for one in given)]

    def clean(self):
        cleaned = super().clean()
        return cleaned | {"to": self.given.get(cleaned.get("who", ""))}


class SightPage:
    """For the admin of agents: the list of who sees one, and the page on which its owner gives sight and takes it."""

    def get_urls(self):
        ours = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.sight_page))
        return [path("<int:object_id>/sight/", ours, name=_PAGE), *super().get_urls()]

    @display(description="who sees it")
    def seen_by(self, agent: Agent) -> str:
        shown = {"onlookers": onlookers.of(agent), "address": reverse(f"admin:{_PAGE}", args=[agent.pk])}
        return render_to_string("admin/_onlookers.html", shown)

    def sight_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        agent = self.get_object(request, str(object_id))
        if agent is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(object_id))
        seen, why_not = onlookers.of(agent), access.why_not_show(request.user, agent)
        sent = request.POST if request.method == "POST" else None
        if sent is not None and why_not:
            raise NotAllowed(why_not)
        gives = sent is not None and sent.get("do") == "give"
        give = GiveForm(sent if gives else None, prefix="give")
        take = TakeForm(seen.given, None if gives else sent, prefix="take")
        if sent is not None and (said := self._done(request, agent, give if gives else take)):
            self.message_user(request, said, messages.SUCCESS)
            return HttpResponseRedirect(request.path, status=303)
        shown = {"agent": agent, "onlookers": seen, "forms": () if why_not else (give, take), "why_not": why_not}
        page = {"title": f"Who sees {agent.name}", "opts": self.opts} | self.admin_site.each_context(request)
        return TemplateResponse(request, "admin/sight.html", page | shown, status=422 if sent is not None else 200)

    def _done(self, request: HttpRequest, agent: Agent, form: GiveForm | TakeForm) -> str:
        """Give or take as the form says, and say what came of it; empty, and said in the form, when it can't be."""
        if not form.is_valid():
            return ""
        verb = _give if isinstance(form, GiveForm) else _take
        try:
            return verb(agent, form.cleaned_data, request.user)
        except (onlookers.AlreadyGiven, onlookers.NotGiven, Invalid) as refusal:
            tally(request, refusal, agent.pk)
            form.add_error(None, ValidationError(refusal.detail, code=refusal.code))
            return ""


def _give(agent: Agent, asked: dict, by: Person) -> str:
    onlookers.give(agent=agent, to=asked["to"], reason=asked["reason"], by=by)
    return f"Given: {asked['to']} sees {agent.name} from now on."


def _take(agent: Agent, asked: dict, by: Person) -> str:
    still = onlookers.take(agent=agent, to=asked["to"], reason=asked["reason"], by=by)
    others = f" They see it still, by: {', '.join(still)}." if still else ""
    return f"Taken from {asked['to']}, as of now.{others}"
