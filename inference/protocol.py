"""Messages between the bot and the workers: requests, progress, results, failures. It knows nothing of processes.

Frozen msgspec structs, tagged, sent as MessagePack over pipes and never pickled. A job is one request; the reply is a
stream of ``Progress`` (and ``FinishedBars``, where asked for) and then exactly one ``Result`` or ``Failure``.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from music.constraints import AskedChord, BarRange, Check, Constraints, Scale
from music.piece import Piece

Task = Literal["generate", "harmonize", "remix", "describe"]
HarmonyTask = Literal["chorale", "chords", "piano", "band", "track", "melody", "fill"]
"""What the harmonizer adds: three voices under a melody; chords; a piano or a band for a melody; a part for the other parts;
a melody over chords; what is missing in a hole of bars of one track.
"""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """Anything that crosses the border between processes."""

    job_id: str


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How to choose from a distribution. Temperature 0 takes the most likely and ignores the seed."""

    temperature_notes: float = 1.0  # pitches and chords
    temperature_rhythm: float = 1.0  # positions, durations, velocities
    temperature_instruments: float = 1.0  # which track plays next, which program
    top_k: int = 0  # 0: off
    top_p: float = 1.0
    min_p: float = 0.0
    repetition: float = 1.0  # above 1: literal repetition becomes less likely
    key_pull: float = 1.0  # above 1: tones outside a new song's key are so many times less likely


class SectionWishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is wished in some of the new bars in place of what is wished in all; None: the same."""

    bars: BarRange
    density: int | None = None
    syncopation: float | None = None


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """Wishes that steer a network without binding it. What must hold is in ``Constraints``."""

    genre: str | None = None
    second_genre: str | None = None
    density: int | None = None  # notes per bar class, 0 (sparse) .. 7 (dense)
    has_firm_density: bool = False  # the density is leaned to note by note, too, as those of sections always are
    syncopation: float = 0.0  # above 0: more is played off the beat, below 0: less; some 2 is a lot
    key: Scale | None = None  # the song's key where none binds it
    sections: tuple[SectionWishes, ...] = ()  # no two of them overlap


class GenerateRequest(Message, frozen=True, kw_only=True, tag="generate"):
    """Write a new piece, or go on from the end of ``prompt``."""

    seed: int
    constraints: Constraints
    controls: Controls = Controls()
    sampling: Sampling = Sampling()
    prompt: Piece | None = None
    memory_length: int | None = None  # events; None: the checkpoint's own
    wants_early_bars: bool = False  # also send ``FinishedBars``; changes nothing of the result


class HarmonyWishes(msgspec.Struct, frozen=True, kw_only=True):
    """What chords are to be like. All but "many" and "rich", which lean, are rules."""

    chords_per_bar: int | None = None  # 1, 2 or 4: chords change there and nowhere else
    sevenths: Literal["none", "some", "many"] = "some"
    complexity: Literal["simple", "usual", "rich"] = "usual"  # simple: major and minor triads only
    cadence: Literal["authentic", "plagal", "half", "deceptive"] | None = None  # the last two chords
    follows_dynamics: bool = False  # written voices and chords are as loud as the melody around them


class VoiceRange(msgspec.Struct, frozen=True, kw_only=True):
    """What a written voice of a chorale may sing: MIDI pitches, both included."""

    voice: Literal["alto", "tenor", "bass"]
    low: int
    high: int


class HarmonizeRequest(Message, frozen=True, kw_only=True, tag="harmonize"):
    """Add what is missing to ``piece``; everything given stays note for note, except what lies inside a hole.

    ``target_instruments`` (programs 0..127, ``DRUM_PROGRAM`` for drums) are the parts to add, in order: one at least for
    "track", one at most for "melody" and "piano", any number for "band" (none: the network chooses), unused by "fill".
    ``bars`` and ``track`` are the hole of "fill" and both set for it: notes of that track that begin in those bars are not
    read and give way to new ones. ``chords`` do not overlap, are sorted, and are forced; where none is asked, the network
    chooses.
    """

    seed: int
    piece: Piece
    style: HarmonyTask = "chorale"
    melody_track: int | None = None  # index into the piece's tracks; None: found by analysis
    target_instruments: tuple[int, ...] = ()
    bars: BarRange | None = None
    track: int | None = None  # index into the piece's tracks
    chords: tuple[AskedChord, ...] = ()
    harmony: HarmonyWishes = HarmonyWishes()
    voice_ranges: tuple[VoiceRange, ...] = ()
    constraints: Constraints = Constraints()
    sampling: Sampling = Sampling()


RemixField = Literal["pitch", "rhythm", "velocity", "instrument"]


class RemixRequest(Message, frozen=True, kw_only=True, tag="remix"):
    """Change a share of the notes' fields inside ``bars``; everything else stays as it is.

    ``changes`` names several fields at once; empty: only ``change``. ``voices``: of notes of a track that sound together, only
    the highest, the lowest, or those in between. ``pitches`` (lowest and highest, both included; never drums) narrows what is
    changed, ``constraints.pitch_range`` what it becomes. ``constraints.instruments`` are those that a track may be given.
    """

    seed: int
    piece: Piece
    change: RemixField = "pitch"
    changes: tuple[RemixField, ...] = ()
    share: float = 0.5  # of the notes in reach, 0..1
    bars: BarRange | None = None
    tracks: tuple[int, ...] = ()  # empty: all
    voices: Literal["all", "top", "inner", "bottom"] = "all"
    pitches: tuple[int, int] | None = None
    constraints: Constraints = Constraints()
    sampling: Sampling = Sampling()


class DescribeRequest(Message, frozen=True, kw_only=True, tag="describe"):
    """Say of what genre a piece seems to be, and give its embedding; the piece comes back as it is."""

    piece: Piece


class GenreChance(msgspec.Struct, frozen=True, kw_only=True):
    """How likely a genre is, 0..1, as far as the network knows."""

    genre: str
    chance: float


class Cancel(Message, frozen=True, kw_only=True, tag="cancel"):
    """Stop the job; the worker answers with a ``Failure`` of code ``cancelled``."""


class Progress(Message, frozen=True, kw_only=True, tag="progress"):
    """Real work done so far, never a timer. ``unit`` is bar or pass."""

    stage: str
    num_done: int
    num_total: int
    unit: Literal["bar", "pass"] = "bar"


class FinishedBars(Message, frozen=True, kw_only=True, tag="bars"):
    """The first ``num_bars`` of ``num_total`` new bars: they will not change any more, the rest is still being written.

    ``piece`` begins with the first new bar. It holds every note that begins before ``stop_ticks``, the end of the last
    finished bar; a note that is held beyond may yet be cut by a later one of its pitch.
    """

    piece: Piece
    num_bars: int
    num_total: int
    stop_ticks: int


class Result(Message, frozen=True, kw_only=True, tag="result"):
    """The finished piece. ``chord_names`` is filled by the harmonizer, one per chord in order."""

    piece: Piece
    checkpoint_id: str
    checks: tuple[Check, ...] = ()
    chord_names: tuple[str, ...] = ()
    num_events: int = 0  # decoded by the network
    decode_seconds: float = 0.0
    genres: tuple[GenreChance, ...] = ()  # of a description, the likeliest first; empty when the network knows none
    embedding: tuple[float, ...] = ()  # of a description: near vectors mean like pieces


FailureCode = Literal["input", "cancelled", "timeout", "memory", "checkpoint", "worker_lost", "stopping", "internal"]


class Failure(Message, frozen=True, kw_only=True, tag="failure"):
    """Why there is no result. ``message`` may be shown for code ``input``; ``details`` (a traceback) is for the log."""

    code: FailureCode
    message: str
    details: str = ""


DEFAULT_DECODERS = "inference.runner:load_decoders"


class WorkerSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told when it starts. ``decoders`` names the function that loads the networks, as ``module:function``.

    ``max_running_jobs`` is how many it works on at the same time, each in a lane of its own.
    """

    weights_folder: str
    device: str = "auto"
    engine: str = "auto"
    decoders: str = DEFAULT_DECODERS
    heartbeat_seconds: float = 1.0
    max_running_jobs: int = 1


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready", tag_field="type"):
    """A worker has loaded and warmed up its networks."""

    process_id: int
    device: str
    checkpoint_ids: dict[str, str]
    load_seconds: float
    node: str = ""  # the machine, when it is not the bot's own


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat", tag_field="type"):
    """A worker is alive and between two steps."""

    memory_bytes: int


