"""The database roles of the product, as SQL: for our own PostgreSQL (`apply`) and for a DBA (`script`).

`cs_owner` owns everything and can't log in; `cs_app` is the product; `cs_sequencer` and `cs_auditor` have their own
rights. What each may do with a table is said in the migrations, beside the table.
"""

import psycopg
from psycopg import sql

DATABASE = "countersign"
OWNER = "cs_owner"
# The number is the role's connection limit: the product may not starve the people who look after it.
LOGINS = {"cs_app": 80, "cs_sequencer": 5, "cs_auditor": 10}

CREATE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
END $$;
"""
# A transaction that waits for a person or a network holds back everybody else.
LIMITS = """
ALTER ROLE cs_app SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE cs_app SET transaction_timeout = '60s';
-- Our statements are short and look expensive to the planner: compiling one takes longer than running it.
ALTER ROLE cs_app SET jit = off;
"""
# A temporary table named like a real one would swallow its rows, so nobody may make any.
CLOSE = """
REVOKE CONNECT, TEMPORARY, CREATE ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO cs_owner, cs_app, cs_sequencer, cs_auditor;
"""
HEADER = """\
-- Countersign: roles and database, for a DBA. PostgreSQL 18 or newer; as a superuser, as often as you like:
--   psql -v owner_login=NAME -v app_password=... -v sequencer_password=... -v auditor_password=... -f this_file
-- owner_login: an existing role that may log in; migrations log in as it and work as cs_owner.
-- Then: DATABASE_URL=postgresql://cs_app:...@HOST/{database}
--   and DATABASE_OWNER_URL=postgresql://NAME:...@HOST/{database}
\\set ON_ERROR_STOP on
"""
SCRIPT_DATABASE = """
GRANT cs_owner TO :"owner_login";
SELECT 'CREATE DATABASE {database} OWNER cs_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \\gexec
ALTER DATABASE {database} OWNER TO cs_owner;
"""
SCRIPT_LOGIN = """
GRANT CONNECT ON DATABASE {database} TO :"owner_login";
"""


def create_roles() -> str:
    """Return SQL that makes the roles where they are missing and sets their limits."""
    made = [CREATE.format(role=role) for role in (OWNER, *LOGINS)]
    limits = [f"ALTER ROLE {role} LOGIN CONNECTION LIMIT {limit};\n" for role, limit in LOGINS.items()]
    return "".join([*made, *limits, LIMITS])


def script(database: str = DATABASE) -> str:
    """Return the whole bootstrap as a psql script. Passwords are psql variables: the script itself holds no secret."""
    passwords = "".join(f"ALTER ROLE {role} PASSWORD :'{role.removeprefix('cs_')}_password';\n" for role in LOGINS)
    parts = [HEADER, create_roles(), passwords, SCRIPT_DATABASE, CLOSE, SCRIPT_LOGIN]
    return "".join(part.replace("{database}", database) for part in parts)


def apply(connection: psycopg.Connection, passwords: dict[str, str], *, database: str = DATABASE) -> None:
    """Make roles and database over a superuser's autocommit connection; nothing changes when they are there already.

    `passwords` maps role to password. The server only ever sees their SCRAM verifiers, so no log can hold one.
    """
    connection.execute(create_roles())
    for role in LOGINS:
        set_password(connection, role, passwords[role])
    create_database(connection, database, owner=OWNER)
    connection.execute(CLOSE.format(database=database))


def apply_guest(connection: psycopg.Connection, name: str, password: str) -> None:
    """Make a role and a database of the same name that share nothing with the product's, for the sample service."""
    connection.execute(CREATE.format(role=name) + f"ALTER ROLE {name} LOGIN CONNECTION LIMIT 20;")
    set_password(connection, name, password)
    create_database(connection, name, owner=name)
    connection.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")


def set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def create_database(connection: psycopg.Connection, name: str, *, owner: str) -> None:
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
