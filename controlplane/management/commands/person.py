import secrets
import sys

from agents import people
from agents.counting import count
from agents.errors import Invalid
from agents.models import AgentRole, Person
from controlplane.commandline import Noun

#: 22 characters of base64url: 128 random bits.
PASSWORD_BYTES = 16


class Command(Noun):
    help = "Add, change, disable and list people. Only this command makes or changes who may sign."

    def add_verbs(self, verbs):
        add = self.verb(
            verbs, "add", self.add_person, "Add a person; prints a random password once unless one is piped in."
        )
        add.add_argument("username", metavar="USERNAME")
        change = self.verb(verbs, "set", self.change_person, "Change a person. What isn't named stays as it is.")
        change.add_argument("username", metavar="USERNAME")
        change.add_argument("--new-password", action="store_true", help="make a random password and print it once")
        change.add_argument(
            "--enable", action="store_true", help="open a disabled account again; it gets a new password"
        )
        for parser, groups in (
            (add, "groups that sign, by comma"),
            (change, "all their groups, by comma; '' for none"),
        ):
            parser.add_argument("--groups", type=_names, metavar="a,b", help=groups)
            parser.add_argument(
                "--new-groups", action="store_true", help="make groups whose names are close to those of others"
            )
            parser.add_argument("--name", dest="display_name", help="the name that people see")
            parser.add_argument("--email")
            parser.add_argument("--same-human-as", metavar="NAME", help="another account of the same human being")
            parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
            parser.add_argument("--json", action="store_true", help="print the person as JSON")
        for flag, about in (
            ("staff", "may open the admin"),
            ("superuser", "sees everything; signs nothing by it"),
            ("auditor", "reads everything; changes nothing"),
        ):
            add.add_argument(f"--{flag}", action="store_true", help=about)
            pair = change.add_mutually_exclusive_group()
            pair.add_argument(f"--{flag}", action="store_true", default=None, help=about)
            pair.add_argument(f"--no-{flag}", dest=flag, action="store_false")
        disable = self.verb(
            verbs, "disable", self.disable_person, "Close an account: its sessions end, its open votes are void."
        )
        disable.add_argument("username", metavar="USERNAME")
        listing = self.verb(verbs, "list", self.list_people, "List people and their groups.", writes=False)
        listing.add_argument("--json", action="store_true")

    def add_person(
        self,
        username,
        groups,
        new_groups,
        display_name,
        email,
        staff,
        superuser,
        auditor,
        same_human_as,
        password_stdin,
        json,
        **_,
    ):
        password = _read_password() if password_stdin else secrets.token_urlsafe(PASSWORD_BYTES)
        self.announce(groups or [], anyway=new_groups)
        person = people.add(
            username=username,
            by=self.by,
            groups=groups or (),
            display_name=display_name or "",
            email=email or "",
            staff=staff,
            superuser=superuser,
            auditor=auditor,
            same_human_as=same_human_as,
            password=password,
        )
        self.show(person, json=json, password=None if password_stdin else password)

    def change_person(self, username, password_stdin, new_password, new_groups, enable, json, **options):
        names = ("groups", "display_name", "email", "staff", "superuser", "auditor", "same_human_as")
        given = {name: options[name] for name in names}
        if password_stdin:
            given["password"] = _read_password()
        elif new_password or (enable and not people.find(username).is_active):
            given["password"] = secrets.token_urlsafe(PASSWORD_BYTES)
        self.announce(given["groups"] or [], anyway=new_groups)
        person = people.change(username, by=self.by, active=True if enable else None, **given)
        if person.lost:
            self.note(_cost(person))
        self.show(person, json=json, password=None if password_stdin else given.get("password"))

    def disable_person(self, username, **_):
        person = people.disable(username, by=self.by)
        if person.lost is None:
            self.note(f"{person.username} was disabled already.")
        else:
            void = f" {_void(person.lost.signatures)}." if person.lost.signatures else ""
            self.note(f"{person.username} is disabled: no sessions, no signatures.{void}")
        for role in AgentRole.objects.filter(person=person).select_related("agent"):
            held = f"{role.get_role_display().lower()} of {role.agent.slug}"
            self.note(f"{person.username} is still {held}: change its agent file.")

    def list_people(self, json, **_):
        everybody = list(Person.objects.order_by("username").prefetch_related("groups", "user_permissions"))
        if json:
            return self.print_json([_as_json(person) for person in everybody])
        rows = [(person.username, person.first_name, _group_names(person), _marks(person)) for person in everybody]
        self.print_table(("USERNAME", "NAME", "GROUPS", ""), rows)

    def announce(self, groups: list[str], *, anyway: bool) -> None:
        """Say which groups will be new. One that looks like a slip of the pen is refused: nobody would sign for it."""
        similar = {} if anyway else people.similar_groups(groups)
        if similar:
            sentence = "There is no group {!r}: did you mean {}? --new-groups creates it."
            self.refuse(*(sentence.format(name, other) for name, other in similar.items()))
        for name in people.missing_groups(groups):
            self.note(f"new group: {name}")

    def show(self, person: Person, *, json: bool, password: str | None) -> None:
        if json:
            shown = _as_json(person)
            return self.print_json(shown | {"password": password} if password else shown)
        self.note(
            f"{person.username}: {_group_names(person) or 'no groups'}{', ' if _marks(person) else ''}{_marks(person)}"
        )
        if password:
            self.note("The password, shown this once:")
            self.stdout.write(password)


def _cost(person: Person) -> str:
    """Say what it means that the account's `signer_since` moved."""
    lost, name = person.lost, person.username
    before = (
        f"{name} can't sign the {count(lost.actions, 'open action')} proposed before now"
        if lost.actions
        else f"{name} can't sign what was proposed before now (no open action waits for them)"
    )
    return f"{before}; {_void(lost.signatures)}." if lost.signatures else f"{before}."


def _void(signatures: int) -> str:
    return f"{count(signatures, 'signature')} in review {'is' if signatures == 1 else 'are'} void"


def _read_password() -> str:
    """Return the first line of standard input. A prompt would tempt people to choose; a pipe keeps it out of `ps`."""
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid(
            "There is no password on standard input: pipe one in, or leave --password-stdin out to get a random one."
        )
    return password


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]


def _group_names(person: Person) -> str:
    return ", ".join(sorted(group.name for group in person.groups.all()))


def _marks(person: Person) -> str:
    flags = {
        "disabled": not person.is_active,
        "staff": person.is_staff,
        "superuser": person.is_superuser,
        "auditor": people.is_auditor(person),
    }
    return ", ".join(word for word, on in flags.items() if on)


def _as_json(person: Person) -> dict:
    return {
        "username": person.username,
        "name": person.first_name,
        "groups": sorted(group.name for group in person.groups.all()),
        "human": person.human_id,
        "active": person.is_active,
        "staff": person.is_staff,
        "superuser": person.is_superuser,
        "auditor": people.is_auditor(person),
        "signer_since": person.signer_since.isoformat(),
    }
