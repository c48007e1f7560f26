"""The file a backup is: a tar of its own manifest and what the manifest names, each with its length and SHA-256.

Checksums find damage, not malice: whoever can write the file can write them anew. Keep it where only you can.
"""

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

FORMAT = 1
MANIFEST = "manifest.json"
_BLOCK = 1024 * 1024


class BadBackup(Exception):
    """The backup can't be taken or brought back; the message says why, and what to do."""


def write(path: Path, files: Mapping[str, Path], facts: dict) -> None:
    """Write a new archive that only we can read; it gets its name when it is whole. Raises BadBackup when there is one."""
    if path.exists():
        raise BadBackup(f"{path} exists: a backup overwrites nothing. Name another file.")
    manifest = facts | {"format": FORMAT, "files": {name: _described(file) for name, file in files.items()}}
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, MANIFEST, io.BytesIO(text := json.dumps(manifest, indent=1).encode()), len(text))
                for name, source in files.items():
                    with source.open("rb") as content:
                        _add(tar, name, content, manifest["files"][name]["bytes"])
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(path: Path) -> dict:
    """Return what a backup says of itself. Raises BadBackup for anything that isn't one."""
    try:
        with tarfile.open(path, "r:") as tar:
            first = tar.next()
            content = tar.extractfile(first) if first and first.name == MANIFEST else None
            manifest = json.load(content) if content else None
    except OSError as error:
        raise BadBackup(f"{path} can't be read ({(error.strerror or str(error)).lower()}).") from error
    except (tarfile.TarError, ValueError) as error:
        raise BadBackup(f"{path} is damaged: it doesn't begin as a backup does. Take another one.") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise BadBackup(f"{path} isn't a backup of Countersign.")
    if manifest.get("format") != FORMAT:
        raise BadBackup(f"{path} has a form this version doesn't know: restore it with the version that wrote it.")
    return manifest


def unpack(path: Path, manifest: dict, folder: Path) -> None:
    """Write every file of the manifest into a folder of ours, each 0600, and hold it against its checksum.

    Raises BadBackup, which names the file that is damaged, missing or too many.
    """
    expected = dict(manifest["files"])
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if member.name != MANIFEST:
                    _unpack_one(path, tar, member, expected.pop(member.name, None), folder)
    except tarfile.TarError as error:
        raise BadBackup(f"{path} is damaged: it ends too early or can't be read on ({error}).") from error
    if expected:
        raise BadBackup(f"{path} is damaged: {', '.join(sorted(expected))} is missing.")


def _unpack_one(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, expected: dict | None, folder: Path) -> None:
    if expected is None or not member.isfile() or not _stays_inside(member.name):
        raise BadBackup(f"{path} is damaged: {member.name!r} doesn't belong in it.")
    target = folder / member.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        content = tar.extractfile(member)
        while block := content.read(_BLOCK):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != expected.get("sha256"):
        raise BadBackup(f"{path} is damaged: {member.name} isn't what was written. Take another backup.")


def _stays_inside(name: str) -> bool:
    return not name.startswith("/") and not {"", ".", ".."} & set(name.split("/"))


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    tar.addfile(entry, content)


def _described(file: Path) -> dict:
    with file.open("rb") as content:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(content, "sha256").hexdigest()}


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a whole archive, to be noted apart from it."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
