"""Passkeys and the touches that prove approvals. A touch is only ever added; of a passkey nothing changes but its use."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

GRANTS = """
REVOKE UPDATE ON approvals_passkey FROM cs_app;
GRANT UPDATE (sign_count, used_at, suspected_at) ON approvals_passkey TO cs_app;
REVOKE UPDATE, DELETE ON approvals_touch FROM cs_app;
GRANT SELECT ON approvals_passkey, approvals_touch TO cs_auditor;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0009_desk_figures"),
        ("approvals", "0005_desk_figures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Passkey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("credential_id", models.BinaryField(unique=True)),
                (
                    "credential",
                    models.BinaryField(help_text="attested credential data: Web Authentication, section 6.5.1"),
                ),
                ("sign_count", models.BigIntegerField()),
                ("added_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("used_at", models.DateTimeField(null=True)),
                ("suspected_at", models.DateTimeField(help_text="its count went back: there may be a copy", null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="passkeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["added_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Touch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("nonce", models.CharField(help_text="ours, used once", max_length=64, unique=True)),
                (
                    "credential",
                    models.BinaryField(help_text="attested credential data, kept when the passkey is removed"),
                ),
                ("client_data", models.BinaryField()),
                ("authenticator_data", models.BinaryField()),
                ("signature", models.BinaryField()),
                ("touched_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "action",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agents.action"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="decision",
            name="touch",
            field=models.OneToOneField(
                help_text="the passkey touch that proves it",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decision",
                to="approvals.touch",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("step_up", "passkey"), ("touch__isnull", False), _connector="XOR", _negated=True),
                name="a_passkey_has_its_touch",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="touch",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="c8c5924e52e60bf7d681483858a4afdff1f41400",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_5617a",
                    table="approvals_touch",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
