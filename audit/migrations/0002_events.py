"""The append-only table of events. Its id, time and transaction id are the database's: the app has no right to name them."""

from django.db import migrations

TABLES = """
CREATE SCHEMA audit;
CREATE TABLE audit.event (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    verb         text NOT NULL,
    actor_kind   text NOT NULL CHECK (actor_kind IN ('person', 'agent', 'client', 'operator', 'system')),
    actor_id     text NOT NULL,
    subject_kind text NOT NULL,
    subject_id   text NOT NULL,
    data         jsonb NOT NULL,
    leaf_data    bytea NOT NULL,
    retention    text NOT NULL CHECK (retention IN ('180 days', '13 months', '7 years'))
);
CREATE INDEX event_subject ON audit.event (subject_kind, subject_id, id);
CREATE INDEX event_cursor ON audit.event (xid, id);
CREATE TABLE audit.private (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint NOT NULL,
    field    text NOT NULL,
    salt     bytea NOT NULL CHECK (octet_length(salt) = 32),
    value    jsonb NOT NULL,
    UNIQUE (event_id, field)
);
COMMENT ON TABLE audit.event IS 'append-only; the leaf is JCS{at, data: leaf_data, id, v}';
COMMENT ON TABLE audit.private IS 'personal and free-text fields; the leaf holds SHA-256(salt || canonical value)';
"""

# Row and statement triggers catch the owner by accident; the column grants stop the app on purpose.
TRIGGERS = """
CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit.% is append-only: % refused', TG_TABLE_NAME, TG_OP; END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON audit.event FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON audit.event FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER private_append_only BEFORE UPDATE ON audit.private FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER private_no_truncate BEFORE TRUNCATE ON audit.private FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE FUNCTION audit.belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit.event AS e WHERE e.id = NEW.event_id AND e.xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'private fields are written with their event, not to another one';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER private_belongs AFTER INSERT ON audit.private FOR EACH ROW EXECUTE FUNCTION audit.belongs();
"""

GRANTS = """
GRANT USAGE ON SCHEMA audit TO cs_app, cs_sequencer, cs_auditor;
GRANT SELECT ON audit.event, audit.private TO cs_app, cs_auditor;
GRANT SELECT ON audit.event TO cs_sequencer;
GRANT INSERT (verb, actor_kind, actor_id, subject_kind, subject_id, data, leaf_data, retention) ON audit.event TO cs_app;
GRANT INSERT (event_id, field, salt, value) ON audit.private TO cs_app;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_roles_and_grants")]
    operations = [
        migrations.RunSQL(TABLES, "DROP SCHEMA audit CASCADE"),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
