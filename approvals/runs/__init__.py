"""Runs as people read them. Only reads."""
