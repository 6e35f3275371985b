"""Events become lines that carry their context and hide what is private."""

from __future__ import annotations

import asyncio
import io
import json
import logging

import pytest
import structlog

from core.log import bound_context, configure_logging
from core.settings import LogSettings


@pytest.fixture
def stream():
    """A place for lines; logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield io.StringIO()
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _settings(*, level: str = "INFO", as_json: bool) -> LogSettings:
    return LogSettings(TUTTI_LOG_LEVEL=level, TUTTI_LOG_JSON=as_json)


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_fields(stream):
    """One event is one JSON object with its name, level, logger and fields."""
    configure_logging(_settings(as_json=True), stream=stream)

    structlog.stdlib.get_logger("tutti").info("job_finished", seconds=1.5)

    (line,) = _lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "job_finished", "level": "info", "logger": "tutti", "seconds": 1.5}


def test_console_lines_are_readable(stream):
    """People get text, without colour codes when it is no terminal."""
    configure_logging(_settings(as_json=False), stream=stream)

    structlog.stdlib.get_logger("tutti").info("job_finished", seconds=1.5)

    assert "job_finished" in stream.getvalue()
    assert "seconds=1.5" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


async def test_context_is_carried_into_tasks_and_ends(stream):
    """Bound once, on every event inside, and only there."""
    configure_logging(_settings(as_json=True), stream=stream)
    log = structlog.stdlib.get_logger("tutti")

    async def work() -> None:
        log.info("inside")

    with bound_context(job_id="j1"):
        await asyncio.create_task(work())
    log.info("outside")

    inside, outside = _lines(stream)
    assert inside["job_id"] == "j1"
    assert "job_id" not in outside


def test_private_fields_are_hidden(stream):
    """What people write, and secrets, never reach the log by accident."""
    configure_logging(_settings(as_json=True), stream=stream)

    structlog.stdlib.get_logger("tutti").info("reply_sent", token="abc", content="my secret song", size_bytes=3)

    (line,) = _lines(stream)
    assert (line["token"], line["content"], line["size_bytes"]) == ("[hidden]", "[hidden]", 3)


def test_level_filters(stream):
    """Quieter events than the level are dropped."""
    configure_logging(_settings(level="warning", as_json=True), stream=stream)

    log = structlog.stdlib.get_logger("tutti")
    log.info("quiet")
    log.warning("loud")

    assert [line["event"] for line in _lines(stream)] == ["loud"]


def test_libraries_keep_their_details_to_themselves(stream):
    """At DEBUG ours may say more; discord.py would write whole messages, and a driver whole rows."""
    configure_logging(_settings(level="debug", as_json=True), stream=stream)

    for name in ("bot.ui.courier", "discord.http", "discord.gateway", "aiosqlite", "asyncio"):
        logging.getLogger(name).debug("a secret wish")

    assert [line["logger"] for line in _lines(stream)] == ["bot.ui.courier"]


def test_libraries_log_in_the_same_form(stream):
    """A record of the standard library becomes an event like ours, its traceback included."""
    configure_logging(_settings(as_json=True), stream=stream)

    try:
        int("wrong note")
    except ValueError:
        logging.getLogger("library").exception("failed %s", "here")

    (line,) = _lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("failed here", "library", "error")
    assert line["exception"][0]["exc_type"] == "ValueError"


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
def test_tracebacks_hold_no_local_variables(stream, as_json):
    """What people wrote stays in the variables that held it, and a traceback of a deep call stays short."""
    configure_logging(_settings(as_json=as_json), stream=stream)

    def fail(words: str, depth: int) -> None:
        if not depth:
            raise ValueError("broken")
        fail(words, depth - 1)

    try:
        fail("a secret" + " wish", 10)
    except ValueError:
        structlog.stdlib.get_logger("tutti").exception("request_failed")

    assert "ValueError" in stream.getvalue()
    assert "broken" in stream.getvalue()
    assert "a secret wish" not in stream.getvalue()
    assert len(stream.getvalue()) < 5000
