"""Merges by example: who decides what, which conflicts there are, in which words, and what each decision gives."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from core.errors import InputError
from music.piece import ControlChange, Note, Tempo, TimeSignature
from music.versions.cells import MAX_TICKS_PER_QUARTER, in_ticks
from music.versions.conflicts import ConflictKind, Resolution
from music.versions.layer_fields import FIELDS, fields_of
from music.versions.layered import Layer, LayeredPiece, assemble, part_of
from music.versions.merge_report import Fate
from music.versions.merging import merge
from tests.factories.layered_songs import BAR_TICKS, TICKS, make_song

BASE = make_song(num_layers=3, num_bars=8, notes_per_bar=2)


def test_sides_that_changed_other_bars_or_layers_do_not_clash() -> None:
    """Ours writes bar 2 of the piano, theirs bar 3 of it and bar 2 of the bass: all three are in the song."""
    ours = _write(BASE, 0, 1, pitches=(90, 91), origin=10)
    theirs = _write(_write(BASE, 0, 2, pitches=(92,), origin=20), 1, 1, pitches=(93,), origin=20)
    merged = merge(BASE, ours, theirs)
    assert not merged.conflicts
    expected = _write(_write(ours, 0, 2, pitches=(92,), origin=20), 1, 1, pitches=(93,), origin=20)
    assert merged.song == expected
    assert merged.report.lines(ours="main", theirs="solo") == [
        (
            "Piano: 2 notes taken from main (bar 2); 1 note taken from solo (bar 3); "
            "2 notes removed by main (bar 2); 2 notes removed by solo (bar 3)"
        ),
        "Bass: 1 note taken from solo (bar 2); 2 notes removed by solo (bar 2)",
    ]


def test_neighbouring_bars_are_one_conflict() -> None:
    """Four bars that both sides wrote are one question, a bar apart from them is another."""
    merged = merge(BASE, *_clashing((4, 5, 6, 7, 1)))
    assert merged.song is None
    assert merged.open_conflicts == merged.conflicts
    assert [conflict.sentence(theirs="Ben's branch") for conflict in merged.conflicts] == [
        "Bar 2 of Bass: ours has 2 notes, Ben's branch 3, 1 of them the same",
        "Bars 5-8 of Bass: ours has 8 notes, Ben's branch 12, 4 of them the same",
    ]
    assert [conflict.key for conflict in merged.conflicts] == ["cells:b:1-2", "cells:b:4-8"]
    assert merged.report.count(Fate.UNDECIDED) == 5 * (2 + 3 - 1 + 2)


def test_decision_for_ours_and_theirs() -> None:
    """The notes of the side that was decided for stand; those of the other are told as left out."""
    ours, theirs = _clashing((1,))
    for resolution, side, fate, num_out in (
        (Resolution.OURS, ours, Fate.DECIDED_AGAINST_THEIRS, 2),
        (Resolution.THEIRS, theirs, Fate.DECIDED_AGAINST_OURS, 1),
    ):
        merged = merge(BASE, ours, theirs, resolutions={"cells:b:1-2": resolution})
        assert merged.song == side
        assert not merged.open_conflicts
        assert merged.report.count(fate) == num_out


def test_decision_for_both_puts_theirs_beside() -> None:
    """What only theirs has goes to a layer of its own after ours, and no note is left out or doubled."""
    ours, theirs = _clashing((1,))
    merged = merge(BASE, ours, theirs, resolutions={"cells:b:1-2": Resolution.BOTH}, key="job-7")
    assert merged.song is not None
    assert [layer.name for layer in merged.song.layers] == ["Piano", "Bass", "Bass 2", "Guitar"]
    assert merged.song.piece.tracks[1] == ours.piece.tracks[1]
    beside = merged.song.piece.tracks[2]
    assert [note.pitch for note in beside.notes] == [92, 93]
    assert beside.program == 33
    assert merged.song.origins[2] == (20, 20)
    assert merged.song.layers[2].layer_id not in {layer.layer_id for layer in BASE.layers}
    assert merged == merge(BASE, ours, theirs, resolutions={"cells:b:1-2": Resolution.BOTH}, key="job-7")


def test_decision_for_a_bridge_names_the_bars_to_write() -> None:
    """They stand as in ours until the network has written them."""
    ours, theirs = _clashing((1, 4))
    decisions = {"cells:b:1-2": Resolution.BRIDGE, "cells:b:4-5": Resolution.THEIRS, "cells:gone:0-1": Resolution.OURS}
    merged = merge(BASE, ours, theirs, resolutions=decisions)
    assert merged.to_bridge == (("b", 1, 2),)
    assert merged.report.count(Fate.TO_BE_BRIDGED) == 2
    assert merged.song is not None
    assert [note.pitch for note in merged.song.piece.tracks[1].notes if note.onset_ticks // BAR_TICKS == 1] == [90, 91]


def test_properties_of_a_layer_are_merged_one_by_one() -> None:
    """Ours mutes, theirs renames: both. Both set the level: a question that only one side can answer."""
    bass = BASE.layers[1]
    ours = BASE.with_layer(replace(bass, is_muted=True, level_db=-3.0))
    theirs = BASE.with_layer(replace(bass, name="Low", level_db=2.0))
    merged = merge(BASE, ours, theirs)
    (conflict,) = merged.conflicts
    assert conflict.sentence() == "Level of Bass: ours has -3 dB, theirs +2 dB"
    assert conflict.key == "field:b:level_db"
    decided = merge(BASE, ours, theirs, resolutions={conflict.key: Resolution.THEIRS}).song
    assert decided is not None
    assert decided.layers[1] == replace(bass, is_muted=True, level_db=2.0, name="Low")
    with pytest.raises(InputError, match="Keep ours or theirs"):
        merge(BASE, ours, theirs, resolutions={conflict.key: Resolution.BOTH})


def test_owners_are_named_by_the_caller() -> None:
    """A conflict knows people by their numbers only."""
    ours, theirs = (BASE.with_layer(replace(BASE.layers[0], owner_id=owner)) for owner in (7, 8))
    (conflict,) = merge(BASE, ours, theirs).conflicts
    assert conflict.sentence(person={7: "Ada", 8: "Ben"}.__getitem__) == "Owner of Piano: ours has Ada, theirs Ben"


def test_all_that_a_layer_has_is_merged() -> None:
    """A property that is added to layers cannot be forgotten here."""
    assert {field.name for field in fields(Layer)} - {"layer_id"} == {*FIELDS} - {"instrument"}
    assert fields_of(BASE.layers[0], BASE.piece.tracks[0]).keys() == {*FIELDS}


@pytest.mark.parametrize("is_removed_by_ours", [True, False])
def test_removed_layers(is_removed_by_ours: bool) -> None:
    """Removed by one and untouched by the other: gone. Removed by one and changed by the other: a question."""
    without = assemble(BASE.piece, (part_of(BASE, 0), part_of(BASE, 2)))
    changed = _write(BASE, 1, 3, pitches=(90,), origin=20)
    untouched = merge(BASE, without, BASE) if is_removed_by_ours else merge(BASE, BASE, without)
    assert untouched.song == without
    assert untouched.report.lines()[0].startswith("Bass: 16 notes removed by ")

    sides = (without, changed) if is_removed_by_ours else (changed, without)
    (conflict,) = merge(BASE, *sides).conflicts
    assert conflict.kind is ConflictKind.LAYER
    told = (
        "ours removed the layer, theirs changed it"
        if is_removed_by_ours
        else "theirs removed the layer, ours changed it"
    )
    assert conflict.sentence() == f"Bass: {told} and has 15 notes in it"
    for resolution, side in zip((Resolution.OURS, Resolution.THEIRS), sides, strict=True):
        song = merge(BASE, *sides, resolutions={conflict.key: resolution}).song
        assert song is not None
        assert {layer.layer_id for layer in song.layers} == {layer.layer_id for layer in side.layers}


def test_added_layers_stand_after_the_old_ones_by_their_ids() -> None:
    """Both sides' new layers are there; layers that got the same name are told apart."""
    ours, theirs = (_add_layer(BASE, layer_id) for layer_id in ("y", "x"))
    song = merge(BASE, ours, theirs).song
    assert song is not None
    assert [(layer.layer_id, layer.name) for layer in song.layers[3:]] == [("x", "Choir"), ("y", "Choir 2")]


