"""Turns what the harmonizer wrote into notes and chord symbols of a piece. It knows nothing of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.decoding.melody_reading import MelodyReading
from music.chords import NO_CHORD as NO_CHORD_QUALITY
from music.chords import QUALITIES as CHORD_SHAPES
from music.constraints import BarRange
from music.piece import ChordSymbol, Note, Piece, Track
from music.time_grid import TimeGrid
from music.tokenizers.harmony import NO_CHORD, QUALITIES, VOICES, WRITTEN_VOICES, Ids, value_pitch

CHOIR_PROGRAM = 52
STRINGS_PROGRAM = 48
PIANO_PROGRAM = 0
_VOICING_RANGE = (50, 71)
_BASS_RANGE = (34, 50)
_DYNAMICS_QUARTERS = 1.0  # how far around a place the melody's loudness is listened for
_STRING_PROGRAMS = range(40, 52)


def make_parts(
    piece: Piece,
    reading: MelodyReading,
    frames: Ids,
    voices: Ids,
    *,
    shift: int,
    programs: Sequence[int],
    follows_dynamics: bool = False,
) -> tuple[Track, ...]:
    """Return alto, tenor and bass as tracks.

    ``voices`` (K, 4) stand at the frames ``frames`` (K,) of the reading. A held pitch is struck again where the melody
    strikes a note on a beat, as singers do with a new syllable. ``shift`` semitones are added to what was written.
    """
    melody = reading.melody
    is_struck = (melody.onsets & (melody.beat_positions == 1))[frames]
    melody_track = piece.tracks[reading.track_index]
    loudness = _loudness(melody_track, piece.ticks_per_quarter, follows_dynamics=follows_dynamics)
    if not programs:
        programs = (STRINGS_PROGRAM if melody_track.program in _STRING_PROGRAMS else CHOIR_PROGRAM,)
    tracks: list[Track] = []
    for place, voice in enumerate(sorted(WRITTEN_VOICES, key=VOICES.index)):
        values = voices[:, VOICES.index(voice)]
        notes = [
            Note(
                int(reading.frame_ticks[start]),
                value_pitch(value) + shift,
                int(reading.frame_ticks[stop] - reading.frame_ticks[start]),
                loudness(int(reading.frame_ticks[start])),
            )
            for start, stop, value in _runs(frames, values, is_struck)
        ]
        program = programs[place % len(programs)]
        tracks.append(Track(notes=tuple(notes), program=program, name=voice.capitalize()))
    return tuple(tracks)


def _runs(frames: Ids, values: Ids, is_struck: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return (start frame, stop frame, value) of each note; silence is left out."""
    if not len(frames):
        return []
    is_start = np.ones(len(frames), dtype=np.bool_)
    is_start[1:] = (values[1:] != values[:-1]) | (np.diff(frames) != 1) | is_struck[1:]
    begins = np.flatnonzero(is_start)
    ends = np.append(begins[1:], len(frames)) - 1
    return [
        (int(frames[begin]), int(frames[end]) + 1, int(values[begin]))
        for begin, end in zip(begins, ends, strict=True)
        if values[begin] > 0
    ]


def _accompanying_velocity(track: Track) -> int:
    """Return a velocity a little under the melody's."""
    mean = sum(note.velocity for note in track.notes) / len(track.notes)
    return int(min(max(mean - 8, 40), 100))


def _loudness(track: Track, ticks_per_quarter: int, *, follows_dynamics: bool) -> Callable[[int], int]:
    """Return how loud to accompany a track at a tick: always alike, or a little under what it plays around there."""
    if not follows_dynamics:
        level = _accompanying_velocity(track)
        return lambda _: level
    onsets = np.asarray([note.onset_ticks for note in track.notes], dtype=np.float64)
    velocities = np.asarray([note.velocity for note in track.notes], dtype=np.float64)

    def at(ticks: int) -> int:
        weights = np.exp(-0.5 * ((onsets - ticks) / (_DYNAMICS_QUARTERS * ticks_per_quarter)) ** 2) + 1e-9
        return int(min(max(float(weights @ velocities / weights.sum()) - 8, 20), 112))

    return at


def make_chord_symbols(reading: MelodyReading, chords: Ids) -> tuple[ChordSymbol, ...]:
    """Return the chords (steps, 3) as symbols, one per change; silence before the first chord is left out."""
    symbols: list[ChordSymbol] = []
    for step, (root, quality, bass) in enumerate(chords.tolist()):
        if step > 0 and (chords[step] == chords[step - 1]).all():
            continue
        onset_ticks = int(reading.frame_ticks[reading.step_frames[step]])
        if root == NO_CHORD:
            if symbols:
                symbols.append(ChordSymbol(onset_ticks, 0, NO_CHORD_QUALITY, 0))
            continue
        symbols.append(ChordSymbol(onset_ticks, root, QUALITIES[quality], (root + bass) % 12))
    return tuple(symbols)


