"""Where facts are looked up: databases, and hosts."""

from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agents.tools.base import Host, HttpSource, Source, SqlSource
from controlplane.operator.file import OperatorFile

SOURCE_KEYS = {"sql": {"kind", "dsn_file", "dsn_env", "schemas"}, "http": {"kind", "host", "secret"}}


def sources(file: OperatorFile, hosts: Mapping[str, Host]) -> tuple[dict[str, Source], dict[str, str]]:
    sources, unusable = {}, {}
    for name, entry in file.tables("sources"):
        _check(file, name, entry, hosts)
        if entry["kind"] == "http":
            sources[name] = HttpSource(name=name, host=entry["host"], secret=entry.get("secret"))
            continue
        dsn, problem = _dsn(file, entry)
        if problem:
            unusable[name] = problem
        else:
            sources[name] = SqlSource(name=name, dsn=dsn, schemas=tuple(entry.get("schemas", ["public"])))
    return sources, unusable


def _check(file: OperatorFile, name: str, entry: Mapping, hosts: Mapping[str, Host]) -> None:
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in SOURCE_KEYS:
        raise file.wrong(("sources", name, "kind"), 'write "sql" (a database) or "http" (one of the [hosts])')
    for key in entry:
        if key not in SOURCE_KEYS[kind]:
            message = f"not a key of a source of kind {kind}: use {', '.join(sorted(SOURCE_KEYS[kind]))}"
            raise file.wrong(("sources", name, key), message)
    if kind == "sql":
        _check_sql(file, name, entry)
    else:
        _check_http(file, name, entry, hosts)


def _check_sql(file: OperatorFile, name: str, entry: Mapping) -> None:
    given = [key for key in ("dsn_file", "dsn_env") if key in entry]
    if len(given) != 1 or not isinstance(entry[given[0]], str) or not entry[given[0]]:
        message = 'say where the address is: dsn_file = "secrets/NAME_dsn", or dsn_env = "NAME"'
        raise file.wrong(("sources", name), message)
    schemas = entry.get("schemas", ["public"])
    if not isinstance(schemas, list) or not schemas or not all(isinstance(x, str) and x for x in schemas):
        raise file.wrong(("sources", name, "schemas"), 'write the schemas it shows: schemas = ["public"]')
    for schema in schemas:
        if schema == "information_schema" or schema.startswith("pg_"):
            message = f"{schema} is PostgreSQL's own: name the schemas that hold the facts"
            raise file.wrong(("sources", name, "schemas"), message)


def _check_http(file: OperatorFile, name: str, entry: Mapping, hosts: Mapping[str, Host]) -> None:
    if not isinstance(entry.get("host"), str) or entry["host"] not in hosts:
        known = ", ".join(sorted(hosts)) or "none yet"
        raise file.wrong(("sources", name, "host"), f"a source of kind http is one of the [hosts]: {known}")
    if "secret" in entry:
        secret = file.document.get("secrets", {}).get(str(entry["secret"]))
        if secret is None:
            raise file.wrong(("sources", name, "secret"), "a source's secret is one of the [secrets]")
        if secret["host"] != entry["host"]:
            message = f"this secret is bound to the host {secret['host']}, and is never shown to another"
            raise file.wrong(("sources", name, "secret"), message)


def _dsn(file: OperatorFile, entry: Mapping) -> tuple[str, str]:
    """Return a database's address, or what keeps it from being used (a sentence that doesn't repeat it)."""
    value, problem = file.private(entry, "dsn_file", "dsn_env")
    if problem:
        return "", problem
    try:
        dsn = value.decode()
        conninfo_to_dict(dsn)
    except (UnicodeDecodeError, psycopg.ProgrammingError):
        return "", "it isn't an address of PostgreSQL: write postgresql://ROLE:PASSWORD@HOST/DATABASE there."
    return dsn, "" if dsn.strip() else "the address is empty."