def test_tempo_of_one_bar_is_a_question_of_its_own() -> None:
    """Tempos are merged by bar, as are keys and chords; the notes do not matter to them."""
    ours = _with_piece(BASE, tempos=(Tempo(0, 100.0), Tempo(4 * BAR_TICKS, 90.0)))
    theirs = _with_piece(BASE, tempos=(Tempo(0, 140.0),))
    merged = merge(BASE, ours, theirs)
    assert [conflict.sentence() for conflict in merged.conflicts] == [
        "Tempo of bar 1: ours has 100 bpm, theirs 140 bpm"
    ]
    song = merge(BASE, ours, theirs, resolutions={merged.conflicts[0].key: Resolution.THEIRS}).song
    assert song is not None
    assert song.piece.tempos == (Tempo(0, 140.0), Tempo(4 * BAR_TICKS, 90.0))


def test_longer_side_wins() -> None:
    """One side that changed the length decides it; if both did, nothing is cut off."""
    longer, longest = (_with_piece(BASE, length_ticks=bars * BAR_TICKS) for bars in (9, 11))
    for sides in ((longer, BASE), (BASE, longer)):
        assert merge(BASE, *sides).song == longer
    assert merge(BASE, longer, longest).song == longest


def test_other_metre_is_taken_if_the_other_side_wrote_nothing() -> None:
    """Muting a layer does not mind new bars; writing notes does, and then only one side can be kept."""
    waltz = _with_piece(BASE, time_signatures=(TimeSignature(0, 3, 4),))
    muted = BASE.with_layer(replace(BASE.layers[0], is_muted=True))
    assert merge(BASE, waltz, muted).song == waltz.with_layer(muted.layers[0])
    assert merge(BASE, muted, waltz).song == waltz.with_layer(muted.layers[0])

    written = _write(BASE, 0, 1, pitches=(90, 91), origin=20)
    (conflict,) = merge(BASE, waltz, written).conflicts
    assert (
        conflict.sentence()
        == "The bars do not fit each other: ours has 3/4, theirs 4/4. Only one side can be kept as a whole"
    )
    assert conflict.offered == (Resolution.OURS, Resolution.THEIRS)
    merged = merge(BASE, waltz, written, resolutions={"metre": Resolution.OURS})
    assert merged.song == waltz
    assert merged.report.count(Fate.DECIDED_AGAINST_THEIRS) == 2
    assert merged.report.lines() == [
        "Piano: 2 notes taken from ours (bars 1-11); 2 notes left out by a decision for ours (bars 1-11)"
    ]
    assert merge(BASE, waltz, written, resolutions={"metre": Resolution.THEIRS}).song == written


