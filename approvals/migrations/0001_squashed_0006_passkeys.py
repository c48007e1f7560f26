"""The whole desk in one step: what the migrations 0001 to 0006 come to, for a database that has none of them.

A database that has some goes on with the single ones; `tests/domain/test_squashed.py` holds both ways against each other.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

from agents.tables import CreateTables

# What people did is only ever added. Of a passkey nothing changes but its use.
GRANTS = """
REVOKE UPDATE, DELETE ON approvals_decision, approvals_statement, approvals_look, approvals_withdrawal, approvals_touch
    FROM cs_app;
REVOKE DELETE ON approvals_question, approvals_handover, approvals_absence, approvals_escalation, approvals_notice,
    approvals_reader FROM cs_app;
REVOKE UPDATE ON approvals_escalation, approvals_passkey FROM cs_app;
GRANT UPDATE (sign_count, used_at, suspected_at) ON approvals_passkey TO cs_app;
REVOKE UPDATE, DELETE ON django_admin_log FROM cs_app;
GRANT SELECT ON approvals_decision, approvals_statement, approvals_look, approvals_withdrawal, approvals_question,
    approvals_handover, approvals_absence, approvals_escalation, approvals_notice, approvals_passkey, approvals_touch
    TO cs_auditor;
"""

# Behind every approval with slots stand people's decisions that weren't taken back. Checked when the transaction
# commits: the decision is written after the signature that it explains.
DECIDED = """
CREATE FUNCTION approvals_decided() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER decided AFTER INSERT OR UPDATE OF state ON agents_action
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state IN ('approved', 'executing'))
    EXECUTE FUNCTION approvals_decided();
