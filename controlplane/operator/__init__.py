"""The operator's file: `<data folder>/countersign.toml` names what agents may be granted (hosts, secrets, sources) and
what their runs need (teams, pools, scripts, runtimes).

Read when a process starts. A mistake stops the start with one sentence: a worker that ran on with half a file would
refuse approved actions.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from agents.runtimes import base as runtimes_base
from agents.tools import base
from agents.tools.base import Host, Pool, Secret, Source, Team
from approvals.telling import endpoints
from approvals.telling.endpoints import Endpoint
from controlplane.code import why_not_runtime, why_not_script
from controlplane.operator import code, hosts, secrets, sources, webhooks
from controlplane.operator.file import BadOperatorFile, OperatorFile, open_file

__all__ = ["FILE", "BadOperatorFile", "Nouns", "load", "read"]

FILE = "countersign.toml"


@dataclass(frozen=True)
class Nouns:
    """What the file says. `unusable`: secrets whose value isn't there, and why; `unusable_sources` the same, and
    `unusable_scripts` and `unusable_runtimes` whose code isn't. `mark` tells the file from others: the beginning of its
    digest."""

    hosts: dict[str, Host] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    unusable_sources: dict[str, str] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    scripts: dict[str, Callable] = field(default_factory=dict)
    unusable_scripts: dict[str, str] = field(default_factory=dict)
    runtimes: dict[str, Callable[[], Any]] = field(default_factory=dict)
    unusable_runtimes: dict[str, str] = field(default_factory=dict)
    webhooks: dict[str, Endpoint] = field(default_factory=dict)
    unusable_webhooks: dict[str, str] = field(default_factory=dict)
    mark: str = "none"


def load(home: Path) -> Nouns:
    """Read the operator's file, import the code it names, and hand all of it to the registries. Raises BadOperatorFile."""
    nouns = read(home)
    named = {noun.name: getattr(nouns, noun.name) for noun in fields(nouns)}
    del named["mark"]
    endpoints.configure(named.pop("webhooks"), named.pop("unusable_webhooks"))
    base.configure(**named)
    for kind, make in nouns.runtimes.items():
        runtimes_base.register(kind, make)
    return nouns


def read(home: Path) -> Nouns:
    """Return what `<home>/countersign.toml` says; nothing when there is no such file. Raises BadOperatorFile.

    The code of scripts and runtimes is imported.
    """
    file = open_file(home / FILE)
    return _nouns(file) if file else Nouns()


def _nouns(file: OperatorFile) -> Nouns:
    file.check_keys()
    known = {name: hosts.host(file, name, entry) for name, entry in file.tables("hosts")}
    usable_secrets, unusable = secrets.secrets(file, known)
    usable_sources, unusable_sources = sources.sources(file, known)
    scripts, unusable_scripts = code.code(file, "scripts", why_not_script)
    runtimes, unusable_runtimes = code.code(file, "runtimes", why_not_runtime)
    told, unusable_webhooks = webhooks.webhooks(file)
    return Nouns(
        hosts=known,
        secrets=usable_secrets,
        unusable=unusable,
        sources=usable_sources,
        unusable_sources=unusable_sources,
        teams={name: hosts.team(file, name, entry) for name, entry in file.tables("teams")},
        pools={name: hosts.pool(file, name, entry) for name, entry in file.tables("pools")},
        scripts=scripts,
        unusable_scripts=unusable_scripts,
        runtimes=runtimes,
        unusable_runtimes=unusable_runtimes,
        webhooks=told,
        unusable_webhooks=unusable_webhooks,
        mark=hashlib.sha256(file.text.encode()).hexdigest()[:8],
    )
