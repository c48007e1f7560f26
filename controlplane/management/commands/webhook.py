import time
import uuid

from approvals import inert
from approvals.telling import endpoints, webhooks
from approvals.telling.trouble import Failed
from controlplane.commandline import Noun

_BODY = b'{"type":"webhook.test","timestamp":"%s","text":"A test of this webhook: nothing happened.","data":{}}'


class Command(Noun):
    help = "Show and try the systems that are told what happens: [webhooks.NAME] of countersign.toml."

    def add_verbs(self, verbs):
        self.verb(verbs, "list", self.list_all, "The webhooks, and whether each can be used.", writes=False)
        test = self.verb(verbs, "test", self.test, "Post one signed test and print what came back.", writes=False)
        test.add_argument("name", metavar="NAME")

    def list_all(self, **_):
        if not endpoints.endpoints:
            self.note("There are no webhooks: add [webhooks.NAME] to countersign.toml.")
            return
        rows = [
            (name, endpoints.unusable.get(name, "ready"), ", ".join(sorted(endpoint.events)))
            for name, endpoint in sorted(endpoints.endpoints.items())
        ]
        self.print_table(("NAME", "STANDING", "EVENTS"), rows)

    def test(self, name, **_):
        endpoint = endpoints.find(name)
        if name in endpoints.unusable:
            self.refuse(f"The webhook {name} can't be used: {endpoints.unusable[name]}")
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()).encode()
        try:
            answer = webhooks.post(endpoint, number=f"test-{uuid.uuid4()}", body=_BODY % at)
        except Failed as failure:
            self.refuse(f"Nothing came back from {name}: {failure}.")
        self.stdout.write(f"{answer.status}")
        if answer.body:
            self.stdout.write(inert.as_line(answer.body.decode("utf-8", "replace"), limit=1000))
        if not 200 <= answer.status < 300:
            self.refuse(f"{name} didn't take it: only 200 to 299 is taken as received. Redirects aren't followed.")
        self.note(f"{name} took it.")