class Company(msgspec.Struct, frozen=True, kw_only=True, tag="company", tag_field="type"):
    """A worker of a cluster has ``num_other_jobs`` of other bots, and takes up to ``num_places`` jobs of this one."""

    num_other_jobs: int
    num_places: int


Request = GenerateRequest | HarmonizeRequest | RemixRequest | DescribeRequest
ToWorker = GenerateRequest | HarmonizeRequest | RemixRequest | DescribeRequest | Cancel
FromWorker = Progress | FinishedBars | Result | Failure | Ready | Heartbeat | Company

_Decoded = TypeVar("_Decoded")

_encoder = msgspec.msgpack.Encoder()
_to_worker_decoder = msgspec.msgpack.Decoder(ToWorker)
_from_worker_decoder = msgspec.msgpack.Decoder(FromWorker)
_setup_decoder = msgspec.msgpack.Decoder(WorkerSetup)


def encode_message(message: ToWorker | FromWorker | WorkerSetup) -> bytes:
    """Return a message as one frame."""
    return _encoder.encode(message)


def decode_to_worker(frame: bytes) -> ToWorker:
    """Return the request or cancellation in ``frame``.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_to_worker_decoder, frame)


def decode_from_worker(frame: bytes) -> FromWorker:
    """Return the worker's message in ``frame``.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_from_worker_decoder, frame)


def decode_setup(frame: bytes) -> WorkerSetup:
    """Return the start-up message in ``frame``.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_setup_decoder, frame)


def decode_frame(decoder: msgspec.msgpack.Decoder[_Decoded], frame: bytes) -> _Decoded:
    """Return what a frame says.

    Raises:
        msgspec.MsgspecError: for anything else, also for a text that is no UTF-8, where msgspec itself raises another class.
    """
    try:
        return decoder.decode(frame)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("the frame has a text that is not UTF-8") from error
