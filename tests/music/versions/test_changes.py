"""What changed between two states of a song: values, words, and laws for random edits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given

from music.piece import ControlChange, KeySignature, Note, Piece, Tempo, TimeSignature, Track
from music.versions.bar_words import many_bars_in_words
from music.versions.cells import in_ticks
from music.versions.change_words import changes_in_words
from music.versions.changes import compare_songs
from music.versions.layered import Layer, LayeredPiece, Part, assemble, part_of
from tests.factories.layered_songs import BAR_TICKS, TICKS, Edit, branch_off, edits, make_song, songs

PEOPLE = {1: "Ada", 2: "Ben", 3: "Cleo", 9: "Dora"}


@given(songs(), edits())
def test_numbers_balance(base: LayeredPiece, made: list[Edit]) -> None:
    """Notes before, less those that went, with those that came, are the notes after; layers without changes are the same."""
    after = branch_off(base, made, 100)
    changes = compare_songs(base, after)
    totals = [change.total() for change in changes.layers]
    num_new, num_removed = sum(each.num_new for each in totals), sum(each.num_removed for each in totals)
    assert base.piece.num_notes - num_removed + num_new == after.piece.num_notes
    for change in changes.layers:
        if change.is_nothing:
            assert _layer(base, change.layer.layer_id) == _layer(after, change.layer.layer_id)
        else:
            assert _layer(base, change.layer.layer_id) != _layer(after, change.layer.layer_id)


@given(songs(), edits())
def test_going_back_is_the_opposite(base: LayeredPiece, made: list[Edit]) -> None:
    """What is new one way is removed the other way, in the same layers."""
    after = branch_off(base, made, 100)
    there, back = compare_songs(base, after), compare_songs(after, base)
    assert there.is_nothing == back.is_nothing
    assert {change.layer.layer_id: change.total()[:2] for change in there.layers} == {
        change.layer.layer_id: change.total()[1::-1] for change in back.layers
    }


@given(songs())
def test_nothing_is_nothing(song: LayeredPiece) -> None:
    """A song compared with itself, played anew by others, or counted in finer ticks, has not changed."""
    again = song.with_origins(lambda _: 77)
    for other in (song, again, in_ticks(song, 960)):
        assert compare_songs(song, other).is_nothing
        assert changes_in_words(compare_songs(song, other)) == ["Nothing changed"]


def test_words_name_bars_and_what_is_untouched() -> None:
    """The product's example: bars, how many notes are new, and what nobody touched."""
    song = make_song(num_layers=2, num_bars=8, notes_per_bar=3)
    new = tuple((Note(bar * BAR_TICKS + 7, 90, TICKS, 80), 5) for bar in range(4, 8) for _ in range(3))
    piano = part_of(song, 0)
    after = assemble(song.piece, (replace(piano, notes=piano.notes + new), part_of(song, 1)))
    changes = compare_songs(song, after)
    assert changes_in_words(changes) == ["Piano, bars 5-8: 12 notes new", "Untouched: Bass"]
    assert changes.changed_cells() == {"a": (4, 5, 6, 7)}


def test_words_for_everything_else() -> None:
    """Layers that came, went and were changed; loudness, pedals, tempo, key, metre, length, and a layer moved in pitch."""
    song = make_song(num_layers=6, num_bars=2, notes_per_bar=2)
    tracks = [*song.piece.tracks]
    tracks[1] = replace(tracks[1], notes=tuple(note._replace(pitch=note.pitch + 2) for note in tracks[1].notes))
    tracks[2] = replace(tracks[2], notes=tuple(note._replace(velocity=100) for note in tracks[2].notes))
    tracks[3] = replace(tracks[3], control_changes=(ControlChange(BAR_TICKS, 64, 127),))
    tracks[4] = replace(tracks[4], program=11)
    piece = replace(
        song.piece,
        tracks=tuple(tracks),
        tempos=(Tempo(0, 90.0),),
        key_signatures=(KeySignature(0, 9, True),),
        time_signatures=(TimeSignature(0, 4, 4), TimeSignature(2 * BAR_TICKS, 3, 4)),
        length_ticks=2 * BAR_TICKS + 6 * TICKS,
    )
    changed = replace(song, piece=piece)
    changed = changed.with_layer(replace(song.layers[0], is_muted=True, level_db=-3.0, owner_id=9, name="Keys"))
    added = Part(layer=Layer(layer_id="z", name="Choir", owner_id=3), track=Track(), notes=((Note(0, 60, 9, 80), 5),))
    after = assemble(changed.piece, (*(part_of(changed, index) for index in range(5)), added))
    lines = changes_in_words(compare_songs(song, after), person=lambda number: PEOPLE[number])
    assert lines == [
        "Keys: was called “Piano”, now belongs to Dora, before to Ada, muted, level -3 dB, was +0 dB",
        "Bass, bars 1-2: 4 notes moved up 2 semitones",
        "Guitar, bars 1-2: 4 notes louder or softer",
        "Drums, bar 2: other pedals or bends",
        "Strings: now Vibraphone, was String Ensemble 1",
        "New layer Choir by Cleo: 1 note in bar 1",
        "Layer Flute removed: 4 notes in bars 1-2",
        "Tempo of bar 1: 90 bpm, was 120 bpm",
        "Key of bar 1: A minor, was none",
        "Metre: 4/4, 3/4, was 4/4",
        "Length: 4 bars, was 2",
    ]


def test_many_bars_are_told_in_few_words() -> None:
    """Ranges, and after a few of them only their number."""
    assert many_bars_in_words([4]) == "bar 5"
    assert many_bars_in_words([0, 1, 2, 6]) == "bars 1-3 and 7"
    assert many_bars_in_words(range(0, 20, 2)) == "bars 1, 3, 5, 7 and 6 more"


def test_empty_songs_can_be_compared() -> None:
    """A song without layers and notes is one, too."""
    empty = LayeredPiece(piece=Piece())
    assert compare_songs(empty, empty).is_nothing
    assert not compare_songs(empty, make_song(num_layers=1)).is_nothing


def _layer(song: LayeredPiece, layer_id: str) -> object:
    index = song.index_of(layer_id)
    if index is None:
        return None
    track = song.piece.tracks[index]
    return song.layers[index], Counter(track.notes), track.control_changes, track.pitch_bends, track.instrument
