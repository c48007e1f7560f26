"""Indexes that nobody reads go, and what few rows name is indexed in those alone: each was kept up at every move.

What is gone began another index of its table, or was never asked. The foreign keys stay.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from agents.tables import ChangeIndexes

GONE = {
    "action_payload": "agents_action (payload_digest)",
    "agents_action_agent_id_0e117870": "agents_action (agent_id)",
    "agents_action_definition_id_34e771e5": "agents_action (definition_id)",
    "agents_action_on_behalf_of_id_b1b2ffcb": "agents_action (on_behalf_of_id)",
    "agents_action_proposer_person_id_5c12416b": "agents_action (proposer_person_id)",
    "agents_action_token_id_07955fd1": "agents_action (token_id)",
    "agents_action_undoes_id_3b104459": "agents_action (undoes_id)",
    "agents_clockinterval_action_id_e1cff3fc": "agents_clockinterval (action_id)",
    "agents_idempotencykey_action_id_91a3366e": "agents_idempotencykey (action_id)",
    "agents_idempotencykey_run_id_76d3c573": "agents_idempotencykey (run_id)",
    "agents_limitentry_action_id_1a3b0b73": "agents_limitentry (action_id)",
    "agents_limitentry_usage_id_104f87bb": "agents_limitentry (usage_id)",
    "agents_slot_action_id_90f9a333": "agents_slot (action_id)",
}
OF_FEW = """
CREATE INDEX action_undoes ON agents_action (undoes_id) WHERE undoes_id IS NOT NULL;
CREATE INDEX action_behalf ON agents_action (on_behalf_of_id) WHERE on_behalf_of_id IS NOT NULL;
CREATE INDEX action_person ON agents_action (proposer_person_id) WHERE proposer_person_id IS NOT NULL;
"""
DROP = f"DROP INDEX {', '.join(GONE)};" + OF_FEW
BACK = "DROP INDEX action_undoes, action_behalf, action_person;" + "".join(
    f"CREATE INDEX {name} ON {columns};" for name, columns in GONE.items()
)


def _to(model: str, on_delete=django.db.models.deletion.PROTECT, **given) -> models.ForeignKey:
    return models.ForeignKey(model, on_delete, db_index=False, **given)


_CASCADE = django.db.models.deletion.CASCADE
PLAIN = [
    ("action", "agent", _to("agents.agent", related_name="actions", help_text="the agent it is about")),
    ("action", "definition", _to("agents.tooldefinition", related_name="+")),
    ("action", "on_behalf_of", _to(settings.AUTH_USER_MODEL, null=True, related_name="+")),
    ("action", "proposer_person", _to(settings.AUTH_USER_MODEL, null=True, related_name="+")),
    ("action", "token", _to("agents.token", null=True, related_name="+")),
    ("action", "undoes", _to("agents.action", null=True, related_name="+")),
    ("clockinterval", "action", _to("agents.action", _CASCADE, related_name="clock")),
    ("idempotencykey", "action", _to("agents.action", _CASCADE, null=True, related_name="+")),
    ("idempotencykey", "run", _to("agents.run", _CASCADE, null=True, related_name="+")),
    ("limitentry", "action", _to("agents.action", related_name="+")),
    ("limitentry", "usage", _to("agents.limitusage", related_name="entries")),
    ("slot", "action", _to("agents.action", _CASCADE, related_name="slots")),
]
_SNAPSHOT = models.JSONField(
    default=dict, help_text="what else the verdict rested on; who held which role is in its event"
)
SOME = {"action_undoes": "undoes", "action_behalf": "on_behalf_of", "action_person": "proposer_person"}


class Migration(migrations.Migration):
    dependencies = [("agents", "0010_search")]
    operations = [
        ChangeIndexes(
            [migrations.RunSQL(DROP, BACK)],
            [
                migrations.RemoveIndex("action", "action_payload"),
                migrations.AlterField("action", "snapshot", _SNAPSHOT),
                *(migrations.AlterField(model, name, field) for model, name, field in PLAIN),
                *(
                    migrations.AddIndex(
                        "action",
                        models.Index(fields=[field], name=name, condition=models.Q((f"{field}__isnull", False))),
                    )
                    for name, field in SOME.items()
                ),
            ],
        )
    ]
