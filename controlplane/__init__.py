"""Wiring and outer doors."""
