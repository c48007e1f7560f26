"""What a text is like: its sentiment, topic, tone, promises, language, personal data, secrets. Lexicons, no model.

Pure. `registry` is what others call; `reading` undoes disguises and tells the language; each other room answers one
question. What is found and what isn't, with figures, stands in docs/redaction.md.
"""

from agents.classifiers.registry import classify, names, register

__all__ = ["classify", "names", "register"]
