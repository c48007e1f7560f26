"""Why something didn't happen, as a runtime is told: from the end of an action and its error code."""

from typing import get_args

import pytest

from agents.lifecycle import ENDS, OPEN, State
from agents.runtimes.base import Failure
from agents.tools.failures import failure_of, shows_down


def failed(code: str) -> str:
    return failure_of("failed", {"code": code, "detail": "whatever"})


@pytest.mark.parametrize(
    ("state", "failure"),
    [
        ("succeeded", ""),
        ("denied", "denied"),
        ("rejected", "rejected"),
        ("withdrawn", "withdrawn"),
        ("superseded", "withdrawn"),
        ("expired", "expired"),
        ("refused", "refused"),
        ("unknown", "unknown"),
    ],
)
def test_end_says_why_whatever_the_error(state, failure):
    assert failure_of(state, None) == failure_of(state, {"code": "tool_timeout"}) == failure


def test_every_end_has_a_word_that_runtimes_know():
    assert {failure_of(str(state), None) for state in ENDS | {State.UNKNOWN}} <= set(get_args(Failure))


@pytest.mark.parametrize("state", [*sorted(OPEN - {State.UNKNOWN}), "", "nonsense"])
def test_what_has_not_ended_has_no_reason(state):
    with pytest.raises(ValueError, match="hasn't ended"):
        failure_of(str(state), None)


@pytest.mark.parametrize("status", [400, 404, 410, 413, 422])
def test_tool_that_finds_fault_with_the_parameters_may_take_others(status):
    assert failed(f"tool_refused_{status}") == "invalid"


@pytest.mark.parametrize("status", [401, 402, 403, 405, 407, 409, 415, 451])
def test_tool_that_says_no_is_not_asked_with_other_parameters(status):
    assert failed(f"tool_refused_{status}") == "refused"


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("tool_timeout", "timeout"),
        ("tool_unreachable", "unavailable"),
        ("connection_lost", "unavailable"),
        ("worker_lost", "unavailable"),
        ("retry_window_over", "unavailable"),
        ("tool_answered_408", "unavailable"),
        ("tool_answered_429", "unavailable"),
        ("tool_answered_503", "unavailable"),
        ("unknown_host", "unavailable"),
        ("unknown_secret", "unavailable"),
        ("tool_answered_302", "unknown"),
        ("answer_too_large", "unknown"),
        ("answer_unreadable", "unknown"),
        ("grant_gone", "refused"),
        ("digest_mismatch", "refused"),
    ],
)
def test_failed_action_says_what_went_wrong(code, failure):
    assert failed(code) == failure


@pytest.mark.parametrize("error", [None, {}, {"code": ""}])
def test_failure_without_a_code_is_unknown(error):
    assert failure_of("failed", error) == "unknown"


@pytest.mark.parametrize("code", ["tool_refused_", "tool_refused_x", "tool_refused_٤٠٤", "tool_refused_4 04"])
def test_code_that_is_no_status_is_no_invitation_to_try_other_parameters(code):
    assert failed(code) == "refused"


# --- what it says of the tool


@pytest.mark.parametrize("reason", ["tool_timeout", "tool_unreachable", "connection_lost", "tool_answered_503"])
def test_silence_and_server_errors_show_a_tool_down(reason):
    assert shows_down(reason, answered=False) is True


@pytest.mark.parametrize("reason", ["", "tool_refused_400", "tool_refused_403"])
def test_tool_that_answers_is_up_whatever_it_says(reason):
    assert shows_down(reason, answered=True) is False


@pytest.mark.parametrize("reason", ["tool_answered_302", "answer_too_large"])
def test_tool_that_answers_oddly_is_up(reason):
    assert shows_down(reason, answered=False) is False


@pytest.mark.parametrize("reason", ["worker_lost", "unknown_host", "unknown_secret", "retry_window_over"])
def test_our_own_failures_say_nothing_of_the_tool(reason):
    assert shows_down(reason, answered=False) is None
