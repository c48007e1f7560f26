"""Decisions, statements and looks are only ever added; and behind every approval with slots stand people's decisions.

The second is checked when the transaction commits: the decision is written after the signature that it explains.
"""

from django.db import migrations

GRANTS = """
REVOKE UPDATE, DELETE ON approvals_decision, approvals_statement, approvals_look FROM cs_app;
GRANT SELECT ON approvals_decision, approvals_statement, approvals_look TO cs_auditor;
REVOKE UPDATE, DELETE ON django_admin_log FROM cs_app;
"""

DECIDED = """
CREATE FUNCTION approvals_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM agents_slot AS s WHERE s.action_id = NEW.id AND NOT EXISTS (
            SELECT FROM approvals_decision AS d
            WHERE d.action_id = NEW.id AND d.revision = NEW.revision AND d.digest = NEW.digest
                AND d.human = s.human AND d.word = 'approve'
        )
    ) THEN
        RAISE EXCEPTION 'a slot is filled without its decision: the action can''t be %', NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER decided AFTER INSERT OR UPDATE OF state ON agents_action
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state IN ('approved', 'executing'))
    EXECUTE FUNCTION approvals_decided();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]
    operations = [
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL(DECIDED, "DROP TRIGGER decided ON agents_action; DROP FUNCTION approvals_decided"),
    ]
