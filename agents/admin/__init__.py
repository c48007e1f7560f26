"""The registry in the admin: owners see and edit their own agents; what bears risk, and people, can only be read."""

from agents.admin import agents, lists, people, policies

__all__ = ["agents", "lists", "people", "policies"]