"""

# Nobody is told of what happened before there was a desk: the reader begins where the log stands now.
FROM_NOW_ON = """
INSERT INTO approvals_reader (name, last_event, read_at) SELECT 'telling', coalesce(max(id), 0), now() FROM audit.event;
"""


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("approvals", "0001_initial"),
        ("approvals", "0002_append_only"),
        ("approvals", "0003_desk"),
        ("approvals", "0004_desk_grants"),
        ("approvals", "0005_desk_figures"),
        ("approvals", "0006_passkeys"),
    ]
    dependencies = [
        ("agents", "0009_desk_figures"),
        ("audit", "0003_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [
        CreateTables([
            migrations.CreateModel(
                name='Look',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('viewed', 'Viewed'), ('heartbeat', 'Heartbeat'), ('evidence_opened', 'Evidence')], max_length=20)),
                    ('what', models.CharField(blank=True, max_length=100)),
                    ('preview_hash', models.CharField(blank=True, max_length=64)),
                    ('template_version', models.CharField(blank=True, max_length=40)),
                    ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='agents.action')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'indexes': [models.Index(fields=['action', 'person'], name='look_action_person')],
                    'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='1b9400879cf79e9c6719e0545336b7b08b2d20de', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_bd606', table='approvals_look', when='BEFORE'))],
                },
            ),
            migrations.CreateModel(
                name='Statement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('human', models.BigIntegerField()),
                    ('says', models.CharField(choices=[('succeeded', 'It happened'), ('failed', 'It did not happen')], max_length=10)),
                    ('note', models.TextField()),
                    ('stated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='agents.action')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['stated_at'],
                },
            ),
            migrations.CreateModel(
                name='Decision',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('revision', models.PositiveIntegerField()),
                    ('digest', models.CharField(max_length=64)),
                    ('human', models.BigIntegerField()),
                    ('word', models.CharField(choices=[('approve', 'Approve'), ('reject', 'Reject')], max_length=10)),
                    ('reason_code', models.CharField(blank=True, choices=[('wrong_target', 'Wrong target'), ('wrong_value', 'Wrong value'), ('unsupported_claim', 'Unsupported claim'), ('policy_breach', 'Policy breach'), ('missing_evidence', 'Missing evidence'), ('privacy', 'Privacy'), ('tone', 'Tone or brand'), ('duplicate', 'Duplicate'), ('bad_timing', 'Bad timing'), ('not_needed', 'Not needed'), ('suspected_manipulation', 'Suspected manipulation'), ('other', 'Other')], max_length=40)),
                    ('note', models.TextField(blank=True)),
                    ('checks', models.JSONField(default=dict, help_text="the reviewer's answers to the pointed checks")),
                    ('step_up', models.CharField(default='session', help_text='how the person proved to be there', max_length=20)),
                    ('preview_hash', models.CharField(blank=True, help_text='SHA-256 of what was shown', max_length=64)),
                    ('template_version', models.CharField(blank=True, max_length=40)),
                    ('effective_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('decided_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('event_id', models.BigIntegerField(help_text='the event of the transition')),
                    ('leaf_hash', models.CharField(max_length=64)),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='agents.action')),
                    ('on_behalf_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to=settings.AUTH_USER_MODEL)),
                    ('slot', models.ForeignKey(help_text='the slot at that moment', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.slot')),
                    ('nth', models.PositiveSmallIntegerField(default=1, help_text="counts this human's words on this revision")),
                    ('touch', models.OneToOneField(help_text='the passkey touch that proves it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='approvals.touch')),
                ],
                options={
                    'ordering': ['decided_at'],
                    'constraints': [models.UniqueConstraint(fields=('action', 'revision', 'human', 'nth'), name='one_decision_a_human_at_a_time'), models.CheckConstraint(condition=models.Q(('step_up', 'passkey'), ('touch__isnull', False), _connector='XOR', _negated=True), name='a_passkey_has_its_touch')],
                    'indexes': [django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['decided_at'], name='decision_decided')],
                    'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d7bfbe13cfe8daf3c42d7e2f56ce0935c59438c8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_cd8c6', table='approvals_decision', when='BEFORE'))],
                },
            ),
            migrations.CreateModel(
                name='Absence',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('since', models.DateTimeField()),
                    ('until', models.DateTimeField()),
                    ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('ended_at', models.DateTimeField(help_text='called off before its time', null=True)),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absences', to=settings.AUTH_USER_MODEL)),
                    ('stand_in', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stands_in', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['since'],
                    'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['person', 'until'], name='absence_now')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('until__gt', models.F('since'))), name='absence_lasts'), models.CheckConstraint(condition=models.Q(('stand_in', models.F('person')), _negated=True), name='nobody_stands_in_for_themselves')],
                },
            ),
            migrations.CreateModel(
                name='Claim',
                fields=[
                    ('slot', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='claim', serialize=False, to='agents.slot')),
                    ('taken_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('until', models.DateTimeField()),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='claims', to=settings.AUTH_USER_MODEL)),
                ],
            ),
            migrations.CreateModel(
                name='Draft',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('digest', models.CharField(max_length=64)),
                    ('fields', models.JSONField(default=dict, help_text='what was typed, by the name of the field')),
                    ('saved_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='agents.action')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('action', 'person'), name='one_draft_a_person')],
                },
            ),
            migrations.CreateModel(
                name='Escalation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('rung', models.PositiveSmallIntegerField()),
                    ('why', models.CharField(choices=[('overdue', 'Overdue'), ('still_overdue', 'Still Overdue'), ('by_hand', 'By Hand'), ('unstaffed', 'Unstaffed')], max_length=15)),
                    ('reason', models.TextField(blank=True)),
                    ('told', models.JSONField(default=list, help_text='names of groups and people, as the ladder named them')),
                    ('escalated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='agents.action')),
                    ('by', models.ForeignKey(help_text='null: the clock', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['escalated_at'],
                    'constraints': [models.UniqueConstraint(fields=('action', 'rung'), name='rung_once_an_action')],
                },
            ),
            migrations.CreateModel(
                name='Handover',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('note', models.TextField(blank=True)),
                    ('given_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('until', models.DateTimeField(help_text='it bounces then')),
                    ('answer', models.CharField(blank=True, choices=[('accepted', 'Accepted'), ('declined', 'Declined'), ('bounced', 'Bounced')], max_length=10)),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='handovers', to='agents.action')),
                    ('giver', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('taker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='handed', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('answer', '')), fields=['until'], name='handover_open')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('answer', '')), fields=('action',), name='one_open_handover_an_action')],
                },
            ),
            migrations.CreateModel(
                name='Notice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('event_id', models.BigIntegerField()),
                    ('channel', models.CharField(choices=[('mail', 'Mail'), ('webhook', 'Webhook'), ('browser', 'Browser'), ('digest', 'Digest')], max_length=10)),
                    ('endpoint', models.CharField(blank=True, help_text="the operator's name of a webhook", max_length=63)),
                    ('kind', models.CharField(help_text='what it says: your_turn, at_risk, overdue, resolved ...', max_length=30)),
                    ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('next_at', models.DateTimeField(help_text='when it is due to be sent; null when it is over', null=True)),
                    ('tries', models.PositiveSmallIntegerField(default=0)),
                    ('sent_at', models.DateTimeField(null=True)),
                    ('error', models.CharField(blank=True, help_text='why the last try failed, or why it was never sent', max_length=200)),
                    ('action', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='agents.action')),
                    ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='notice_due'), models.Index(fields=['action', 'channel'], name='notice_action')],
                    'constraints': [models.UniqueConstraint(fields=('event_id', 'channel', 'person', 'endpoint', 'kind'), name='told_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('person__isnull', True), ('endpoint', ''), _connector='XOR'), name='a_person_or_an_endpoint')],
                },
            ),
            migrations.CreateModel(
                name='Preference',
                fields=[
                    ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='preference', serialize=False, to=settings.AUTH_USER_MODEL)),
                    ('zone', models.CharField(default='UTC', help_text='IANA zone in which they read times', max_length=64)),
                    ('theme', models.CharField(choices=[('auto', 'As the device'), ('light', 'Light'), ('dark', 'Dark')], default='auto', max_length=5)),
                    ('shortcuts', models.BooleanField(default=True, help_text='single keys do something')),
                    ('opens_next', models.BooleanField(default=False, help_text='after a decision the next item opens')),
                    ('mails', models.BooleanField(default=True)),
                    ('notifies', models.BooleanField(default=False, help_text='the browser says when something is at risk, late or tier 4')),
                    ('digest_minutes', models.PositiveSmallIntegerField(default=60, help_text='tier 2 is told of in a digest; 0 is none')),
                    ('quiet_from', models.TimeField(help_text='in their zone; tier 4 is told of all the same', null=True)),
                    ('quiet_until', models.TimeField(null=True)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True), _connector='XOR', _negated=True), name='quiet_hours_wholly')],
                },
            ),
            migrations.CreateModel(
                name='Question',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('round', models.PositiveSmallIntegerField()),
                    ('codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, help_text="what is wanted, in the desk's codes", size=None)),
                    ('text', models.TextField(blank=True)),
                    ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('until', models.DateTimeField(help_text='without an answer the action is withdrawn then')),
                    ('answer', models.TextField(blank=True)),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('ended_as', models.CharField(blank=True, help_text='answered, revised, withdrawn, no_answer', max_length=12)),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='agents.action')),
                    ('answered_by', models.ForeignKey(help_text='null: the agent', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['asked_at'],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('answered_at__isnull', True)), fields=('action',), name='one_open_question'), models.UniqueConstraint(fields=('action', 'round'), name='question_round_once')],
                },
            ),
            migrations.CreateModel(
                name='Reader',
                fields=[
                    ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                    ('last_event', models.BigIntegerField(default=0, help_text='every event up to this one was read')),
                    ('read_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ],
            ),
            migrations.CreateModel(
                name='SavedView',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=60)),
                    ('query', models.CharField(help_text="the query string of the queue's address, in canonical order", max_length=1000)),
                    ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('group', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='views', to='auth.group')),
                    ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='views', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('person__isnull', True), ('group__isnull', True), _connector='XOR'), name='view_of_a_person_or_a_group'), models.UniqueConstraint(fields=('person', 'group', 'name'), name='view_name_once', nulls_distinct=False)],
                },
            ),
            migrations.CreateModel(
                name='Snooze',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('until', models.DateTimeField()),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='snoozes', to='agents.action')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='snoozes', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('action', 'person'), name='one_snooze_a_person')],
                },
            ),
            migrations.CreateModel(
                name='Withdrawal',
                fields=[
                    ('decision', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='withdrawal', serialize=False, to='approvals.decision')),
                    ('withdrawn_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('event_id', models.BigIntegerField()),
                ],
                options={
                    'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e93fa5011a15d72a109e9c5eb9d8dce97c38467a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_41073', table='approvals_withdrawal', when='BEFORE'))],
                },
            ),
            migrations.CreateModel(
                name='Passkey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=60)),
                    ('credential_id', models.BinaryField(unique=True)),
                    ('credential', models.BinaryField(help_text='attested credential data: Web Authentication, section 6.5.1')),
                    ('sign_count', models.BigIntegerField()),
                    ('added_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('used_at', models.DateTimeField(null=True)),
                    ('suspected_at', models.DateTimeField(help_text='its count went back: there may be a copy', null=True)),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='passkeys', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['added_at', 'pk'],
                },
            ),
            migrations.CreateModel(
                name='Touch',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('revision', models.PositiveIntegerField()),
                    ('digest', models.CharField(max_length=64)),
                    ('nonce', models.CharField(help_text='ours, used once', max_length=64, unique=True)),
                    ('credential', models.BinaryField(help_text='attested credential data, kept when the passkey is removed')),
                    ('client_data', models.BinaryField()),
                    ('authenticator_data', models.BinaryField()),
                    ('signature', models.BinaryField()),
                    ('touched_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ('action', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.action')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c8c5924e52e60bf7d681483858a4afdff1f41400', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_5617a', table='approvals_touch', when='BEFORE'))],
                },
            ),
        ]),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL(DECIDED, "DROP TRIGGER decided ON agents_action; DROP FUNCTION approvals_decided"),
        migrations.RunSQL(FROM_NOW_ON, migrations.RunSQL.noop),
    ]
