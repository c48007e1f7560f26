"""Code that the operator names: handlers of scripted agents and runtimes of their own. Whatever it does, we start."""

import importlib
import importlib.util
import inspect
import stat
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


def load_code(named: str, *, folder: Path | None, private: str) -> tuple[Any, str]:
    """Return what `module:name` names, or None and a sentence on what keeps it from being used.

    With a folder the module is the file in there, loaded under the name `private`, so that it can't stand in for a
    module of the product or of the other entries. Without one it is whatever Python imports.
    """
    name, _, attribute = named.partition(":")
    try:
        module = _load_file(name, folder, private) if folder else importlib.import_module(name)
    except _Unusable as error:
        return None, str(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code, which may fail in any way
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return None, f"{name} can't be imported ({reason})."
    if not hasattr(module, attribute):
        return None, f"{name} has no {attribute}."
    return getattr(module, attribute), ""


def why_not_script(found: Any) -> str:
    """Return why this can't carry a scripted agent, as a sentence, or an empty text."""
    if inspect.isgeneratorfunction(found):
        return ""
    return "it isn't a generator function: write def handle(task), which yields each Call and returns the output."


def why_not_runtime(found: Any) -> str:
    """Return why this can't be a kind of runtime, as a sentence, or an empty text."""
    if not inspect.isclass(found):
        return "it isn't a class."
    lacking = [name for name in ("estimate", "step") if not callable(getattr(found, name, None))]
    return f"it has no {' and no '.join(lacking)}: agents/runtimes/base.py says what a runtime is." if lacking else ""


class _Unusable(Exception):
    """The file can't be used, and why."""


class _AsWritten(SourceFileLoader):
    """Loads what stands in the file, never the bytecode beside it: that is one more file whose writers would decide."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _load_file(name: str, folder: Path, private: str) -> ModuleType:
    path = folder.joinpath(*name.split(".")).with_suffix(".py")
    _require_trusted(path)
    spec = importlib.util.spec_from_file_location(private, path, loader=_AsWritten(private, str(path)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[private] = module  # dataclasses look their module up while it is being loaded
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[private]
        raise
    return module


def _require_trusted(path: Path) -> None:
    """Raise _Unusable where everybody may write the file, or put another in its place: they would decide what workers do.

    In a sticky folder, like /tmp, only its owner moves a file away.
    """
    try:
        mode, real = path.stat().st_mode, path.resolve()
        folders = {folder: folder.stat().st_mode for folder in (*path.absolute().parents, *real.parents)}
    except OSError as error:
        raise _Unusable(f"the file {path} can't be read ({(error.strerror or 'error').lower()}).") from None
    if mode & stat.S_IWOTH:
        raise _Unusable(f"everybody on this machine can change {path}: run `chmod o-w {path}`.")
    for folder, mode in folders.items():
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise _Unusable(f"everybody on this machine can replace {path}: run `chmod o-w {folder}`.")
