"""A paragraph about a piece's harmony, every word of it from the analysis. It finds nothing itself.

Sentences whose facts are missing are left out. Bars are counted from 1, as people count them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from music.chords import NO_CHORD, QUALITIES, chord_name, roman_numeral
from music.names import key_name
from music.piece import ChordSymbol, KeySignature, Piece
from music.theory.reading import HarmonyReading
from music.time_grid import TimeGrid

_NUM_MAIN_DEGREES = 3
_NUM_NAMED = 4
_SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 10, 11)}  # the leading tone belongs to minor, too


@dataclass(frozen=True, slots=True)
class AppliedDominant:
    """A chord outside the key that leads to the next one as its own dominant; the bar is counted from 0."""

    bar: int
    chord: ChordSymbol
    target: ChordSymbol


def explain(piece: Piece, reading: HarmonyReading) -> str:
    """Return what the analysis found, in sentences; one sentence where nothing pitched sounds."""
    if not reading.regions or not reading.chords:
        return "There is no harmony to explain: nothing pitched sounds."
    sentences = (
        _keys(reading),
        _degrees(piece, reading),
        _applied(piece, reading),
        _cadences(reading),
        _foreign(piece, reading),
        _form(reading),
        ""
        if reading.are_chords_written
        else "The chords were read off the notes beat by beat; others may hear some of them differently.",
    )
    return " ".join(sentence for sentence in sentences if sentence)


def find_applied_dominants(piece: Piece, reading: HarmonyReading) -> tuple[AppliedDominant, ...]:
    """Return the dominants of other chords than the tonic: major, foreign to the key, a fifth above what follows."""
    grid = TimeGrid(piece)
    keys = [region.key for region in reading.regions for _ in range(region.start_bar, region.stop_bar)]
    found: list[AppliedDominant] = []
    for chord, following in pairwise(reading.chords):
        bar = grid.bar_of_tick(chord.onset_ticks)
        key = keys[min(bar, len(keys) - 1)]
        intervals = QUALITIES[chord.quality].intervals
        leads = 4 in intervals and 8 not in intervals and (chord.root - following.root) % 12 == 7
        scale = {(key.tonic + degree) % 12 for degree in _SCALES[key.is_minor]}
        is_foreign = any((chord.root + interval) % 12 not in scale for interval in intervals)
        if leads and is_foreign and following.quality != NO_CHORD and following.root != key.tonic:
            found.append(AppliedDominant(bar, chord, following))
    return tuple(found)


def _keys(reading: HarmonyReading) -> str:
    regions = reading.regions
    if len(regions) == 1:
        return f"The piece is in {key_name(regions[0].key)} throughout."
    parts = [f"begins in {key_name(regions[0].key)}"]
    parts += [
        f"goes to {key_name(region.key)} in bars {region.start_bar + 1}-{region.stop_bar}"
        for region in regions[1:-1][:_NUM_NAMED]
    ]
    last = regions[-1]
    parts.append(f"is in {key_name(last.key)} from bar {last.start_bar + 1} to its end")
    return f"It {_listed(parts)}."


def _degrees(piece: Piece, reading: HarmonyReading) -> str:
    """Say which degrees take most of the time, and how often roots fall by a fifth."""
    grid = TimeGrid(piece)
    keys = [region.key for region in reading.regions for _ in range(region.start_bar, region.stop_bar)]
    lengths: Counter[str] = Counter()
    stops = [*(chord.onset_ticks for chord in reading.chords[1:]), piece.length_ticks]
    for chord, stop_ticks in zip(reading.chords, stops, strict=True):
        if chord.quality == NO_CHORD:
            continue
        key = keys[min(grid.bar_of_tick(chord.onset_ticks), len(keys) - 1)]
        lengths[_triad(chord, key)] += stop_ticks - chord.onset_ticks
    total = sum(lengths.values())
    if not total:
        return ""
    shares = [
        f"{degree} ({ticks / total:.0%})".replace("%)", " %)")
        for degree, ticks in lengths.most_common(_NUM_MAIN_DEGREES)
    ]
    changes = [(a.root - b.root) % 12 for a, b in pairwise(reading.chords) if a.root != b.root]
    fifths = sum(step == 7 for step in changes)
    falls = f" Of {len(changes)} changes of root {fifths} fall by a fifth." if len(changes) > 1 else ""
    rest = "Most of its time goes to " if len(lengths) > len(shares) else "All of its time goes to "
    return f"{rest}{_listed(shares)}.{falls}"


def _triad(chord: ChordSymbol, key: KeySignature) -> str:
    """Return a chord's degree without seventh and inversion."""
    intervals = QUALITIES[chord.quality].intervals
    plain = "dim" if {3, 6} <= set(intervals) else "min" if 3 in intervals else "maj"
    return roman_numeral(ChordSymbol(0, chord.root, plain, chord.root), key)


def _applied(piece: Piece, reading: HarmonyReading) -> str:
    found = find_applied_dominants(piece, reading)
    if not found:
        return ""
    key = reading.main_key
    named = [
        f"{chord_name(each.chord, key)} in bar {each.bar + 1} (to {chord_name(each.target, key)})"
        for each in found[:_NUM_NAMED]
    ]
    more = f", and {len(found) - _NUM_NAMED} more" if len(found) > _NUM_NAMED else ""
    what = "A chord from outside the key leads" if len(found) == 1 else "Chords from outside the key lead"
    return f"{what} on as dominant of the next: {', '.join(named)}{more}."


def _cadences(reading: HarmonyReading) -> str:
    bars: dict[str, list[int]] = {}
    for cadence in reading.cadences:
        bars.setdefault(cadence.kind, []).append(cadence.bar + 1)
    if not bars:
        return ""
    parts = [
        f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} cadence in bar {where[0]}" if len(where) == 1
        else f"{kind} cadences in bars {_listed([str(bar) for bar in where])}"
        for kind, where in bars.items()
    ]  # fmt: skip
    return f"Phrases close with {_listed(parts)}."


def _foreign(piece: Piece, reading: HarmonyReading) -> str:
    if reading.melody_track is None or not reading.num_melody_notes:
        return ""
    found = reading.foreign_tones
    if not found:
        return "Every tone of the melody belongs to its chord."
    grid = TimeGrid(piece)
    counts = Counter(tone.kind for tone in found)
    kinds = [f"{count} {kind if count == 1 or kind == 'free' else kind + 's'}" for kind, count in counts.most_common()]
    held = [str(grid.bar_of_tick(tone.note.onset_ticks) + 1) for tone in found if tone.kind == "suspension"][
        :_NUM_NAMED
    ]
    where = f" (suspended in {'bar' if len(held) == 1 else 'bars'} {_listed(held)})" if held else ""
    verb = "is" if len(found) == 1 else "are"
    return f"Of the melody's {reading.num_melody_notes} tones {len(found)} {verb} foreign to the chord: {_listed(kinds)}{where}."


def _form(reading: HarmonyReading) -> str:
    letters = [section.letter for section in reading.sections]
    if len(letters) < 2 or len({letter.rstrip("'") for letter in letters}) == len(letters):
        return ""
    lengths = Counter(section.stop_bar - section.start_bar for section in reading.sections)
    return (
        f"By what comes back its form is {' '.join(letters)}, mostly in units of {lengths.most_common(1)[0][0]} bars."
    )


def _listed(parts: Iterable[str]) -> str:
    words: Sequence[str] = list(parts)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
