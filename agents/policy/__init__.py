"""Policy: pure, no database and no network. Frozen dataclasses go in, a Verdict or a seating comes out."""
