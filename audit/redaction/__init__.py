"""Personal data and secrets in text: found, masked, and counted, so that one can say what was masked.

Pure. `masking` is what others call; `folding` undoes disguises; each other room finds its own kinds. What is found and what
isn't, with figures, stands in docs/redaction.md.
"""

from audit.redaction.masking import UNREAD, find, mask, redact, redact_value
from audit.redaction.spans import ALL, PII, Found, Redacted, Span

__all__ = ["ALL", "PII", "UNREAD", "Found", "Redacted", "Span", "find", "mask", "redact", "redact_value"]
