#!/usr/bin/env python
"""Countersign's command line: `manage.py help` lists the commands."""

import importlib
import os
import sys

#: These run before Django and without it: they start the servers, or make the data folder, that its settings need.
BEFORE_DJANGO = {
    "up": "controlplane.up",
    "backup": "controlplane.backup.taking",
    "restore": "controlplane.backup.restoring",
    "doctor": "controlplane.doctor",
}


def main() -> None:
    """Hand the words to Django, or run what comes before it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
    if early := BEFORE_DJANGO.get("".join(sys.argv[1:2])):
        sys.exit(importlib.import_module(early).main(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
