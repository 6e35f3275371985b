"""Held-out pieces that are nearly in the training split are found, listed and left out."""

import pytest

from music.midi import write_midi
from music.originality import Fingerprints, spell_piece
from tests.music.test_originality import make_line, moved, piece_of
from training.corpus import CorpusConfig, SetConfig, prepare_corpus
from training.datasets import split_of
from training.fingerprints import write_fingerprints
from training.near_copies import (
    REASON,
    NearCopy,
    PieceLines,
    find_near_copies,
    known_near_copies,
    write_list,
)


@pytest.fixture
def index(tmp_path):
    """The fingerprints of one line of 200 notes."""
    write_fingerprints([PieceLines("known", spell_piece(piece_of(make_line(1, 200))))], tmp_path)
    return Fingerprints.load(tmp_path)


def test_a_quarter_of_known_windows_makes_a_near_copy(index):
    known = make_line(1, 200)
    copy = [*known[:100], *moved(make_line(5, 100), ticks=known[99].onset_ticks, semitones=0)]
    stranger = [*known[:30], *moved(make_line(6, 200), ticks=known[29].onset_ticks, semitones=0)]
    pieces = [
        PieceLines("set", spell_piece(piece_of(notes)), name)
        for name, notes in (("copy", copy), ("stranger", stranger), ("short", known[:20]))
    ]
    (found,) = find_near_copies(pieces, index)
    assert (found.data_set, found.name) == ("set", "copy")
    assert 0.25 <= found.share < 0.6


def test_a_list_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "list.tsv"
    write_list([NearCopy("set", "It's a name", 0.5)], path)
    assert known_near_copies(path) == {("set", "It's a name")}


def test_listed_pieces_stay_out_of_a_corpus_and_are_counted(tmp_path):
    """A shipped entry of Lakh's subset in a folder of the same shape, once held out and once not."""
    name = next(name for data_set, name in sorted(known_near_copies()) if data_set == "lakh_subset")
    folder = tmp_path / "lakh_subset"
    for stem in (name, "00aa"):
        path = folder / "midi" / stem[0] / f"{stem}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write_midi(piece_of(make_line(1))))
    config = CorpusConfig(name="test", sets=(SetConfig(name="lakh_subset"),), min_grid_share=0.0)
    for split, num_left_out in (("train", 0), ("test", 1)):
        group = next(str(number) for number in range(1000) if split_of(str(number)) == split)
        rows = "".join(f"{stem}\t{group}\t\n" for stem in (name, "00aa"))
        (folder / "metadata.tsv").write_text("md5\tgroup\tgenre_hint\n" + rows)
        out = tmp_path / split
        corpus = prepare_corpus(config, archives=tmp_path, scratch=tmp_path / "s", out=out, num_processes=1)
        assert len(corpus.pieces) == 2 - num_left_out
        assert corpus.report["outcomes"].get(f"lakh_subset: {REASON}", 0) == num_left_out
