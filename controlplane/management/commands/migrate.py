from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's own command, run as the owner of the tables: the product's role has no right to change them."""

    def add_arguments(self, parser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
