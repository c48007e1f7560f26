"""The shop's rows: all made up. No person, order or card here is real.

Orders that the tickets talk about are written by hand; the rest is generated from a fixed seed, the same on every
machine. Days count back from the moment of loading, so the shop never looks abandoned.
"""

import random
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import Connection, Cursor
from psycopg_pool import ConnectionPool
from tickets import read_tickets

HERE = Path(__file__).resolve().parent
LOAD_LOCK = 7_310_442  # any number; two services that start at once must not both load

FIRST = (
    "Amara Bastien Chidi Dolores Emil Farida Giulia Hamish Ines Jakub Keiko Lars Maren Nnamdi Odile Pavel Quynh "
    "Ruth Sanjay Tove Umberto Vesna Wilma Xiomara Yusuf Zofia Aoife Benoit Carmen Dmitri Esther Femi Gita Henrik"
).split()
LAST = (
    "Abara Brandt Castillo Dumont Eriksen Ferreira Ghosh Hollis Ivanova Jensen Kaplan Lindgren Moreau Nakamura "
    "Oduya Petrov Quist Rahman Silva Tanaka Underhill Varga Whitlock Yildiz Zeman Acheson Bui Corrigan Dlamini"
).split()
PRODUCTS = (
    ("Linen throw, oat", 6400),
    ("Stoneware bowl", 1850),
    ("Enamel kettle, 1.5 l", 4190),
    ("Beech bread board", 2760),
    ("Cast-iron skillet, 26 cm", 5800),
    ("Wool socks, grey", 1450),
    ("Beeswax candle, pair", 1295),
    ("Ceramic pour-over", 3240),
    ("Cotton apron", 2980),
    ("Brass hook, set of 3", 1995),
    ("Oak stool", 12900),
    ("Table lamp, smoked glass", 8900),
    ("Tea towel, striped", 950),
    ("Copper measuring spoons", 2150),
    ("Wicker laundry basket", 7450),
    ("Felt slippers", 3640),
    ("Glass storage jar, 2 l", 1680),
    ("Garden trowel", 2225),
    ("Merino blanket", 14900),
    ("Pepper mill, walnut", 4575),
    ("Herb scissors", 1170),
    ("Hand-bound notebook", 1575),
    ("Rattan side table", 21200),
    ("Bath mat, waffle", 3390),
    ("Pillowcase, washed linen", 2400),
    ("Oil can", 2730),
)
CARDS = ("card ending 4412", "card ending 0917", "card ending 5530", "card ending 2286", "PayPal", "bank transfer")

# Customers who write in, in the order of their numbers: C-1001, C-1002, ...
WRITERS = (
    ("Nadia Okafor", 410),
    ("Tomasz Wilk", 95),
    ("Brenda Castellanos", 702),
    ("Hugo Santos", 33),
    ("Miriam Adler", 1250),
    ("Peter Lindqvist", 260),
    ("Grace Mwangi", 540),
    ("Dale Krueger", 4),
    ("Ivy Chen", 188),
    ("Oleg Marchenko", 77),
    ("Sunniva Berg", 365),
    ("Priya Raman", 640),
    ("Colm Brady", 21),
    ("Lucía Fuentes", 480),
    ("Walter Finch", 1530),
    ("Jess Harding", 12),
    ("Anselm Vogt", 820),
    ("Tara Whelan", 300),
    ("Rico Delgado", 58),
    ("Beatrix Lund", 999),
    ("Sam Iyer", 150),
    ("Helga Brunner", 44),
)
# (order, number of its customer, status, days ago, lines as (product, quantity, unit cents), cents paid per payment)
ORDERS = (
    ("A-2014", 1, "delivered", 9, (("Stoneware teapot", 1, 5250),), (5250,)),
    ("A-2027", 2, "delivered", 6, (("Stoneware bowl", 4, 1850),), (7400,)),
    ("A-2033", 3, "shipped", 24, (("Oak stool", 1, 12900),), (12900,)),
    ("A-2101", 4, "paid", 1, (("Cotton apron", 2, 2980),), (5960,)),
    ("A-2045", 6, "delivered", 12, (("Felt slippers", 1, 3640),), (3640,)),
    ("A-2050", 7, "delivered", 8, (("Enamel kettle, 1.5 l", 1, 4190), ("Tea towel, striped", 2, 950)), (6090,)),
    ("A-2052", 8, "delivered", 3, (("Pillowcase, washed linen", 1, 2400),), (2400,)),
    ("A-2061", 10, "delivered", 5, (("Cast-iron skillet, 26 cm", 1, 5800),), (5800, 5800)),
    ("A-2063", 11, "delivered", 15, (("Beeswax candle, pair", 2, 1295),), (2590,)),
    ("A-2064", 12, "delivered", 18, (("Glass lantern", 1, 2200), ("Bath mat, waffle", 1, 3390)), (5590,)),
    ("A-2065", 12, "delivered", 17, (("Hand-bound notebook", 1, 1575),), (1575,)),
    ("A-2068", 13, "delivered", 2, (("Brass hook, set of 3", 3, 1995),), (5985,)),
    ("A-2075", 14, "cancelled", 2, (("Rattan side table", 1, 21200),), (21200,)),
    ("A-2077", 9, "delivered", 4, (("Copper measuring spoons", 1, 2150),), (2150,)),
    ("A-2079", 17, "delivered", 40, (("Linen throw, oat", 1, 6400),), (6400,)),
    ("A-1402", 15, "delivered", 425, (("Table lamp, smoked glass", 1, 8900),), (8900,)),
    ("A-2083", 20, "delivered", 30, (("Merino blanket", 1, 14900),), (14900,)),
    ("A-2088", 19, "shipped", 19, (("Rattan side table", 1, 21200), ("Wicker laundry basket", 1, 7450)), (28650,)),
    ("A-2090", 14, "delivered", 11, (("Oil can", 1, 2730),), (2730,)),
    ("A-2093", 22, "delivered", 7, (("Merino blanket", 1, 14900), ("Wool socks, grey", 2, 1450)), (17800,)),
)
REFUNDED = (("A-2079", 6400, "Throw arrived with a pulled seam", 31),)
# What the shop's fraud check says of an order; of every other one, something harmless.
RISKS = {
    "A-2052": 0.94,  # paid with a card seen in three other shops that day
    "A-2083": 0.81,  # somebody tried to change the address after the payment
    "A-2088": 0.12,
    "A-2033": 0.06,
    "A-2061": 0.55,
    "A-1402": 0.31,
}
HARMLESS = 0.3


