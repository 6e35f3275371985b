"""The longest passage shared with given music is found whatever its key, tempo and instrument."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigurationError
from music.columns import columns_of_piece
from music.originality import (
    BREAK,
    WINDOW,
    Fingerprints,
    hash_windows,
    longest_stretch,
    measure_shared_run,
    spell_columns,
    spell_piece,
)
from music.piece import Note, Piece, Tempo, Track
from tests.factories.pieces import CORPUS_NAMES, make_band, make_chorale, read_corpus
from training.fingerprints import write_fingerprints
from training.near_copies import PieceLines

NUM_SHARED = 20


def make_line(seed: int, num_notes: int = 60, *, ticks: int = 240) -> list[Note]:
    """A random walk of eighths and quarters."""
    choose = np.random.default_rng(seed)
    onsets = np.cumsum(choose.integers(1, 3, num_notes)) * ticks
    pitches = 60 + np.cumsum(choose.integers(-4, 5, num_notes)) % 24
    return [Note(int(onset), int(pitch), ticks, 80) for onset, pitch in zip(onsets, pitches, strict=True)]


def piece_of(*lines: list[Note], program: int = 0) -> Piece:
    return Piece(tracks=tuple(Track(notes=tuple(line), program=program) for line in lines))


def moved(notes: list[Note], *, ticks: int, semitones: int) -> list[Note]:
    return [note._replace(onset_ticks=note.onset_ticks + ticks, pitch=note.pitch + semitones) for note in notes]


@pytest.fixture
def index(tmp_path):
    """The fingerprints of three lines and of real music."""
    known = [piece_of(make_line(seed)) for seed in (1, 2, 3)] + [read_corpus(CORPUS_NAMES[0])]
    write_fingerprints([PieceLines("known", spell_piece(piece)) for piece in known], tmp_path)
    found = Fingerprints.load(tmp_path)
    assert found is not None
    return found


def test_a_borrowed_passage_is_measured_in_notes(index):
    borrowed = make_line(2)[10 : 10 + NUM_SHARED]
    stop_ticks = borrowed[-1].onset_ticks
    own = [*borrowed, *moved(make_line(9), ticks=stop_ticks, semitones=0)]
    assert measure_shared_run(index, piece_of(own)) == NUM_SHARED


def test_key_tempo_instrument_and_place_do_not_hide_it(index):
    borrowed = moved(make_line(2)[10 : 10 + NUM_SHARED], ticks=480 * 7, semitones=-3)
    hidden = replace(piece_of(make_line(8), borrowed, program=61), tempos=(Tempo(0, 200.0),))
    assert measure_shared_run(index, hidden) >= NUM_SHARED


def test_notes_below_a_melody_do_not_hide_it(index):
    borrowed = make_line(2)
    chords = [note._replace(pitch=note.pitch - step) for note in borrowed for step in (0, 15, 19)]
    assert measure_shared_run(index, piece_of(chords)) == len(borrowed)


def test_new_music_shares_nothing(index):
    assert measure_shared_run(index, piece_of(make_line(50), make_line(51))) == 0


def test_drums_and_broken_chords_never_count(tmp_path):
    arpeggio = [Note(120 * each, 60 + (0, 4, 7, 4)[each % 4], 100, 80) for each in range(64)]
    drums = Track(notes=tuple(make_line(1)), is_drum=True)
    piece = Piece(tracks=(drums, Track(notes=tuple(arpeggio))))
    hashes, counts = hash_windows(spell_piece(piece))
    assert len(hashes) > 0
    assert not counts.any()


def test_what_was_given_does_not_count(index):
    """A continuation is measured by its new notes, even when people gave a passage of the training music."""
    given = piece_of(make_line(2)[:40])
    stop_ticks = given.stop_ticks
    new = moved(make_line(70), ticks=stop_ticks, semitones=0)
    whole = piece_of([*given.tracks[0].notes, *new])
    assert measure_shared_run(index, whole) == 40
    assert measure_shared_run(index, whole, given=given) == 0


def test_given_notes_cut_a_line_in_two():
    line = make_line(4, 30)
    symbols = spell_piece(piece_of(line), given=piece_of(line[10:12]))
    assert len(symbols) == 28
    assert np.flatnonzero(symbols == BREAK).tolist() == [0, 10]


def test_a_window_never_reaches_over_two_lines():
    symbols = spell_piece(piece_of(make_line(1, WINDOW), make_line(2, WINDOW)))
    _, counts = hash_windows(symbols)
    assert not counts.any()


def test_a_played_and_a_written_passage_are_spelled_alike():
    """``make_band`` is a little loose in time; snapped, two takes of its bass are the same line."""
    takes = [spell_columns(columns_of_piece(Piece(tracks=(make_band(8, seed=seed).tracks[1],)))) for seed in (1, 2)]
    assert np.array_equal(*takes)


def test_windows_hash_alike_wherever_they_stand():
    symbols = spell_piece(make_chorale())
    hashes, counts = hash_windows(symbols)
    again, _ = hash_windows(np.concatenate([symbols[50:], symbols]))
    assert counts.any()
    assert np.array_equal(again[-len(hashes) :], hashes)


def test_the_longest_stretch_is_found():
    assert longest_stretch(np.asarray([1, 1, 0, 1, 1, 1, 0], dtype=bool)) == 3
    assert longest_stretch(np.zeros(0, dtype=bool)) == 0


def test_a_piece_without_notes_shares_nothing(index):
    assert measure_shared_run(index, Piece()) == 0


def test_no_folder_means_no_fingerprints(tmp_path):
    assert Fingerprints.load(tmp_path / "nowhere") is None


@pytest.mark.parametrize("change", [{"window": WINDOW + 1}, {"format": 0}, {"num_bytes": 3}])
def test_fingerprints_of_other_rules_are_refused(tmp_path, change):
    write_fingerprints([PieceLines("known", spell_piece(piece_of(make_line(1))))], tmp_path)
    card = tmp_path / "fingerprints.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | change))
    with pytest.raises(ConfigurationError, match=r"python -m training\.fingerprints"):
        Fingerprints.load(tmp_path)


def test_damaged_fingerprints_are_refused(tmp_path):
    write_fingerprints([PieceLines("known", spell_piece(piece_of(make_line(1))))], tmp_path)
    (tmp_path / "fingerprints.npy").write_bytes(b"nothing")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Fingerprints.load(tmp_path)
