"""Looking facts up: from the operator's sources, in parallel, under one deadline. Whatever isn't there in time is Missing."""

from agents.lookups.fetching import fetch
from agents.lookups.found import Found
from agents.lookups.usable import check

__all__ = ["Found", "check", "fetch"]
