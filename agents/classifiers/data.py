"""Personal data and secrets in a text, through the room that masks them."""

from audit import redaction


def personal(text: str) -> list[str]:
    """Return the kinds of personal data found, sorted."""
    return sorted({span.kind for span in redaction.find(text, redaction.PII)})


def secrets(text: str) -> list[str]:
    """Return ["secret"] when a key, token, password or code is found, else []."""
    return sorted({span.kind for span in redaction.find(text, ["secret"])})
