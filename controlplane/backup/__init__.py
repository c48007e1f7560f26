"""Backup and restore of a whole installation with its embedded PostgreSQL.

`archive` is the file, `tools` runs PostgreSQL's own programs, `taking` and `restoring` are the two commands. Like `up`
they run before Django and without it: what they work on need not be running.
"""
