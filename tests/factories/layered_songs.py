"""Layered songs for tests: small realistic ones, random edits as people and operations make them, and one of full size."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from music.piece import ChordSymbol, ControlChange, KeySignature, Note, Piece, PitchBend, Tempo, TimeSignature, Track
from music.time_grid import TimeGrid
from music.versions.layered import Layer, LayeredPiece, Part, assemble, part_of

TICKS = 480
BAR_TICKS = 4 * TICKS
NAMES = ("Piano", "Bass", "Guitar", "Drums", "Strings", "Flute", "Organ", "Brass")
PROGRAMS = (0, 33, 25, 0, 48, 73, 16, 61)


def make_song(
    *, num_layers: int = 3, num_bars: int = 4, notes_per_bar: int = 4, seed: int = 0, origin: int = 1
) -> LayeredPiece:
    """Layers "a", "b", ... of people 1, 2, ... with the same number of notes in each bar."""
    choose = random.Random(seed)
    parts = tuple(
        Part(
            layer=Layer(layer_id=chr(97 + index), name=_name(index), owner_id=index + 1),
            track=Track(program=PROGRAMS[index % 8], is_drum=NAMES[index % 8] == "Drums", name=_name(index)),
            notes=tuple(
                (_note(choose, bar * BAR_TICKS), origin) for bar in range(num_bars) for _ in range(notes_per_bar)
            ),
        )
        for index in range(num_layers)
    )
    chords = tuple(ChordSymbol(bar * BAR_TICKS, choose.randrange(12), "maj", 0) for bar in range(num_bars))
    return assemble(Piece(chords=chords, title="Song", length_ticks=num_bars * BAR_TICKS), parts)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what is done, and the seed of its choices."""

    kind: str
    seed: int

    def apply(self, song: LayeredPiece, origin: int) -> LayeredPiece:
        """Return the song after it; what it writes has this origin, which also names new layers."""
        return EDITS[self.kind](song, random.Random(self.seed), origin)


def branch_off(song: LayeredPiece, edits: list[Edit], origin: int) -> LayeredPiece:
    """Return the song after some edits of one branch."""
    for number, edit in enumerate(edits):
        song = edit.apply(song, origin + number)
    return song


def edits(*kinds: str, max_size: int = 4) -> st.SearchStrategy[list[Edit]]:
    """Draw edits of these kinds, or of all."""
    drawn = st.builds(Edit, st.sampled_from(sorted(kinds or EDITS)), st.integers(0, 9_999))
    return st.lists(drawn, max_size=max_size)


def songs() -> st.SearchStrategy[LayeredPiece]:
    """Draw a small song."""
    return st.builds(
        lambda num_layers, num_bars, notes_per_bar, seed: make_song(
            num_layers=num_layers, num_bars=num_bars, notes_per_bar=notes_per_bar, seed=seed
        ),
        st.integers(0, 4),
        st.integers(1, 6),
        st.integers(0, 4),
        st.integers(0, 9_999),
    )


# --- edits ---------------------------------------------------------------------------------------------------------


