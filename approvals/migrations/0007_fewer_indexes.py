"""Indexes go that began another index of their table, or that nobody reads. The foreign keys stay."""

from django.db import migrations, models
from django.db.models.deletion import PROTECT

from agents.tables import ChangeIndexes

GONE = {
    "approvals_decision_action_id_8937d972": "approvals_decision (action_id)",
    "approvals_decision_slot_id_7b3f44b8": "approvals_decision (slot_id)",
    "approvals_look_action_id_a6cbe397": "approvals_look (action_id)",
    "approvals_notice_action_id_183b775d": "approvals_notice (action_id)",
}
BACK = "".join(f"CREATE INDEX {name} ON {columns};" for name, columns in GONE.items())


def _to(model: str, **given) -> models.ForeignKey:
    return models.ForeignKey(model, PROTECT, db_index=False, **given)


PLAIN = [
    ("decision", "action", _to("agents.action", related_name="decisions")),
    ("decision", "slot", _to("agents.slot", null=True, related_name="+", help_text="the slot at that moment")),
    ("look", "action", _to("agents.action", related_name="looks")),
    ("notice", "action", _to("agents.action", null=True, related_name="notices")),
]


class Migration(migrations.Migration):
    dependencies = [("agents", "0010_search"), ("approvals", "0006_passkeys")]
    operations = [
        ChangeIndexes(
            [migrations.RunSQL(f"DROP INDEX {', '.join(GONE)}", BACK)],
            [migrations.AlterField(model, name, field) for model, name, field in PLAIN],
        )
    ]
