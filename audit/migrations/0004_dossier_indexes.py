"""What a dossier is found by: the agent or the run an event belongs to, the person who acted, and who imported what.

Only rows that name one are in these indexes: most events are the system's own steps.
"""

from django.db import migrations

INDEXES = """
CREATE INDEX event_of_agent ON audit.event ((data->>'agent'), id) WHERE data->>'agent' IS NOT NULL;
CREATE INDEX event_of_run ON audit.event ((data->>'run')) WHERE data->>'run' IS NOT NULL;
CREATE INDEX event_by_person ON audit.event (actor_id, id) WHERE actor_kind = 'person';
CREATE INDEX event_imports ON audit.event (subject_id, id) WHERE verb = 'agent.imported';
"""
UNDO = "DROP INDEX audit.event_of_agent, audit.event_of_run, audit.event_by_person, audit.event_imports"


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_initial")]
    operations = [migrations.RunSQL(INDEXES, UNDO)]
