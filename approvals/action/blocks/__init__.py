"""The blocks of one action's page. Each is a room of its own: what it shows, and `of(...)`, which only reads.

`approvals.sheet` puts them together; each has its template in `templates/blocks/`.
"""
