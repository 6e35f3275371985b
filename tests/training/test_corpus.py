"""Corpora are prepared from files on disk, split by rule, and report what stayed out."""

import json

import numpy as np
import pytest

from core.errors import ConfigurationError
from music.midi import write_midi
from music.piece import Note, Piece, TimeSignature, Track
from tests.factories.pieces import make_band
from training.corpus import CorpusConfig, SetConfig, load_config, load_corpus, prepare_corpus, trim_silence
from training.datasets import list_groove_midi, list_lakh_subset, split_of, split_of_hex
from training.train import CONFIGS

TABLE = "md5\tgroup\tgenre_hint\n"


@pytest.fixture
def archives(tmp_path):
    """A data folder with three files of Lakh's shape: one good, one off the grid, one in a metre we lack."""
    folder = tmp_path / "lakh_subset"
    loose = Piece(tracks=(Track(notes=tuple(Note(each * 701, 60, 100, 80) for each in range(60))),))
    odd = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), time_signatures=(TimeSignature(0, 7, 8),))
    pieces = {"a1": make_band(12), "b2": loose, "c3": odd, "d4": make_band(16, seed=1)}
    rows = []
    for name, piece in pieces.items():
        path = folder / "midi" / name[0] / f"{name}.mid"
        path.parent.mkdir(parents=True)
        path.write_bytes(write_midi(piece))
        rows.append(f"{name}\tgroup {name}\trock,pop\n")
    broken = folder / "midi" / "e" / "e5.mid"
    broken.parent.mkdir()
    broken.write_bytes(b"not music")
    rows.append("e5\tgroup e5\t\n")
    (folder / "metadata.tsv").write_text(TABLE + "".join(rows))
    return tmp_path


CONFIG = CorpusConfig(name="test", sets=(SetConfig(name="lakh_subset"),))


def test_a_corpus_holds_good_pieces_and_says_why_others_stayed_out(archives, tmp_path):
    corpus = prepare_corpus(
        CONFIG, archives=archives, scratch=tmp_path / "scratch", out=tmp_path / "out", num_processes=1
    )
    assert {piece.name for piece in corpus.pieces} == {"a1", "d4"}
    assert corpus.report["outcomes"] == {
        "lakh_subset: MIDIFileError": 1,
        "lakh_subset: UnsupportedMetreError": 1,
        "lakh_subset: in": 2,
        "lakh_subset: off the grid": 1,
    }
    assert corpus.pieces[0].genres == ("rock", "pop")
    assert corpus.report["num_events"] == len(corpus.rows) == corpus.pieces[-1].stop_row
    assert np.array_equal(load_corpus(tmp_path / "out").rows, corpus.rows)


def test_a_corpus_of_another_vocabulary_is_refused(archives, tmp_path):
    out = tmp_path / "out"
    prepare_corpus(CONFIG, archives=archives, scratch=tmp_path / "scratch", out=out, num_processes=1)
    report = json.loads((out / "report.json").read_text())
    (out / "report.json").write_text(json.dumps(report | {"vocabulary_hash": "old"}))
    with pytest.raises(ConfigurationError, match="another vocabulary"):
        load_corpus(out)


def test_missing_data_says_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match="TUTTI_DATA"):
        prepare_corpus(CONFIG, archives=tmp_path, scratch=tmp_path / "scratch", out=tmp_path / "out")


def test_the_split_rule_is_the_published_one():
    """n = sha256("split:" + key)[:8] mod 20: 0 validates, 1 tests."""
    splits = [split_of(f"{number:03d}") for number in range(2000)]
    assert splits.count("valid") == pytest.approx(100, abs=30)
    assert splits.count("test") == pytest.approx(100, abs=30)
    assert split_of("844") == split_of("844")


def test_lakh_s_own_layout_is_read_with_its_published_split(tmp_path):
    for name in ("0a", "e1", "f2"):
        path = tmp_path / name[0] / f"{name}.mid"
        path.parent.mkdir()
        path.write_bytes(b"")
    (tmp_path / "genres.tsv").write_text("md5\tgenre\n0a\tjazz\n")
    sources = {source.path.stem: source for source in list_lakh_subset(tmp_path)}
    assert {name: source.split for name, source in sources.items()} == {"0a": "train", "e1": "valid", "f2": "test"}
    assert sources["0a"].genres == ("jazz",)
    assert split_of_hex("E") == "valid"


def test_groove_keeps_its_official_split_and_leaves_fills_out(tmp_path):
    (tmp_path / "info.csv").write_text(
        "style,beat_type,midi_filename,split\nfunk/groove1,beat,a.mid,validation\nrock,fill,b.mid,train\n"
    )
    sources = list(list_groove_midi(tmp_path))
    assert [(source.path.name, source.split, source.genres) for source in sources] == [("a.mid", "valid", ("funk",))]


def test_silent_bars_at_both_ends_are_cut(tmp_path):
    from music.columns import columns_of_piece, find_bars
    from music.tokenizers.event import encode_columns

    notes = tuple(Note(1920 * bar, 60, 480, 80) for bar in (2, 3, 4))
    piece = Piece(tracks=(Track(notes=notes),), length_ticks=1920 * 8)
    columns = columns_of_piece(piece)
    rows = trim_silence(encode_columns(columns, find_bars(columns)).rows)
    from music.vocabulary import FIELDS

    bars = rows[rows[:, 0] == FIELDS["kind"].id_of(3)]
    assert len(bars) == 3
    assert [FIELDS["place"].value_of(int(each)) for each in bars[:, 3]] == [14, 15, 16]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("generator_*.toml")))
def test_every_configuration_is_readable(path):
    assert load_config(path).sets
