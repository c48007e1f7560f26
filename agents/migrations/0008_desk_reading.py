"""What the desk reads of open actions: by state and agent in the order of their deadlines, and by the words in them.

The words are those of the headline and of the arguments, small, without signs. Of very long texts the beginning counts,
of very long words too: an index must never be why an action can't come in.
"""

from django.db import migrations

OPEN = "state IN ('awaiting_review', 'changes_requested', 'on_hold', 'unknown')"

WORDS = """
CREATE FUNCTION agents_words(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT left(word, 60)), '{}')
    FROM regexp_split_to_table(lower(left(said, 20000)), '[^[:alnum:]]+') AS word WHERE word <> ''
$$;
-- Bound when it is made: an index is built and kept with a search path that doesn't know the other function.
CREATE FUNCTION agents_words_of(headline text, payload bytea) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(agents_words(headline || ' ' || convert_from(payload, 'UTF8')));
"""
INDEXES = f"""
CREATE INDEX action_desk ON agents_action (state, agent_id, due_at, id) WHERE {OPEN};
CREATE INDEX action_words ON agents_action USING gin (agents_words_of(headline, payload)) WHERE {OPEN};
"""
UNDO = """
DROP INDEX action_words, action_desk;
DROP FUNCTION agents_words_of(text, bytea), agents_words(text);
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0007_desk_clocks")]
    operations = [migrations.RunSQL(WORDS + INDEXES, UNDO)]
