"""The whole exception hierarchy. It knows nothing of who raises or shows the errors.

    TuttiError
    ├── InputError            what the user gave cannot be used
    │   ├── MIDIFileError         not a readable MIDI file
    │   ├── MusicXMLFileError     not a readable MusicXML file
    │   ├── ABCFileError          not a readable tune in ABC notation
    │   ├── UploadTooLargeError   more bytes, notes or minutes than we take
    │   ├── UnknownNameError      a key, genre, instrument, metre or preset we do not know
    │   ├── BarRangeError         bars outside the piece
    │   ├── UnsupportedMetreError a metre the networks cannot write
    │   └── NoMusicError          nothing to work on
    ├── NotFoundError         a message, revision or job that is gone
    ├── PermissionDeniedError somebody else's thing, or a right that the bot lacks
    │   └── ForgedPressError      a button, menu or form that we never showed
    ├── LimitError            queue full, quota reached
    ├── CancelledJobError     the user pressed Cancel
    ├── InferenceError        the networks could not answer
    │   ├── WorkerLostError       a worker process died or hung
    │   ├── JobTimeoutError       the time limit of a job passed
    │   ├── DeviceMemoryError     the device ran out of memory
    │   ├── CheckpointError       weights missing, damaged or made for another vocabulary
    │   └── ServiceStoppingError  the bot shuts down; what is unfinished starts again with it
    ├── StorageError          the database failed
    ├── RenderError           sound or picture could not be made
    ├── ChildLostError        a child process died; inference and media translate it before a user could see it
    └── ConfigurationError    a setting is missing or wrong

Errors carry data; the sentence a user reads is made in ``bot/error_messages.py`` from that data.
"""

from __future__ import annotations


class TuttiError(Exception):
    """Root of everything we raise on purpose."""


class InputError(TuttiError):
    """What the user gave cannot be used; ``reason`` is one plain sentence that says what to do instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MIDIFileError(InputError):
    """The bytes are not a readable Standard MIDI File."""


class MusicXMLFileError(InputError):
    """The bytes are not readable, or not safe, MusicXML."""


class ABCFileError(InputError):
    """The text is not a readable tune in ABC notation."""


class UploadTooLargeError(InputError):
    """An upload exceeds a limit; ``what`` names the measure (bytes, notes, minutes)."""

    def __init__(self, *, what: str, limit: int, actual: int | None = None) -> None:
        found = f" (this one has {actual:,})" if actual is not None else ""
        super().__init__(f"The file is too large: at most {limit:,} {what}{found}. Send a shorter piece.")
        self.what = what
        self.limit = limit
        self.actual = actual


class UnknownNameError(InputError):
    """A name (genre, key, instrument, metre, preset) that we do not know, with the nearest ones we do."""

    def __init__(self, *, kind: str, name: str, suggestions: tuple[str, ...] = ()) -> None:
        hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
        super().__init__(f"I do not know the {kind} “{name}”.{hint}")
        self.kind = kind
        self.name = name
        self.suggestions = suggestions


class BarRangeError(InputError):
    """Bars that the piece does not have. Bars are counted from 1 in everything people read."""

    def __init__(self, *, start_bar: int, stop_bar: int, num_bars: int) -> None:
        super().__init__(f"Bars {start_bar}-{stop_bar} are not in this piece: it has bars 1-{num_bars}.")
        self.start_bar = start_bar
        self.stop_bar = stop_bar
        self.num_bars = num_bars


class UnsupportedMetreError(InputError):
    """A metre that the networks cannot write."""

    def __init__(self, *, metre: str, supported: tuple[str, ...]) -> None:
        super().__init__(f"I cannot write in {metre}. Choose one of {', '.join(supported)}.")
        self.metre = metre
        self.supported = supported


class NoMusicError(InputError):
    """There is nothing to work on."""


class NotFoundError(TuttiError):
    """A message, revision or job that does not exist (any more)."""

    def __init__(self, *, what: str, identifier: str = "") -> None:
        super().__init__(f"{what} {identifier} not found".replace("  ", " "))
        self.what = what
        self.identifier = identifier


class PermissionDeniedError(TuttiError):
    """Somebody else's thing, or a right that the bot lacks; ``reason`` says which and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ForgedPressError(PermissionDeniedError):
    """A press of something that we never showed, or that was changed on its way to us."""

    def __init__(self) -> None:
        super().__init__(
            "I did not put that there, or it was changed on its way, so I did nothing. Use the buttons under a message of mine."
        )


class LimitError(TuttiError):
    """Too much at once; ``reason`` says which limit and how long to wait."""

    def __init__(self, reason: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class CancelledJobError(TuttiError):
    """The user cancelled the job."""


class InferenceError(TuttiError):
    """The networks could not answer."""

    def __init__(self, message: str = "", *, job_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.job_id = job_id


class WorkerLostError(InferenceError):
    """A worker process died or hung more often than a job is repeated."""


class JobTimeoutError(InferenceError):
    """The time limit of a job passed."""


class DeviceMemoryError(InferenceError):
    """The device ran out of memory."""


class CheckpointError(InferenceError):
    """Weights are missing, damaged, or made for another vocabulary."""


class ServiceStoppingError(InferenceError):
    """The bot shuts down: the job was not done, and nothing is wrong with it."""


class StorageError(TuttiError):
    """The database failed; ``max_attempts`` is how often in all the same transaction may be tried before there is no use in it."""

    def __init__(self, message: str = "", *, max_attempts: int = 1) -> None:
        super().__init__(message)
        self.max_attempts = max_attempts


class RenderError(TuttiError):
    """Sound or picture could not be made."""


class ChildLostError(TuttiError):
    """A child process died or had to be killed.

    ``cause`` is one of ``core.processes.LossCause``; ``exit_code`` is negative for a signal; ``output`` is the end of what the
    process printed, for the log.
    """

    def __init__(self, *, name: str, cause: str, exit_code: int | None = None, output: str = "") -> None:
        super().__init__(f"child process {name} was lost: {cause} (exit code {exit_code})")
        self.name = name
        self.cause = cause
        self.exit_code = exit_code
        self.output = output


class ConfigurationError(TuttiError):
    """A setting is missing or wrong; ``variable`` is its name in the environment."""

    def __init__(self, message: str, *, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable
