"""Django, on a throw-away database of the measurement's own."""

import logging
import os
from pathlib import Path


def prepare() -> None:
    """Make Django ready, once, before anything of it is imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

    import django

    django.setup()
    # Lines of the log are written as they are, but nobody reads them here.
    for handler in logging.getLogger().handlers:
        handler.setStream(Path(os.devnull).open("w"))
