"""The door of long polls with something small behind it instead of Django: a table of things, four threads, four connections.

`uvicorn tests.waitingroom:application` serves it; WAITINGROOM_URL names the database.
"""

import json
import os
from urllib.parse import parse_qs

from a2wsgi import WSGIMiddleware
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

from controlplane import bodies
from controlplane.news import News
from controlplane.waiting import Door

URL = os.environ.get("WAITINGROOM_URL", "")
THREADS = 4
TABLES = """
    CREATE TABLE thing (key text PRIMARY KEY, state text NOT NULL DEFAULT 'open');
    CREATE TABLE asked (key text NOT NULL);
    GRANT SELECT ON thing TO cs_app;
    GRANT INSERT ON asked TO cs_app;
"""

pool = ConnectionPool(URL, min_size=1, max_size=THREADS, open=False, kwargs={"application_name": "behind the door"})


def things(environ, start_response):
    """Answer at once, as a view does: the state of a thing, and whether the client asked to wait for more."""
    noun, number = environ["PATH_INFO"].split("/")[3:5]
    key = f"{noun.removesuffix('s')}:{number}"
    with pool.connection() as connection:
        connection.execute("INSERT INTO asked VALUES (%s)", [key])
        row = connection.execute("SELECT state FROM thing WHERE key = %s", [key]).fetchone()
    headers = [("Content-Type", "application/json")]
    if "wait" in parse_qs(environ["QUERY_STRING"]) and row == ("open",):
        headers.append(("Countersign-Unfinished", key))
    start_response("200 OK" if row else "404 Not Found", headers)
    return [json.dumps({"key": key, "state": row and row[0]}).encode()]


door = Door(WSGIMiddleware(things, workers=THREADS), News(lambda: conninfo_to_dict(URL)))


async def application(scope, receive, send) -> None:
    if scope["type"] == "http":
        await door(scope, await bodies.read(receive), receive, send)
        return
    await receive()
    pool.open()
    async with door.open():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    pool.close()
    await send({"type": "lifespan.shutdown.complete"})
