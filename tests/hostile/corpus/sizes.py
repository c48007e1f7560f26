"""Too much of it."""

# ruff: noqa: E501 - a table: one case a line

from tests.hostile.corpus.case import table

CASES = [
    *table(
        "size",
        ("one-line", "x" * 100_000, {"visible": ("x" * 1000, "100,000 bytes")}),
        ("one-line-of-wide-letters", "\u8fd4" * 50_000, {"visible": ("150,000 bytes",)}),
        ("end-past-the-fold", "Refund 5 USD. " + "Thank you. " * 5_000 + "And 500 more.", {"visible": ("Refund 5 USD.", "And 500 more.")}),
        ("lines", "\n".join(f"line {n}" for n in range(5_000)), {"visible": ("line 0", "line 4999")}),
        ("hidden-everywhere", "a\u200b" * 20_000, {"chips": (0x200B,), "flags": ("hidden",), "visible": ("80,000 bytes",)}),
        ("stacks-everywhere", ("a" + "\u0301" * 40) * 1_000, {"chips": (0x0301,), "flags": ("stacked",)}),
        ("unsorted-marks", "a" + "\u0301\u0316" * 30_000, {"chips": (0x0301, 0x0316), "flags": ("stacked",)}),
        ("tags", "a" + "".join(chr(0xE0020 + n % 90) for n in range(20_000)), {"flags": ("tags",)}),
        ("markup", "<b>" * 20_000, {"flags": ("markup",)}),
        ("entities", "&amp;" * 20_000, {"flags": ("encoded",)}),
        ("brackets", "[" * 50_000),
        ("addresses", "https://a.example/ " * 5_000),
        bulky=True,
    ),
]  # fmt: skip