def _rewrite_bar(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    """Remove some notes of a bar, move some, write some, a few of them twice."""

    def change(note: Note, bar_ticks: int) -> list[tuple[Note, int | None]]:
        match choose.randrange(4):
            case 0:
                return []
            case 1:
                return [(note._replace(onset_ticks=bar_ticks + choose.randrange(BAR_TICKS)), origin)]
            case _:
                return [(note, None)]

    return _change_bar(song, choose, change, origin=origin, num_new=choose.randrange(3))


def _clear_bar(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    return _change_bar(song, choose, lambda *_: [], origin=origin)


def _write_same_again(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    """Play a bar anew, note for note."""
    return _change_bar(song, choose, lambda note, _: [(note, origin)], origin=origin)


def _add_layer(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    index = choose.randrange(8)
    part = Part(
        layer=Layer(layer_id=f"{choose.choice('kxz')}{origin}", name=f"{NAMES[index]} of {origin}", owner_id=origin),
        track=Track(program=PROGRAMS[index], name=NAMES[index], pitch_bends=(PitchBend(0, 100),)),
        notes=tuple((_note(choose, bar * BAR_TICKS), origin) for bar in range(choose.randrange(4))),
    )
    return assemble(song.piece, (*_parts(song), part))


def _remove_layer(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    parts = _parts(song)
    gone = choose.randrange(len(parts)) if parts else 0
    return assemble(song.piece, (*parts[:gone], *parts[gone + 1 :]))


def _move_layer(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    parts = list(_parts(song))
    choose.shuffle(parts)
    return assemble(song.piece, tuple(parts))


def _set_field(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    if not song.layers:
        return song
    layer = choose.choice(song.layers)
    change = choose.choice(
        (
            {"name": f"Named by {origin}"},
            {"owner_id": origin},
            {"is_muted": not layer.is_muted},
            {"is_solo": not layer.is_solo},
            {"is_locked": not layer.is_locked},
            {"level_db": float(choose.randrange(-12, 6))},
            {"pan": choose.randrange(-100, 100)},
        )
    )
    return song.with_layer(replace(layer, **change))


def _set_instrument(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    tracks = list(song.piece.tracks)
    if tracks:
        index = choose.randrange(len(tracks))
        if not tracks[index].is_drum:
            tracks[index] = replace(tracks[index], program=choose.randrange(128))
    return replace(song, piece=song.piece.with_tracks(tuple(tracks)))


def _press_pedal(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    tracks = list(song.piece.tracks)
    if tracks:
        index = choose.randrange(len(tracks))
        press = ControlChange(choose.randrange(4) * BAR_TICKS, 64, choose.randrange(128))
        tracks[index] = replace(tracks[index], control_changes=(*tracks[index].control_changes, press))
    return replace(song, piece=song.piece.with_tracks(tuple(tracks)))


def _append_bars(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    """Write new bars at the end in one layer, or only silence."""
    start_ticks = -(-song.piece.length_ticks // BAR_TICKS) * BAR_TICKS
    num_bars = 1 + choose.randrange(3)
    parts = list(_parts(song))
    if parts:
        index = choose.randrange(len(parts))
        notes = tuple((_note(choose, start_ticks + bar * BAR_TICKS), origin) for bar in range(num_bars))
        parts[index] = replace(parts[index], notes=parts[index].notes + notes)
    piece = replace(song.piece, length_ticks=start_ticks + num_bars * BAR_TICKS)
    return assemble(piece, tuple(parts))


def _set_tempo(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    tempo = Tempo(choose.randrange(3) * BAR_TICKS, 60.0 + choose.randrange(100))
    kept = tuple(each for each in song.piece.tempos if each.onset_ticks != tempo.onset_ticks)
    return replace(song, piece=replace(song.piece, tempos=(*kept, tempo)))


def _set_key(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    key = KeySignature(choose.randrange(3) * BAR_TICKS, choose.randrange(12), choose.random() < 0.5)
    kept = tuple(each for each in song.piece.key_signatures if each.onset_ticks != key.onset_ticks)
    return replace(song, piece=replace(song.piece, key_signatures=(*kept, key)))


def _set_metre(song: LayeredPiece, choose: random.Random, origin: int) -> LayeredPiece:
    """Give the whole song another metre, or what comes after its end."""
    numerator = choose.choice((2, 3, 5))
    if choose.random() < 0.5:
        metres = (TimeSignature(0, numerator, 4),)
    else:
        end_ticks = -(-song.piece.length_ticks // BAR_TICKS) * BAR_TICKS
        metres = (TimeSignature(0, 4, 4), TimeSignature(max(end_ticks, 1), numerator, 4))
    return replace(song, piece=replace(song.piece, time_signatures=metres))


EDITS: dict[str, Callable[[LayeredPiece, random.Random, int], LayeredPiece]] = {
    "rewrite bar": _rewrite_bar,
    "clear bar": _clear_bar,
    "same again": _write_same_again,
    "add layer": _add_layer,
    "remove layer": _remove_layer,
    "move layer": _move_layer,
    "field": _set_field,
    "instrument": _set_instrument,
    "pedal": _press_pedal,
    "append": _append_bars,
    "tempo": _set_tempo,
    "key": _set_key,
    "metre": _set_metre,
}


def _change_bar(
    song: LayeredPiece,
    choose: random.Random,
    change: Callable[[Note, int], list[tuple[Note, int | None]]],
    *,
    origin: int,
    num_new: int = 0,
) -> LayeredPiece:
    """Change each note of one bar of one layer; a new origin of None keeps the old one."""
    if not song.layers:
        return song
    parts = list(_parts(song))
    index = choose.randrange(len(parts))
    bar_ticks = choose.randrange(max(TimeGrid(song.piece).num_bars, 1)) * BAR_TICKS
    notes: list[tuple[Note, int]] = []
    for note, old in parts[index].notes:
        if bar_ticks <= note.onset_ticks < bar_ticks + BAR_TICKS:
            notes += [(new, old if given is None else given) for new, given in change(note, bar_ticks)]
        else:
            notes.append((note, old))
    notes += [(_note(choose, bar_ticks), origin) for _ in range(num_new)]
    parts[index] = replace(parts[index], notes=tuple(notes))
    return assemble(song.piece, tuple(parts))


def _parts(song: LayeredPiece) -> tuple[Part, ...]:
    return tuple(part_of(song, index) for index in range(len(song.layers)))


def _note(choose: random.Random, bar_ticks: int) -> Note:
    return Note(
        bar_ticks + choose.randrange(8) * TICKS // 2, choose.randrange(40, 80), TICKS // 2, choose.choice((80, 90))
    )


def _name(index: int) -> str:
    return NAMES[index] if index < len(NAMES) else f"{NAMES[index % 8]} {index // 8 + 1}"
