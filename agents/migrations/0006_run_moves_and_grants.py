"""Fill the table of allowed moves of runs, and narrow what the app's role may do to rows that are only ever added."""

from django.db import migrations

_CUT_SHORT = "budget_exceeded failed cancelled quarantined paused"
MOVES = {
    "queued": f"planning {_CUT_SHORT}",
    "planning": f"executing verifying {_CUT_SHORT}",
    "executing": f"awaiting_review verifying {_CUT_SHORT}",
    "awaiting_review": f"executing {_CUT_SHORT}",
    "verifying": f"completed failed_verification planning {_CUT_SHORT}",
    "paused": "queued planning executing awaiting_review verifying cancelled failed budget_exceeded quarantined",
}


def fill(apps, schema_editor):
    move_allowed = apps.get_model("agents", "RunMoveAllowed")
    move_allowed.objects.using(schema_editor.connection.alias).bulk_create(
        move_allowed(old_state=old, new_state=new) for old, targets in MOVES.items() for new in targets.split()
    )


GRANTS = """
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON agents_runmoveallowed FROM cs_app;
REVOKE DELETE ON agents_run, agents_runcontent, agents_runstep, agents_budget, agents_spend, agents_standstill,
    agents_client FROM cs_app;
GRANT SELECT ON agents_run, agents_runstep, agents_runmoveallowed, agents_budget, agents_spend, agents_standstill,
    agents_client TO cs_auditor;
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0005_runs")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
