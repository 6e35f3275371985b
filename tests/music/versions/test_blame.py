"""Who wrote which notes: numbers that sum to the notes, and bars that belong together."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from music.piece import Note, Piece, Track
from music.versions.blame import Share, credits_of, who_wrote
from music.versions.layered import Layer, LayeredPiece, Part, assemble
from tests.factories.layered_songs import BAR_TICKS, Edit, branch_off, edits, make_song, songs


@given(songs(), edits())
def test_every_note_is_somebodys(base: LayeredPiece, made: list[Edit]) -> None:
    """Credits and blame both sum to the notes, for each origin and for each layer."""
    song = branch_off(base, made, 100)
    expected = Counter(origin for origins in song.origins for origin in origins)
    assert {credit.origin: credit.num_notes for credit in credits_of(song)} == expected
    blamed: Counter[int] = Counter()
    for blame in who_wrote(song):
        blamed.update(dict(blame.shares))
    assert blamed == expected
    by_layer: Counter[str] = Counter()
    for credit in credits_of(song):
        by_layer.update(dict(credit.by_layer))
    assert by_layer == Counter({layer.layer_id: len(track.notes) for layer, track, _ in song.parts() if track.notes})


def test_neighbouring_bars_of_the_same_revisions_are_one_run() -> None:
    """A bar without notes parts them, and so does a bar that another revision had a hand in."""
    song = _song({0: (5,), 1: (5, 5), 2: (7, 5, 7), 4: (7,), 5: (7,)})
    assert [(blame.start_bar, blame.stop_bar, blame.shares) for blame in who_wrote(song)] == [
        (0, 2, (Share(5, 3),)),
        (2, 3, (Share(7, 2), Share(5, 1))),
        (4, 6, (Share(7, 2),)),
    ]


def test_only_what_was_asked_for_is_told() -> None:
    """Some bars of some layers."""
    song = make_song(num_layers=3, num_bars=8, notes_per_bar=2)
    (blame,) = who_wrote(song, indices=[1], start_bar=2, stop_bar=5)
    assert (blame.layer.name, blame.start_bar, blame.stop_bar, blame.shares) == ("Bass", 2, 5, (Share(1, 6),))


def test_whoever_wrote_most_comes_first() -> None:
    """In credits, with the layers that their notes are in."""
    song = _song({0: (5,), 1: (7, 7)})
    assert [(credit.origin, credit.num_notes, credit.by_layer) for credit in credits_of(song)] == [
        (7, 2, (("a", 2),)),
        (5, 1, (("a", 1),)),
    ]


def _song(bars: dict[int, tuple[int, ...]]) -> LayeredPiece:
    """One layer with notes of these origins in these bars."""
    notes = tuple(
        (Note(bar * BAR_TICKS + place, 60, 10, 80), origin)
        for bar, origins in bars.items()
        for place, origin in enumerate(origins)
    )
    return assemble(Piece(), (Part(layer=Layer(layer_id="a", name="Bass", owner_id=1), track=Track(), notes=notes),))
