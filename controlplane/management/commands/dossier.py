from uuid import UUID

from django.urls import reverse

from agents.errors import NoSuchAction, NoSuchRun
from agents.headline import reveal
from agents.models import Action, Run
from agents.people import find
from approvals import dossier
from audit.dossier import Subject
from controlplane.commandline import Noun, find_agent


class Command(Noun):
    help = "Answer who owned something, what it was allowed to do, and why it passed: from events alone."

    def add_verbs(self, verbs):
        for kind, name, read, about in (
            ("action", "ID", self.tell_action, "What became of one action, and through whom."),
            ("run", "ID", self.tell_run, "The same of a run, with the events of its actions."),
            ("agent", "SLUG", self.tell_agent, "The same of an agent, newest first."),
            ("person", "USERNAME", self.tell_person, "What somebody did, newest first."),
        ):
            parser = self.verb(verbs, kind, read, about, writes=False)
            parser.add_argument("name", metavar=name, type=UUID if name == "ID" else str)
            parser.add_argument("--json", action="store_true", help="all of it, as REST answers it")

    def tell_action(self, name, json, **_):
        if not Action.objects.filter(pk=name).exists():
            raise NoSuchAction("There is no action with this id.")
        self._tell(Subject("action", str(name)), str(name), json)

    def tell_run(self, name, json, **_):
        if not Run.objects.filter(pk=name).exists():
            raise NoSuchRun("There is no run with this id. `manage.py run list` shows the newest.")
        self._tell(Subject("run", str(name)), str(name), json)

    def tell_agent(self, name, json, **_):
        self._tell(Subject("agent", str(find_agent(name).pk)), name, json)

    def tell_person(self, name, json, **_):
        self._tell(Subject("person", str(find(name).pk)), name, json)

    def _tell(self, subject: Subject, name: str, json: bool) -> None:
        sheet = dossier.for_operator(subject, name)
        if json:
            address = reverse(f"api-{subject.kind}-dossier", args=[name])
            return self.print_json(dossier.as_json(sheet, address))
        told = sheet.dossier
        for answer in told.answers:
            self.stdout.write(f"{answer.question}\n  {reveal(answer.sentence)}")
        self.stdout.write("Complete." if told.complete else "Missing:")
        for missing in told.missing:
            self.stdout.write(f"  {reveal(missing)}")
        self.stdout.write(f"{sheet.count} events, the record as of event {told.as_of}: {sheet.address}")
