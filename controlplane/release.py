"""Which version of the product this is, as `pyproject.toml` says."""

import tomllib

from controlplane.home import CHECKOUT

VERSION: str = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
