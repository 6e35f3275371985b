"""Chord charts, "Dm7 | G7 | Cmaj7 A7 | %": reading what people type, laying it on a piece's bars, writing what a piece has.

Bars stand between "|" (or on lines of their own); without any, each chord is a bar. Chords of one bar share its beats, the
first ones longer when they do not divide evenly; "/" holds the chord before for another share, "%" alone repeats the bar
before, "N.C." is no chord, "?" or an empty bar leaves the choice to the network, and "..." at the end goes on with the same
bars until the end. It knows nothing of how chords are found or played.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError
from music.chords import NO_CHORD, NO_CHORD_TEXT, chord_name, parse_chord, roman_numeral
from music.constraints import AskedChord
from music.piece import ChordSymbol, KeySignature, Piece
from music.time_grid import Bar, TimeGrid

MAX_CHARS = 2000
_HOLD, _REPEAT, _GO_ON, _FREE = "/", "%", "...", "?"
_BAR_LINES = re.compile(r"\s*(?:\n|:?\|[|:\]]*)\s*")
_SEPARATORS = re.compile(r"\s*(?:,|;|->|→)\s*|\s+[-–—]\s+|\s+")

Slots = tuple[ChordSymbol | None, ...]
"""The shares of one bar, equal in kind; None leaves one to the network. Onsets mean nothing."""


@dataclass(frozen=True, slots=True)
class ChordChart:
    """Chords by bars. ``goes_on``: they are repeated until the end."""

    bars: tuple[Slots, ...]
    goes_on: bool = False


def parse_chart(text: str) -> ChordChart:
    """Return the chart that somebody typed.

    Raises:
        InputError: for a word that is no chord, or signs that repeat nothing.
    """
    if len(text) > MAX_CHARS:
        raise InputError(f"That is more than {MAX_CHARS} characters of chords. Send fewer bars at a time.")
    plain = text.strip().replace("…", _GO_ON)
    bars = [_words(bar) for bar in _BAR_LINES.split(_without_outer_lines(plain))]
    if len(bars) == 1:
        bars = [[word] for word in bars[0]]
    goes_on = bool(bars) and bars[-1][-1:] == [_GO_ON]
    if goes_on:
        bars[-1] = bars[-1][:-1]
        bars = bars if bars[-1] else bars[:-1]
    if not any(bars):
        raise InputError("There are no chords in that. Write them with bar lines between, like Dm7 | G7 | Cmaj7.")

    found: list[Slots] = []
    for words in bars:
        found.append(_parse_bar(words, found))
    return ChordChart(tuple(found), goes_on)


def _without_outer_lines(text: str) -> str:
    return re.sub(r"^\s*\|[|:]*\s*|\s*:?\|[|\]]*\s*$", "", text)


def _words(bar: str) -> list[str]:
    return [word for word in _SEPARATORS.split(bar) if word]


def _parse_bar(words: Sequence[str], before: Sequence[Slots]) -> Slots:
    """Return the shares of one bar, given the bars before it."""
    if not words:
        return (None,)
    if words == [_REPEAT]:
        if not before:
            raise InputError("The chords begin with %, which repeats the bar before. Begin with a chord, like Dm7 | %.")
        return before[-1]
    slots: list[ChordSymbol | None] = []
    for word in words:
        if word in (_HOLD, _REPEAT):
            if not slots and not before:
                raise InputError(f"The chords begin with {word}, which holds the one before. Begin with a chord.")
            slots.append(slots[-1] if slots else before[-1][-1])
        else:
            slots.append(None if word == _FREE else parse_chord(word))
    return tuple(slots)


def lay_chart(chart: ChordChart, piece: Piece, *, start_bar: int, stop_bar: int) -> tuple[AskedChord, ...]:
    """Return the chart's chords on bars ``start_bar`` (included) to ``stop_bar`` (excluded), counted from 0, of a piece.

    Raises:
        InputError: for more bars than there are, or more chords in a bar than it has beats.
    """
    num_bars = stop_bar - start_bar
    if len(chart.bars) > num_bars:
        there = "1 bar" if num_bars == 1 else f"{num_bars} bars"
        raise InputError(
            f"These are chords for {len(chart.bars)} bars, and there are only {there} to fill. Leave out the last ones."
        )
    grid = TimeGrid(piece)
    asked: list[AskedChord] = []
    for index in range(num_bars if chart.goes_on else len(chart.bars)):
        slots = chart.bars[index % len(chart.bars)]
        edges = _slot_edges(grid, grid.bar(start_bar + index), num_slots=len(slots))
        for slot, start_ticks, stop_ticks in zip(slots, edges[:-1], edges[1:], strict=True):
            if slot is not None:
                asked.append(_asked(slot, start_ticks, stop_ticks))
    return _joined(asked)


def _slot_edges(grid: TimeGrid, bar: Bar, *, num_slots: int) -> list[int]:
    """Return where the shares of a bar begin, and where the last one ends, in ticks."""
    beats = beats_of_bar(grid, bar)
    if num_slots > len(beats):
        count = "1 beat" if len(beats) == 1 else f"{len(beats)} beats"
        raise InputError(
            f"Bar {bar.index + 1} has {num_slots} chords and only {count}. Write at most one for each beat."
        )
    share, num_longer = divmod(len(beats), num_slots)
    firsts = [slot * share + min(slot, num_longer) for slot in range(num_slots)]
    return [*(beats[first] for first in firsts), bar.stop_ticks]


def beats_of_bar(grid: TimeGrid, bar: Bar) -> list[int]:
    """Return where the felt beats of a bar begin, in ticks: dotted quarters in 6/8, 9/8 and 12/8."""
    metre = bar.time_signature
    is_compound = metre.denominator == 8 and metre.numerator > 3 and metre.numerator % 3 == 0
    beat_ticks = grid.beat_ticks_at(bar.start_ticks) * (3 if is_compound else 1)
    num_beats = max(round(bar.length_ticks / beat_ticks), 1)
    return [bar.start_ticks + round(beat * beat_ticks) for beat in range(num_beats)]


def _asked(chord: ChordSymbol, start_ticks: int, stop_ticks: int) -> AskedChord:
    return AskedChord(
        start_ticks=start_ticks, stop_ticks=stop_ticks, root=chord.root, quality=chord.quality, bass=chord.bass
    )


def _joined(asked: Sequence[AskedChord]) -> tuple[AskedChord, ...]:
    """Return the chords with equal neighbours made one."""
    joined: list[AskedChord] = []
    for chord in asked:
        last = joined[-1] if joined else None
        if last is not None and last.stop_ticks == chord.start_ticks and _name_of(last) == _name_of(chord):
            joined[-1] = AskedChord(
                start_ticks=last.start_ticks,
                stop_ticks=chord.stop_ticks,
                root=chord.root,
                quality=chord.quality,
                bass=chord.bass,
            )
        else:
            joined.append(chord)
    return tuple(joined)


def _name_of(chord: AskedChord) -> tuple[int, str, int]:
    return chord.root, chord.quality, chord.bass


def write_chart(piece: Piece, key: KeySignature | None = None) -> str:
    """Return a piece's chord symbols as a chart, bar by bar, spelled as the key does; "" for a piece without chords."""
    return _write(piece, lambda chord: chord_name(chord, key))


