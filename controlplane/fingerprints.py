"""What a start has already done, remembered in the data folder, so that the next one needn't do it again."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from controlplane.home import CHECKOUT

INSTALLED = CHECKOUT / "requirements" / "runtime.txt"


class Done:
    """Finished preparations by name, each with the fingerprint of what it was made from or the time it was done."""

    def __init__(self, path: Path):
        self.path = path

    def all(self) -> dict[str, str]:
        try:
            return json.loads(self.path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def get(self, name: str) -> str:
        return self.all().get(name, "")

    def set(self, name: str, value: str) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(self.all() | {name: value}, indent=1))
        draft.replace(self.path)


def migration_files() -> str:
    """Return the fingerprint of every migration: ours as files, those of our dependencies by their versions."""
    return of_files([*CHECKOUT.glob("*/migrations/*.py"), INSTALLED])


def static_files() -> str:
    """Return the fingerprint of every static file: ours as files, those of our dependencies by their versions."""
    return of_files([*(CHECKOUT / "static").rglob("*"), INSTALLED])


def of_files(files: Iterable[Path]) -> str:
    """Return one word that changes when one of the files does."""
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(f"{path.relative_to(CHECKOUT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
