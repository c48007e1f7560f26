"""The dossier as people and REST read it: told by `audit.dossier`, behind the veil of this very reader."""

from approvals.dossier.bodies import as_json
from approvals.dossier.sheet import Line, Sheet, for_operator, of_action, of_agent, of_person, of_run

__all__ = ["Line", "Sheet", "as_json", "for_operator", "of_action", "of_agent", "of_person", "of_run"]
