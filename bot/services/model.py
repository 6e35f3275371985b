"""The values that services take and give: orders, jobs, progress, revisions, replies. They know nothing of Discord.

Identifiers of people, places and messages are plain integers. Names (keys, genres, instruments, metres) are as people
type them; the services turn them into requests. Bars that people type or read count from 1 and include the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from core.errors import TuttiError
from music.constraints import Check

JobKind = Literal["generate", "harmonize", "remix"]
Operation = Literal["generate", "continue", "harmonize", "remix", "upload"]
JobStatus = Literal["queued", "running", "finished", "failed", "cancelled"]
Preset = Literal["safe", "balanced", "wild"]
HarmonyStyle = Literal["chorale", "chords", "piano", "band", "track", "melody", "fill"]
RemixChange = Literal["pitch", "rhythm"]
Stage = Literal["waiting", "reading", "writing", "rendering", "restarting"]

PRESETS: tuple[Preset, ...] = ("safe", "balanced", "wild")
DENSITIES: dict[str, int] = {"sparse": 1, "light": 3, "medium": 4, "busy": 6, "dense": 7}
"""What people call how many notes there are, and the class of ``music.vocabulary.DENSITY_LIMITS`` that they mean."""
DEFAULT_NUM_BARS = 16
DEFAULT_SIZE_LIMIT_BYTES = 10 * 1024 * 1024
"""What every Discord server takes in one message."""


# --- who and where -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person. ``is_moderator``: may remove other people's results in this place."""

    user_id: int
    name: str
    is_moderator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel; ``guild_id`` is None in direct messages and on the command line."""

    guild_id: int | None
    channel_id: int


# --- what is asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that somebody gave: untrusted."""

    filename: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRevision:
    """The piece of an earlier result."""

    revision_id: int


Source = Upload | FromRevision


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingWishes:
    """What somebody sets beside the preset; None keeps the preset's value. ``temperature`` stands for all three."""

    temperature: float | None = None
    temperature_notes: float | None = None  # pitches and chords
    temperature_rhythm: float | None = None  # positions, lengths, loudness, metre and tempo
    temperature_instruments: float | None = None  # who plays next, and on what
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition: float | None = None
    memory_events: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateOptions:
    """Write a new piece, or continue the job's source. None and empty leave the choice to the network or the source.

    ``num_bars`` counts new bars; without it ``DEFAULT_NUM_BARS`` are written. ``density`` is a name of ``DENSITIES``.
    """

    genre: str | None = None
    second_genre: str | None = None
    key: str | None = None
    tempo_bpm: float | None = None
    metre: str | None = None
    num_bars: int | None = None
    instruments: tuple[str, ...] = ()
    density: str | None = None
    preset: str = "balanced"
    sampling: SamplingWishes = SamplingWishes()
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonizeOptions:
    """Add to the source what it lacks; what it has stays note for note, except in a hole that is to be filled.

    ``instruments``: who plays what is added. ``chords``: a chart such as "Dm7 | G7 | Cmaj7 A7" that is followed exactly.
    ``bars`` (first, last; from 1, both included) and ``track`` (from 1) are the hole of the style fill; for the styles that
    go with a melody, ``track`` says where it is.
    """

    style: str = "chorale"
    instruments: tuple[str, ...] = ()
    chords: str = ""
    bars: tuple[int, int] | None = None
    track: int | None = None
    preset: str = "balanced"
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixOptions:
    """Change pitches or rhythm of a ``share`` (0..1) of the notes in ``bars`` (first, last; from 1, both included)."""

    change: str = "pitch"
    share: float = 0.5
    bars: tuple[int, int] | None = None
    preset: str = "balanced"
    seed: int | None = None


Options = GenerateOptions | HarmonizeOptions | RemixOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOrder:
    """One wish, complete. Its kind follows from the type of ``options``.

    ``reply_token`` is the presenter's own text: all it needs to find the acknowledgement again after a restart. It is
    stored until the job is answered, then forgotten. ``parent_revision_id`` links a result to another that it was not
    made from (“Again” on a piece written from nothing); a ``FromRevision`` source is a parent anyway.
    """

    author: Author
    place: Place
    options: Options
    source: Source | None = None
    parent_revision_id: int | None = None
    reply_token: str = ""
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES

    @property
    def kind(self) -> JobKind:
        return kind_of(self.options)


