"""Who owned it, what was it allowed to do, and why did it pass the gates: answered from events alone.

`of()` is the door. Nothing here reads what an agent, a policy or a person is today: what held then is what was recorded
then, and where the record doesn't say, the dossier says so. Who may open one is for the caller to decide.
"""

from audit.dossier.shapes import Answer, Asked, Dossier, Point, Subject, Told, Veil, open_veil
from audit.dossier.telling import of

__all__ = ["Answer", "Asked", "Dossier", "Point", "Subject", "Told", "Veil", "of", "open_veil"]
