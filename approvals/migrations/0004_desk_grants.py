"""What people did at the desk is only ever added; and an approval that was taken back stands behind no slot."""

from django.db import migrations

GRANTS = """
REVOKE UPDATE, DELETE ON approvals_withdrawal FROM cs_app;
REVOKE DELETE ON approvals_question, approvals_handover, approvals_absence, approvals_escalation, approvals_notice,
    approvals_reader FROM cs_app;
REVOKE UPDATE ON approvals_escalation FROM cs_app;
GRANT SELECT ON approvals_withdrawal, approvals_question, approvals_handover, approvals_absence, approvals_escalation,
    approvals_notice TO cs_auditor;
"""

DECIDED = """
CREATE OR REPLACE FUNCTION approvals_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM agents_slot AS s WHERE s.action_id = NEW.id AND NOT EXISTS (
            SELECT FROM approvals_decision AS d
            WHERE d.action_id = NEW.id AND d.revision = NEW.revision AND d.digest = NEW.digest
                AND d.human = s.human AND d.word = 'approve'
                AND NOT EXISTS (SELECT FROM approvals_withdrawal AS w WHERE w.decision_id = d.id)
        )
    ) THEN
        RAISE EXCEPTION 'a slot is filled without its decision: the action can''t be %', NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0003_desk")]
    operations = [
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL(DECIDED, migrations.RunSQL.noop),
    ]
