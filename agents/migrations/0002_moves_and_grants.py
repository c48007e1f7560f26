"""Fill the table of allowed moves, and narrow what the app's role may do to rows that are only ever added."""

from django.db import migrations

MOVES = {
    "awaiting_review": "changes_requested on_hold approved rejected expired withdrawn superseded",
    "changes_requested": "awaiting_review superseded withdrawn rejected expired",
    "on_hold": "awaiting_review approved superseded withdrawn rejected",
    "approved": "executing on_hold expired refused withdrawn superseded",
    "executing": "succeeded failed retry_wait unknown",
    "retry_wait": "executing failed unknown",
    "unknown": "succeeded failed",
}


def fill(apps, schema_editor):
    move_allowed = apps.get_model("agents", "MoveAllowed")
    move_allowed.objects.using(schema_editor.connection.alias).bulk_create(
        move_allowed(old_state=old, new_state=new) for old, targets in MOVES.items() for new in targets.split()
    )


GRANTS = """
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON agents_moveallowed FROM cs_app;
REVOKE UPDATE, DELETE ON agents_tooldefinition FROM cs_app;
REVOKE DELETE ON agents_action, agents_actioncontent, agents_slot, agents_clockinterval, agents_outcome,
    agents_incident FROM cs_app;
REVOKE UPDATE, DELETE ON agents_idempotencykey FROM cs_app;
GRANT SELECT ON agents_action, agents_slot, agents_clockinterval, agents_outcome, agents_incident, agents_agent,
    agents_agentrole, agents_tool, agents_tooldefinition, agents_grant, agents_moveallowed TO cs_auditor;
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
