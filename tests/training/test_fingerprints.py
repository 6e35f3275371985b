"""Fingerprints hold every window of the training split, and the exact index tells where a bound is too high."""

import json

import numpy as np

from music.midi import write_midi
from music.originality import Fingerprints, hash_windows, spell_piece
from tests.factories.pieces import CORPUS_NAMES, read_corpus
from tests.music.test_originality import make_line, moved, piece_of
from training.fingerprints import (
    LINES_NAME,
    ExactIndex,
    make_bits,
    open_exact_index,
    read_lines,
    spell_voices,
    write_fingerprints,
)
from training.near_copies import PieceLines

PIECES = [read_corpus(name) for name in CORPUS_NAMES[:4]]


def test_every_window_that_was_put_in_is_found(tmp_path):
    lines = [PieceLines(name, spell_piece(piece)) for name, piece in zip(CORPUS_NAMES, PIECES, strict=False)]
    card = write_fingerprints(lines, tmp_path)
    index = Fingerprints.load(tmp_path)
    assert index is not None
    for _, symbols, _ in lines:
        hashes, counts = hash_windows(symbols)
        assert index.contains(hashes[counts]).all()
    strangers = np.random.default_rng(1).integers(0, 2**64, 100_000, dtype=np.uint64)
    assert index.contains(strangers).mean() < 0.002
    assert card["num_hashes"] <= card["num_windows"]


def test_the_same_lines_give_the_same_bytes():
    hashes, counts = hash_windows(spell_piece(PIECES[1]))
    distinct = np.unique(hashes[counts])
    assert np.array_equal(make_bits(distinct), make_bits(distinct[::-1]))


def test_the_exact_run_stands_in_one_place_and_the_bound_may_not(tmp_path):
    """Two known lines share a bridge: walking over it is a run of windows, yet no line has it as a whole."""
    bridge, first, second = make_line(5, 20), make_line(6, 20), make_line(7, 20)
    before = [*first, *moved(bridge, ticks=first[-1].onset_ticks, semitones=0)]
    after = [*bridge, *moved(second, ticks=bridge[-1].onset_ticks, semitones=0)]
    stitched = [*before, *moved(second, ticks=before[-1].onset_ticks, semitones=0)]
    lines = [PieceLines("a", spell_piece(piece_of(before))), PieceLines("b", spell_piece(piece_of(after)))]
    write_fingerprints(lines, tmp_path)
    bound = Fingerprints.load(tmp_path)
    exact = ExactIndex.of_lines(np.concatenate([symbols for _, symbols, _ in lines]))
    asked = spell_piece(piece_of(stitched))
    assert bound is not None
    assert exact.longest_run(asked) == 40
    assert bound.longest_run(asked) == 60


def test_the_exact_run_is_the_longest_of_many_places():
    """By brute force over all pairs of places."""
    symbols = spell_piece(PIECES[2])
    asked = spell_piece(PIECES[3])
    borrowed = np.concatenate([asked, symbols[200:230]])
    hashes, counts = hash_windows(symbols)
    others, others_count = hash_windows(borrowed)
    known = {}
    for place in np.flatnonzero(counts):
        known.setdefault(int(hashes[place]), []).append(place)
    hits = {
        (int(here), int(there)) for here in np.flatnonzero(others_count) for there in known.get(int(others[here]), [])
    }
    longest = 0
    for here, there in hits:
        if (here - 1, there - 1) not in hits:
            run = 1
            while (here + run, there + run) in hits:
                run += 1
            longest = max(longest, run)
    window = len(borrowed) - len(others) + 1
    assert ExactIndex.of_lines(symbols).longest_run(borrowed) == longest + window


def test_an_index_on_disk_is_made_once_and_tells_the_same(tmp_path):
    symbols = spell_piece(PIECES[1])
    np.save(tmp_path / LINES_NAME, symbols)
    first, second = open_exact_index(tmp_path), open_exact_index(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    asked = spell_piece(piece_of(make_line(3)))
    whole = ExactIndex.of_lines(symbols)
    for index in (first, second):
        assert index.longest_run(symbols) == whole.longest_run(symbols) > 0
        assert index.longest_run(asked) == whole.longest_run(asked)


def test_nothing_in_common_is_no_run():
    index = ExactIndex.of_lines(spell_piece(piece_of(make_line(1))))
    assert index.longest_run(spell_piece(piece_of(make_line(90)))) == 0
    assert index.longest_run(np.zeros(0, dtype=np.uint16)) == 0


def test_voices_on_a_grid_are_spelled_like_notes():
    """A held pitch is one note."""
    steps = np.asarray([[60, 48], [60, 48], [62, 48], [-1, 50], [64, 50], [64, 52]])
    upper, lower = [0, 2, 4], [0, 3, 5]
    as_notes = spell_piece(
        piece_of(
            [
                note._replace(onset_ticks=120 * at, pitch=int(steps[at, 0]))
                for at, note in zip(upper, make_line(1, 3), strict=True)
            ],
            [
                note._replace(onset_ticks=120 * at, pitch=int(steps[at, 1]))
                for at, note in zip(lower, make_line(1, 3), strict=True)
            ],
        )
    )
    assert np.array_equal(spell_voices(steps), as_notes)


def test_only_the_asked_split_is_read(tmp_path):
    """A data folder with two sets: what cannot be read is counted, what is of another split is not read."""
    lakh = tmp_path / "lakh_full"
    for name in ("0a", "1b", "e2"):
        path = lakh / name[0] / f"{name}.mid"
        path.parent.mkdir(parents=True)
        path.write_bytes(write_midi(PIECES[1]) if name != "1b" else b"not music")
    chorales = tmp_path / "jsb_chorales"
    chorales.mkdir()
    voices = [[60 + step % 7, 55, 52, 48] for step in range(16)]
    (chorales / "Jsb16thSeparated.json").write_text(json.dumps({"train": [voices], "valid": [], "test": []}))
    lines, outcomes = read_lines(tmp_path, split="train", sets=("lakh_full", "jsb_chorales"))
    assert outcomes == {"lakh_full: in": 1, "lakh_full: unreadable": 1, "jsb_chorales: in": 1}
    assert [name for name, _, _ in lines] == ["lakh_full", "jsb_chorales"]
