"""The only door to sound, pictures and untrusted files. It knows nothing of how they are made.

Requests go to child processes with limits on time and memory. Uploads have a child of their own, so that reading a file
never waits for somebody's long render; a child that is killed, hangs or grows too large is replaced, and the request
that did it gets an error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import msgspec
import structlog

from core import errors
from core.errors import ChildLostError, InputError, LimitError, RenderError
from core.metrics import Metrics, NullMetrics, RenderLabel
from core.processes import ChildLimits, ChildProcess
from core.settings import MediaSettings
from media.protocol import (
    AudioFormat,
    DrawConflict,
    DrawGraph,
    DrawHistory,
    DrawPianoRoll,
    DrawPlan,
    DrawRequest,
    DrawSong,
    DrawTakes,
    EngravedScore,
    EngraveScore,
    HistoryNode,
    MediaAnswer,
    MediaFailure,
    MediaRequest,
    MIDIWritten,
    Picture,
    PieceRead,
    ReadUpload,
    Render,
    Rendering,
    RenderStem,
    ScoreForm,
    UploadLimits,
    WarmUp,
    WriteMIDI,
)
from media.song_facts import GraphRevision, SongFacts
from media.sound_cache import SoundCache
from media.worker import serve
from music.forms.plan import FormPlan
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)
_decoder = msgspec.msgpack.Decoder(MediaAnswer)
_MAX_WAITING = 200
_UPLOAD_TIMEOUT_SECONDS = 9.0  # a person waits for the answer to a bad file at most ten
_LIMITS = ChildLimits(resident_bytes=2 * 2**30, max_frame_bytes=128 * 2**20)
_KINDS: dict[type, RenderLabel] = {
    Render: "audio",
    RenderStem: "audio",
    DrawPianoRoll: "picture",
    DrawTakes: "picture",
    DrawHistory: "picture",
    DrawPlan: "picture",
    DrawSong: "picture",
    DrawConflict: "picture",
    DrawGraph: "picture",
    EngraveScore: "picture",
    WriteMIDI: "midi",
}
DEFAULT_SIZE_LIMIT_BYTES = 10 * 2**20


class MediaClient:
    """Reads uploads, renders sound, draws piano rolls, writes MIDI. Use as an async context manager."""

    def __init__(self, settings: MediaSettings, *, metrics: Metrics | None = None) -> None:
        self._settings = settings
        self._metrics = metrics or NullMetrics()
        self._sounds = SoundCache(max_bytes=settings.sound_cache_bytes)
        self._readers = _Crew("media-reader", 1)
        warm_up = WarmUp(soundfont=settings.soundfont, synthesizer=settings.synthesizer)
        self._makers = _Crew("media-maker", settings.num_workers, argument=msgspec.msgpack.encode(warm_up))

    async def __aenter__(self) -> Self:
        await asyncio.gather(self._readers.start(), self._makers.start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.gather(self._readers.stop(), self._makers.stop())

    @property
    def is_ready(self) -> bool:
        """Whether a child of each kind runs."""
        return self._readers.is_ready and self._makers.is_ready

    async def read_upload(self, filename: str, data: bytes, *, is_sound: bool = False) -> Piece:
        """Return the piece in an untrusted file of notes; with ``is_sound``, the melody in a clip of one voice.

        Raises:
            InputError: with one sentence that says what to do instead.
        """
        settings = self._settings
        if len(data) > settings.max_upload_bytes:  # not even sent to the child
            raise errors.UploadTooLargeError(what="bytes", limit=settings.max_upload_bytes, actual=len(data))
        limits = UploadLimits(
            max_bytes=settings.max_upload_bytes,
            max_notes=settings.max_upload_notes,
            max_minutes=settings.max_upload_minutes,
        )
        request = ReadUpload(filename=filename, data=data, limits=limits, is_sound=is_sound)
        start_seconds = time.perf_counter()
        try:
            answer = await self._readers.ask(request, timeout_seconds=_UPLOAD_TIMEOUT_SECONDS)
        except ChildLostError as error:
            raise InputError(
                "This file takes too long or too much memory to read. Send a shorter, simpler one."
            ) from error
        self._metrics.observe_render_seconds(kind="upload", seconds=time.perf_counter() - start_seconds)
        assert isinstance(answer, PieceRead)
        return answer.piece

    async def render(
        self,
        piece: Piece,
        *,
        size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES,
        audio_format: AudioFormat = "ogg",
        max_seconds: float | None = None,
        stop_ticks: int | None = None,
        soundfont: str = "",
    ) -> Rendering:
        """Return the sound of a piece at -16 LUFS, within ``size_limit_bytes``; what was made lately is not made again.

        ``stop_ticks``: more of the piece will follow; the sound fades out there. ``soundfont``: a path, another than the usual one.

        Raises:
            RenderError: if there is nothing to hear, or it cannot be made in time.
        """
        request = Render(
            piece=piece,
            audio_format=audio_format,
            size_limit_bytes=size_limit_bytes,
            max_seconds=max_seconds or self._settings.max_audio_seconds,
            soundfont=soundfont or self._settings.soundfont,
            synthesizer=self._settings.synthesizer,
            stop_ticks=stop_ticks,
        )
        if (cached := self._sounds.find(request)) is not None:
            return cached
        answer = await self._make(request)
        assert isinstance(answer, Rendering)
        self._sounds.keep(request, answer)
        return answer

    async def render_stem(
        self,
        piece: Piece,
        track_index: int,
        *,
        size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES,
        audio_format: AudioFormat = "flac",
        max_seconds: float | None = None,
        soundfont: str = "",
    ) -> Rendering:
        """Return the sound of one track, as loud and as long as it is in the whole piece: all of them sum to the piece.

        Raises:
            RenderError: if there is nothing to hear, or it cannot be made in time.
        """
        request = RenderStem(
            piece=piece,
            track_index=track_index,
            audio_format=audio_format,
            size_limit_bytes=size_limit_bytes,
            max_seconds=max_seconds or self._settings.max_audio_seconds,
            soundfont=soundfont or self._settings.soundfont,
            synthesizer=self._settings.synthesizer,
        )
        answer = await self._make(request)
        assert isinstance(answer, Rendering)
        return answer

    async def engrave_score(
        self,
        piece: Piece,
        *,
        forms: tuple[ScoreForm, ...],
        part: str | None = None,
        title: str = "",
        credit_line: str = "",
        rights: str = "",
    ) -> EngravedScore:
        """Return a piece, or one part of it by number (from 1) or name, as sheet music.

        Raises:
            InputError: for a part that there is not, or a piece without notes.
            RenderError: if it cannot be made in time.
        """
        request = EngraveScore(piece=piece, forms=forms, part=part, title=title, credit_line=credit_line, rights=rights)
        answer = await self._make(request)
        assert isinstance(answer, EngravedScore)
        return answer

    async def draw_piano_roll(self, piece: Piece, *, before: Piece | None = None, first_bar: int = 0) -> Picture:
        """Return the piano roll of a piece as PNG with alt text, differences from ``before`` marked.

        ``first_bar``: the piece is a part of a longer one, in which its first bar has this index.

        Raises:
            RenderError: if it cannot be made in time.
        """
        return await self._draw(DrawPianoRoll(piece=piece, before=before, first_bar=first_bar))

    async def draw_takes(self, takes: Sequence[Piece], *, names: tuple[str, ...] = ()) -> Picture:
        """Return the piano rolls of several takes of one wish, under their ``names``, as one PNG with alt text.

        Raises:
            RenderError: if it cannot be made in time.
        """
        return await self._draw(DrawTakes(takes=tuple(takes), names=names))

    async def draw_history(self, nodes: Sequence[HistoryNode]) -> Picture:
        """Return the graph of a song's revisions as PNG with alt text.

        Raises:
            RenderError: if it cannot be made in time.
        """
        return await self._draw(DrawHistory(nodes=tuple(nodes)))

    async def draw_plan(self, plan: FormPlan) -> Picture:
        """Return the plan of a song as PNG with alt text.

        Raises:
            RenderError: if it cannot be made in time.
        """
        return await self._draw(DrawPlan(plan=plan))

    async def draw_song(self, piece: Piece, facts: SongFacts, *, chunk: str = "") -> Picture:
        """Return the arrangement of a song made together as PNG with alt text; the file carries ``chunk``, a JSON text.

        Raises:
            RenderError: if it cannot be made in time.
        """
        return await self._draw(DrawSong(piece=piece, facts=facts, chunk=chunk))

    async def draw_conflict(self, wish: DrawConflict) -> Picture:
        """Return both sides of a conflict as one PNG with alt text.

        Raises:
            RenderError: if it cannot be made in time.
        """
        return await self._draw(wish)

    async def draw_graph(self, revisions: Sequence[GraphRevision], *, title: str) -> Picture:
        """Return the graph of a song made together, newest revision first, as PNG with alt text.

        Raises:
            RenderError: if it cannot be made in time.
        """
        return await self._draw(DrawGraph(revisions=tuple(revisions), title=title))

    async def write_midi(self, piece: Piece, *, recipe: str = "", credit_lines: tuple[str, ...] = ()) -> bytes:
        """Return the piece as a Standard MIDI File that carries ``recipe`` and ``credit_lines``.

        Raises:
            RenderError: if it cannot be made in time.
        """
        answer = await self._make(WriteMIDI(piece=piece, recipe=recipe, credit_lines=credit_lines))
        assert isinstance(answer, MIDIWritten)
        return answer.data

    async def _draw(self, request: DrawRequest) -> Picture:
        answer = await self._make(request)
        assert isinstance(answer, Picture)
        return answer

    async def _make(self, request: MediaRequest) -> MediaAnswer:
        start_seconds = time.perf_counter()
        try:
            answer = await self._makers.ask(request, timeout_seconds=self._settings.timeout_seconds)
        except ChildLostError as error:
            raise RenderError(f"{type(request).__name__} took too long or too much memory") from error
        self._metrics.observe_render_seconds(kind=_KINDS[type(request)], seconds=time.perf_counter() - start_seconds)
        return answer


class _Crew:
    """Children of one kind; each serves one request at a time."""

    def __init__(self, name: str, num_children: int, *, argument: bytes = b"") -> None:
        self._children = [
            ChildProcess(serve, name=f"{name}-{index}", argument=argument, limits=_LIMITS)
            for index in range(num_children)
        ]
        self._idle: asyncio.Queue[ChildProcess] = asyncio.Queue()
        self._num_waiting = 0
        for child in self._children:
            self._idle.put_nowait(child)

    @property
    def is_ready(self) -> bool:
        return any(child.is_running for child in self._children)

    async def start(self) -> None:
        await asyncio.gather(*(child.start() for child in self._children))

    async def stop(self) -> None:
        await asyncio.gather(*(child.stop() for child in self._children))

    async def ask(self, request: MediaRequest, *, timeout_seconds: float) -> MediaAnswer:
        """Return the answer to a request, or raise what it failed with.

        Raises:
            ChildLostError: when the child had to be killed, or died twice over this request.
        """
        message = msgspec.msgpack.encode(request)
        async with self._child() as child:
            try:
                answer = read_answer(await _call(child, message, timeout_seconds=timeout_seconds))
            except ChildLostError as error:
                if error.cause != "exited":  # our own limits ended it: the request is to blame
                    raise
                _log.warning("media_request_repeated", request=type(request).__name__)
                answer = read_answer(await _call(child, message, timeout_seconds=timeout_seconds))
        if isinstance(answer, MediaFailure):
            _raise(answer)
        return answer

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[ChildProcess]:
        if self._num_waiting >= _MAX_WAITING:
            raise LimitError("Too many files are waiting to be made. Try again in a minute.", retry_after_seconds=60.0)
        self._num_waiting += 1
        try:
            child = await self._idle.get()
        finally:
            self._num_waiting -= 1
        try:
            yield child
        finally:
            self._idle.put_nowait(child)


async def _call(child: ChildProcess, message: bytes, *, timeout_seconds: float) -> bytes:
    if not child.is_running:
        await child.start()
    return await child.call(message, timeout_seconds=timeout_seconds)


def read_answer(frame: bytes) -> MediaAnswer:
    """Return a child's answer; what it says may be nonsense, if a hostile file got hold of it.

    Raises:
        RenderError: for what is none.
    """
    try:
        return _decoder.decode(frame)
    except ValueError as error:  # msgspec's own errors, and texts that are no UTF-8
        raise RenderError("A media worker answered with nonsense.") from error


def _raise(failure: MediaFailure) -> None:
    """Raise the error that a worker reported, as its own class where that carries only a sentence."""
    if failure.is_input:
        kind = getattr(errors, failure.error, InputError)
        raise kind(failure.message) if kind in _SENTENCE_ERRORS else InputError(failure.message)
    _log.error("media_request_failed", error=failure.error, details=failure.details)
    raise RenderError(failure.message)


_SENTENCE_ERRORS = (InputError, errors.MIDIFileError, errors.MusicXMLFileError, errors.NoMusicError)