def test_metre_of_new_bars_moves_no_old_ones() -> None:
    """Bars in another metre after the end can be merged with notes in the old ones."""
    metres = (TimeSignature(0, 4, 4), TimeSignature(8 * BAR_TICKS, 3, 4))
    longer = _with_piece(BASE, time_signatures=metres, length_ticks=8 * BAR_TICKS + 3 * TICKS)
    written = _write(BASE, 0, 1, pitches=(90,), origin=20)
    assert merge(BASE, longer, written).song == _write(longer, 0, 1, pitches=(90,), origin=20)


def test_pedals_are_part_of_a_bar() -> None:
    """Two different pedals in one bar are a conflict without notes: both cannot be kept."""
    ours, theirs = (_with_track(BASE, 0, control_changes=(ControlChange(BAR_TICKS, 64, value),)) for value in (0, 127))
    (conflict,) = merge(BASE, ours, theirs).conflicts
    assert conflict.sentence() == "Bar 2 of Piano: the same 2 notes on both sides, with other pedals or bends"
    assert conflict.offered == (Resolution.OURS, Resolution.THEIRS)


def test_finer_ticks_are_kept_if_a_side_needs_them() -> None:
    """Sides that count other ticks are merged exactly; nothing is rounded that need not be."""
    theirs = in_ticks(BASE, 960)
    theirs = _write(theirs, 0, 1, pitches=(90,), origin=20, onset_ticks=2 * BAR_TICKS + 3)
    song = merge(BASE, _write(BASE, 1, 0, pitches=(80,), origin=10), theirs).song
    assert song is not None
    assert song.piece.ticks_per_quarter == 960
    assert Note(2 * BAR_TICKS + 3, 90, TICKS, 80) in song.piece.tracks[0].notes
    assert Note(0, 80, 2 * TICKS, 80) in song.piece.tracks[1].notes
    odd = merge(BASE, in_ticks(BASE, 997), in_ticks(BASE, 1_009)).song
    assert odd is not None
    assert odd.piece.ticks_per_quarter <= MAX_TICKS_PER_QUARTER


