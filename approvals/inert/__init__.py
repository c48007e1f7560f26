"""Hostile text made inert. Whatever an agent, a customer or a tool had a say in leaves through here, and only here.

One reading for all doors: `parts` says what of a text shows and what doesn't. Pages (`inert`, `inert_block`,
`inert_value`), log lines and titles (`as_line`), CSV cells (`as_cell`) and mail (`as_mail`, `as_subject`) only write it
down, each in its own way. `notes` says what the eye would miss. JSON needs none of it: it keeps the original.
"""

from approvals.inert.characters import is_tag
from approvals.inert.findings import Finding, findings, notes
from approvals.inert.lines import as_cell, as_line, as_mail, as_subject, plain
from approvals.inert.markup import inert, inert_block, inert_value
from approvals.inert.parts import MAX_CHIPS, SHOWN, Part, count_hidden, measure, parts

__all__ = [
    "MAX_CHIPS", "SHOWN", "Finding", "Part", "as_cell", "as_line", "as_mail", "as_subject", "count_hidden", "findings",
    "inert", "inert_block", "inert_value", "is_tag", "measure", "notes", "parts", "plain",
]  # fmt: skip
