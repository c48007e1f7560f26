"""Log lines in both forms: one line an event, no secrets, and only the fields that are ours."""

import io
import json
import logging
import logging.config

import pytest

from controlplane import logs

CARD, SECRET = "4242 4242 4242 4242", "hunter2-hunter2"
FORGED = "no\r\n2026-11-21 10:00:00,000 INFO countersign.access approved\u2028\x1b[2K"


def written(form: str, message: str, *args, trace: str = "", **extra) -> list[str]:
    """Return the lines that the product's own configuration writes about one event."""
    made = logs.configuration(form)
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(made["formatters"]["line"]["()"]())
    handler.addFilter(logging.config.BaseConfigurator({}).resolve(made["filters"]["redact"]["()"])())
    record = logging.LogRecord("countersign.test", logging.INFO, "", 1, message, args, None)
    vars(record).update(extra)
    if trace:
        try:
            raise ValueError(trace)
        except ValueError as error:
            record.exc_info = (ValueError, error, error.__traceback__)
    handler.handle(record)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("form", logs.FORMATS)
def test_a_planted_secret_is_in_no_form_of_a_line(form):
    lines = written(form, "password=%s card %s", SECRET, CARD, trace=f"token={SECRET}", note=CARD, cookie=SECRET)
    text = "\n".join(lines)
    assert lines and SECRET not in text and CARD not in text
    assert "countersign.test" in text


def test_nobody_can_write_a_json_line_of_their_own():
    lines = written("json", "ended: %s", FORGED, trace=FORGED, request_id=FORGED)
    assert len(lines) == 1 and lines[0].isascii()
    line = json.loads(lines[0])
    assert line["message"].startswith("ended: no") and "\x1b" not in line["message"]
    assert line["request_id"].startswith("no??2026")


def test_nobody_can_write_a_text_line_of_their_own():
    lines = written("text", "ended: %s", FORGED, trace=FORGED, request_id=FORGED)
    assert all(line.startswith("    ") for line in lines[1:])
    assert sum("countersign.test" in line for line in lines) == 1


def test_a_json_line_says_when_who_and_what():
    [line] = written("json", "GET queue", request_id="ab12", principal="person:7", status=200, ms=1.5, other="x")
    found = json.loads(line)
    assert found.pop("at").endswith("Z")
    assert found == {
        "level": "INFO", "logger": "countersign.test", "message": "GET queue",
        "request_id": "ab12", "principal": "person:7", "status": 200, "ms": 1.5,
    }  # fmt: skip


def test_a_text_line_ends_with_the_fields_that_its_message_lacks():
    [line] = written("text", "GET queue 200", request_id="ab12", principal="person:7", status=200)
    assert line.endswith("INFO countersign.test GET queue 200 request_id=ab12 principal=person:7")


def test_another_form_is_refused():
    with pytest.raises(ValueError, match="COUNTERSIGN_LOG_FORMAT: write text or json"):
        logs.configuration("xml")
