"""The data folder: where it is, and what `up` left in it for the other commands."""

import json
import os
import secrets
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Return the data folder: `COUNTERSIGN_HOME`, else `var/` in the checkout."""
    return Path(os.environ.get("COUNTERSIGN_HOME") or CHECKOUT / "var").resolve()


def running_services(home: Path) -> dict[str, str]:
    """Return the addresses `up` wrote for its neighbours; empty when nothing runs there."""
    try:
        return json.loads((home / "run" / "services.json").read_text())
    except (FileNotFoundError, NotADirectoryError, PermissionError, json.JSONDecodeError):
        return {}


def secret_key(home: Path) -> str:
    """Return the signing key: `COUNTERSIGN_SECRET_KEY`, else the data folder's own, made on first use."""
    if key := os.environ.get("COUNTERSIGN_SECRET_KEY"):
        return key
    path = home / "secret_key"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # O_EXCL: of two commands started at once, one makes the key and the other reads it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key
