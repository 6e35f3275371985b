"""What a media worker does with one request. It knows nothing of pipes, processes or who asks.

``core/processes.py`` starts ``serve`` in a child process with limits on time and memory; a request that breaks them
costs that child only.
"""

from __future__ import annotations

import contextlib
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from core.child import Channel
from core.errors import InputError, RenderError, TuttiError
from core.heap import FreedMemory
from media.protocol import (
    DrawConflict,
    DrawGraph,
    DrawHistory,
    DrawPianoRoll,
    DrawPlan,
    DrawRequest,
    DrawSong,
    DrawTakes,
    EngraveScore,
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
    WarmUp,
    WriteMIDI,
)
from music.midi import write_midi
from music.piece import Piece, Track
from music.time_grid import TimeGrid

if TYPE_CHECKING:
    from media.synth import Samples

_decoder = msgspec.msgpack.Decoder(MediaRequest)


def answer_bytes(message: bytes) -> bytes:
    """Return the encoded answer to one encoded request; every error becomes a ``MediaFailure``."""
    return msgspec.msgpack.encode(answer(_decoder.decode(message)))


def answer(request: MediaRequest) -> MediaAnswer:
    """Return the answer to one request."""
    try:
        return _work(request)
    except TuttiError as error:
        return _failure(error, is_input=isinstance(error, InputError))
    except Exception as error:  # noqa: BLE001 - the border of the process: whatever went wrong must be answered
        return _failure(error, is_input=False)


def _work(request: MediaRequest) -> MediaAnswer:
    # Imports are local so that a worker that only draws never loads what only rendering needs.
    match request:
        case ReadUpload():
            from media.upload import read_upload

            return PieceRead(
                piece=read_upload(request.filename, request.data, limits=request.limits, is_sound=request.is_sound)
            )
        case Render():
            return _render(request)
        case RenderStem():
            return _render_stem(request)
        case EngraveScore():
            from media.score import engrave

            return engrave(request)
        case WriteMIDI():
            return MIDIWritten(data=write_midi(request.piece, recipe=request.recipe, credit_lines=request.credit_lines))
        case _:
            return _draw(request)


def _draw(request: DrawRequest) -> Picture:  # noqa: PLR0911 - one for each kind of picture
    match request:
        case DrawPianoRoll():
            from media.pianoroll import draw_piano_roll

            return draw_piano_roll(request.piece, before=request.before, first_bar=request.first_bar)
        case DrawTakes():
            from media.takes_picture import draw_takes

            return draw_takes(request.takes, names=request.names)
        case DrawPlan():
            from media.plan_picture import draw_plan

            return draw_plan(request.plan)
        case DrawHistory():
            from media.history_picture import draw_history

            return draw_history(request.nodes)
        case DrawSong():
            from media.song_picture import draw_song

            return draw_song(request.piece, request.facts, chunk=request.chunk)
        case DrawConflict():
            from media.conflict_picture import draw_conflict

            return draw_conflict(request)
        case DrawGraph():
            from media.graph_picture import draw_graph

            return draw_graph(request.revisions, title=request.title)


def _render(request: Render) -> Rendering:
    from media.encode import encode_audio
    from media.loudness import normalize_loudness

    if request.piece.num_notes == 0:
        raise RenderError("A piece without notes has no sound")
    piece, is_cut = cut_to_seconds(request.piece, max_seconds=request.max_seconds)
    grid = TimeGrid(piece)
    stop_ticks = piece.stop_ticks if request.stop_ticks is None or is_cut else request.stop_ticks

    samples = _synthesize(request, write_midi(piece), stop_seconds=grid.seconds_of_tick(stop_ticks))
    levelled = normalize_loudness(samples)
    loudness = levelled.loudness_lufs
    encoded = encode_audio(
        levelled.samples, audio_format=request.audio_format, size_limit_bytes=request.size_limit_bytes
    )
    return Rendering(
        audio=encoded.data,
        filename_suffix=f".{encoded.audio_format}",
        duration_seconds=encoded.duration_seconds,
        loudness_lufs=loudness if loudness > float("-inf") else None,
        is_shortened=encoded.is_shortened or is_cut,
    )


