"""Pieces survive the event encoding on its own grid, and the encoding says what it drops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NoMusicError, UnsupportedMetreError
from music.columns import columns_of_piece, find_bars
from music.piece import Note, Piece, Tempo, TimeSignature, Track
from music.tokenizers.event import EventTokenizer, encode_columns, place_of_bar, tempo_bin, velocity_of_bin
from music.vocabulary import DURATIONS, FIELDS, METRE_UNITS, NUM_TEMPO_BINS, VOCABULARY_HASH, Kind, tempo_of_bin
from tests.factories.pieces import CORPUS_NAMES, make_band, read_corpus

TOKENIZER = EventTokenizer()
UNIT = 20  # ticks of a new piece in one grid unit


def sounds(piece: Piece) -> set[tuple]:
    """Every note with its instrument."""
    return {(track.instrument, *note) for track in piece.tracks for note in track.notes}


@pytest.mark.parametrize("name", CORPUS_NAMES)
def test_real_scores_come_back_the_same_after_one_round(name):
    """What was encoded once lies on the grid, so a second round changes nothing."""
    once = TOKENIZER.decode(TOKENIZER.encode(read_corpus(name)))
    twice = TOKENIZER.decode(TOKENIZER.encode(once))
    assert sounds(twice) == sounds(once)
    assert twice.length_ticks == once.length_ticks
    assert twice.time_signatures == once.time_signatures


@pytest.mark.parametrize("name", CORPUS_NAMES)
def test_every_note_of_up_to_six_parts_is_encoded(name):
    """Notes are lost only to roles that a piece has too many tracks for, and to unisons within a part."""
    piece = read_corpus(name)
    columns = columns_of_piece(piece)
    encoded = encode_columns(columns, find_bars(columns))
    kept = {track for part in encoded.parts for track in part.tracks}
    expected = {(index, note.onset_ticks, note.pitch) for index in kept for note in piece.tracks[index].notes}
    is_note = encoded.rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)
    assert is_note.sum() == len(expected)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_piece_on_the_grid_comes_back_note_for_note(data):
    """Random melody, chords and drums in any metre, any order."""
    beats, unit = data.draw(st.sampled_from([(2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (9, 8), (12, 8)]))
    bar_units = 96 * beats // unit
    num_bars = data.draw(st.integers(1, 6))
    places = st.integers(0, num_bars * bar_units - 1)
    bins = st.integers(0, 31)

    def notes(low: int, high: int, length: st.SearchStrategy[int]) -> tuple[Note, ...]:
        drawn = data.draw(
            st.lists(
                st.tuples(places, st.integers(low, high), length, bins), min_size=1, max_size=20,
                unique_by=lambda each: (each[0], each[1]),
            )
        )  # fmt: skip
        return tuple(Note(at * UNIT, pitch, size * UNIT, velocity_of_bin(each)) for at, pitch, size, each in drawn)

    lengths = st.sampled_from(DURATIONS)
    piece = Piece(
        tracks=(
            Track(notes=notes(50, 90, lengths), program=73, name="lead"),
            Track(notes=notes(0, 127, lengths), program=0, name="chords"),
            Track(notes=notes(35, 81, st.just(6)), is_drum=True),
        ),
        time_signatures=(TimeSignature(0, beats, unit),),
        tempos=(Tempo(0, round(tempo_of_bin(data.draw(st.integers(0, NUM_TEMPO_BINS - 1))), 2)),),
        length_ticks=num_bars * bar_units * UNIT,
    )
    back = TOKENIZER.decode(TOKENIZER.encode(piece))
    assert sounds(back) == sounds(piece)
    # A note that rings past the last bar line makes the piece, and so its last bars, longer.
    assert back.length_ticks == -(-piece.length_ticks // (bar_units * UNIT)) * bar_units * UNIT
    assert back.time_signatures == piece.time_signatures
    assert back.tempos == piece.tempos


def test_same_piece_gives_same_rows():
    assert np.array_equal(TOKENIZER.encode(make_band()), TOKENIZER.encode(make_band()))
    assert TOKENIZER.vocabulary_hash == VOCABULARY_HASH


def test_roles_and_chords_of_a_band_are_found():
    """Drums, bass and harmony of a simple band: I vi IV V in C."""
    columns = columns_of_piece(make_band())
    encoded = encode_columns(columns, find_bars(columns))
    programs = {part.slot: part.program for part in encoded.parts}
    assert programs[0] == 128
    assert programs[1] == 33
    piece = TOKENIZER.decode(TOKENIZER.encode(make_band()))
    first_bars = {each.onset_ticks // 1920: (each.root, each.quality) for each in reversed(piece.chords)}
    assert [first_bars[bar][0] for bar in range(4)] == [0, 9, 5, 7]
    assert encoded.key == 0


def test_an_unsupported_metre_is_refused_with_the_list_of_metres():
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), time_signatures=(TimeSignature(0, 7, 8),))
    with pytest.raises(UnsupportedMetreError, match=r"7/8.*12/8"):
        TOKENIZER.encode(piece)


def test_a_piece_without_notes_is_refused():
    with pytest.raises(NoMusicError):
        TOKENIZER.encode(Piece())


def test_a_note_before_its_bar_is_refused():
    rows = TOKENIZER.encode(make_band(2))
    is_bar = rows[:, 0] == FIELDS["kind"].id_of(Kind.BAR)
    with pytest.raises(ValueError, match="before its track or its bar"):
        TOKENIZER.decode(rows[~is_bar])


def test_places_count_from_the_start_and_to_the_end():
    places = [place_of_bar(bar, 20) for bar in range(20)]
    assert places[:9] == [1, 2, 3, 4, 5, 6, 7, 8, 0]
    assert places[-8:] == [9, 10, 11, 12, 13, 14, 15, 16]
    assert place_of_bar(0, 1) == 16


def test_tempo_bins_are_the_nearest_and_never_outside():
    assert [tempo_bin(tempo_of_bin(index)) for index in range(NUM_TEMPO_BINS)] == list(range(NUM_TEMPO_BINS))
    assert tempo_bin(1) == 0
    assert tempo_bin(1000) == NUM_TEMPO_BINS - 1
    assert len(METRE_UNITS) == 7