def kind_of(options: Options) -> JobKind:
    """Return the kind of job that these options ask for."""
    match options:
        case GenerateOptions():
            return "generate"
        case HarmonizeOptions():
            return "harmonize"
        case RemixOptions():
            return "remix"


# --- what is going on ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as it stands. ``seed`` is drawn when the job is accepted, so every repeat gives the same bytes.

    ``message_id`` is the acknowledgement that ``attach_message`` made known; the reply is an edit of it.
    """

    job_id: int
    kind: JobKind
    author: Author
    place: Place
    status: JobStatus
    options: Options
    seed: int
    operation: Operation
    reply_token: str
    created_at: datetime
    message_id: int | None = None
    source_name: str = ""  # file name of an upload
    source_revision_id: int | None = None
    parent_revision_id: int | None = None
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A finished file with a name that is safe everywhere."""

    filename: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlySound:
    """The first ``num_bars`` of ``num_total`` bars as a sound file, while the rest is still being written."""

    file: File
    num_bars: int
    num_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """Real work done so far. ``queue_place`` (1 is next) only while waiting; ``num_total`` 0 means not countable.

    ``early``: what can be heard already. It belongs to this state: a later one without it takes it back.
    """

    stage: Stage
    num_done: int = 0
    num_total: int = 0
    unit: str = "bar"
    queue_place: int | None = None
    eta_seconds: float | None = None
    early: EarlySound | None = None


# --- what came out -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """One immutable state of a song. ``options`` is None for an upload, ``checkpoint_id`` and ``seed`` too."""

    revision_id: int
    song_id: int
    parent_ids: tuple[int, ...]
    operation: Operation
    options: Options | None
    seed: int | None
    checkpoint_id: str | None
    author: Author
    created_at: datetime
    num_notes: int
    num_bars: int
    duration_seconds: float
    place: Place
    message_id: int | None = None
    title: str = ""
    piece_hash: str = ""
    is_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing worth knowing about a result, for people: ``Fact(name="Key", value="C minor")``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChordSheet:
    """A result's chords by bars. ``chart``: "Dm7 | G7"; ``numerals``: "ii7 | V7"; ``key``: "C major". Empty without any."""

    chart: str = ""
    numerals: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Everything that answers a job. Without sound or picture (None) ``remarks`` say why; the text always arrives.

    ``shared_run_notes``: at most so many notes in a row of what we wrote stand in the training music, too (0: fewer than
    are ever counted; None: not measured).
    """

    revision: RevisionView
    parents: tuple[RevisionView, ...]
    checks: tuple[Check, ...]
    chord_names: tuple[str, ...]
    midi: File
    audio: File | None
    picture: File | None
    alt_text: str
    facts: tuple[Fact, ...]
    shared_run_notes: int | None = None
    remarks: tuple[str, ...] = ()
    chord_sheet: ChordSheet = ChordSheet()

    @property
    def files(self) -> tuple[File, ...]:
        """Audio, MIDI, picture, in the order in which people want them."""
        return tuple(file for file in (self.audio, self.midi, self.picture) if file is not None)


class Presenter(Protocol):
    """Shows jobs to people. Implemented for Discord by ``bot/ui`` and for files by the command line.

    Every method may be called again for the same job after a restart and then must change the same message, never make
    a second one. ``show_progress`` is called for every step: return soon, and show the latest at a rate of your own.
    """

    async def show_progress(self, job: JobView, progress: ProgressView) -> None:
        """Show how far the job is; failures here never hurt the job."""
        ...

    async def show_reply(self, job: JobView, reply: Reply) -> int:
        """Turn the acknowledgement into the reply and return the id of the message that now holds it.

        Raises:
            core.errors.NotFoundError: when the acknowledgement is gone and no other message can be made: the job ends.
            core.errors.PermissionDeniedError: when a right is missing for good: the job ends, ``show_error`` is tried.
            core.errors.TuttiError: for a passing trouble; the service tries again later.
        """
        ...

    async def show_error(self, job: JobView, error: TuttiError) -> None:
        """Turn the acknowledgement into one sentence that says what went wrong and what to do."""
        ...
