"""The first bars of a song that is still being written. It knows no network, and nothing of who listens.

FinishedBars are handed out when 2, 4, 8, 16, ... of them are done: whoever hears them as they come hears each time twice as much.
A finished bar does not change any more; only a note that is held beyond the last finished bar may still be shortened by one
of the same pitch that follows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inference.decoding.song_piece import build_piece
from inference.decoding.song_writer import WrittenSong
from inference.protocol import FinishedBars, GenerateRequest, Progress
from music.constraints import METRES
from music.time_grid import TimeGrid
from music.vocabulary import METRE_UNITS

FIRST_BARS = 2


class EarlyBars:
    """Watches one song grow. Says nothing unless the request asks for early bars."""

    def __init__(self, request: GenerateRequest) -> None:
        self._job_id = request.job_id
        self._next_bars = FIRST_BARS if request.wants_early_bars else 0
        self._tempo_bpm = request.constraints.tempo_bpm
        if self._tempo_bpm is None and request.prompt is not None:
            self._tempo_bpm = TimeGrid(request.prompt).tempo_at(request.prompt.length_ticks)

    def follow(self, progress: Progress, song: WrittenSong) -> Iterator[FinishedBars]:
        """Yield the finished bars of ``song`` if they are worth it at this point; never all of them, which is the result."""
        num_bars = progress.num_done
        if not self._next_bars or not self._next_bars <= num_bars < progress.num_total:
            return
        while self._next_bars <= num_bars:
            self._next_bars *= 2
        stop_units = num_bars * METRE_UNITS[song.metre]
        finished = replace(
            song,
            notes=[note for note in song.notes if note.onset_units < stop_units],
            chords=[chord for chord in song.chords if chord[0] < stop_units],
        )
        piece = build_piece(finished, num_bars=num_bars, tempo_bpm=self._tempo_bpm)
        beats, unit = METRES[song.metre]
        yield FinishedBars(
            job_id=self._job_id,
            piece=piece,
            num_bars=num_bars,
            num_total=progress.num_total,
            stop_ticks=num_bars * beats * 4 * piece.ticks_per_quarter // unit,
        )
