"""The file a backup is: whatever is wrong with it is named before anything is believed."""

import io
import json
import tarfile

import pytest

from controlplane.backup import archive
from controlplane.backup.archive import BadBackup


@pytest.fixture
def made(tmp_path):
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "b").write_bytes(b"second")
    path = tmp_path / "backup"
    archive.write(path, {"one": tmp_path / "a", "secrets/two": tmp_path / "b"}, {"taken_at": "today"})
    return path


def forge(path, files: dict[str, bytes], manifest: dict) -> None:
    """Write an archive by hand, with what `archive.write` would never write."""
    with tarfile.open(path, "w") as tar:
        for name, content in {archive.MANIFEST: json.dumps(manifest).encode(), **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def unpacked(path, folder):
    folder.mkdir()
    archive.unpack(path, archive.read_manifest(path), folder)
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_was_written_comes_back_for_us_alone(made, tmp_path):
    assert unpacked(made, tmp_path / "out") == {"one": b"first", "secrets/two": b"second"}
    assert {file.stat().st_mode & 0o077 for file in [made, *(tmp_path / "out").rglob("*")]} == {0}
    assert archive.read_manifest(made)["taken_at"] == "today"


def test_nothing_is_overwritten_and_nothing_half_written_stays(made, tmp_path):
    with pytest.raises(BadBackup, match="overwrites nothing"):
        archive.write(made, {}, {})
    with pytest.raises(FileNotFoundError):
        archive.write(tmp_path / "other", {"one": tmp_path / "missing"}, {})
    assert not (tmp_path / "other").exists() and not (tmp_path / "other.new").exists()


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside", "a//b", "unnamed"])
def test_a_file_that_would_lie_elsewhere_or_is_not_named_is_refused(tmp_path, name):
    named = {} if name == "unnamed" else {name: {"bytes": 1, "sha256": "00"}}
    forge(tmp_path / "forged", {name: b"x"}, {"format": 1, "files": named})
    with pytest.raises(BadBackup, match="doesn't belong in it"):
        unpacked(tmp_path / "forged", tmp_path / "out")
    assert not (tmp_path / "outside").exists() and not list((tmp_path / "out").rglob("*"))


def test_a_file_that_is_missing_or_changed_is_named(tmp_path):
    forge(tmp_path / "missing", {}, {"format": 1, "files": {"one": {"bytes": 1, "sha256": "00"}}})
    with pytest.raises(BadBackup, match="one is missing"):
        unpacked(tmp_path / "missing", tmp_path / "out")
    forge(tmp_path / "changed", {"one": b"x"}, {"format": 1, "files": {"one": {"bytes": 1, "sha256": "00"}}})
    with pytest.raises(BadBackup, match="one isn't what was written"):
        unpacked(tmp_path / "changed", tmp_path / "other")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [({"format": 2, "files": {}}, "a form this version doesn't know"), ({}, "isn't a backup"), ([], "isn't a backup")],
)
def test_what_is_no_backup_of_ours_is_refused(tmp_path, manifest, words):
    forge(tmp_path / "forged", {}, manifest)
    with pytest.raises(BadBackup, match=words):
        archive.read_manifest(tmp_path / "forged")
