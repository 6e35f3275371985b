"""From an error to the one sentence that a person reads. The only place with such text; it knows nothing of sending.

The table is looked up along the class's MRO, so a new class inherits its parent's sentence until it gets its own.
Errors that are our fault carry a short reference that the log has, too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from discord import app_commands

from bot.plain_text import make_plain
from core.errors import (
    CancelledJobError,
    CheckpointError,
    ConfigurationError,
    DeviceMemoryError,
    InferenceError,
    InputError,
    JobTimeoutError,
    LimitError,
    NotFoundError,
    PermissionDeniedError,
    RenderError,
    ServiceStoppingError,
    StorageError,
    TuttiError,
    WorkerLostError,
)

MAX_SENTENCE_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Explanation:
    """What to say about an error. ``reference`` is empty where the person needs none."""

    sentence: str
    reference: str = ""

    @property
    def text(self) -> str:
        """The sentence, with the reference where there is one."""
        return f"{self.sentence} (Reference: `{self.reference}`)" if self.reference else self.sentence


def _own_reason(error: Any) -> str:
    return str(error.reason)


def _not_found(error: NotFoundError) -> str:
    return f"I cannot find that {error.what or 'result'}; it may have been deleted. Look with /history what is there."


def _constant(sentence: str) -> Callable[[Any], str]:
    def say(_error: Any) -> str:
        return sentence

    return say


_SENTENCES: dict[type[BaseException], Callable[[Any], str]] = {
    InputError: _own_reason,
    NotFoundError: _not_found,
    PermissionDeniedError: _own_reason,
    LimitError: _own_reason,
    ServiceStoppingError: _constant("I am just being restarted. Try again in a minute."),
    CancelledJobError: _constant("Cancelled. Start again whenever you like."),
    app_commands.CommandSignatureMismatch: _constant(
        "This command has just been renewed. Reload Discord (Ctrl+R) and send it again."
    ),
    app_commands.CommandNotFound: _constant(
        "This command does not exist any more. Reload Discord (Ctrl+R) and look with /help what there is."
    ),
    app_commands.TransformerError: _constant("One of the options cannot be read. Check the values and send it again."),
    app_commands.CheckFailure: _constant("You may not use this command here. Ask someone who manages this server."),
}
"""The person can do something about these."""

_FAULTS: dict[type[BaseException], Callable[[Any], str]] = {
    WorkerLostError: _constant("The music engine stopped more than once on this job. Try again with fewer bars."),
    JobTimeoutError: _constant("This took too long and was stopped. Try again with fewer bars or a shorter file."),
    DeviceMemoryError: _constant("The music engine ran out of memory. Try again with fewer bars or a shorter file."),
    CheckpointError: _constant("The networks' weights could not be loaded. Ask whoever runs me to look at the log."),
    InferenceError: _constant("The music engine could not answer. Try again; a smaller request may help."),
    StorageError: _constant("My memory did not answer just now. Try again in a minute."),
    RenderError: _constant("Sound or picture could not be made. Try again; fewer bars may help."),
    ConfigurationError: _constant("I am not set up completely. Ask whoever runs me to look at the log."),
    TuttiError: _constant("That did not work this time. Try again in a minute."),
    Exception: _constant("Something went wrong on my side. Try again, and tell whoever runs me if it stays."),
}
"""These are ours; their sentence comes with a reference."""


def explain(error: BaseException) -> Explanation:
    """Return what to say about ``error``; wrappers of discord.py are opened first."""
    inner: BaseException = error
    while isinstance(inner, app_commands.CommandInvokeError):
        inner = inner.original
    for kind in type(inner).__mro__:
        if kind in _SENTENCES:
            return Explanation(make_plain(_SENTENCES[kind](inner), limit=MAX_SENTENCE_LENGTH))
        if kind in _FAULTS:
            return Explanation(
                make_plain(_FAULTS[kind](inner), limit=MAX_SENTENCE_LENGTH), reference=secrets.token_hex(4)
            )
    return Explanation(_FAULTS[Exception](inner), reference=secrets.token_hex(4))
