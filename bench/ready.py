"""Django, on a throw-away database of the measurement's own."""

import os


def prepare() -> None:
    """Make Django ready, once, before anything of it is imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

    import django

    django.setup()
