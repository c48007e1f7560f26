"""Policies that must be refused: `refused/*.txt`, one file a subject.

The first block of a file is a policy with HERE in it; each further one says what stands in its place and, behind "-> ",
the problems that are to be reported, in file order.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
NEXT = "\n====\n"


def refused() -> list[tuple[str, str, list[str]]]:
    """Return (name, policy, problems) of every policy in the corpus."""
    return [found for file in sorted(FOLDER.glob("refused/*.txt")) for found in _read(file)]


def _read(file: Path) -> list[tuple[str, str, list[str]]]:
    template, *blocks = file.read_text().removesuffix("\n").split(NEXT)
    found = []
    for block in blocks:
        said, *problems = block.split("\n-> ")
        found.append((f"{file.stem}: {said[:80]}", template.replace("HERE", said) + "\n", problems))
    return found
