"""How many of what, in words: "1 open action", "2 open actions"."""


def count(number: int, noun: str) -> str:
    """Return the number with its noun, with an s unless there is exactly one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
