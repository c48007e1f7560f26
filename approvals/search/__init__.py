"""Search: what somebody may see, by its words. `asked` reads the address, `finding` asks, `excerpts` marks what was met."""

from approvals.search.asked import NAMES, Asked, read
from approvals.search.bodies import as_json
from approvals.search.finding import Facet, Found, Result, TooWide, find

__all__ = ["NAMES", "Asked", "Facet", "Found", "Result", "TooWide", "as_json", "find", "read"]
