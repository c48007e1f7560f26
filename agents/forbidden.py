"""What the database must refuse of the gate's own tables; the self-test tries each."""

from audit.selftest import Forbidden

FORBIDDEN = (
    Forbidden(
        "INSERT INTO agents_moveallowed (old_state, new_state) VALUES ('denied', 'approved')",
        "states could be linked at will",
    ),
    Forbidden("DELETE FROM agents_moveallowed", "the table of states could be emptied"),
    Forbidden("UPDATE agents_tooldefinition SET body = body", "what was approved could be redefined"),
    Forbidden("UPDATE agents_policy SET body = body", "what decided could be rewritten"),
    Forbidden("DELETE FROM agents_policy", "what decided could be deleted"),
    Forbidden("UPDATE agents_limitentry SET amount = 0", "what counts against a limit could be made small"),
    Forbidden("DELETE FROM agents_limitentry", "what counts against a limit could be forgotten"),
    Forbidden("DELETE FROM agents_listentry", "who put a key in a list could be forgotten"),
    Forbidden("DELETE FROM agents_action", "actions could be deleted"),
    Forbidden("DELETE FROM agents_slot", "signatures could be deleted"),
    Forbidden("ALTER TABLE agents_action DISABLE TRIGGER ALL", "an action could skip its signatures"),
    Forbidden("UPDATE django_migrations SET name = name", "the schema's history could be rewritten"),
)
