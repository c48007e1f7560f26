"""`manage.py up`, listed with the other commands; `manage.py` itself runs it before Django, which needs servers."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane import up


class Command(BaseCommand):
    help = "Run the whole product: PostgreSQL, Valkey, web, worker, clock, and a sample company."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        up.add_arguments(parser)

    def handle(self, *args, **options) -> None:
        words = ["--home", str(options["home"]), "--port", str(options["port"]), *["--no-demo"] * options["no_demo"]]
        if code := up.main(words):
            raise CommandError("see above", returncode=code)
