"""The registry in the admin: owners see and edit their own agents; what bears risk, and people, can only be read."""

from agents.admin import agents, people

__all__ = ["agents", "people"]
