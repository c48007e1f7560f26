"""`manage.py bootstrap_sql`: roles and database for an external PostgreSQL, printed for its DBA."""

from django.core.management.base import BaseCommand, CommandParser

from controlplane import roles


class Command(BaseCommand):
    help = "Print the SQL that makes the database and its roles, for psql. It holds no password."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", default=roles.DATABASE, help="its name (default: %(default)s)")

    def handle(self, *args, **options) -> None:
        self.stdout.write(roles.script(options["database"]))