def test_held_layer_keeps_its_notes_and_its_name() -> None:
    """A layer that others have locked stays as in ours without a question, and what is left out is told."""
    ours, theirs = _clashing((1,))
    theirs = theirs.with_layer(replace(theirs.layers[1], name="Taken"))
    merged = merge(BASE, ours, theirs, held_layer_ids=frozenset("b"))
    assert merged.song == ours
    assert merged.report.lines() == [
        "Bass: 1 note taken from ours (bar 2); 2 notes removed by both (bar 2); 2 notes left out of a locked layer (bar 2)"
    ]


def test_two_titles_are_no_question() -> None:
    """The one that comes first in the alphabet is taken, whoever merges."""
    ours, theirs = (_with_piece(BASE, title=title) for title in ("Night", "Day"))
    assert merge(BASE, ours, theirs).song == merge(BASE, theirs, ours).song == theirs


# --- songs ---------------------------------------------------------------------------------------------------------


def _clashing(bars: tuple[int, ...]) -> tuple[LayeredPiece, LayeredPiece]:
    """Two sides that wrote the same bars of the bass anew; one note is the same."""
    ours = theirs = BASE
    for bar in bars:
        ours = _write(ours, 1, bar, pitches=(90, 91), origin=10)
        theirs = _write(theirs, 1, bar, pitches=(91, 92, 93), origin=20)
    return ours, theirs


def _write(
    song: LayeredPiece, index: int, bar: int, *, pitches: tuple[int, ...], origin: int, onset_ticks: int | None = None
) -> LayeredPiece:
    """Put notes in place of all others in a bar, all at its beginning."""
    bar_ticks = song.piece.ticks_per_quarter * 4
    start_ticks = bar * bar_ticks if onset_ticks is None else onset_ticks
    part = part_of(song, index)
    kept = tuple(each for each in part.notes if each[0].onset_ticks // bar_ticks != bar)
    new = tuple((Note(start_ticks, pitch, TICKS, 80), origin) for pitch in pitches)
    parts = [part_of(song, place) for place in range(len(song.layers))]
    parts[index] = replace(part, notes=kept + new)
    return assemble(song.piece, tuple(parts))


def _add_layer(song: LayeredPiece, layer_id: str) -> LayeredPiece:
    part = replace(part_of(song, 0), layer=Layer(layer_id=layer_id, name="Choir", owner_id=5))
    return assemble(song.piece, (*(part_of(song, place) for place in range(len(song.layers))), part))


def _with_piece(song: LayeredPiece, **changes: object) -> LayeredPiece:
    return replace(song, piece=replace(song.piece, **changes))  # pyright: ignore[reportArgumentType] - fields of Piece


def _with_track(song: LayeredPiece, index: int, **changes: object) -> LayeredPiece:
    tracks = list(song.piece.tracks)
    tracks[index] = replace(tracks[index], **changes)  # pyright: ignore[reportArgumentType] - fields of Track
    return replace(song, piece=song.piece.with_tracks(tuple(tracks)))
