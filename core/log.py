"""Structured logging: how an event becomes a line. It knows nothing of what is logged.

Events are past tense with stable names (``job_queued``, ``worker_restarted``); durations (``_seconds``) and sizes (``_bytes``) are
fields. Use it so:

    _log = structlog.stdlib.get_logger(__name__)
    with bound_context(job_id="4f", guild_id=7):
        _log.info("job_started", task="generate")   # carries job_id and guild_id, also in every task begun inside

Lines go to standard error, so that standard output stays the result of a command. Never log what people write or send: fields
that would carry it, or a secret, are hidden by name as a last defence.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.settings import LogSettings

PRIVATE_FIELDS = frozenset(
    {"authorization", "content", "data", "filename", "interaction_token", "password", "prompt", "query", "reply_token"}
    | {"secret", "text", "title", "token", "url", "user_name"}
)
HIDDEN = "[hidden]"
_OURS = ("bot", "cogs", "core", "db", "inference", "media", "music", "training")
"""Who may log in detail. Libraries at DEBUG write whole messages, requests with their tokens, and rows with their values."""

bound_context = structlog.contextvars.bound_contextvars
"""Context manager: add fields to every event logged inside, in this task and in those it starts."""


def configure_logging(settings: LogSettings, *, stream: TextIO | None = None) -> None:
    """Send our events and those of libraries to ``stream`` (standard error), as console text or one JSON object a line."""
    output: TextIO = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_private_fields,
    ]
    # Tracebacks without local variables: those hold what people wrote, and tokens; and drawing them stops the event loop for seconds.
    quiet = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, use_rich=False)
    rendering: list[Processor] = (
        [structlog.processors.ExceptionRenderer(quiet), structlog.processors.JSONRenderer()]
        if settings.as_json
        else [structlog.dev.ConsoleRenderer(colors=output.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a second call (a test, a tool inside another) must reach loggers already made
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    handler.addFilter(_may_be_written)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())


def _may_be_written(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO or record.name.partition(".")[0] in _OURS


def _hide_private_fields(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    for field in PRIVATE_FIELDS.intersection(event):
        event[field] = HIDDEN
    return event
