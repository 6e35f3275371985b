"""Messages between the bot and the media workers. It knows nothing of processes.

Frozen msgspec structs as MessagePack over pipes; one request at a time in a worker, one answer to each.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from media.song_facts import ConflictSide, GraphRevision, SongFacts
from music.forms.plan import FormPlan
from music.piece import Piece

AudioFormat = Literal["ogg", "mp3", "flac", "wav"]
MAX_SCORE_PAGES = 100
"""A PDF holds no more; a longer score is better read as MusicXML."""
ScoreForm = Literal["png", "pdf", "musicxml"]
Synthesizer = Literal["auto", "library", "program"]
"""FluidSynth as a library with a resident font, or as a program through midi2audio; auto takes the library where there is one."""


class UploadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an upload may not exceed."""

    max_bytes: int
    max_notes: int
    max_minutes: int


class ReadUpload(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Turn an untrusted file into a piece."""

    filename: str
    data: bytes
    limits: UploadLimits
    is_sound: bool = False  # a clip of one voice is meant, not a file of notes


class Render(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Turn a piece into a sound file of at most ``size_limit_bytes`` and ``max_seconds``.

    ``stop_ticks``: the piece is the beginning of a longer one; the sound fades out there, and is kept for the whole.
    """

    piece: Piece
    audio_format: AudioFormat
    size_limit_bytes: int
    max_seconds: float
    soundfont: str
    synthesizer: Synthesizer = "auto"
    stop_ticks: int | None = None


class DrawPianoRoll(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Draw a piece, and what changed since ``before``; its first bar is called ``first_bar`` + 1."""

    piece: Piece
    before: Piece | None
    first_bar: int = 0


class DrawTakes(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Draw several takes of one wish, one under the other; without ``names`` they are numbered."""

    takes: tuple[Piece, ...]
    names: tuple[str, ...] = ()


class HistoryNode(msgspec.Struct, frozen=True, kw_only=True):
    """One revision in the picture of a song's history; ``piece`` is encoded (music/codec.py), empty for a deleted one.

    ``parent_index``: which node it stands on, an earlier one; ``source_number``: the number of one that is not in the picture.
    """

    number: int
    label: str
    piece: bytes = b""
    parent_index: int | None = None
    source_number: int | None = None
    is_starred: bool = False
    is_newest: bool = False


class DrawHistory(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Draw the graph of a song's revisions, parents before children."""

    nodes: tuple[HistoryNode, ...]


class DrawPlan(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Draw the plan of a song."""

    plan: FormPlan


class DrawSong(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Draw the arrangement of a song made together; the picture carries ``chunk``, a JSON text."""

    piece: Piece
    facts: SongFacts
    chunk: str = ""


class DrawConflict(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Draw what two sides made of bars ``start_bar`` to before ``stop_bar`` (from 0) of one layer, and what they set out from.

    Each side's layer is the track of that index, None where the layer is not there; ``sides`` are ours and theirs.
    """

    layer_name: str
    start_bar: int
    stop_bar: int
    ours: Piece
    theirs: Piece
    base: Piece | None
    ours_track: int | None
    theirs_track: int | None
    base_track: int | None
    sides: tuple[ConflictSide, ConflictSide]


class DrawGraph(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Draw the graph of a song made together, newest revision first."""

    title: str
    revisions: tuple[GraphRevision, ...]


class WriteMIDI(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Turn a piece into a Standard MIDI File that carries ``recipe`` and ``credit_lines``."""

    piece: Piece
    recipe: str
    credit_lines: tuple[str, ...] = ()


class RenderStem(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Turn one track of a piece into a sound file, as loud and as long as it is in the whole piece."""

    piece: Piece
    track_index: int
    audio_format: AudioFormat
    size_limit_bytes: int
    max_seconds: float
    soundfont: str
    synthesizer: Synthesizer = "auto"


class EngraveScore(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Write a piece, or one part of it by number or name, as sheet music in some forms."""

    piece: Piece
    forms: tuple[ScoreForm, ...]
    part: str | None = None
    title: str = ""
    credit_line: str = ""
    rights: str = ""


class WarmUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told at its start, when it will make sound."""

    soundfont: str
    synthesizer: Synthesizer


class PieceRead(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer to ``ReadUpload``."""

    piece: Piece


class Rendering(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer to ``Render``. ``is_shortened`` says that the sound stops before the piece does."""

    audio: bytes
    filename_suffix: str  # with the dot
    duration_seconds: float
    loudness_lufs: float | None  # None for silence
    is_shortened: bool


class Picture(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer to every request to draw: a PNG file and its description in words."""

    png: bytes
    alt_text: str


class MIDIWritten(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer to ``WriteMIDI``."""

    data: bytes


class EngravedScore(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer to ``EngraveScore``; forms that nobody asked for are empty. ``png`` is the first page."""

    musicxml: bytes = b""
    png: bytes = b""
    pdf: bytes = b""
    num_pages: int = 0
    alt_text: str = ""


class MediaFailure(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Why there is no answer. ``is_input`` tells the user's fault from ours; ``details`` (a traceback) is for the log."""

    is_input: bool
    error: str  # the name of the class in core/errors.py
    message: str
    details: str = ""


DrawRequest = DrawPianoRoll | DrawTakes | DrawHistory | DrawPlan | DrawSong | DrawConflict | DrawGraph
MediaRequest = ReadUpload | Render | RenderStem | EngraveScore | WriteMIDI | DrawRequest
MediaAnswer = PieceRead | Rendering | EngravedScore | Picture | MIDIWritten | MediaFailure
