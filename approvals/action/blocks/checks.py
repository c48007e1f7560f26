"""The pointed checks: at most three questions that each signer answers, with "can't tell" as an answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.errors import Invalid
from agents.models import Action
from agents.policy.verdict import SIGNED_TIER

OK, NOT_OK, CANT_TELL = "ok", "not_ok", "cant_tell"
ANSWERS = ((OK, "OK"), (NOT_OK, "Not OK"), (CANT_TELL, "Can't tell"))
_WHY_NOT = {
    NOT_OK: "What isn't OK can't be approved: reject it.",
    CANT_TELL: "What you can't tell can't be approved: ask for changes.",
}
FIELD = "check-"  # before the id of a check, in the form


@dataclass(frozen=True)
class Check:
    """One question; `code` is the reason for rejecting when it isn't so, `answer` what stands in the form."""

    id: str
    ask: str
    code: str
    answer: str

    @property
    def field(self) -> str:
        return FIELD + self.id

    @property
    def why_not(self) -> str:
        """Why this answer doesn't approve, empty when it does."""
        if self.answer == OK:
            return ""
        return _WHY_NOT.get(self.answer, "Choose OK, Not OK or Can't tell.")


@dataclass(frozen=True)
class Prefill:
    """Where the answers lead: a reason to reject with, or to asking for changes. Empty where they lead to approving."""

    reason_code: str = ""
    asks: bool = False
    why: str = ""


def of(action: Action, form: Mapping[str, str] | None = None) -> list[Check]:
    """Return what signers of this action are asked, with the answers of a form. Nothing below tier 3."""
    asked = action.definition.body.get("checks", []) if action.effective_tier >= SIGNED_TIER else []
    given = form or {}
    return [Check(one["id"], one["ask"], one["code"], given.get(FIELD + one["id"], "")) for one in asked]


def read(action: Action, form: Mapping[str, str]) -> dict[str, str]:
    """Return the answers to keep with an approval, by the id of each check: all of them OK.

    Raises Invalid naming the field for one that isn't answered, and for an answer that doesn't approve; then `prefill`
    says where it leads.
    """
    checks = of(action, form)
    errors = [{"field": check.field, "message": check.why_not} for check in checks if check.why_not]
    if errors:
        first = prefill(action, form).why
        raise Invalid(first or "Answer every check before you approve.", errors=errors)
    return {check.id: check.answer for check in checks}


def prefill(action: Action, form: Mapping[str, str]) -> Prefill:
    """Return what the page fills in for these answers: what isn't OK is a reason to reject, what can't be told a question."""
    checks = of(action, form)
    for check in checks:
        if check.answer == NOT_OK:
            why = f"Not OK: {check.ask} Reject it; the reason is filled in."
            return Prefill(reason_code=check.code, why=why)
    for check in checks:
        if check.answer == CANT_TELL:
            return Prefill(asks=True, why=f"Can't tell: {check.ask} Ask for changes, or reject it.")
    return Prefill()
