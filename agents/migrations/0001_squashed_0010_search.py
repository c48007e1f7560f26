"""The whole house of agents in one step: what the migrations 0001 to 0010 come to, for a database that has none of them.

A database that has some goes on with the single ones; `tests/domain/test_squashed.py` holds both ways against each other.
"""

import agents.models.person
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import pgtrigger.compiler
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

from agents.tables import CreateTables

ACTION_MOVES = {
    "awaiting_review": "changes_requested on_hold approved rejected expired withdrawn superseded",
    "changes_requested": "awaiting_review superseded withdrawn rejected expired",
    "on_hold": "awaiting_review approved superseded withdrawn rejected",
    "approved": "executing on_hold expired refused withdrawn superseded",
    "executing": "succeeded failed retry_wait unknown",
    "retry_wait": "executing failed unknown",
    "unknown": "succeeded failed",
}
_CUT_SHORT = "budget_exceeded failed cancelled quarantined paused"
RUN_MOVES = {
    "queued": f"planning {_CUT_SHORT}",
    "planning": f"executing verifying {_CUT_SHORT}",
    "executing": f"awaiting_review verifying {_CUT_SHORT}",
    "awaiting_review": f"executing {_CUT_SHORT}",
    "verifying": f"completed failed_verification planning {_CUT_SHORT}",
    "paused": "queued planning executing awaiting_review verifying cancelled failed budget_exceeded quarantined",
}


def fill(apps, schema_editor):
    for name, moves in (("MoveAllowed", ACTION_MOVES), ("RunMoveAllowed", RUN_MOVES)):
        move_allowed = apps.get_model("agents", name)
        move_allowed.objects.using(schema_editor.connection.alias).bulk_create(
            move_allowed(old_state=old, new_state=new) for old, targets in moves.items() for new in targets.split()
        )


# Rows that are only ever added, and rows that are never deleted.
GRANTS = """
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON agents_moveallowed, agents_runmoveallowed FROM cs_app;
REVOKE UPDATE, DELETE ON agents_tooldefinition, agents_idempotencykey, agents_policy, agents_limitentry FROM cs_app;
REVOKE DELETE ON agents_action, agents_actioncontent, agents_slot, agents_clockinterval, agents_outcome, agents_incident,
    agents_limitusage, agents_listentry, agents_run, agents_runcontent, agents_runstep, agents_budget, agents_spend,
    agents_standstill, agents_client FROM cs_app;
GRANT SELECT ON agents_action, agents_slot, agents_clockinterval, agents_outcome, agents_incident, agents_agent,
    agents_agentrole, agents_tool, agents_tooldefinition, agents_grant, agents_moveallowed, agents_policy,
    agents_limitusage, agents_limitentry, agents_listentry, agents_run, agents_runstep, agents_runmoveallowed,
    agents_budget, agents_spend, agents_standstill, agents_client TO cs_auditor;
"""

# The words of an action are those of the headline and of the arguments, small, without signs. Of very long texts the
# beginning counts, of very long words too: an index must never be why an action can't come in.
WORDS = """
CREATE FUNCTION agents_words(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT left(word, 60)), '{}')
    FROM regexp_split_to_table(lower(left(said, 20000)), '[^[:alnum:]]+') AS word WHERE word <> ''
$$;
-- Bound when they are made: an index is built and kept with a search path that doesn't know the other function.
CREATE FUNCTION agents_words_of(headline text, payload bytea) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(agents_words(headline || ' ' || convert_from(payload, 'UTF8')));
CREATE FUNCTION agents_words_in(document jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(agents_words(coalesce((
        SELECT string_agg(part #>> '{}', ' ') FROM jsonb_path_query(document, 'strict $.**') AS part
        WHERE jsonb_typeof(part) IN ('string', 'number')
    ), '')));
"""

