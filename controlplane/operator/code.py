"""The code that scripts and runtimes are: named by the operator, loaded when a process starts."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from agents.agentfile.grammar import RUNTIME_KINDS, RUNTIME_KINDS_LATER
from controlplane.code import load_code
from controlplane.operator.file import OperatorFile

_LOADED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def code(file: OperatorFile, kind: str, why_not: Callable[[Any], str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the entries of a kind load, and why others can't be used. `why_not` judges what was found."""
    found, unusable = {}, {}
    for name, entry in file.tables(kind):
        _check(file, kind, name, entry)
        folder = file.path.parent / entry["path"] if "path" in entry else None
        loaded, problem = load_code(entry["load"], folder=folder, private=f"countersign_{kind}_{name}")
        problem = problem or why_not(loaded)
        if problem:
            unusable[name] = problem
        else:
            found[name] = loaded
    return found, unusable


def _check(file: OperatorFile, kind: str, name: str, entry: Mapping) -> None:
    if kind == "runtimes" and name in (*RUNTIME_KINDS, *RUNTIME_KINDS_LATER):
        raise file.wrong((kind, name), f"{name} is a kind of the product's own: choose another name")
    if not isinstance(entry.get("load"), str) or not _LOADED.fullmatch(entry["load"]):
        raise file.wrong((kind, name, "load"), 'say what is loaded: load = "module:name"')
    if "path" in entry and (not isinstance(entry["path"], str) or not entry["path"]):
        raise file.wrong((kind, name, "path"), 'write the folder its module is in: path = "scripts"')
