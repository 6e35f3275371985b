"""The values that services take and give: orders, jobs, progress, revisions, replies. They know nothing of Discord.

Identifiers of people, places and messages are plain integers. Names (keys, genres, instruments, metres) are as people
type them; the services turn them into requests. Bars that people type or read count from 1 and include the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from bot.services.options import Options
from core.errors import TuttiError
from music.constraints import Check

if TYPE_CHECKING:
    from bot.services.exports.recipes import Recipe  # which knows the operations, which know this file

JobStatus = Literal["queued", "running", "finished", "failed", "cancelled"]
Stage = Literal["waiting", "reading", "writing", "rendering", "restarting"]

DEFAULT_SIZE_LIMIT_BYTES = 10 * 1024 * 1024
"""What every Discord server takes in one message."""


# --- who and where -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person. ``is_moderator``: may remove other people's results in this place. ``role_ids``: what the server calls them."""

    user_id: int
    name: str
    is_moderator: bool = False
    role_ids: frozenset[int] = frozenset()


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
class JobOrder:
    """One wish, complete. Its operation follows from the type of ``options``.

    ``reply_token`` is the presenter's own text: all it needs to find the acknowledgement again after a restart. It is
    stored until the job is answered, then forgotten. ``parent_revision_id`` links a result to another that it was not
    made from (“Again” on a piece written from nothing); a ``FromRevision`` source is a parent anyway. ``num_takes``: so many
    results of different seeds in one answer.
    """

    author: Author
    place: Place
    options: Options
    source: Source | None = None
    parent_revision_id: int | None = None
    reply_token: str = ""
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES
    num_takes: int = 1


# --- what is going on ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as it stands. ``seed`` is drawn when the job is accepted, so every repeat gives the same bytes.

    ``message_id`` is the acknowledgement that ``attach_message`` made known; the reply is an edit of it.
    """

    job_id: int
    kind: str
    author: Author
    place: Place
    status: JobStatus
    options: Options
    seed: int
    operation: str
    reply_token: str
    created_at: datetime
    message_id: int | None = None
    source_name: str = ""  # file name of an upload
    source_revision_id: int | None = None
    parent_revision_id: int | None = None
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES
    num_takes: int = 1


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

    ``early``: what can be heard already. It belongs to this state: a later one without it takes it back. ``step``: of
    an operation of several steps, which one this is about, in words.
    """

    stage: Stage
    num_done: int = 0
    num_total: int = 0
    unit: str = "bar"
    queue_place: int | None = None
    eta_seconds: float | None = None
    early: EarlySound | None = None
    step: str = ""


# --- what came out -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """One immutable state of a song. ``options`` is None for an upload, ``checkpoint_id`` and ``seed`` too.

    ``take_number`` (from 1) of ``num_takes``: which of several takes it is in the message that shows it.
    """

    revision_id: int
    song_id: int
    parent_ids: tuple[int, ...]
    operation: str
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
    recipe: Recipe | None = None  # of an upload: how the file says that it came to be
    take_number: int = 1
    num_takes: int = 1


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
class SongLine:
    """Where a revision stands in a shared song: ``branch`` is its branch's name, None for a candidate that no branch took.

    ``target``: the branch that a candidate would be rebased onto, None when there is none. ``is_head``: nothing came after it.
    """

    shared_song_id: int
    title: str
    branch: str | None
    is_head: bool
    target: str | None = None
    is_take: bool = False  # a candidate because somebody is still to pick it, not because it came late
    reason: str = ""  # why no branch took a candidate, if not because it came late


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Everything that answers a job. Without sound or picture (None) ``remarks`` say why; the text always arrives.

    ``changes``: what an edit changed, in lines; ``audio_before`` is then what it was made from. ``shared_run_notes``: at most so many notes in a row of what we wrote stand in the training music, too (0: fewer than
    are ever counted; None: not measured). ``line``: where it stands in a song that people make together;
    ``account``: what a merge brought from where, a line for each layer.
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
    audio_before: File | None = None
    changes: tuple[str, ...] = ()
    line: SongLine | None = None
    account: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[File, ...]:
        """Audio (first what was before), MIDI, picture, in the order in which people want them."""
        return tuple(file for file in (self.audio_before, self.audio, self.midi, self.picture) if file is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakesReply:
    """What answers a job of several takes: each as a reply without a picture, and one picture of all.

    ``num_asked`` is more than there are when some could not be written. ``suggested``: the place of the take that this server may
    like best, by its votes; None where nobody asked to learn from them, or too little is known.
    """

    takes: tuple[Reply, ...]
    picture: File | None
    alt_text: str
    num_asked: int
    remarks: tuple[str, ...] = ()
    suggested: int | None = None

    @property
    def files(self) -> tuple[File, ...]:
        """Every take's sound, every take's MIDI file, the picture."""
        sounds = tuple(take.audio for take in self.takes if take.audio is not None)
        midis = tuple(take.midi for take in self.takes)
        return (*sounds, *midis) if self.picture is None else (*sounds, *midis, self.picture)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBundle:
    """What answers a job that asks for files of ``revision``: the files of each message, in order.

    ``alt_texts``: pictures in words, by file name. ``remarks`` say what was stepped down or split to fit.
    """

    revision: RevisionView
    messages: tuple[tuple[File, ...], ...]
    alt_texts: Mapping[str, str]
    remarks: tuple[str, ...] = ()


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

    async def show_takes(self, job: JobView, reply: TakesReply) -> int:
        """Turn the acknowledgement into a reply of several takes; otherwise like ``show_reply``."""
        ...

    async def show_files(self, job: JobView, bundle: FileBundle) -> None:
        """Turn the acknowledgement into the bundle's first message and post the others; otherwise like ``show_reply``."""
        ...

    async def show_error(self, job: JobView, error: TuttiError) -> None:
        """Turn the acknowledgement into one sentence that says what went wrong and what to do."""
        ...
