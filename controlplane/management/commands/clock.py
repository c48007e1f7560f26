import os

from django.core.management.base import BaseCommand

from controlplane import clock, connected


class Command(BaseCommand):
    # Of Django's checks most load every page of the product, and this shows none.
    requires_system_checks = ("countersign",)
    help = "Tick: expire what is due, take back lost leases, ring again for what waits. Runs until it is stopped."

    def handle(self, *args, **options) -> None:
        # libpq's: every connection of this process says whose it is.
        os.environ["PGAPPNAME"] = connected.name(connected.CLOCK)
        clock.run()
