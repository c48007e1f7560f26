"""W3C Trace Context: a trace is joined where it is one, and begun anew where it isn't."""

import re

import pytest

from agents import tracing

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f" 00-{TRACE}-{SPAN}-ff ", f"cc-{TRACE}-{SPAN}-01-more"],
)
def test_a_trace_is_joined_with_a_part_of_our_own(header):
    ours = tracing.joined(header)
    assert ours.trace_id == TRACE and ours.span_id != SPAN
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", ours.header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01more",
        "00-" + "4" * 10_000,
    ],
)
def test_what_is_no_trace_is_ignored_and_a_new_one_begun(header):
    ours = tracing.joined(header)
    assert ours.trace_id != TRACE and re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", ours.header)
    assert ours != tracing.joined(header)


@pytest.mark.parametrize("trace_id", ["", "x", TRACE.upper(), f"00-{TRACE}-{SPAN}-01", TRACE + "\r\nX: y"])
def test_what_is_no_trace_goes_out_with_no_call(trace_id):
    assert tracing.onward(trace_id) == ""


def test_each_call_that_goes_out_is_a_part_of_its_own():
    first, second = tracing.onward(TRACE), tracing.onward(TRACE)
    assert first != second and first.split("-")[1] == second.split("-")[1] == TRACE
