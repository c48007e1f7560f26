"""`manage.py doctor`, listed with the other commands; `manage.py` itself runs it first, so that it can say why Django won't."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlplane import doctor


class Command(BaseCommand):
    help = "Ask everything an operator would ask of an installation, running or not. It changes nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        doctor.add_arguments(parser)

    def handle(self, *args, **options) -> None:
        only = [word for name in options["only"] or () for word in ("--only", name)]
        if code := doctor.main([*(f"--{name}" for name in ("json", "network") if options[name]), *only]):
            raise CommandError("see above", returncode=code)
