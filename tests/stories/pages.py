"""A page of the documentation as a stranger follows it: its files written, its commands typed, in a folder like a clone."""

import re
import subprocess
import sys
from pathlib import Path

from tests.product import CHECKOUT

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: A file is announced by a line that begins with its name and ends with a colon.
_NAMED = re.compile(r"^`([\w./-]+\.(?:yaml|py))`[^\n]*:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORTS = {"http://localhost:8000": "url", "http://127.0.0.1:8001": "shop_url"}


class Page:
    """What stands on a page: `files` by name, `blocks` of shell commands and `yaml` snippets in their order."""

    def __init__(self, name: str):
        text = (CHECKOUT / "docs" / name).read_text()
        self.files = dict(_NAMED.findall(text))
        fences = _FENCE.findall(text)
        self.blocks = [body for language, body in fences if language == "sh"]
        self.yaml = [body for language, body in fences if language == "yaml"]

    def block(self, words: str) -> str:
        """Return the one block of commands that holds these words."""
        (found,) = [block for block in self.blocks if words in block]
        return found


class Clone:
    """A folder that looks like a clone in which `make up` runs: commands find the company's own data folder in it."""

    def __init__(self, folder: Path, company):
        self.folder, self.company = folder, company
        for name in ("manage.py", "examples"):
            (folder / name).symlink_to(CHECKOUT / name)
        (folder / "var").symlink_to(company.product.home)
        activate = folder / ".venv" / "bin" / "activate"
        activate.parent.mkdir(parents=True)
        activate.write_text("")

    def write(self, page: Page) -> None:
        for name, text in page.files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def type(self, block: str, *, ends: int = 0, **filled: str) -> str:
        """Type a block; return all that was printed. `filled` is what the reader puts in place of `<...>`."""
        for written, name in PORTS.items():
            block = block.replace(written, self.company.product.services[name])
        for hole, value in filled.items():
            block = block.replace(f"<{hole.replace('_', ' ')}>", value)
        assert not re.search(r"<[a-z ]+>", block), f"something is left to fill in: {block}"
        words = ["bash", "-euc", f'python() {{ "{sys.executable}" "$@"; }}\n{block}']
        done = subprocess.run(
            words, cwd=self.folder, env=self.company.product.env, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == ends, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr
