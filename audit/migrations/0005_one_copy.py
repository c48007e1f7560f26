"""An event says what it says once: `leaf_data` is text, and `data` is read out of it, where it was stored a second time.

The bytes of every leaf stay as they are. Nothing is dropped before both copies of every event were held against each other.
The log is written anew once, with what it took before free again, and nobody else can read or write it meanwhile.
"""

from django.db import migrations

AGREE = """
DO $$
DECLARE differs bigint;
BEGIN
    SELECT min(id) INTO differs FROM audit.event
    WHERE data IS DISTINCT FROM convert_from(leaf_data, 'UTF8')::jsonb -> 'data';
    IF differs IS NOT NULL THEN
        RAISE EXCEPTION 'event % says one thing in its leaf and another beside it: find out who changed it before you go on', differs;
    END IF;
END $$;
"""
# Of an action there are a few events, found by their action alone. What else has events may have very many.
ONCE = """
DROP INDEX audit.event_of_agent, audit.event_of_run, audit.event_subject;
ALTER TABLE audit.event DROP COLUMN data, ALTER COLUMN leaf_data TYPE text USING convert_from(leaf_data, 'UTF8');
ALTER TABLE audit.event ADD COLUMN data jsonb NOT NULL GENERATED ALWAYS AS (leaf_data::jsonb -> 'data') VIRTUAL;
CREATE INDEX event_of_agent ON audit.event ((leaf_data::jsonb -> 'data' ->> 'agent'), id)
    WHERE leaf_data::jsonb -> 'data' ->> 'agent' IS NOT NULL;
CREATE INDEX event_of_run ON audit.event ((leaf_data::jsonb -> 'data' ->> 'run'))
    WHERE leaf_data::jsonb -> 'data' ->> 'run' IS NOT NULL;
CREATE INDEX event_of_action ON audit.event (subject_id) WHERE subject_kind = 'action';
CREATE INDEX event_subject ON audit.event (subject_kind, subject_id, id) WHERE subject_kind <> 'action';
COMMENT ON COLUMN audit.event.leaf_data IS 'canonical JSON (RFC 8785): its UTF-8 bytes are what the leaf holds';
COMMENT ON COLUMN audit.event.data IS 'read out of leaf_data whenever somebody asks';
ALTER TABLE audit.private DROP COLUMN id, DROP CONSTRAINT private_event_id_field_key, ADD PRIMARY KEY (event_id, field);
"""
# Adding a column and filling it would be an update, which the log refuses: a change of its type isn't one.
TWICE = """
DROP INDEX audit.event_of_agent, audit.event_of_run, audit.event_of_action, audit.event_subject;
COMMENT ON COLUMN audit.event.leaf_data IS NULL;
ALTER TABLE audit.event DROP COLUMN data, ALTER COLUMN leaf_data TYPE bytea USING convert_to(leaf_data, 'UTF8');
ALTER TABLE audit.event ADD COLUMN data jsonb;
ALTER TABLE audit.event ALTER COLUMN data TYPE jsonb USING convert_from(leaf_data, 'UTF8')::jsonb -> 'data';
ALTER TABLE audit.event ALTER COLUMN data SET NOT NULL;
GRANT INSERT (data) ON audit.event TO cs_app;
CREATE INDEX event_of_agent ON audit.event ((data->>'agent'), id) WHERE data->>'agent' IS NOT NULL;
CREATE INDEX event_of_run ON audit.event ((data->>'run')) WHERE data->>'run' IS NOT NULL;
CREATE INDEX event_subject ON audit.event (subject_kind, subject_id, id);
ALTER TABLE audit.private DROP CONSTRAINT private_pkey;
ALTER TABLE audit.private ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ADD UNIQUE (event_id, field);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_dossier_indexes")]
    operations = [
        migrations.RunSQL(AGREE, migrations.RunSQL.noop),
        migrations.RunSQL(ONCE, TWICE),
    ]