def _render_stem(request: RenderStem) -> Rendering:
    from media.encode import encode_audio
    from media.loudness import measure_loudness
    from media.soundfont import find_soundfont
    from media.stems import render_stem

    piece, is_cut = cut_to_seconds(request.piece, max_seconds=request.max_seconds)
    soundfont = find_soundfont(request.soundfont)
    samples = render_stem(piece, request.track_index, soundfont=soundfont, synthesizer=request.synthesizer)
    loudness = measure_loudness(samples)
    encoded = encode_audio(samples, audio_format=request.audio_format, size_limit_bytes=request.size_limit_bytes)
    return Rendering(
        audio=encoded.data,
        filename_suffix=f".{encoded.audio_format}",
        duration_seconds=encoded.duration_seconds,
        loudness_lufs=loudness if loudness > float("-inf") else None,
        is_shortened=encoded.is_shortened or is_cut,
    )


def _synthesize(request: Render, midi: bytes, *, stop_seconds: float) -> Samples:
    """Return the sound from the resident library, or from the program where that is wanted or all there is."""
    from media.soundfont import find_soundfont
    from media.synth import fade_out, synthesize

    soundfont, is_beginning = find_soundfont(request.soundfont), request.stop_ticks is not None
    samples: Samples | None = None
    if request.synthesizer != "program":
        from media.resident import resident_synth

        try:
            synth = resident_synth(soundfont)
        except RenderError:
            if request.synthesizer == "library":
                raise
        else:
            render = synth.synthesize_beginning if is_beginning else synth.synthesize
            samples = render(midi, stop_seconds=stop_seconds)
    if samples is None:
        samples = synthesize(midi, soundfont=soundfont, stop_seconds=stop_seconds)
    return fade_out(samples, stop_seconds=stop_seconds) if is_beginning else samples


def cut_to_seconds(piece: Piece, *, max_seconds: float) -> tuple[Piece, bool]:
    """Return the piece without what lies after ``max_seconds``, and whether anything was cut off."""
    grid = TimeGrid(piece)
    if grid.seconds_of_tick(piece.stop_ticks) <= max_seconds:
        return piece, False
    stop_ticks = grid.tick_of_seconds(max_seconds)
    tracks = tuple(_cut_track(track, stop_ticks=stop_ticks) for track in piece.tracks)
    return replace(piece, tracks=tracks, length_ticks=0), True


def _cut_track(track: Track, *, stop_ticks: int) -> Track:
    return replace(
        track,
        notes=tuple(
            note._replace(duration_ticks=min(note.duration_ticks, stop_ticks - note.onset_ticks))
            for note in track.notes
            if note.onset_ticks < stop_ticks
        ),
        control_changes=tuple(change for change in track.control_changes if change.onset_ticks < stop_ticks),
        pitch_bends=tuple(bend for bend in track.pitch_bends if bend.onset_ticks < stop_ticks),
    )


def _warm_up(wish: WarmUp) -> None:
    """Load what the first rendering would have to wait for: numerical libraries and the font."""
    from media import encode, loudness  # noqa: F401 - imported for their weight
    from media.resident import resident_synth
    from media.soundfont import find_soundfont

    if wish.synthesizer != "program":
        with contextlib.suppress(TuttiError):  # whoever renders will be told
            resident_synth(find_soundfont(wish.soundfont))


def _failure(error: Exception, *, is_input: bool) -> MediaFailure:
    return MediaFailure(
        is_input=is_input, error=type(error).__name__, message=str(error), details=traceback.format_exc(limit=20)
    )


def serve(channel: Channel, argument: bytes) -> None:
    """Answer requests until the parent closes the channel; the entry function of the child process.

    ``argument``: an encoded ``WarmUp`` for a child that will make sound, else nothing.
    """
    if argument:  # before it is ready, so that no request's time limit pays for it
        _warm_up(msgspec.msgpack.decode(argument, type=WarmUp))
    channel.send(b"ready")
    freed = FreedMemory()
    while True:
        message = channel.receive()
        if message is not None:
            channel.send(answer_bytes(message))
            freed.give_back()  # of sounds and pictures; nobody waits for it any more
