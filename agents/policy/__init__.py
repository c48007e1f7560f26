"""Policy: pure, no database and no network. Frozen dataclasses go in, a Verdict or a seating comes out.

`language` and `verdict` are the words that all of it shares. `reading/` makes a Policy of a file, `conditions/` knows what
rules ask, `judging/` gives the verdict; the modules beside them are about one thing each.
"""
