"""Agents as the company registered them: brought in from files, edited where that bears no risk, exported."""

from agents.registry.beside import check
from agents.registry.editing import NEVER_EDITED, check_edit, edit
from agents.registry.exporting import export_agent, standing
from agents.registry.importing import Report, import_agent

__all__ = ["NEVER_EDITED", "Report", "check", "check_edit", "edit", "export_agent", "import_agent", "standing"]
