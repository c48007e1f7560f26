"""Decisions, statements and looks are only ever added: the app's role has no right to change or remove them."""

from django.db import migrations

GRANTS = """
REVOKE UPDATE, DELETE ON approvals_decision, approvals_statement, approvals_look FROM cs_app;
GRANT SELECT ON approvals_decision, approvals_statement, approvals_look TO cs_auditor;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]
