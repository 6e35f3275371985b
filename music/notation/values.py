"""Lengths as people write them: values, dots, ties, triplets, beams, rests, bar by bar. It knows nothing of pitches' names.

A note is cut where it would hide a stronger beat than the one it begins or ends on; syncopations that lie evenly around
a beat stay whole (Gould, 2011, "Behind Bars", pages 153-171).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from music.notation.grid import WrittenBars, is_compound
from music.notation.score import EIGHTH, QUARTER, Beam, Symbol, Voice, WrittenNote
from music.notation.voices import VoiceLine
from music.piece import TimeSignature

_PLAIN: dict[int, tuple[str, int]] = {
    3: ("32nd", 0), 6: ("16th", 0), 9: ("16th", 1), 12: ("eighth", 0), 18: ("eighth", 1), 24: ("quarter", 0),
    36: ("quarter", 1), 48: ("half", 0), 72: ("half", 1), 96: ("whole", 0), 144: ("whole", 1), 192: ("breve", 0),
}  # fmt: skip
_IN_TRIPLET: dict[int, tuple[str, int]] = {
    2: ("32nd", 0), 4: ("16th", 0), 8: ("eighth", 0), 12: ("eighth", 1), 16: ("quarter", 0), 32: ("half", 0),
}  # fmt: skip
_NUM_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}
_Span = tuple[int, int, tuple[WrittenNote, ...]]
"""Start and stop inside a bar, and the notes that sound (none: silence)."""
_Brackets = Mapping[int, tuple[int, int]]
"""For each beat in which triplets stand, from where to where their bracket reaches: over one beat, or over two."""
_WIDE_PLACES = frozenset((0, 16, 32, 48))


def write_bars(line: VoiceLine, bars: WrittenBars, *, is_second: bool = False) -> tuple[Voice, ...]:
    """Return a line of chords as one voice per bar; the silence of a second voice is hidden."""
    spans = _cut_at_bars(line, bars)
    return tuple(_write_bar(spans[bar], bars, bar, is_second=is_second) for bar in range(bars.num_bars))


def _cut_at_bars(line: VoiceLine, bars: WrittenBars) -> list[list[_Span]]:
    found: list[list[_Span]] = [[] for _ in range(bars.num_bars)]
    for chord in line:
        start, stop = chord.start_steps, min(chord.stop_steps, bars.starts_steps[-1])
        for bar in range(bars.bar_of_step(start), bars.bar_of_step(stop - 1) + 1):
            bar_start, bar_stop = bars.starts_steps[bar], bars.starts_steps[bar + 1]
            notes = tuple(
                WrittenNote(note.pitch, note.velocity, is_tied_from=start < bar_start, is_tied_on=stop > bar_stop)
                for note in chord.notes
            )
            found[bar].append((max(start, bar_start) - bar_start, min(stop, bar_stop) - bar_start, notes))
    return found


def _write_bar(spans: Sequence[_Span], bars: WrittenBars, bar: int, *, is_second: bool) -> Voice:
    num_steps, metre = bars.num_steps(bar), bars.metres[bar]
    if not spans:
        kind, num_dots = _PLAIN.get(num_steps, ("whole", 0))
        rest = Symbol(start_steps=0, num_steps=num_steps, kind=kind, num_dots=num_dots, is_bar_rest=True)
        return (replace(rest, is_hidden=is_second),)
    brackets: _Brackets = {} if is_compound(metre) else _find_brackets(spans, num_steps)
    symbols: list[Symbol] = []
    for start, stop, notes in _with_silence(spans, num_steps):
        if not notes and is_second:
            symbols.append(Symbol(start_steps=start, num_steps=stop - start, kind="", is_hidden=True))
            continue
        pieces = list(_cut(start, stop, metre, num_steps, brackets, is_rest=not notes))
        for index, (piece_start, piece_stop) in enumerate(pieces):
            tied = tuple(
                note._replace(
                    is_tied_from=note.is_tied_from or index > 0,
                    is_tied_on=note.is_tied_on or index < len(pieces) - 1,
                )
                for note in notes
            )
            symbols.append(_symbol(piece_start, piece_stop, tied, brackets))
    return _beam(_mark_triplets(symbols, brackets), metre, num_steps)


def _with_silence(spans: Sequence[_Span], num_steps: int) -> Iterable[_Span]:
    last = 0
    for start, stop, notes in spans:
        if start > last:
            yield last, start, ()
        yield start, stop, notes
        last = stop
    if last < num_steps:
        yield last, num_steps, ()


# --- cutting


def _find_brackets(spans: Sequence[_Span], num_steps: int) -> _Brackets:
    """Return the beats in which something begins or ends at a place that only triplets have.

    Three equal notes over two beats of one half bar share a bracket.
    """
    moments = {moment for start, stop, _ in spans for moment in (start, stop)}
    brackets = {
        moment // QUARTER: (moment - moment % QUARTER, moment - moment % QUARTER + QUARTER)
        for moment in moments
        if moment % QUARTER % 3
    }
    for half in range(0, num_steps - 2 * QUARTER + 1, 2 * QUARTER):
        inside = {moment - half for moment in moments if half <= moment <= half + 2 * QUARTER}
        if {16, 32} <= inside <= _WIDE_PLACES:
            brackets |= dict.fromkeys((half // QUARTER, half // QUARTER + 1), (half, half + 2 * QUARTER))
    return brackets


def _is_in_triplet(start: int, stop: int, brackets: _Brackets) -> bool:
    """Whether a part of a note is written as a triplet: it is shorter than the bracket that it stands in."""
    bracket = brackets.get(start // QUARTER)
    return bracket is not None and stop - start < bracket[1] - bracket[0]


def _cut(
    start: int, stop: int, metre: TimeSignature, num_steps: int, brackets: _Brackets, *, is_rest: bool
) -> Iterable[tuple[int, int]]:
    """Yield the parts of a note or rest, each of which can be written as one symbol."""
    edges = {edge for bracket in brackets.values() for edge in bracket}
    borders = [start, *sorted(edge for edge in edges if start < edge < stop), stop]
    for first, last in pairwise(borders):
        if _is_in_triplet(first, last, brackets):
            yield from _cut_in_triplet(first, last)
        else:
            yield from _cut_plain(first, last, metre, num_steps, is_rest=is_rest)


def _cut_in_triplet(start: int, stop: int) -> Iterable[tuple[int, int]]:
    if stop - start in _IN_TRIPLET:
        yield start, stop
        return
    middle = next(
        (place for place in (16, 8, 12, 4, 20) if start % QUARTER < place < start % QUARTER + stop - start), 0
    )
    if not middle:
        yield start, stop
        return
    border = start - start % QUARTER + middle
    yield from _cut_in_triplet(start, border)
    yield from _cut_in_triplet(border, stop)


def _cut_plain(
    start: int, stop: int, metre: TimeSignature, num_steps: int, *, is_rest: bool
) -> Iterable[tuple[int, int]]:
    inside = list(range(start - start % 3 + 3, stop, 3))
    if not inside:
        yield start, stop
        return
    strongest = max(_weight(place, metre, num_steps) for place in inside)
    if stop - start in _PLAIN and _may_stay(start, stop, metre, num_steps, strongest, is_rest=is_rest):
        yield start, stop
        return
    places = [place for place in inside if _weight(place, metre, num_steps) == strongest]
    border = places[0] if _weight(start, metre, num_steps) < _weight(stop, metre, num_steps) else places[-1]
    yield from _cut_plain(start, border, metre, num_steps, is_rest=is_rest)
    yield from _cut_plain(border, stop, metre, num_steps, is_rest=is_rest)


def _may_stay(start: int, stop: int, metre: TimeSignature, num_steps: int, strongest: int, *, is_rest: bool) -> bool:
    """Whether one symbol may lie over a place of this weight."""
    first, last = _weight(start, metre, num_steps), _weight(stop, metre, num_steps)
    if is_rest:
        is_dotted = _PLAIN[stop - start][1] > 0
        return first >= strongest and (not is_dotted or is_compound(metre))
    if first >= strongest or (last >= strongest and stop - start <= QUARTER * 3 // 2):
        return True
    lies_evenly = first == last == strongest - 1
    return lies_evenly and _PLAIN[stop - start][1] == 0


def _weight(place: int, metre: TimeSignature, num_steps: int) -> int:
    """Return how strong a place in a bar is: bar line 9, half bar 5, beat 4, then its halves."""
    if place <= 0 or place >= num_steps:
        return 9
    if is_compound(metre):
        beat = 3 * QUARTER * 4 // metre.denominator
        levels = ((beat * 2, 5), (beat, 4), (beat // 3, 3), (beat // 6, 2))
    else:
        beat = QUARTER * 4 // metre.denominator
        half = ((num_steps // 2, 5),) if metre.numerator == 4 else ()
        levels = (*half, (beat, 4), (beat // 2, 3), (beat // 4, 2), (beat // 8, 1))
    return next((weight for length, weight in levels if length and place % length == 0), 0)


# --- marking


def _symbol(start: int, stop: int, notes: tuple[WrittenNote, ...], brackets: _Brackets) -> Symbol:
    length = stop - start
    is_triplet = _is_in_triplet(start, stop, brackets)
    table = _IN_TRIPLET if is_triplet else _PLAIN
    kind, num_dots = table.get(length) or _nearest(length)
    return Symbol(
        start_steps=start,
        num_steps=length,
        kind=kind,
        num_dots=num_dots,
        notes=notes,
        triplet="inside" if is_triplet else "",
    )


def _nearest(length: int) -> tuple[str, int]:
    """Return a value for a length that no value has, as after a metre that cuts its last beat."""
    return _PLAIN[max((each for each in _PLAIN if each <= length), default=3)]


def _mark_triplets(symbols: Sequence[Symbol], brackets: _Brackets) -> list[Symbol]:
    """Say where the bracket of each triplet begins and ends."""
    places = [brackets[symbol.start_steps // QUARTER] if symbol.triplet else None for symbol in symbols]
    marked: list[Symbol] = []
    for index, (symbol, place) in enumerate(zip(symbols, places, strict=True)):
        opens = place is not None and (index == 0 or places[index - 1] != place)
        closes = place is not None and (index + 1 == len(places) or places[index + 1] != place)
        edge = symbol.triplet if opens == closes else "start" if opens else "stop"
        kinds = {each.kind for each, where in zip(symbols, places, strict=True) if where == place}
        marked.append(replace(symbol, triplet=edge, is_sextuplet=place is not None and kinds == {"16th"}))
    return marked


def _beam(symbols: Sequence[Symbol], metre: TimeSignature, num_steps: int) -> Voice:
    beamed = list(symbols)
    for group in _beam_groups(beamed, metre, num_steps):
        flags = [_NUM_FLAGS[beamed[index].kind] for index in group]
        for place, index in enumerate(group):
            beamed[index] = replace(beamed[index], beams=_beams_of(flags, place))
    return tuple(beamed)


def _beam_groups(symbols: Sequence[Symbol], metre: TimeSignature, num_steps: int) -> Iterable[list[int]]:
    """Yield the places of notes that share a beam: those of one beat, or plain eighths of half a bar in 4/4."""
    window = 3 * QUARTER * 4 // metre.denominator if is_compound(metre) else QUARTER
    has_halves = metre.numerator in {2, 4} and metre.denominator == 4 and num_steps % (2 * QUARTER) == 0
    plain_halves = {
        half
        for half in range(num_steps // (2 * QUARTER))
        if has_halves
        and all(
            symbol.num_steps == EIGHTH and symbol.notes
            for symbol in symbols
            if half * 2 * QUARTER <= symbol.start_steps < (half + 1) * 2 * QUARTER
        )
    }
    group: list[int] = []
    last: tuple[int, int] | None = None
    for index, symbol in enumerate(symbols):
        half = symbol.start_steps // (2 * QUARTER)
        key = (1, half) if half in plain_halves else (0, symbol.start_steps // window)
        can_beam = bool(symbol.notes) and symbol.kind in _NUM_FLAGS
        if not can_beam or key != last:
            if len(group) > 1:
                yield group
            group = []
        if can_beam:
            group.append(index)
        last = key
    if len(group) > 1:
        yield group


def _beams_of(flags: Sequence[int], place: int) -> tuple[Beam, ...]:
    """Return the beams of one note among those that share some, the main one first."""
    beams: list[Beam] = []
    for level in range(1, flags[place] + 1):
        has_left = place > 0 and flags[place - 1] >= level
        has_right = place + 1 < len(flags) and flags[place + 1] >= level
        if has_left and has_right:
            beams.append("continue")
        elif has_right:
            beams.append("begin")
        elif has_left:
            beams.append("end")
        else:
            beams.append("forward hook" if place == 0 else "backward hook")
    return tuple(beams)
