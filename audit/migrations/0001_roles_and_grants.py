"""The product's database role may use what the owner makes, and nothing more. Roles come from `manage.py bootstrap_sql`."""

from django.db import migrations

CHECK_ROLES = """
DO $$
DECLARE missing text;
BEGIN
    SELECT string_agg(name, ', ') INTO missing
    FROM unnest(ARRAY['cs_owner', 'cs_app', 'cs_sequencer', 'cs_auditor']) AS name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the roles % are missing: have a DBA run the output of "manage.py bootstrap_sql" first', missing;
    END IF;
    IF NOT pg_has_role(current_user, 'cs_owner', 'USAGE') OR current_user <> 'cs_owner' THEN
        RAISE EXCEPTION 'migrations must run as cs_owner, not %: use the alias "owner"', current_user;
    END IF;
END $$;
"""

# A temporary table named like a real one would swallow its rows: the app may not make any.
GRANTS = """
DO $$ BEGIN EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database()); END $$;
GRANT USAGE ON SCHEMA public TO cs_app, cs_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO cs_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO cs_app;
ALTER DEFAULT PRIVILEGES FOR ROLE cs_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cs_app;
ALTER DEFAULT PRIVILEGES FOR ROLE cs_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO cs_app;
DO $$ BEGIN
    IF to_regclass('public.django_migrations') IS NOT NULL THEN
        REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM cs_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    run_before = [("contenttypes", "0001_initial")]
    operations = [
        migrations.RunSQL(CHECK_ROLES, migrations.RunSQL.noop),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