def make_chord_track(
    piece: Piece,
    reading: MelodyReading,
    symbols: Sequence[ChordSymbol],
    *,
    program: int,
    pitch_range: tuple[int, int] | None,
    follows_dynamics: bool = False,
) -> Track:
    """Return the chords as a simple accompaniment: a bass note and a close voicing, struck at each change and each bar.

    Each voicing is the one that moves least from the one before.
    """
    bar_starts = [int(reading.frame_ticks[bar.start_frame]) for bar in reading.bars]
    end_ticks = int(reading.frame_ticks[-1])
    melody_track = piece.tracks[reading.track_index]
    loudness = _loudness(melody_track, piece.ticks_per_quarter, follows_dynamics=follows_dynamics)
    notes: list[Note] = []
    voicing: tuple[int, ...] = ()
    bass = 43
    for index, symbol in enumerate(symbols):
        stop_ticks = symbols[index + 1].onset_ticks if index + 1 < len(symbols) else end_ticks
        if symbol.quality == NO_CHORD_QUALITY or stop_ticks <= symbol.onset_ticks:
            continue
        voicing = choose_voicing(symbol, voicing)
        bass = _nearest(symbol.bass, bass, _BASS_RANGE)
        pitches = _into_range((bass, *voicing), pitch_range)
        strikes = [symbol.onset_ticks, *(tick for tick in bar_starts if symbol.onset_ticks < tick < stop_ticks)]
        for start, stop in zip(strikes, [*strikes[1:], stop_ticks], strict=True):
            notes.extend(
                Note(start, pitch, stop - start, max(loudness(start) - 6, 30 - 10 * follows_dynamics))
                for pitch in pitches
            )
    return Track(notes=tuple(notes), program=program, name="Chords")


def choose_voicing(symbol: ChordSymbol, before: tuple[int, ...]) -> tuple[int, ...]:
    """Return the close voicing of a chord that lies nearest to the one before (or to the middle of the keyboard)."""
    shape = CHORD_SHAPES[symbol.quality].intervals
    # The bass plays the root of a five-note chord already.
    classes = sorted({(symbol.root + interval) % 12 for interval in shape[1 if len(shape) > 4 else 0 :]})
    low, high = _VOICING_RANGE
    candidates: list[tuple[int, ...]] = []
    for lowest in range(low, high + 1):
        if lowest % 12 in classes:
            start = classes.index(lowest % 12)
            order = classes[start:] + classes[:start]
            candidates.append(tuple(lowest + (pitch_class - order[0]) % 12 for pitch_class in order))
    fitting = [voicing for voicing in candidates if voicing[-1] <= high] or candidates
    centre = sum(before) / len(before) if before else (low + high) / 2

    def cost(voicing: tuple[int, ...]) -> tuple[float, int]:
        moves = sum(min(abs(pitch - other) for other in before) for pitch in voicing) if before else 0.0
        return (moves + abs(sum(voicing) / len(voicing) - centre), voicing[0])

    return min(fitting, key=cost)


def _nearest(pitch_class: int, before: int, limits: tuple[int, int]) -> int:
    """Return the pitch of a class within limits that is nearest to the one before."""
    choices = [pitch for pitch in range(limits[0], limits[1] + 1) if pitch % 12 == pitch_class]
    return min(choices, key=lambda pitch: (abs(pitch - before), pitch))


def _into_range(pitches: Sequence[int], limits: tuple[int, int] | None) -> tuple[int, ...]:
    """Return the pitches moved by octaves into limits; what fits nowhere is left out, doubles are joined."""
    if limits is None:
        return tuple(sorted(set(pitches)))
    low, high = limits
    moved: set[int] = set()
    for pitch in pitches:
        choices = [choice for choice in range(pitch % 12, 128, 12) if low <= choice <= high]
        if choices:
            moved.add(min(choices, key=lambda choice: abs(choice - pitch)))
    return tuple(sorted(moved))


def leave_locked_bars(track: Track, piece: Piece, locked: Sequence[BarRange]) -> Track:
    """Return the track without notes in locked bars; a note that would reach into them ends before."""
    if not locked:
        return track
    grid = TimeGrid(piece)
    spans = [(grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)) for bars in locked]
    notes: list[Note] = []
    for note in track.notes:
        stop = note.stop_ticks
        if any(start <= note.onset_ticks < end for start, end in spans):
            continue
        stop = min([stop, *(start for start, _ in spans if start > note.onset_ticks)])
        notes.append(note._replace(duration_ticks=stop - note.onset_ticks))
    return Track(notes=tuple(notes), program=track.program, name=track.name)
