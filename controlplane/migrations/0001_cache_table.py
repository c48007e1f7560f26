"""The table behind Django's cache: sign-in rate limits are counted there."""

from django.core.management import call_command
from django.db import migrations


def create(apps, schema_editor):
    call_command("createcachetable", "controlplane_cache", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_roles_and_grants")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
