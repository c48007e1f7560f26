"""Data folders that a first start has filled, stopped and kept for one test run: a copy of one starts in seconds.

Tests that run side by side share them: who needs one first makes it, the others wait for it.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from controlplane import places, sample
from tests.product import Product, free_port

VARIABLE = "COUNTERSIGN_TEST_TEMPLATES"


class Template:
    """A stopped product: its data folder, its servers' data, and what `up` said at its first start."""

    def __init__(self, folder: Path):
        self.home, self.servers, self.said = folder / "home", folder / "servers", folder / "said"

    def make(self, product: Product) -> None:
        """Start a product for the first time, wait until it is ready, stop it, and keep what it leaves."""
        with product:
            self.said.write_text(product.output)
            assert product.stop() == 0, product.output
            servers = product.home / "servers"
            if (pointer := product.home / "data-location").exists():
                servers = Path(pointer.read_text().strip())
                pointer.unlink()
                (servers / "home").unlink()
            copy(servers, self.servers)
            shutil.rmtree(servers)
            product.home.rename(self.home)

    def copy_to(self, home: Path) -> Path:
        """Make a data folder of its own from this one; its sample shop, if it has one, gets another port."""
        copy(self.home, home)
        places.claim(home)
        copy(self.servers, places.settle(home).servers)
        if (home / "countersign.toml").exists():
            sample.write_nouns(home, free_port())
        return home


def installed() -> Template:
    """What `up --no-demo` leaves: tables, pages, and nobody."""
    return of_this_run("installed", Product)


def sample_company() -> Template:
    """What `up` leaves: the sample company with its inbox worked through, however busy the machine is."""
    return of_this_run("company", lambda home: Product(home, demo=True, env={"COUNTERSIGN_FACT_SECONDS": "20"}))


def copy(source: Path, target: Path) -> None:
    """Copy a folder into another, made when missing, with the owners of its files."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


def of_this_run(name: str, first: Callable[[Path], Product]) -> Template:
    """Return the template of this name; `first(home)` is the product whose first start makes it when nobody has."""
    folder = Path(os.environ[VARIABLE])
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made, draft = folder / name, folder / f"{name}.draft"
        if not made.exists():
            shutil.rmtree(draft, ignore_errors=True)  # of a first start that failed
            draft.mkdir()
            Template(draft).make(first(draft / "first"))
            draft.rename(made)
    return Template(made)


# Hooks, imported by the conftest.py of the checkout.


def pytest_configure(config):
    """Name the folder of this run, unless this process was started by one that has."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = tempfile.mkdtemp(prefix="countersign-templates-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(VARIABLE)))
