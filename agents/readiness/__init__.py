"""What an agent still needs before it may be enabled. Each tick is computed from facts and shows them."""

from agents.readiness.listing import blocking, check, check_all, missing

__all__ = ["blocking", "check", "check_all", "missing"]
