"""What a child prints becomes log lines, however it is cut into pieces and however much it is."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
from structlog.testing import capture_logs

from core.child_log import log_to_parent, parse_event
from core.child_output import ChildOutput


@pytest.fixture
def printed(monkeypatch):
    """What this process would print on standard error, with logging as in a child; afterwards it is as before."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_parent(logging.INFO)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers = handlers
    root.setLevel(level)


def test_an_event_comes_back_as_it_was(printed):
    """Name, level and fields survive the line; what is no plain value comes as text."""
    logging.getLogger("here").warning("step_took_long", extra={"seconds": 2.5, "where": {"bar": 3}})

    event = parse_event(printed.getvalue().strip())
    assert (event.event, event.level) == ("step_took_long", logging.WARNING)
    assert event.fields == {"logger": "here", "seconds": 2.5, "where": "{'bar': 3}"}


def test_an_exception_comes_along(printed):
    """A traceback is one field of one line."""
    try:
        int("out of tune")
    except ValueError:
        logging.getLogger("here").exception("tuning_failed")

    event = parse_event(printed.getvalue().strip())
    assert "ValueError" in event.fields["exception"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "words",
        "[1]",
        "{}",
        '{"event": "x"}',
        '{"log_level": "x", "event": "y"}',
        '{"log_level": 20, "event": 1}',
    ],
)
def test_other_lines_are_no_events(line):
    """Whatever else a child prints is quoted, not believed."""
    assert parse_event(line) is None


def test_lines_are_put_together_from_pieces():
    """Reads end anywhere, also inside a letter; the last line needs no end."""
    output = ChildOutput("singer")
    text = "première\n" + json.dumps({"log_level": 30, "event": "breath_taken", "level": "forged"}) + "\nla"
    with capture_logs() as events:
        for byte in text.encode():
            output.feed(bytes([byte]))
        output.close()

    assert [event.get("words", event["event"]) for event in events] == ["première", "breath_taken", "la"]
    assert events[1] == {"event": "breath_taken", "log_level": "warning", "child": "singer"}
    assert output.end == text


def test_a_flood_is_cut_and_counted():
    """A child that prints without end fills neither the log nor our memory; the log says how much is missing."""
    now_seconds = [0.0]
    output = ChildOutput("parrot", clock=lambda: now_seconds[0])
    with capture_logs() as events:
        output.feed(b"hello\n" * 250)
        now_seconds[0] = 60.0
        output.feed(b"x" * 100_000 + b"\nafterwards\n")

    assert [event["event"] for event in events].count("child_printed") == 102
    assert [event["num_lines"] for event in events if event["event"] == "child_lines_dropped"] == [150]
    assert max(len(event.get("words", "")) for event in events) == 500
    assert len(output.end) == 8_192
