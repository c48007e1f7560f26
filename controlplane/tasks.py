"""A ring that only says that it was heard: how `manage.py doctor` knows that workers work."""

import re

from celery import shared_task
from django.db import connection

#: Where the word comes back.
CHANNEL = "countersign_probe"
PROBE = "controlplane.probe"
_WORD = re.compile(r"[0-9a-f]{32}")


@shared_task(name=PROBE)
def probe(word: str) -> None:
    """Repeat a word to whoever listens in the database. Changes nothing; any other text is dropped."""
    if isinstance(word, str) and _WORD.fullmatch(word):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, word])
