"""Telling people and systems what the log says: a reader of events that makes notices, and lanes that send them.

`reading` turns events into notices, `audience` knows whom, `times` when, `letter` what it says; `composing` fills a letter
from the rows as they stand when it goes out; `mail` and `webhooks` carry it; `sending` is what the clock starts. Being told
of something gives no right to anything, and nothing can be decided from a message.
"""
