"""``music/tokenizers/octuple.py``: the published sizes, and what is on the grid comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import NoMusicError
from music.piece import Note, Piece, Tempo, TimeSignature, Track
from music.tokenizers.octuple import (
    BAR,
    DURATION,
    DURATIONS,
    FIELD_OFFSETS,
    FIELD_SIZES,
    INSTRUMENT,
    MASK_ID,
    MAX_BARS,
    METRE,
    METRES,
    PITCH,
    POSITION,
    TEMPO,
    VOCABULARY_HASH,
    OctupleTokenizer,
    decode_rows,
    duration_bin,
    encode_octuples,
    reduce_metre,
    tempo_bin,
    tempo_of_bin,
    velocity_bin,
    velocity_of_bin,
)
from tests.factories.pieces import CORPUS_NAMES, make_band, make_chorale, read_corpus
from tests.factories.random_pieces import pieces

TOKENIZER = OctupleTokenizer()


def test_sizes_are_the_published_ones():
    """Zeng et al. 2021; the eight fields have 1,232 values together."""
    assert FIELD_SIZES == (256, 128, 129, 256, 128, 32, 254, 49)
    assert sum(FIELD_SIZES) == 1232
    assert MASK_ID == FIELD_OFFSETS[-1] + FIELD_SIZES[-1] == 1236
    assert (len(DURATIONS), len(METRES)) == (128, 254)


def test_tables_have_the_published_bins():
    """Spot values of duration, velocity, tempo and metre."""
    assert DURATIONS[:17] == tuple(range(17))
    assert (DURATIONS[17], DURATIONS[31], DURATIONS[32], DURATIONS[127]) == (18, 46, 48, 3952)
    assert [duration_bin(positions) for positions in (0, 15, 16, 17, 47, 48, 10**6)] == [0, 15, 16, 16, 31, 32, 127]
    assert (velocity_bin(127), velocity_of_bin(31)) == (31, 126)
    assert (tempo_bin(16), tempo_bin(120), tempo_bin(256), tempo_bin(1000)) == (0, 35, 48, 48)
    assert (METRES[0], METRES[253]) == ((1, 1), (128, 64))
    assert (reduce_metre(4, 4), reduce_metre(12, 4), reduce_metre(149, 4)) == ((4, 4), (6, 4), (1, 4))


def test_bins_are_their_own_centres():
    for number in range(FIELD_SIZES[TEMPO]):
        assert tempo_bin(tempo_of_bin(number)) == number
    for number in range(32):
        assert velocity_bin(velocity_of_bin(number)) == number
    for number, length in enumerate(DURATIONS):
        assert duration_bin(length) == number


@pytest.mark.parametrize("name", CORPUS_NAMES)
def test_real_music_comes_back_on_its_grid(name):
    """encode(decode(encode(piece))) is encode(piece)."""
    rows = TOKENIZER.encode(read_corpus(name))
    assert np.array_equal(TOKENIZER.encode(TOKENIZER.decode(rows)), rows)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(pieces())
def test_any_piece_comes_back_on_its_grid(piece: Piece):
    """For any tempos, metres and ticks; positions past a bar that a metre change cut short are the one exception."""
    if not piece.num_notes or (encode_octuples(piece).rows[:, BAR] >= MAX_BARS).all():
        with pytest.raises(NoMusicError):
            TOKENIZER.encode(piece)
        return
    rows = TOKENIZER.encode(piece)
    assert (rows >= 0).all()
    assert (rows < np.asarray(FIELD_SIZES)).all()
    assert np.array_equal(TOKENIZER.encode(TOKENIZER.decode(rows)), rows)


def test_piece_that_begins_after_the_last_bar_is_refused():
    """What hypothesis found: every note dropped, and nothing left to decode."""
    late = Piece(tracks=(Track(notes=(Note(1920 * MAX_BARS, 60, 480, 90),)),))
    with pytest.raises(NoMusicError, match="begins earlier"):
        TOKENIZER.encode(late)


def test_rows_are_sorted_and_drums_live_in_the_upper_half():
    rows = TOKENIZER.encode(make_band(2)).astype(int)
    assert rows.tolist() == sorted(rows.tolist())
    assert ((rows[:, PITCH] >= 128) == (rows[:, INSTRUMENT] == 128)).all()


def test_the_side_maps_lead_back_to_every_note():
    piece = make_band(4)
    found = encode_octuples(piece)
    notes = {(track, note) for track, note in zip(found.track.tolist(), found.note.tolist(), strict=True)}
    assert notes == {(track, note) for track in range(4) for note in range(len(piece.tracks[track].notes))}
    for row, track, note in zip(found.rows.tolist(), found.track.tolist(), found.note.tolist(), strict=True):
        real = piece.tracks[track].notes[note]
        assert real.pitch == row[PITCH] % 128
        assert abs(found.position_ticks(row[BAR], row[POSITION]) - real.onset_ticks) <= 15


def test_two_tracks_of_one_program_stay_apart_with_the_side_map():
    """A chorale is four pianos; the map gives the voices back."""
    found = encode_octuples(make_chorale())
    assert len(decode_rows(found.rows).tracks) == 1
    again = decode_rows(found.rows, track=found.track.tolist())
    assert [len(track.notes) for track in again.tracks] == [len(track.notes) for track in make_chorale().tracks]


def test_changes_of_metre_and_tempo_are_on_the_notes():
    piece = Piece(
        tracks=(Track(notes=(Note(0, 60, 480, 80), Note(1920, 62, 480, 80), Note(2 * 1920, 64, 240, 80))),),
        time_signatures=(TimeSignature(0, 4, 4), TimeSignature(1920, 3, 4)),
        tempos=(Tempo(0, 120.0), Tempo(1920, 60.0)),
    )
    rows = TOKENIZER.encode(piece)
    assert [METRES[row[METRE]] for row in rows] == [(4, 4), (3, 4), (3, 4)]
    assert rows[:, TEMPO].tolist() == [35, 23, 23]
    assert rows[:, BAR].tolist() == [0, 1, 2]


def test_notes_past_bar_256_are_dropped_by_the_tokenizer_and_kept_by_the_side_map():
    notes = tuple(Note(bar * 1920, 60, 480, 80) for bar in range(300))
    piece = Piece(tracks=(Track(notes=notes),))
    assert len(TOKENIZER.encode(piece)) == 256
    assert len(encode_octuples(piece).rows) == 300


def test_very_short_notes_keep_duration_zero():
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 3, 80),)),))
    rows = TOKENIZER.encode(piece)
    assert rows[0, DURATION] == 0
    assert np.array_equal(TOKENIZER.encode(TOKENIZER.decode(rows)), rows)


@pytest.mark.parametrize(
    "change", [{BAR: 256}, {POSITION: 64}, {PITCH: 200}, {INSTRUMENT: 129}, {DURATION: -1}, {TEMPO: 49}]
)
def test_rows_that_nobody_wrote_are_refused(change):
    rows = TOKENIZER.encode(Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),)))
    for field, value in change.items():
        rows[0, field] = value
    with pytest.raises(ValueError, match=r"field|bar|pitches"):
        TOKENIZER.decode(rows)


def test_the_vocabulary_hash_stands():
    """Shipped weights name it: changing the encoding must be a decision."""
    assert VOCABULARY_HASH == "118d97919b2375764478fde5e38940b3b0a5cab476ad265d882e85e147dcc996"
