"""A backup of an installation that is stopped, and the files of keys."""

import pytest

from controlplane.backup import tools
from controlplane.backup.archive import BadBackup
from tests import templates
from tests.product import Product


@pytest.mark.long
def test_a_stopped_installation_is_backed_up_and_comes_back_without_its_keys(tmp_path):
    product = Product(templates.installed().copy_to(tmp_path / "home"))
    try:
        for name in ("one", "two"):
            product.manage("backup", str(tmp_path / name))
        assert not (product.home / "run" / "services.json").exists(), "nothing runs afterwards"
        copy = Product(tmp_path / "copy")
        mixed = copy.manage("restore", str(tmp_path / "one"), "--keys", str(tmp_path / "two.keys"), check=False)
        assert mixed.returncode == 1 and "belongs to another backup" in mixed.stderr
        swapped = copy.manage("restore", str(tmp_path / "one.keys"), check=False)
        assert swapped.returncode == 1 and "is it the file of keys?" in swapped.stderr
        copy.manage("restore", str(tmp_path / "one"), "--no-keys")
        assert (copy.home / "secret_key").read_text() != (product.home / "secret_key").read_text()
        with copy:
            assert copy.manage("agent", "list").returncode == 0
    finally:
        product.discard()


def test_programs_older_than_the_server_are_told_to_be_newer(tmp_path, monkeypatch):
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'aborting because of server version mismatch' >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(tools, "find", lambda name: str(program))
    with pytest.raises(BadBackup, match="Install PostgreSQL 18's client programs"):
        tools.dump("postgresql://nobody@127.0.0.1/none", tmp_path / "out")
