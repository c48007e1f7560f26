"""What a fresh clone installs, and how one learns about it."""

import os
import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from controlplane.home import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
EMBEDDED = RUNTIME + PROJECT["project"]["optional-dependencies"]["embedded"]
FILES = {
    "runtime": RUNTIME,
    "embedded": EMBEDDED,
    "dev": EMBEDDED + PROJECT["dependency-groups"]["dev"],
    "bootstrap": ["uv"],
}


def pins(name: str) -> dict[str, str]:
    text = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
    return {
        canonicalize_name(found[1]): found[2] for found in re.finditer(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", text, re.M)
    }


@pytest.mark.parametrize("name", FILES)
def test_locked_versions_satisfy_the_project(name):
    locked = pins(name)
    for wanted in map(Requirement, FILES[name]):
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), wanted


@pytest.mark.parametrize("name", FILES)
def test_every_locked_package_has_hashes_and_no_address(name):
    text = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.M | re.I)[1:]
    assert blocks and all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text and "index-url" not in text


def test_what_the_product_and_its_tests_share_has_one_version():
    assert pins("runtime").items() <= pins("embedded").items() <= pins("dev").items()


def test_make_help_lists_every_command():
    makefile = (CHECKOUT / "Makefile").read_text()
    names = set(re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split())
    said = subprocess.run(["make"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert names - {"help"} <= set(re.findall(r"make (\w+)", said)) | {"help"}
    assert {"up", "test", "lint", "lock", "clean"} <= names


def test_ci_runs_the_same_commands():
    script = CHECKOUT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.findall(r"^make (\w+)$", script.read_text(), re.M) == ["lint", "test"]
