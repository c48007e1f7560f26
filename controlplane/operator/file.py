"""The operator's file as it is read: its tables, its values, and the line to correct when one is wrong."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.documents.problems import suggest
from agents.micros import BadUsd, parse_usd

KEYS = {
    "hosts": {"url", "loopback", "per_minute"},
    "secrets": {"host", "kind", "value_file", "env"},
    "sources": {"kind", "dsn_file", "dsn_env", "schemas", "host", "secret"},
    "teams": {"usd_per_day", "tokens_per_day", "actions_per_day"},
    "pools": {"per_minute", "burst"},
    "scripts": {"load", "path"},
    "runtimes": {"load", "path"},
    "webhooks": {"url", "loopback", "secret_file", "secret_env", "events"},
}
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class BadOperatorFile(Exception):
    """The operator's file can't be used: correct the key it names and start again."""


@dataclass(frozen=True)
class OperatorFile:
    path: Path
    text: str
    document: dict

    def check_keys(self) -> None:
        for key in self.document:
            if key not in KEYS:
                raise self.wrong((key,), f"not a table we know: {suggest(key, KEYS)}")

    def tables(self, kind: str) -> Iterator[tuple[str, Mapping]]:
        entries = self.document.get(kind, {})
        if not isinstance(entries, dict):
            raise self.wrong((kind,), f"write [{kind}.NAME] with its keys below")
        for name, entry in entries.items():
            if not isinstance(entry, dict):
                raise self.wrong((kind, name), f"write [{kind}.{name}] with its keys below")
            if not _NAME.fullmatch(name):
                raise self.wrong(
                    (kind, name), "a name is lower-case letters, digits, _ and -, and starts with a letter"
                )
            for key in entry:
                if key not in KEYS[kind]:
                    raise self.wrong((kind, name, key), f"not a key of {kind}: {suggest(key, sorted(KEYS[kind]))}")
            yield name, entry

    def whole(self, keys: tuple[str, ...], entry: Mapping, most: int) -> int:
        value = entry.get(keys[-1])
        if type(value) is not int or not 1 <= value <= most:
            raise self.wrong(keys, f"write a whole number from 1 to {most}")
        return value

    def usd(self, keys: tuple[str, ...], value: Any) -> int:
        """Return an amount in US dollars as micros."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise self.wrong(keys, "write an amount in US dollars, like 50 or 12.50")
        try:
            if micros := parse_usd(f"{value:f}" if isinstance(value, Decimal) else str(value)):
                return micros
        except BadUsd as error:
            raise self.wrong(keys, str(error)) from None
        raise self.wrong(keys, "write more than 0")

    def private(self, entry: Mapping, file: str, variable: str) -> tuple[bytes, str]:
        """Return what stands in the file or the environment variable that the entry names, or why it isn't there."""
        if variable in entry:
            value = os.environ.get(entry[variable], "").encode()
            return value, "" if value else f"the environment variable {entry[variable]} is empty or not set."
        return _read_private(self.path.parent / entry[file])

    def wrong(self, keys: tuple[str, ...], message: str) -> BadOperatorFile:
        line = _line_of(self.text, keys)
        return BadOperatorFile(f"{self.path}{f':{line}' if line else ''}: {'.'.join(keys)}: {message}.")


def open_file(path: Path) -> OperatorFile | None:
    """Read the file; None when there is none. Raises BadOperatorFile."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text, parse_float=Decimal)  # an amount is exactly what is written
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadOperatorFile(f"{path} can't be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadOperatorFile(_not_toml(path, str(error))) from error
    return OperatorFile(path, text, document)


def _not_toml(path: Path, said: str) -> str:
    """Return what the parser says, with its place where every other mistake has it."""
    message, _, place = said.rstrip(")").rpartition(" (at ")
    if at := re.fullmatch(r"line (\d+), column (\d+)", place):
        return f"{path}:{at[1]}:{at[2]}: not TOML: {message}."
    return f"{path}: not TOML: {said}."


def _read_private(path: Path) -> tuple[bytes, str]:
    """Return a file's bytes without the line end an editor adds, or a sentence on why it can't hold a secret."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            value = file.read().rstrip(b"\r\n")
    except OSError as error:
        return b"", f"the file {path} can't be read ({(error.strerror or 'error').lower()})."
    if mode & 0o007:
        return b"", f"everybody on this machine can read {path}: run `chmod 600 {path}`."
    return value, ""


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Find the line that a key stands on, or its table, as far as the usual way of writing TOML shows it."""
    # Of a whole kind, `[secret.NAME]` is where it begins.
    ends = r"\s*[\].]" if len(keys) == 1 else r"\s*\]"
    table = re.compile(r"\s*\[+\s*" + r"\s*\.\s*".join(rf"[\"']?{re.escape(key)}[\"']?" for key in keys[:2]) + ends)
    entry = re.compile(rf"\s*[\"']?{re.escape(keys[-1])}[\"']?\s*[=.]")
    found, inside = None, len(keys) == 1
    for number, line in enumerate(text.splitlines(), start=1):
        if table.match(line):
            if len(keys) == 1:
                return number
            found, inside = number, True
        elif line.lstrip().startswith("["):
            inside = False
        elif inside and len(keys) != 2 and entry.match(line):
            return number
    return found
