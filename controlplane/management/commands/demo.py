from controlplane import demo
from controlplane.commandline import Noun
from controlplane.operator import BadOperatorFile
from controlplane.places import CannotStart


class Command(Noun):
    help = "The sample company: `load` brings it in, `run` lets its agent work through its inbox."

    def add_verbs(self, verbs):
        self.verb(
            verbs,
            "load",
            self.load_company,
            "Add the sample people, agent, script, host, secret and tokens where they are missing.",
        )
        self.verb(
            verbs,
            "run",
            self.run_inbox,
            "Enqueue a run for each ticket of the inbox, over REST; `up` must be running.",
            writes=False,
        )

    def load_company(self, **_):
        try:
            demo.load(by=self.by, say=self.note)
        except (BadOperatorFile, CannotStart) as error:
            self.refuse(str(error))

    def run_inbox(self, **_):
        if demo.run(say=self.say):
            raise SystemExit(1)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
