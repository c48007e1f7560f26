"""`manage.py backup`, listed with the other commands; `manage.py` itself runs it before Django, which needs servers."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane.backup import taking


class Command(BaseCommand):
    help = "Write a backup of the database into one file, and the keys of the data folder into another."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        taking.add_arguments(parser)

    def handle(self, *args, **options) -> None:
        if code := taking.main([str(options["path"]), *["--no-keys"] * options["no_keys"]]):
            raise CommandError("see above", returncode=code)
