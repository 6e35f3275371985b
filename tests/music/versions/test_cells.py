"""Cutting into cells and joining again loses nothing, in whatever bars; ticks change without a note losing its origin."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from music.piece import ControlChange, Note, Tempo, TimeSignature
from music.versions.cells import bar_starts, cut_events, cut_layers, in_ticks, join_cells
from music.versions.layered import LayeredPiece, assemble, part_of
from tests.factories.layered_songs import BAR_TICKS, TICKS, Edit, branch_off, edits, make_song, songs

_METRES = st.sampled_from(
    (
        (),
        (TimeSignature(0, 4, 4),),
        (TimeSignature(0, 3, 4),),
        (TimeSignature(0, 7, 8), TimeSignature(BAR_TICKS, 2, 4)),
        (TimeSignature(700, 5, 4),),
    )
)


@given(songs(), edits(), _METRES)
def test_cells_joined_are_the_layers(base: LayeredPiece, made: list[Edit], metres: tuple[TimeSignature, ...]) -> None:
    """Each note, controller and bend is in exactly one bar, also when the bars are another song's."""
    song = branch_off(base, made, 100)
    starts_ticks = bar_starts((song,), metres)
    cut = cut_layers(song, starts_ticks)
    assert all(len(cells) == len(starts_ticks) for cells in cut.values())
    parts = tuple(join_cells(layer, track, cut[layer.layer_id]) for layer, track, _ in song.parts())
    assert assemble(song.piece, parts) == song
    for field in ("tempos", "key_signatures", "chords"):
        events = getattr(song.piece, field)
        assert sum(cut_events(events, starts_ticks), start=()) == events


def test_cells_hold_what_begins_in_their_bar() -> None:
    """A note that lasts over the bar line belongs to the bar where it begins."""
    song = make_song(num_layers=1, num_bars=3, notes_per_bar=0)
    notes = tuple((Note(onset_ticks, 60, 3 * BAR_TICKS, 80), 7) for onset_ticks in (BAR_TICKS - 1, BAR_TICKS))
    song = assemble(song.piece, (replace(part_of(song, 0), notes=notes),))
    (cells,) = cut_layers(song, bar_starts((song,), song.piece.time_signatures)).values()
    assert [len(cell.content.notes) for cell in cells] == [1, 1, 0, 0]
    assert [cell.origins for cell in cells[:2]] == [(7,), (7,)]


def test_bars_reach_as_far_as_anything_begins() -> None:
    """A pedal or a tempo after the last note has a bar, too; an empty song has one."""
    song = make_song(num_layers=1, num_bars=2)
    assert len(bar_starts((song,), song.piece.time_signatures)) == 2
    pedal = replace(song.piece.tracks[0], control_changes=(ControlChange(5 * BAR_TICKS, 64, 0),))
    late = replace(song, piece=song.piece.with_tracks((pedal,)))
    assert len(bar_starts((late,), song.piece.time_signatures)) == 6
    fast = replace(song, piece=replace(song.piece, tempos=(Tempo(0, 90.0), Tempo(8 * BAR_TICKS, 99.0))))
    assert len(bar_starts((fast,), song.piece.time_signatures)) == 9
    assert len(bar_starts((make_song(num_layers=0, num_bars=0),), ())) == 1


@given(songs(), st.sampled_from((1, 7, 96, 480, 960, 1001)))
def test_other_ticks_keep_notes_and_origins_together(base: LayeredPiece, ticks_per_quarter: int) -> None:
    """However coarse the ticks: every origin keeps its notes; finer ones can be taken back exactly."""
    song = replace(base, origins=tuple(tuple(range(1, len(each) + 1)) for each in base.origins))
    scaled = in_ticks(song, ticks_per_quarter)
    assert scaled.piece.ticks_per_quarter == ticks_per_quarter
    before = {
        (layer.layer_id, origin): (note.pitch, note.velocity, note.onset_ticks)
        for layer, track, origins in song.parts()
        for note, origin in zip(track.notes, origins, strict=True)
    }
    for layer, track, origins in scaled.parts():
        for note, origin in zip(track.notes, origins, strict=True):
            pitch, velocity, onset_ticks = before[layer.layer_id, origin]
            assert (note.pitch, note.velocity) == (pitch, velocity)
            assert 2 * abs(note.onset_ticks * TICKS - onset_ticks * ticks_per_quarter) <= TICKS
    if ticks_per_quarter % TICKS == 0:
        assert in_ticks(scaled, TICKS) == song


def test_same_ticks_are_the_same_song() -> None:
    """Nothing is copied then."""
    song = make_song()
    assert in_ticks(song, TICKS) is song
