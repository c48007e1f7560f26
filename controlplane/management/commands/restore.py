"""`manage.py restore`, listed with the other commands; `manage.py` itself runs it before Django, whose data folder it makes."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.backup import restoring


class Command(BaseCommand):
    help = "Make a data folder from a backup. Nobody is signed in afterwards, and every agent stands still."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        restoring.add_arguments(parser)

    def handle(self, *args, **options) -> None:
        keys = ["--keys", str(options["keys"])] if options["keys"] else []
        words = [str(options["path"]), "--home", str(options["home"]), *keys, *["--no-keys"] * options["no_keys"]]
        if code := restoring.main(words):
            raise CommandError("see above", returncode=code)
