import sys

from django.core.management.base import BaseCommand

from controlplane.celery import app


class Command(BaseCommand):
    # Of Django's checks most load every page of the product, and this shows none.
    requires_system_checks = ("countersign",)
    help = "Carry out what people approved, and carry runs on: a Celery worker. Runs until it is stopped."

    def add_arguments(self, parser) -> None:
        parser.add_argument("-c", "--concurrency", type=int, default=2, help="how many processes work (default: 2)")
        parser.add_argument("-Q", "--queues", help="only these, with commas: actions,runs (default: both)")

    def handle(self, *args, **options) -> None:
        # As `celery -A controlplane worker` does, whose command line would keep 10 MiB of every worker for its prompt.
        worker = app.Worker(
            concurrency=options["concurrency"],
            queues=options["queues"],
            loglevel="INFO",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
        )
        worker.start()
        sys.exit(worker.exitcode)
