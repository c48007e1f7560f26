"""What is wrong in a form, said at its fields: an anchor, the field's name as it stands on the page, and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.errors import Refusal
from approvals.action.blocks.checks import FIELD

#: Field of the request, the form it was in (by its button, empty for the outcome) -> its id on the page and its label.
_FIELDS = {
    ("reason_code", "reject"): ("reject-code", "Reason"),
    ("note", "reject"): ("reject-note", "Note"),
    ("note", "approve"): ("approve-note", "Note"),
    ("note", ""): ("outcome-note", "Where did you look"),
    ("codes", "ask"): ("ask-codes", "What do you want"),
    ("text", "ask"): ("ask-text", "In words"),
    ("text", "answer"): ("answer-text", "Answer"),
    ("says", ""): ("outcome-says", "Did it take effect"),
}
#: Where the page offers a choice, the codes that a machine would send are no help.
_CHOICES = {
    "reason_code": "Choose a reason.",
    "says": "Choose one.",
    "codes": "Choose what you want to know, or write it.",
}


@dataclass(frozen=True)
class Fault:
    """One field that is wrong; `place` is its id on the page, empty when it has none there."""

    place: str
    label: str
    text: str


def of(refusal: Refusal, form: Mapping[str, str]) -> dict[str, Fault]:
    """Return the faults of a posted form, keyed by the id of the field with `_` for `-`, in the order of the refusal."""
    found = [_fault(error["field"], error["message"], form.get("decision", "")) for error in refusal.errors]
    return {fault.place.replace("-", "_"): fault for fault in found}


def _fault(field: str, message: str, word: str) -> Fault:
    check = (field, "Your check") if field.startswith(FIELD) else None  # its id on the page is the field's name
    place, label = _FIELDS.get((field, word)) or check or ("", field.replace("_", " ").capitalize())
    sentence = f"{message[:1].upper()}{message[1:].rstrip('.')}."
    return Fault(place, label, _CHOICES.get(field, sentence) if place else sentence)