OPEN = "state IN ('awaiting_review', 'changes_requested', 'on_hold', 'unknown')"
# The queue searches what is open, the search page everything: for the first an index of the few beats one of all.
INDEXES = f"""
CREATE INDEX action_desk ON agents_action (state, agent_id, due_at, id) WHERE {OPEN};
CREATE INDEX action_words ON agents_action USING gin (agents_words_of(headline, payload)) WHERE {OPEN};
CREATE INDEX action_all_words ON agents_action USING gin (agents_words_of(headline, payload));
CREATE INDEX action_output_words ON agents_actioncontent USING gin (agents_words_in(output)) WHERE output IS NOT NULL;
CREATE INDEX run_input_words ON agents_runcontent USING gin (agents_words_in(input)) WHERE erased_at IS NULL;
CREATE INDEX run_output_words ON agents_runcontent USING gin (agents_words_in(output)) WHERE output IS NOT NULL;
"""
UNDO = """
DROP INDEX run_output_words, run_input_words, action_output_words, action_all_words, action_words, action_desk;
DROP FUNCTION agents_words_in(jsonb), agents_words_of(text, bytea), agents_words(text);
"""


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("agents", "0001_initial"),
        ("agents", "0002_moves_and_grants"),
        ("agents", "0003_policy"),
        ("agents", "0004_policy_grants"),
        ("agents", "0005_runs"),
        ("agents", "0006_run_moves_and_grants"),
        ("agents", "0007_desk_clocks"),
        ("agents", "0008_desk_reading"),
        ("agents", "0009_desk_figures"),
        ("agents", "0010_search"),
    ]
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]
    operations = [
        CreateTables([
            migrations.CreateModel(
                name='Action',
                fields=[
                    ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('lineage', models.UUIDField(help_text='the id of revision 1')),
                    ('revision', models.PositiveIntegerField(default=1)),
                    ('kind', models.CharField(choices=[('real', 'Real'), ('change', 'Change'), ('practice', 'Practice')], default='real', max_length=10)),
                    ('payload', models.BinaryField(help_text='the arguments, canonical (RFC 8785)')),
                    ('payload_digest', models.CharField(help_text='of the arguments alone: recognises a re-proposal', max_length=64)),
                    ('digest', models.CharField(help_text='of everything an approval binds to', max_length=64)),
                    ('wire_version', models.PositiveSmallIntegerField(default=1)),
                    ('wire_digest', models.CharField(help_text='of the request as it will be sent', max_length=64)),
                    ('release_id', models.UUIDField(null=True)),
                    ('policy_id', models.UUIDField(null=True)),
                    ('policy', models.CharField(help_text='name and version of the policy that gave the verdict', max_length=100)),
                    ('scope', models.JSONField(help_text='what the minted credential allows')),
                    ('headline', models.TextField(help_text='rendered from the validated arguments')),
                    ('impact', models.BigIntegerField(default=0, help_text='money at stake, minor units')),
                    ('self_humans', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, help_text='who counts as self: may never sign', size=None)),
                    ('run_id', models.UUIDField(null=True)),
                    ('step_id', models.UUIDField(null=True)),
                    ('trace_id', models.CharField(blank=True, max_length=64)),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('tier', models.PositiveSmallIntegerField()),
                    ('effective_tier', models.PositiveSmallIntegerField()),
                    ('verdict', models.CharField(max_length=10)),
                    ('reasons', models.JSONField(default=list)),
                    ('facts', models.JSONField(default=dict, help_text='what was looked up for the verdict: an approval binds to it')),
                    ('snapshot', models.JSONField(default=dict, help_text='owner, roles, sign map, grant as they were')),
                    ('permit_seconds', models.PositiveIntegerField(null=True)),
                    ('state', models.CharField(choices=[('awaiting_review', 'Awaiting Review'), ('changes_requested', 'Changes Requested'), ('on_hold', 'On Hold'), ('approved', 'Approved'), ('executing', 'Executing'), ('retry_wait', 'Retry Wait'), ('unknown', 'Unknown'), ('denied', 'Denied'), ('rejected', 'Rejected'), ('expired', 'Expired'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn'), ('superseded', 'Superseded'), ('succeeded', 'Succeeded'), ('failed', 'Failed')], max_length=20)),
                    ('state_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('held_from', models.CharField(blank=True, help_text='the state a hold interrupted', max_length=20)),
                    ('at_risk_at', models.DateTimeField(null=True)),
                    ('due_at', models.DateTimeField(null=True)),
                    ('breached_at', models.DateTimeField(null=True)),
                    ('expires_at', models.DateTimeField(null=True)),
                    ('permit_until', models.DateTimeField(null=True)),
                    ('permit_left', models.PositiveIntegerField(help_text='seconds a hold left of the permit', null=True)),
                    ('permit_consumed_at', models.DateTimeField(null=True)),
                    ('wake_at', models.DateTimeField(help_text='when the clock must look again; null when it has ended', null=True)),
                    ('rings', models.PositiveIntegerField(default=0)),
                    ('decision', models.CharField(blank=True, max_length=10)),
                    ('reason_code', models.CharField(blank=True, max_length=40)),
                    ('decided_at', models.DateTimeField(null=True)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(null=True)),
                    ('called_at', models.DateTimeField(help_text='committed before the call: null proves nothing went out', null=True)),
                    ('lease_owner', models.CharField(blank=True, max_length=200)),
                    ('lease_until', models.DateTimeField(null=True)),
                    ('fence', models.PositiveBigIntegerField(default=0)),
                    ('error', models.JSONField(null=True)),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('cost_inference', models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                    ('cost_tooling', models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                    ('review_seconds', models.PositiveIntegerField(null=True)),
                    ('fixing_seconds', models.PositiveIntegerField(null=True)),
                    ('cost_incidents', models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                    ('on_behalf_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('proposer_person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('undoes', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.action')),
                    ('agent', models.ForeignKey(help_text='the agent it is about', on_delete=django.db.models.deletion.PROTECT, related_name='actions', to='agents.agent')),
                    ('proposer_agent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.agent')),
                    ('token', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.token')),
                    ('tool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.tool')),
                    ('definition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.tooldefinition')),
                    ('sample_rate', models.FloatField(default=0, help_text='the share of its like that people look at afterwards')),
                    ('sampled', models.BooleanField(default=False, help_text='drawn: people look at it afterwards')),
                    ('breach_cause', models.CharField(blank=True, help_text='why it was late, stamped with the breach', max_length=20)),
                    ('look_due_at', models.DateTimeField(help_text='by then somebody who may sign should have opened it', null=True)),
                    ('looked_at', models.DateTimeField(help_text='when somebody who may sign first did', null=True)),
                    ('rung', models.PositiveSmallIntegerField(default=0, help_text='how far it was taken up the ladder')),
                ],
                options={
                    'ordering': ['-created_at'],
                    'indexes': [models.Index(condition=models.Q(('wake_at__isnull', False)), fields=['wake_at'], name='action_wake'), models.Index(fields=['agent', 'state'], name='action_agent_state'), models.Index(fields=['payload_digest'], name='action_payload'), models.Index(fields=['agent', 'created_at'], name='action_arrivals'), models.Index(condition=models.Q(('run_id__isnull', False)), fields=['run_id'], name='action_run'), django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['created_at'], name='action_created'), django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['finished_at'], name='action_finished')],
                    'constraints': [models.UniqueConstraint(fields=('lineage', 'revision'), name='revision_once_a_lineage'), models.CheckConstraint(condition=models.Q(('effective_tier__lte', 4), ('tier__lte', 4)), name='action_tier_0_to_4'), models.CheckConstraint(condition=models.Q(('proposer_agent__isnull', True), ('proposer_person__isnull', True), _connector='XOR'), name='one_proposer'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['denied', 'expired', 'failed', 'refused', 'rejected', 'succeeded', 'superseded', 'withdrawn']), ('wake_at__isnull', True)), models.Q(models.Q(('state__in', ['denied', 'expired', 'failed', 'refused', 'rejected', 'succeeded', 'superseded', 'withdrawn']), _negated=True), ('wake_at__isnull', False)), _connector='OR'), name='open_actions_wake'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'executing')), models.Q(models.Q(('state', 'executing'), _negated=True), ('lease_until__isnull', True)), _connector='OR'), name='lease_only_while_executing'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'on_hold'), _negated=True), ('permit_until__isnull', True), _connector='OR'), name='a_hold_drops_the_permit'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('permit_seconds__isnull', False), ('permit_until__isnull', False)), _connector='OR'), name='approved_until'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'awaiting_review'), _negated=True), models.Q(('at_risk_at__isnull', False), ('due_at__isnull', False), ('expires_at__isnull', False)), _connector='OR'), name='review_has_deadlines'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'practice'), _negated=True), models.Q(('state__in', ['approved', 'executing', 'retry_wait', 'unknown', 'succeeded', 'failed']), _negated=True), _connector='OR'), name='practice_never_runs')],
                    'triggers': [pgtrigger.compiler.Trigger(name='move_allowed', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF TG_OP = 'INSERT' THEN\n    IF NEW.state NOT IN ('denied', 'awaiting_review', 'approved') THEN\n        RAISE EXCEPTION 'an action can''t begin as %', NEW.state USING ERRCODE = 'check_violation';\n    END IF;\nELSIF NEW.state <> OLD.state AND NOT EXISTS (\n    SELECT FROM agents_moveallowed AS m WHERE m.old_state = OLD.state AND m.new_state = NEW.state\n) THEN\n    RAISE EXCEPTION 'an action can''t go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NEW;\n", hash='638128cc16136d0b518092e7f2fc539d47072264', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_move_allowed_69f03', table='agents_action', when='BEFORE')), pgtrigger.compiler.Trigger(name='slots_filled', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF NEW.state IN ('approved', 'executing') AND (TG_OP = 'INSERT' OR NEW.state <> OLD.state) THEN\n    IF EXISTS (SELECT FROM agents_slot AS s WHERE s.action_id = NEW.id AND s.filled_by_id IS NULL) THEN\n        RAISE EXCEPTION 'an open slot: the action can''t be %', NEW.state USING ERRCODE = 'check_violation';\n    END IF;\n    IF EXISTS (SELECT FROM agents_slot AS s WHERE s.action_id = NEW.id AND s.human = ANY (NEW.self_humans)) THEN\n        RAISE EXCEPTION 'its own side signed: the action can''t be %', NEW.state USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.effective_tier >= 3 AND (\n        SELECT count(DISTINCT s.human) FROM agents_slot AS s WHERE s.action_id = NEW.id\n    ) < 2 THEN\n        RAISE EXCEPTION 'tier % needs two people: the action can''t be %', NEW.effective_tier, NEW.state\n            USING ERRCODE = 'check_violation';\n    END IF;\nEND IF;\nRETURN NEW;\n", hash='b4f9e461ca178625f7b84f7d8be69430e1eb3492', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_slots_filled_764ff', table='agents_action', when='BEFORE')), pgtrigger.compiler.Trigger(name='one_way', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF NEW.fence < OLD.fence OR NEW.attempts < OLD.attempts THEN\n    RAISE EXCEPTION 'fence and attempts never go back' USING ERRCODE = 'check_violation';\nEND IF;\nIF NEW.expires_at > OLD.expires_at AND NOT (OLD.state IN ('on_hold', 'changes_requested')\n        AND NEW.state <> OLD.state) THEN\n    RAISE EXCEPTION 'a deadline is extended only when a pause ends' USING ERRCODE = 'check_violation';\nEND IF;\nIF NEW.permit_until > OLD.permit_until AND NEW.state = OLD.state THEN\n    RAISE EXCEPTION 'a permit is never extended' USING ERRCODE = 'check_violation';\nEND IF;\nIF NEW.permit_consumed_at > OLD.permit_consumed_at\n        OR (OLD.permit_consumed_at IS NOT NULL AND NEW.permit_consumed_at IS NULL) THEN\n    RAISE EXCEPTION 'a permit is consumed once' USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NEW;\n", hash='7227d821555465afbb645e0fae4f16b5d68e27c0', operation='UPDATE', pgid='pgtrigger_one_way_8e52f', table='agents_action', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='c2a80b3af6afe85b5237b581362c449682266fc2', operation='DELETE', pgid='pgtrigger_never_deleted_10a74', table='agents_action', when='BEFORE')), pgtrigger.compiler.Trigger(name='frozen_at_birth', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."lineage" IS DISTINCT FROM (NEW."lineage") OR OLD."revision" IS DISTINCT FROM (NEW."revision") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."agent_id" IS DISTINCT FROM (NEW."agent_id") OR OLD."proposer_agent_id" IS DISTINCT FROM (NEW."proposer_agent_id") OR OLD."proposer_person_id" IS DISTINCT FROM (NEW."proposer_person_id") OR OLD."on_behalf_of_id" IS DISTINCT FROM (NEW."on_behalf_of_id") OR OLD."token_id" IS DISTINCT FROM (NEW."token_id") OR OLD."tool_id" IS DISTINCT FROM (NEW."tool_id") OR OLD."definition_id" IS DISTINCT FROM (NEW."definition_id") OR OLD."payload" IS DISTINCT FROM (NEW."payload") OR OLD."payload_digest" IS DISTINCT FROM (NEW."payload_digest") OR OLD."digest" IS DISTINCT FROM (NEW."digest") OR OLD."wire_version" IS DISTINCT FROM (NEW."wire_version") OR OLD."wire_digest" IS DISTINCT FROM (NEW."wire_digest") OR OLD."undoes_id" IS DISTINCT FROM (NEW."undoes_id") OR OLD."release_id" IS DISTINCT FROM (NEW."release_id") OR OLD."policy_id" IS DISTINCT FROM (NEW."policy_id") OR OLD."policy" IS DISTINCT FROM (NEW."policy") OR OLD."self_humans" IS DISTINCT FROM (NEW."self_humans") OR OLD."tier" IS DISTINCT FROM (NEW."tier") OR OLD."effective_tier" IS DISTINCT FROM (NEW."effective_tier") OR OLD."verdict" IS DISTINCT FROM (NEW."verdict") OR OLD."reasons" IS DISTINCT FROM (NEW."reasons") OR OLD."facts" IS DISTINCT FROM (NEW."facts") OR OLD."scope" IS DISTINCT FROM (NEW."scope") OR OLD."snapshot" IS DISTINCT FROM (NEW."snapshot") OR OLD."headline" IS DISTINCT FROM (NEW."headline") OR OLD."impact" IS DISTINCT FROM (NEW."impact") OR OLD."permit_seconds" IS DISTINCT FROM (NEW."permit_seconds") OR OLD."sample_rate" IS DISTINCT FROM (NEW."sample_rate") OR OLD."sampled" IS DISTINCT FROM (NEW."sampled") OR OLD."run_id" IS DISTINCT FROM (NEW."run_id") OR OLD."step_id" IS DISTINCT FROM (NEW."step_id") OR OLD."trace_id" IS DISTINCT FROM (NEW."trace_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='8f99181014cf4ebc6dd1fd5d46d1ea603ffef900', operation='UPDATE', pgid='pgtrigger_frozen_at_birth_7cea3', table='agents_action', when='BEFORE')), pgtrigger.compiler.Trigger(name='action_news', sql=pgtrigger.compiler.UpsertTriggerSql(func="PERFORM pg_notify('countersign_news', 'action:' || NEW.id); RETURN NEW;", hash='46068e8c9cf705881596fa1ac121369144c28b71', operation='UPDATE OF "state"', pgid='pgtrigger_action_news_acf9e', table='agents_action', when='AFTER'))],
                },
            ),
            migrations.CreateModel(
                name='Human',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ],
            ),
            migrations.CreateModel(
                name='Person',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                    ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                    ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                    ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                    ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                    ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                    ('signer_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text="when this account or its credentials were last made: it can't sign what was proposed before")),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                    ('human', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='agents.human')),
                ],
                options={
                    'verbose_name_plural': 'people',
                    'permissions': [('read_all', 'Can read every agent and action (auditors)')],
                },
                managers=[
                    ('objects', agents.models.person.PersonManager()),
                ],
            ),
            migrations.CreateModel(
                name='ActionContent',
                fields=[
                    ('action', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='content', serialize=False, to='agents.action')),
                    ('rationale', models.TextField(blank=True)),
                    ('claims', models.JSONField(default=dict)),
                    ('provenance', models.JSONField(default=dict)),
                    ('output', models.JSONField(help_text='what the tool answered', null=True)),
                    ('erase_after', models.PositiveIntegerField(help_text='days after its end; null keeps it', null=True)),
                    ('erased_at', models.DateTimeField(null=True)),
                    ('keep_output', models.BooleanField(default=True)),
                    ('note', models.TextField(blank=True, db_default='', help_text='the words of whoever rejected it')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('erase_after__isnull', False), ('erased_at__isnull', True)), fields=['action'], name='content_to_erase')],
                },
            ),
            migrations.CreateModel(
                name='Agent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('slug', models.SlugField(max_length=63, unique=True)),
                    ('name', models.CharField(max_length=200)),
                    ('purpose', models.TextField(blank=True)),
                    ('runtime', models.CharField(default='external', max_length=63)),
                    ('sign', models.JSONField(default=dict, help_text='by effective tier: the groups whose members fill the slots')),
                    ('enabled', models.BooleanField(default=False)),
                    ('first_enabled_at', models.DateTimeField(blank=True, help_text='a draft until then; never one again', null=True)),
                    ('stopped_at', models.DateTimeField(blank=True, null=True)),
                    ('stop_reason', models.TextField(blank=True)),
                    ('stop_epoch', models.PositiveIntegerField(default=0, help_text='counts stops of it or of a tool; never goes back')),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('stopped_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('sources', models.JSONField(default=list, help_text="the operator's fact sources this agent's policy may ask, by name")),
                    ('policy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.policy')),
                    ('budget', models.JSONField(default=dict, help_text='caps as the agent file says; micros are millionths of a US dollar')),
                    ('delegates', models.JSONField(default=list, help_text='agents this one may give tasks to, by slug')),
                    ('resumed_at', models.DateTimeField(blank=True, help_text='when people last let it go on', null=True)),
                    ('runtime_body', models.JSONField(default=dict, help_text="what the runtime is given: a script's name, steps, a pool")),
                    ('team', models.CharField(blank=True, help_text="whose daily budget it spends too, by the operator's name", max_length=63)),
                    ('verify', models.JSONField(default=dict, help_text='what the output of a run is held against before it completes')),
                    ('standstill', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='agents', to='agents.standstill')),
                    ('ladder', models.JSONField(default=dict, help_text='by effective tier: who is told when a review is late, rung by rung')),
                ],
                options={
                    'ordering': ['slug'],
                },
            ),
            migrations.CreateModel(
                name='Incident',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('opened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('closed_at', models.DateTimeField(null=True)),
                    ('title', models.CharField(max_length=200)),
                    ('release_id', models.UUIDField(null=True)),
                    ('actions', models.ManyToManyField(related_name='incidents', to='agents.action')),
                    ('agent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='incidents', to='agents.agent')),
                    ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('note', models.TextField(blank=True)),
                    ('run_id', models.UUIDField(null=True)),
                ],
            ),
            migrations.CreateModel(
                name='MoveAllowed',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('old_state', models.CharField(max_length=20)),
                    ('new_state', models.CharField(max_length=20)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('old_state', 'new_state'), name='move_once')],
                },
            ),
            migrations.CreateModel(
                name='Outcome',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('run_id', models.UUIDField(null=True)),
                    ('release_id', models.UUIDField(null=True)),
                    ('kind', models.CharField(choices=[('resolved', 'Resolved'), ('reopened', 'Reopened'), ('feedback', 'Feedback'), ('rework', 'Rework'), ('rolled_back', 'Rolled Back')], max_length=20)),
                    ('value', models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                    ('note', models.TextField(blank=True)),
                    ('reported_by', models.CharField(help_text='the actor, kind:id', max_length=100)),
                    ('reported_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outcomes', to='agents.action')),
                    ('incident', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outcomes', to='agents.incident')),
                ],
            ),
            migrations.CreateModel(
                name='Token',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('prefix', models.CharField(help_text='public: names the token in lists and events', max_length=16, unique=True)),
                    ('secret_hash', models.CharField(max_length=64)),
                    ('issued_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('expires_at', models.DateTimeField()),
                    ('revoked_at', models.DateTimeField(blank=True, null=True)),
                    ('last_used_at', models.DateTimeField(blank=True, null=True)),
                    ('agent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='agents.agent')),
                    ('agents', models.ManyToManyField(help_text='whom a client may enqueue runs for', related_name='client_tokens', to='agents.agent')),
                    ('client', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tokens', to='agents.client')),
                ],
                options={
                    'ordering': ['-issued_at'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('agent__isnull', True), ('client__isnull', True), _connector='XOR'), name='token_has_one_holder')],
                },
            ),
            migrations.CreateModel(
                name='Tool',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=63)),
                    ('tier', models.PositiveSmallIntegerField()),
                    ('agent', models.ForeignKey(help_text='the agent whose file defines it', on_delete=django.db.models.deletion.PROTECT, related_name='tools', to='agents.agent')),
                    ('definition', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.tooldefinition')),
                    ('stop_reason', models.TextField(blank=True)),
                    ('stopped_at', models.DateTimeField(blank=True, null=True)),
                    ('stopped_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['agent', 'name'],
                    'constraints': [models.UniqueConstraint(fields=('agent', 'name'), name='tool_name_once_an_agent'), models.CheckConstraint(condition=models.Q(('tier__lte', 4)), name='tool_tier_0_to_4')],
                },
            ),
            migrations.CreateModel(
                name='Grant',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('tool_name', models.CharField(max_length=63)),
                    ('granted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('expires_at', models.DateTimeField(blank=True, null=True)),
                    ('revoked_at', models.DateTimeField(blank=True, null=True)),
                    ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='agents.agent')),
                    ('tool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='agents.tool')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('revoked_at__isnull', True)), fields=('agent', 'tool_name'), name='one_live_grant_a_tool_name')],
                },
            ),
            migrations.CreateModel(
                name='ToolDefinition',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('digest', models.CharField(help_text="SHA-256 of the definition's RFC 8785 bytes", max_length=64)),
                    ('body', models.JSONField()),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('tool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='definitions', to='agents.tool')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('tool', 'digest'), name='definition_once_a_tool')],
                },
            ),
            migrations.CreateModel(
                name='AgentGroupObjectPermission',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='agents.agent')),
                    ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.group')),
                    ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ],
                options={
                    'abstract': False,
                    'unique_together': {('group', 'permission', 'content_object')},
                },
            ),
            migrations.CreateModel(
                name='AgentRole',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('steward', 'Steward'), ('agent_steward', 'Agent Steward'), ('eval_owner', 'Eval Owner'), ('data_gatekeeper', 'Data Gatekeeper')], max_length=20)),
                    ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roles', to='agents.agent')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agent_roles', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('agent', 'role'), name='one_person_a_role')],
                },
            ),
            migrations.CreateModel(
                name='AgentUserObjectPermission',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='agents.agent')),
                    ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'abstract': False,
                    'unique_together': {('user', 'permission', 'content_object')},
                },
            ),
            migrations.CreateModel(
                name='ClockInterval',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('running', 'running'), ('paused', 'paused')], max_length=10)),
                    ('reason', models.CharField(blank=True, max_length=40)),
                    ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clock', to='agents.action')),
                ],
                options={
                    'ordering': ['started_at'],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('action',), name='one_clock_interval_at_a_time')],
                    'indexes': [models.Index(condition=models.Q(('kind', 'paused')), fields=['action'], name='clock_paused')],
                },
            ),
            migrations.CreateModel(
                name='IdempotencyKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('scope', models.CharField(help_text='who asked, kind:id', max_length=100)),
                    ('key', models.CharField(max_length=255)),
                    ('fingerprint', models.CharField(help_text="SHA-256 of the request's canonical body", max_length=64)),
                    ('status', models.PositiveSmallIntegerField()),
                    ('answer', models.JSONField()),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agents.action')),
                    ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='agents.run')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('scope', 'key'), name='key_once_a_scope')],
                },
            ),
            migrations.CreateModel(
                name='Slot',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('position', models.PositiveSmallIntegerField()),
                    ('role', models.CharField(blank=True, choices=[('owner', 'Owner'), ('steward', 'Steward'), ('agent_steward', 'Agent Steward'), ('eval_owner', 'Eval Owner'), ('data_gatekeeper', 'Data Gatekeeper')], max_length=20)),
                    ('label', models.CharField(help_text="the group's or role's name at that time", max_length=150)),
                    ('is_open', models.BooleanField(default=True, help_text='the action is in review')),
                    ('urgency', models.SmallIntegerField(default=2, help_text='0 tier 3-4 late or at risk, 1 tier 2, 2 on time')),
                    ('bucket', models.BigIntegerField(help_text='due, in quarters of an hour since 1970')),
                    ('tier', models.SmallIntegerField(help_text='negated effective tier')),
                    ('impact', models.BigIntegerField(help_text='negated impact')),
                    ('excluded', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text='humans who count as self, and voters', size=None)),
                    ('eligible', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text='accounts that could fill it at routing time', size=None)),
                    ('human', models.BigIntegerField(null=True)),
                    ('filled_at', models.DateTimeField(null=True)),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='slots', to='agents.action')),
                    ('filled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('group', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='auth.group')),
                ],
                options={
                    'ordering': ['position'],
                    'indexes': [models.Index(condition=models.Q(('filled_by__isnull', True), ('is_open', True)), fields=['group', 'urgency', 'bucket', 'tier', 'impact', 'action'], include=('excluded',), name='slot_queue'), models.Index(condition=models.Q(('filled_by__isnull', False), ('is_open', True)), fields=['group'], name='slot_half_signed')],
                    'constraints': [models.UniqueConstraint(fields=('action', 'position'), name='slot_position_once'), models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('action', 'human'), name='one_slot_a_human'), models.CheckConstraint(condition=models.Q(('group__isnull', False), models.Q(('role', ''), _negated=True), _connector='XOR'), name='group_or_role'), models.CheckConstraint(condition=models.Q(models.Q(('filled_at__isnull', True), ('filled_by__isnull', True), ('human__isnull', True)), models.Q(('filled_at__isnull', False), ('filled_by__isnull', False), ('human__isnull', False)), _connector='OR'), name='filled_wholly')],
                    'triggers': [pgtrigger.compiler.Trigger(name='slot_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."action_id" IS DISTINCT FROM (NEW."action_id") OR OLD."position" IS DISTINCT FROM (NEW."position") OR OLD."group_id" IS DISTINCT FROM (NEW."group_id") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."label" IS DISTINCT FROM (NEW."label") OR OLD."tier" IS DISTINCT FROM (NEW."tier") OR OLD."impact" IS DISTINCT FROM (NEW."impact") OR OLD."eligible" IS DISTINCT FROM (NEW."eligible"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='5c7748d26994f0f57fdebc1419983ef5747ee574', operation='UPDATE', pgid='pgtrigger_slot_frozen_d47b7', table='agents_slot', when='BEFORE')), pgtrigger.compiler.Trigger(name='signed_in_review', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF TG_OP = 'INSERT' OR (NEW.filled_by_id, NEW.human) IS DISTINCT FROM (OLD.filled_by_id, OLD.human) THEN\n    IF NOT EXISTS (\n        SELECT FROM agents_action AS a WHERE a.id = NEW.action_id AND (\n            a.state = 'awaiting_review' OR (a.state = 'on_hold' AND a.held_from = 'awaiting_review'))\n    ) THEN\n        RAISE EXCEPTION 'the action isn''t in review: its slots stay as they are' USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.filled_by_id IS NOT NULL AND NOT EXISTS (\n        SELECT FROM agents_person AS p WHERE p.id = NEW.filled_by_id AND p.human_id = NEW.human\n    ) THEN\n        RAISE EXCEPTION 'a slot is filled by an account of that very human' USING ERRCODE = 'check_violation';\n    END IF;\nEND IF;\nRETURN NEW;\n", hash='c7da89ecdc2a7da9a45c9efe86257a14455672e2', operation='INSERT OR UPDATE', pgid='pgtrigger_signed_in_review_456e2', table='agents_slot', when='BEFORE')), pgtrigger.compiler.Trigger(name='slot_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='d3058e1be132898e18b89b563903fbed84287bab', operation='DELETE', pgid='pgtrigger_slot_never_deleted_7a840', table='agents_slot', when='BEFORE'))],
                },
            ),
            migrations.CreateModel(
                name='LimitEntry',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('tool', models.CharField(max_length=63)),
                    ('measure', models.CharField(help_text='a currency (minor units), an argument that is a number, or count', max_length=256)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=24)),
                    ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.action')),
                    ('usage', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='agents.limitusage')),
                ],
                options={
                    'verbose_name_plural': 'limit entries',
                    'indexes': [models.Index(fields=['usage', 'measure', 'at'], include=('action', 'tool', 'amount'), name='limit_window')],
                },
            ),
            migrations.CreateModel(
                name='LimitUsage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('scope', models.CharField(max_length=256)),
                    ('key', models.CharField(max_length=64)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('scope', 'key'), name='usage_once')],
                },
            ),
            migrations.CreateModel(
                name='ListEntry',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('list_name', models.CharField(max_length=64)),
                    ('key', models.CharField(max_length=300)),
                    ('note', models.CharField(blank=True, max_length=300)),
                    ('state', models.CharField(choices=[('proposed', 'Proposed'), ('active', 'Active'), ('removal_proposed', 'Removal Proposed'), ('removed', 'Removed')], default='proposed', max_length=20)),
                    ('proposed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('confirmed_at', models.DateTimeField(null=True)),
                    ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='list_entries', to='agents.agent')),
                    ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('proposed_by', models.ForeignKey(help_text='null: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name_plural': 'list entries',
                    'ordering': ['agent', 'list_name', 'key'],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'removed'), _negated=True), fields=('agent', 'list_name', 'key'), name='list_key_once')],
                    'triggers': [pgtrigger.compiler.Trigger(name='two_humans', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF NEW.state = 'removal_proposed' AND (TG_OP = 'INSERT' OR OLD.state NOT IN ('active', 'removal_proposed')) THEN\n    RAISE EXCEPTION 'only a key that counts can be proposed to be taken out' USING ERRCODE = 'check_violation';\nEND IF;\nIF NEW.state IN ('active', 'removed') AND NEW.proposed_by_id IS NOT NULL\n    AND (TG_OP = 'INSERT' OR NEW.state <> OLD.state)\n    -- What never counted may be dropped, and what still counts be kept, by one person.\n    AND NOT (TG_OP = 'UPDATE' AND OLD.state = 'proposed' AND NEW.state = 'removed')\n    AND NOT (TG_OP = 'UPDATE' AND OLD.state = 'removal_proposed' AND NEW.state = 'active')\n    AND EXISTS (SELECT FROM agents_agent AS a WHERE a.id = NEW.agent_id AND a.first_enabled_at IS NOT NULL)\n    AND NOT EXISTS (\n        SELECT FROM agents_person AS one, agents_person AS other\n        WHERE one.id = NEW.proposed_by_id AND other.id = NEW.confirmed_by_id AND one.human_id <> other.human_id\n    )\nTHEN\n    RAISE EXCEPTION 'a second person confirms what a list says' USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NEW;\n", hash='03b5e2450e8a0c5560c600f5e9277bce283b18cf', operation='INSERT OR UPDATE', pgid='pgtrigger_two_humans_53a4d', table='agents_listentry', when='BEFORE')), pgtrigger.compiler.Trigger(name='list_key_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."agent_id" IS DISTINCT FROM (NEW."agent_id") OR OLD."list_name" IS DISTINCT FROM (NEW."list_name") OR OLD."key" IS DISTINCT FROM (NEW."key"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='fa7ede58abb9456a24644a1fe0c099efcd44b6f1', operation='UPDATE', pgid='pgtrigger_list_key_frozen_952d1', table='agents_listentry', when='BEFORE')), pgtrigger.compiler.Trigger(name='list_entry_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='6907c4ee83a8f0e456a0566817ad20811f685eed', operation='DELETE', pgid='pgtrigger_list_entry_never_deleted_0f989', table='agents_listentry', when='BEFORE'))],
                },
            ),
            migrations.CreateModel(
                name='Policy',
                fields=[
                    ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('version', models.PositiveIntegerField()),
                    ('name', models.CharField(max_length=100)),
                    ('file', models.CharField(help_text='what reasons call it, in front of the line', max_length=200)),
                    ('source', models.TextField(help_text='as it was written')),
                    ('digest', models.CharField(help_text='SHA-256 of the document that decides', max_length=64)),
                    ('body', models.JSONField(help_text='the rules form, shorthand expanded')),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='policies', to='agents.agent')),
                ],
                options={
                    'verbose_name_plural': 'policies',
                    'ordering': ['agent', '-version'],
                    'constraints': [models.UniqueConstraint(fields=('agent', 'version'), name='policy_version_once_an_agent')],
                },
            ),
            migrations.CreateModel(
                name='Budget',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('scope', models.CharField(help_text='run:<id>, agent:<id> or team:<name>', max_length=120)),
                    ('unit', models.CharField(choices=[('tokens', 'Tokens'), ('micros', 'Micros'), ('actions', 'Actions')], max_length=10)),
                    ('day', models.DateField(help_text='UTC; null counts over the whole life', null=True)),
                    ('cap', models.BigIntegerField(help_text='as it was when somebody last reserved')),
                    ('reserved', models.BigIntegerField(default=0)),
                    ('settled', models.BigIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('scope', 'unit', 'day'), name='budget_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('reserved__gte', 0), ('settled__gte', 0)), name='budget_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='Client',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.SlugField(max_length=63, unique=True)),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ],
                options={
                    'ordering': ['name'],
                },
            ),
            migrations.CreateModel(
                name='RatePool',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=63, unique=True)),
                    ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ],
            ),
            migrations.CreateModel(
                name='Run',
                fields=[
                    ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('kind', models.CharField(choices=[('task', 'Task'), ('verification', 'Verification')], default='task', max_length=15)),
                    ('depth', models.PositiveSmallIntegerField(default=0)),
                    ('trace_id', models.CharField(blank=True, max_length=64)),
                    ('input_digest', models.CharField(max_length=64)),
                    ('runtime', models.JSONField(help_text='what carries it, as it was when it was enqueued')),
                    ('verify', models.JSONField(default=dict, help_text='what it is held against before it may complete')),
                    ('caps', models.JSONField(default=dict, help_text='tokens, micros, actions, seconds, depth, replans')),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('state', models.CharField(choices=[('queued', 'Queued'), ('planning', 'Planning'), ('executing', 'Executing'), ('awaiting_review', 'Awaiting Review'), ('verifying', 'Verifying'), ('paused', 'Paused'), ('completed', 'Completed'), ('failed_verification', 'Failed Verification'), ('budget_exceeded', 'Budget Exceeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('quarantined', 'Quarantined')], default='queued', max_length=20)),
                    ('state_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('paused_from', models.CharField(blank=True, max_length=20)),
                    ('stop_reason', models.TextField(blank=True)),
                    ('steps', models.PositiveIntegerField(default=0, help_text='the number of its last step')),
                    ('plan', models.PositiveIntegerField(default=1, help_text='counts its plans')),
                    ('wake_at', models.DateTimeField(help_text='when the clock must ring again; null when it has ended', null=True)),
                    ('rings', models.PositiveIntegerField(default=0)),
                    ('news', models.PositiveBigIntegerField(default=0, help_text='counts what happened to its actions and children')),
                    ('lease_owner', models.CharField(blank=True, max_length=200)),
                    ('lease_until', models.DateTimeField(null=True)),
                    ('fence', models.PositiveBigIntegerField(default=0)),
                    ('started_at', models.DateTimeField(null=True)),
                    ('deadline_at', models.DateTimeField(help_text='its budget of time ends here', null=True)),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('error', models.JSONField(null=True)),
                    ('attention', models.CharField(blank=True, help_text="why its agent's people should look at it", max_length=40)),
                    ('seen_at', models.DateTimeField(null=True)),
                    ('tokens_in', models.BigIntegerField(default=0)),
                    ('tokens_out', models.BigIntegerField(default=0)),
                    ('micros_inference', models.BigIntegerField(default=0)),
                    ('micros_tooling', models.BigIntegerField(default=0)),
                    ('micros_incidents', models.BigIntegerField(null=True)),
                    ('fixing_seconds', models.PositiveIntegerField(null=True)),
                    ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='agents.agent')),
                    ('client', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='agents.client')),
                    ('mission_lead', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='agents.run')),
                    ('seen_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('stopped_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('token', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.token')),
                ],
                options={
                    'ordering': ['-created_at'],
                    'indexes': [models.Index(condition=models.Q(('wake_at__isnull', False)), fields=['wake_at'], name='run_wake'), models.Index(fields=['agent', '-created_at'], name='run_agent'), models.Index(fields=['client', '-created_at'], name='run_client'), models.Index(condition=models.Q(models.Q(('attention', ''), _negated=True), ('seen_at__isnull', True)), fields=['agent'], name='run_attention')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', True), ('state__in', ['budget_exceeded', 'cancelled', 'completed', 'failed', 'failed_verification', 'quarantined']), ('wake_at__isnull', True)), models.Q(models.Q(('state__in', ['budget_exceeded', 'cancelled', 'completed', 'failed', 'failed_verification', 'quarantined']), _negated=True), ('wake_at__isnull', False)), _connector='OR'), name='open_runs_wake'), models.CheckConstraint(condition=models.Q(('state', 'paused'), ('paused_from', ''), _connector='XOR'), name='paused_from_only_while_paused')],
                    'triggers': [pgtrigger.compiler.Trigger(name='run_move_allowed', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF TG_OP = 'INSERT' THEN\n    IF NEW.state <> 'queued' THEN\n        RAISE EXCEPTION 'a run can''t begin as %', NEW.state USING ERRCODE = 'check_violation';\n    END IF;\nELSIF NEW.state <> OLD.state AND NOT EXISTS (\n    SELECT FROM agents_runmoveallowed AS m WHERE m.old_state = OLD.state AND m.new_state = NEW.state\n) THEN\n    RAISE EXCEPTION 'a run can''t go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NEW;\n", hash='ca7ea45a621ccdb7dc91c42234f642a26bd82917', operation='INSERT OR UPDATE OF "state"', pgid='pgtrigger_run_move_allowed_8b125', table='agents_run', when='BEFORE')), pgtrigger.compiler.Trigger(name='run_one_way', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF NEW.fence < OLD.fence OR NEW.steps < OLD.steps OR NEW.plan < OLD.plan THEN\n    RAISE EXCEPTION 'fence, steps and plan never go back' USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NEW;\n", hash='83eda1c531c8fffeeff808840e277d9458d702de', operation='UPDATE', pgid='pgtrigger_run_one_way_0849a', table='agents_run', when='BEFORE')), pgtrigger.compiler.Trigger(name='run_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."agent_id" IS DISTINCT FROM (NEW."agent_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."client_id" IS DISTINCT FROM (NEW."client_id") OR OLD."token_id" IS DISTINCT FROM (NEW."token_id") OR OLD."parent_id" IS DISTINCT FROM (NEW."parent_id") OR OLD."depth" IS DISTINCT FROM (NEW."depth") OR OLD."mission_lead_id" IS DISTINCT FROM (NEW."mission_lead_id") OR OLD."trace_id" IS DISTINCT FROM (NEW."trace_id") OR OLD."runtime" IS DISTINCT FROM (NEW."runtime") OR OLD."verify" IS DISTINCT FROM (NEW."verify") OR OLD."caps" IS DISTINCT FROM (NEW."caps") OR OLD."input_digest" IS DISTINCT FROM (NEW."input_digest") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='8a4662080361fcec6fffbd3853056313cdc9c726', operation='UPDATE', pgid='pgtrigger_run_frozen_2d143', table='agents_run', when='BEFORE')), pgtrigger.compiler.Trigger(name='run_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='4409ff4c06b1cc86295514e372787212fa95ef0c', operation='DELETE', pgid='pgtrigger_run_never_deleted_7be27', table='agents_run', when='BEFORE')), pgtrigger.compiler.Trigger(name='run_news', sql=pgtrigger.compiler.UpsertTriggerSql(func="PERFORM pg_notify('countersign_news', 'run:' || NEW.id); RETURN NEW;", hash='3af74a737c203b4bf1756c6979c6bd12bdc45d95', operation='UPDATE OF "state"', pgid='pgtrigger_run_news_9cf95', table='agents_run', when='AFTER'))],
                },
            ),
            migrations.CreateModel(
                name='RunMoveAllowed',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('old_state', models.CharField(max_length=20)),
                    ('new_state', models.CharField(max_length=20)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('old_state', 'new_state'), name='run_move_once')],
                },
            ),
            migrations.CreateModel(
                name='RunStep',
                fields=[
                    ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                    ('number', models.PositiveIntegerField()),
                    ('kind', models.CharField(choices=[('think', 'Think'), ('act', 'Act'), ('delegate', 'Delegate'), ('verify', 'Verify')], max_length=10)),
                    ('state', models.CharField(choices=[('intent', 'Intent'), ('done', 'Done'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='intent', max_length=10)),
                    ('plan', models.PositiveIntegerField(default=1)),
                    ('asked_by', models.PositiveIntegerField(help_text='the number of the think step that wanted it', null=True)),
                    ('tool', models.CharField(blank=True, max_length=63)),
                    ('asked_digest', models.CharField(blank=True, help_text='of tool and arguments: finds repetition', max_length=64)),
                    ('content', models.JSONField(default=dict, help_text="what is asked; dies with the run's words")),
                    ('result', models.JSONField(help_text='codes and states, never words', null=True)),
                    ('tries', models.PositiveSmallIntegerField(default=0, help_text='counted before the work: a crash counts')),
                    ('worker', models.CharField(blank=True, max_length=200)),
                    ('began_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('reserved', models.JSONField(default=dict, help_text='what the budgets hold back for it: tokens, micros, day')),
                    ('tokens_in', models.BigIntegerField(default=0)),
                    ('tokens_out', models.BigIntegerField(default=0)),
                    ('micros', models.BigIntegerField(default=0)),
                    ('action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.action')),
                    ('child', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.run')),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='journal', to='agents.run')),
                ],
                options={
                    'ordering': ['number'],
                    'indexes': [models.Index(condition=models.Q(('action__isnull', False)), fields=['action'], name='step_action'), models.Index(condition=models.Q(('child__isnull', False)), fields=['child'], name='step_child')],
                    'constraints': [models.UniqueConstraint(fields=('run', 'number'), name='step_once_a_run')],
                    'triggers': [pgtrigger.compiler.Trigger(name='step_one_way', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF OLD.state <> 'intent' AND NEW.state <> OLD.state THEN\n    RAISE EXCEPTION 'a step that is over stays as it is' USING ERRCODE = 'check_violation';\nEND IF;\nIF NEW.tries < OLD.tries THEN\n    RAISE EXCEPTION 'tries never go back' USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NEW;\n", hash='b295971ef487866ea34779f8c52fe4f1ef590b27', operation='UPDATE', pgid='pgtrigger_step_one_way_7559b', table='agents_runstep', when='BEFORE')), pgtrigger.compiler.Trigger(name='step_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='e1e25ae45a3c043f04a02e89951334ccd68abeda', operation='DELETE', pgid='pgtrigger_step_never_deleted_7f864', table='agents_runstep', when='BEFORE'))],
                },
            ),
            migrations.CreateModel(
                name='Spend',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('hour', models.DateTimeField()),
                    ('tokens', models.BigIntegerField(default=0)),
                    ('micros', models.BigIntegerField(default=0)),
                    ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='spend', to='agents.agent')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('agent', 'hour'), name='spend_once_an_hour')],
                },
            ),
            migrations.CreateModel(
                name='Standstill',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('reason', models.TextField()),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(models.Value(1), condition=models.Q(('ended_at__isnull', True)), name='one_standstill_at_a_time')],
                },
            ),
            migrations.CreateModel(
                name='ToolHealth',
                fields=[
                    ('tool', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='health', serialize=False, to='agents.tool')),
                    ('failures', models.PositiveIntegerField(default=0, help_text='in a row')),
                    ('open_until', models.DateTimeField(help_text='no attempt before; one attempt then', null=True)),
                    ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ],
            ),
            migrations.CreateModel(
                name='RunContent',
                fields=[
                    ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='content', serialize=False, to='agents.run')),
                    ('input', models.JSONField(default=dict)),
                    ('memory', models.JSONField(help_text='what the runtime gave back to be given again', null=True)),
                    ('output', models.JSONField(null=True)),
                    ('erase_after', models.PositiveIntegerField(help_text='days after its end; null keeps it', null=True)),
                    ('erased_at', models.DateTimeField(null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('erase_after__isnull', False), ('erased_at__isnull', True)), fields=['run'], name='run_to_erase')],
                },
            ),
        ]),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL(WORDS + INDEXES, UNDO),
    ]
