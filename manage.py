#!/usr/bin/env python
"""Countersign's command line: `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Hand the words to Django, or start everything with `up`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
    if sys.argv[1:2] == ["up"]:
        # The supervisor starts the servers that Django's settings ask for, so it runs before Django and without it.
        from controlplane.up import main as up

        sys.exit(up(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
