"""What search reads: the words of every action, of what runs were asked, and of what came back. Indexes alone.

As on the desk, of very long texts the beginning counts. Whatever is erased has no words left, so nobody finds it.
"""

from django.db import migrations

# Bound when it is made, as `agents_words_of` is: an index is kept with a search path that doesn't know other functions.
WORDS = """
CREATE FUNCTION agents_words_in(document jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(agents_words(coalesce((
        SELECT string_agg(part #>> '{}', ' ') FROM jsonb_path_query(document, 'strict $.**') AS part
        WHERE jsonb_typeof(part) IN ('string', 'number')
    ), '')));
"""
INDEXES = """
CREATE INDEX action_all_words ON agents_action USING gin (agents_words_of(headline, payload));
CREATE INDEX action_output_words ON agents_actioncontent USING gin (agents_words_in(output)) WHERE output IS NOT NULL;
CREATE INDEX run_input_words ON agents_runcontent USING gin (agents_words_in(input)) WHERE erased_at IS NULL;
CREATE INDEX run_output_words ON agents_runcontent USING gin (agents_words_in(output)) WHERE output IS NOT NULL;
"""
UNDO = """
DROP INDEX run_output_words, run_input_words, action_output_words, action_all_words;
DROP FUNCTION agents_words_in(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0009_desk_figures")]
    operations = [migrations.RunSQL(WORDS + INDEXES, UNDO)]