def prepare(pool: ConnectionPool, *, refill: bool) -> None:
    """Create the tables if they are missing and load the sample rows if there are none yet.

    With `refill`, rows that are missing are added to a shop that has some. Nothing is ever removed, and nothing is
    changed but what a shop of an earlier version didn't know yet: the words of its tickets, the risk of its orders.
    """
    with pool.connection() as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOAD_LOCK,))
        connection.execute((HERE / "schema.sql").read_text())
        (empty,) = connection.execute("SELECT NOT EXISTS (SELECT FROM customers)").fetchone()
        if empty or refill:
            _load(connection, now=datetime.now(UTC))
        _complete(connection)


def _load(connection: Connection, *, now: datetime) -> None:
    seeded = random.Random(1871)  # noqa: S311  (made-up shoppers, not secrets)
    generated = _generate_customers(seeded)
    with connection.cursor() as cursor:
        for number, (name, days) in enumerate((*WRITERS, *generated), start=1001):
            _insert(cursor, "customers", f"C-{number}", name, _address(name, number), now - timedelta(days=days))
        for order, writer, status, days, lines, paid in (*ORDERS, *_generate_orders(seeded, len(generated))):
            _insert_order(cursor, order, 1000 + writer, status, now - timedelta(days=days), lines, paid)
        for ticket in read_tickets():
            received = now - timedelta(hours=ticket["hours_ago"])
            _insert(cursor, "tickets", ticket["id"], ticket["customer_id"], ticket["subject"], received)
        _insert_refunds(cursor, seeded, now=now)


def _complete(connection: Connection) -> None:
    """Fill what is empty: in a shop that was just loaded, and in one that an earlier version made."""
    with connection.cursor() as cursor:
        orders = cursor.execute("SELECT id FROM orders WHERE fraud_risk IS NULL").fetchall()
        risks = [(_risk(order), order) for (order,) in orders]
        cursor.executemany("UPDATE orders SET fraud_risk = %s WHERE id = %s", risks)
        texts = [(ticket["text"], ticket["id"]) for ticket in read_tickets()]
        cursor.executemany("UPDATE tickets SET text = %s WHERE id = %s AND text IS NULL", texts)


def _risk(order: str) -> float:
    # Not from the seeded dice: they must fall as they always did.
    return RISKS.get(order, zlib.crc32(order.encode()) % int(HARMLESS * 100) / 100)


def _generate_customers(seeded: random.Random) -> list[tuple[str, int]]:
    pairs = [(first, last) for first in FIRST for last in LAST]
    return [(f"{first} {last}", seeded.randrange(15, 1600)) for first, last in seeded.sample(pairs, 120)]


def _generate_orders(seeded: random.Random, customers: int) -> list[tuple]:
    orders = []
    for number in range(3001, 3261):
        lines = tuple(
            (product, seeded.choice((1, 1, 1, 2, 3)), cents)
            for product, cents in seeded.sample(PRODUCTS, seeded.choice((1, 1, 2, 2, 3)))
        )
        total = sum(quantity * cents for _, quantity, cents in lines)
        days = seeded.randrange(1, 420)
        status = "paid" if days < 3 else "shipped" if days < 8 else "cancelled" if number % 37 == 0 else "delivered"
        writer = len(WRITERS) + seeded.randrange(1, customers + 1)
        orders.append((f"A-{number}", writer, status, days, lines, (total,)))
    return orders


def _insert_order(cursor: Cursor, order, customer, status, at, lines, paid) -> None:
    _insert(cursor, "orders", order, f"C-{customer}", status, at)
    for position, (product, quantity, cents) in enumerate(lines, start=1):
        _insert(cursor, "order_lines", order, position, product, quantity, cents)
    method = CARDS[sum(map(ord, order)) % len(CARDS)]
    for position, cents in enumerate(paid, start=1):
        _insert(cursor, "payments", order, position, cents, method, at + timedelta(minutes=2 * position))


def _insert_refunds(cursor: Cursor, seeded: random.Random, *, now: datetime) -> None:
    reasons = ("Arrived damaged", "Wrong colour sent", "Never arrived", "Returned unused", "Item missing from parcel")
    past = [*REFUNDED]
    for number in seeded.sample(range(3001, 3261), 18):
        past.append((f"A-{number}", 950, seeded.choice(reasons), seeded.randrange(1, 200)))
    for position, (order, cents, reason, days) in enumerate(past, start=6001):
        cursor.execute(
            "INSERT INTO refunds (id, order_id, cents, reason, refunded_at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (position, order, cents, reason, now - timedelta(days=days)),
        )


def _insert(cursor: Cursor, table: str, *values) -> None:
    marks = ", ".join(["%s"] * len(values))
    cursor.execute(f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO NOTHING", values)  # noqa: S608


def _address(name: str, number: int) -> str:
    plain = name.lower().replace("í", "i").replace(" ", ".")
    return f"{plain}.{number}@mail.example"