def write_numerals(piece: Piece, key: KeySignature) -> str:
    """Return a piece's chord symbols as Roman numerals, bar by bar; "" for a piece without chords."""
    return _write(piece, lambda chord: roman_numeral(chord, key) or NO_CHORD_TEXT)


def _write(piece: Piece, name: Callable[[ChordSymbol], str]) -> str:
    bars = write_bars(piece, piece.chords, name)
    return " | ".join(
        _REPEAT if index and text == bars[index - 1] and " " not in text else text for index, text in enumerate(bars)
    )


def write_bars(piece: Piece, chords: Sequence[ChordSymbol], name: Callable[[ChordSymbol], str]) -> list[str]:
    """Return one text for each bar of a piece: the names of ``chords`` (sorted by onset), "/" for a beat that holds the last."""
    if not chords:
        return []
    grid = TimeGrid(piece)
    sounding = ChordSymbol(0, 0, NO_CHORD, 0)
    bars: list[str] = []
    for bar in grid.bars:
        changes = {
            chord.onset_ticks: chord for chord in chords if bar.start_ticks <= chord.onset_ticks < bar.stop_ticks
        }
        bars.append(_write_bar(grid, bar, {bar.start_ticks: sounding} | changes, name))
        sounding = changes[max(changes)] if changes else sounding
    return bars


def _write_bar(grid: TimeGrid, bar: Bar, chords: Mapping[int, ChordSymbol], name: Callable[[ChordSymbol], str]) -> str:
    """Return one bar: the chords alone where that says when they come, else a sign for every beat."""
    onsets = sorted(chords)
    beats = beats_of_bar(grid, bar)
    names = [name(chords[onset]) for onset in onsets]
    if not set(onsets) <= set(beats) or onsets == _slot_edges(grid, bar, num_slots=len(onsets))[:-1]:
        return " ".join(names)
    return " ".join(names[onsets.index(beat)] if beat in onsets else _HOLD for beat in beats)
