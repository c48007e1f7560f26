"""What the database must refuse of the desk's tables; the self-test tries each."""

from audit.selftest import Forbidden

FORBIDDEN = (
    Forbidden("UPDATE approvals_decision SET word = word", "decisions could be rewritten"),
    Forbidden("DELETE FROM approvals_decision", "decisions could be deleted"),
    Forbidden("UPDATE approvals_statement SET says = says", "statements could be rewritten"),
    Forbidden("DELETE FROM django_admin_log", "what was done in the admin could be deleted"),
    Forbidden("UPDATE approvals_touch SET nonce = nonce", "a touch of a passkey could be used again"),
    Forbidden("DELETE FROM approvals_touch", "what proves an approval could be deleted"),
    Forbidden("DELETE FROM approvals_look", "what was looked at could be deleted"),
)
