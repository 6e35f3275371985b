"""A piece's harmony read as a whole: keys, chords and Roman numerals by bars, cadences, foreign tones of the melody, sections.

It puts together what the other files of this folder find, and writes no sentence.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from music.analysis import find_melody_track
from music.chord_chart import write_bars
from music.chords import chord_name, roman_numeral
from music.piece import ChordSymbol, KeySignature, Note, Piece
from music.theory.cadences import Cadence, find_cadences
from music.theory.chord_finding import find_beat_chords
from music.theory.foreign_tones import ForeignTone, find_foreign_tones
from music.theory.sections import Section, find_sections
from music.theory.tonality import KeyRegion, find_key_regions
from music.time_grid import TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class BarHarmony:
    """One bar: its chords and their degrees as people write them, in the key that holds there."""

    bar: int  # from 0
    chords: str
    numerals: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonyReading:
    """Everything that is said about a piece's harmony. ``are_chords_written``: it carries symbols; else they were found.

    ``melody_track`` is an index into the piece's tracks, None without a pitched one; ``num_melody_notes`` counts what was
    looked at for foreign tones.
    """

    regions: tuple[KeyRegion, ...]
    chords: tuple[ChordSymbol, ...]
    are_chords_written: bool
    bars: tuple[BarHarmony, ...]
    cadences: tuple[Cadence, ...]
    foreign_tones: tuple[ForeignTone, ...]
    melody_track: int | None
    num_melody_notes: int
    sections: tuple[Section, ...]

    @property
    def main_key(self) -> KeySignature | None:
        """The key of most bars."""
        lengths: Counter[tuple[int, bool]] = Counter()
        for region in self.regions:
            lengths[region.key.tonic, region.key.is_minor] += region.stop_bar - region.start_bar
        if not lengths:
            return None
        (tonic, is_minor), _ = lengths.most_common(1)[0]
        return KeySignature(0, tonic, is_minor)


def read_harmony(piece: Piece) -> HarmonyReading:
    """Return what is found in a piece."""
    grid = TimeGrid(piece)
    regions = find_key_regions(piece)
    keys = [region.key for region in regions for _ in range(region.start_bar, region.stop_bar)]
    chords = piece.chords or find_beat_chords(piece)
    melody_track = find_melody_track(piece)
    melody = () if melody_track is None else top_line(piece.tracks[melody_track].notes)
    return HarmonyReading(
        regions=regions,
        chords=chords,
        are_chords_written=bool(piece.chords),
        bars=_read_bars(piece, chords, keys),
        cadences=find_cadences(piece, chords, melody, keys) if keys else (),
        foreign_tones=find_foreign_tones(melody, chords),
        melody_track=melody_track,
        num_melody_notes=len(melody),
        sections=find_sections(piece) if grid.num_bars else (),
    )


def top_line(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the highest note of each onset, each cut where the next begins: a line of single notes."""
    highest: dict[int, Note] = {}
    for note in notes:
        if note.onset_ticks not in highest or note.pitch > highest[note.onset_ticks].pitch:
            highest[note.onset_ticks] = note
    line = [highest[onset] for onset in sorted(highest)]
    cut = [
        note._replace(duration_ticks=min(note.duration_ticks, following.onset_ticks - note.onset_ticks))
        for note, following in pairwise(line)
    ]
    return (*cut, *line[-1:])


def _read_bars(piece: Piece, chords: tuple[ChordSymbol, ...], keys: list[KeySignature]) -> tuple[BarHarmony, ...]:
    if not chords or not keys:
        return ()
    grid = TimeGrid(piece)

    def key_at(chord: ChordSymbol) -> KeySignature:
        return keys[min(grid.bar_of_tick(chord.onset_ticks), len(keys) - 1)]

    names = write_bars(piece, chords, lambda chord: chord_name(chord, key_at(chord)))
    numerals = write_bars(piece, chords, lambda chord: roman_numeral(chord, key_at(chord)) or "N.C.")
    return tuple(
        BarHarmony(bar=bar, chords=name, numerals=numeral)
        for bar, (name, numeral) in enumerate(zip(names, numerals, strict=True))
    )
