"""Policies and what counts against limits are only ever added; list entries are never deleted."""

from django.db import migrations

GRANTS = """
REVOKE UPDATE, DELETE ON agents_policy, agents_limitentry FROM cs_app;
REVOKE DELETE ON agents_limitusage, agents_listentry FROM cs_app;
GRANT SELECT ON agents_policy, agents_limitusage, agents_limitentry, agents_listentry TO cs_auditor;
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0003_policy")]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]
