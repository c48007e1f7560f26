"""The engine: carries a leased run on, one journaled step after the other."""

from agents.engine.advancing import advance

__all__ = ["advance"]
