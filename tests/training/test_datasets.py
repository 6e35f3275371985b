"""Each data set's layout, split and known defects, on small folders of the same shape."""

import numpy as np
import pytest

from core.errors import ConfigurationError, InputError
from music.midi import write_midi
from music.piece import Note, Piece, Track
from tests.factories.pieces import make_band
from tests.training.test_lead_sheets import repeat, write_mxl
from training.corpus import CorpusConfig, SetConfig, prepare_corpus
from training.datasets import Source, list_lakh_full, list_set, read_source, split_of


def write(path, piece):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_midi(piece))


def test_roland_s_drums_become_general_midi(tmp_path):
    """Edges of the hi-hat, rims of the toms and of the snare; the side stick stays."""
    sounds = (22, 26, 58, 40, 37, 36, 42)
    track = Track(notes=tuple(Note(240 * index, pitch, 100, 90) for index, pitch in enumerate(sounds)), is_drum=True)
    write(tmp_path / "a.mid", Piece(tracks=(track,)))
    columns = read_source(Source(data_set="groove_midi", path=tmp_path / "a.mid", split="train", is_played=True))
    assert columns.pitch.tolist() == [42, 46, 43, 38, 37, 36, 42]
    other = read_source(Source(data_set="lakh_subset", path=tmp_path / "a.mid", split="train"))
    assert other.pitch.tolist() == list(sounds)


def write_song(folder, *, beats_per_bar, flags, start_seconds=0.35, num_bars=8):
    """A song of POP909's shape: a note on every beat at 100 bpm, while the file claims 120 bpm in 1/4."""
    seconds = [start_seconds + 0.6 * beat for beat in range(beats_per_bar * num_bars)]
    notes = tuple(Note(round(each * 960), 60 + index % beats_per_bar, 200, 80) for index, each in enumerate(seconds))
    write(folder / "001.mid", Piece(tracks=(Track(notes=notes, name="MELODY"),)))
    lines = [f"{each} {flags(index)[0]} {flags(index)[1]}" for index, each in enumerate(seconds)]
    (folder / "beat_midi.txt").write_text("\n".join(lines))


def read_song(folder):
    path = folder / "001.mid"
    return read_source(
        Source(data_set="pop909", path=path, split="train", is_played=True, beat_path=folder / "beat_midi.txt")
    )


def test_pop909_s_bars_come_from_its_beats(tmp_path):
    """The third column marks bars; two beats before the first become the end of bar 0."""
    write_song(tmp_path, beats_per_bar=4, flags=lambda beat: (float(beat % 2 == 0), float(beat % 4 == 2)))
    columns = read_song(tmp_path)
    assert columns.time_signatures == ((0, 4, 4),)
    assert columns.tempos[0][1] == pytest.approx(100.0)
    assert (columns.onset_ticks[:4] / 480).tolist() == [2.0, 3.0, 4.0, 5.0]


def test_pop909_s_waltzes_are_in_three(tmp_path):
    """Where the third column marks every sixth beat, the second marks the bars."""
    write_song(tmp_path, beats_per_bar=6, flags=lambda beat: (float(beat % 3 == 0), float(beat % 6 == 0)))
    columns = read_song(tmp_path)
    assert columns.time_signatures == ((0, 3, 4),)
    assert np.array_equal(columns.onset_ticks, np.arange(48) * 480)


def test_a_song_without_downbeats_stays_out(tmp_path):
    write_song(tmp_path, beats_per_bar=4, flags=lambda _: (0.0, 0.0))
    with pytest.raises(InputError, match="downbeats"):
        read_song(tmp_path)


def test_lead_sheets_are_read_as_they_are_played(tmp_path):
    notes = tuple(Note(480 * beat, 60 + beat % 5, 400, 80) for beat in range(16))
    write(tmp_path / "midi" / "a.mid", Piece(tracks=(Track(notes=notes),)))
    (tmp_path / "musicxml").mkdir()
    write_mxl(tmp_path / "musicxml" / "a.mxl", [(4, ""), (4, ""), (4, ""), (4, repeat("backward"))])
    (tmp_path / "metadata.tsv").write_text("midi\tmusicxml\tgenres\nmidi/a.mid\tmusicxml/a.mxl\tJazz; Polka\n")
    (source,) = list_set("openewld", tmp_path)
    assert source.genres == ("jazz",)
    assert len(read_source(source).pitch) == 32


def test_fakes_are_chorales_with_the_harmonizer_s_split(tmp_path):
    folder = tmp_path / "js_fakes"
    for name in ("0", "1"):
        write(folder / "midi" / f"{name}.mid", make_band(4))
    sources = list_set("js_fakes", folder)
    assert [source.split for source in sources] == [split_of(f"js_fakes/midi/{name}.mid") for name in ("0", "1")]
    assert {source.genres for source in sources} == {("chorale",)}


def test_an_unknown_set_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigurationError, match="Choose from groove_midi"):
        list_set("million_songs", tmp_path)


@pytest.fixture
def lmd_full(tmp_path):
    """A data folder with a small tree of the full Lakh data set's shape, a genre map and near-duplicates."""
    for seed, name in enumerate(("00aa", "0fbb", "e1cc", "e2dd", "f3ee", "f4ff")):
        write(tmp_path / "lmd_full" / name[0] / f"{name}.mid", make_band(12, seed=seed))
    (tmp_path / "lmd_full" / "genres.tsv").write_text(
        "md5\tgenre\n00aa\tPop_Rock, Jazz\n0fbb\tfolk\nf3ee\tnever heard\n"
    )
    (tmp_path / "lmd_full" / "groups.tsv").write_text("md5\tgroup\n00aa\tg1\nf4ff\tg1\ne1cc\tg2\nf3ee\tg3\n")
    return tmp_path


def test_full_lakh_keeps_its_published_split_and_near_duplicates_on_one_side(lmd_full):
    """e validates and f tests; f4ff is a near copy of 00aa, so it trains."""
    splits = {source.path.stem: source.split for source in list_lakh_full(lmd_full / "lmd_full")}
    assert splits == {
        "00aa": "train", "0fbb": "train", "e1cc": "valid", "e2dd": "valid", "f3ee": "test", "f4ff": "train",
    }  # fmt: skip


def test_a_corpus_is_made_of_full_lakh(lmd_full, tmp_path):
    config = CorpusConfig(name="full", sets=(SetConfig(name="lmd_full"),))
    corpus = prepare_corpus(config, archives=lmd_full, scratch=tmp_path / "s", out=tmp_path / "out", num_processes=1)
    assert {split: len(corpus.of_split(split)) for split in ("train", "valid", "test")} == {
        "train": 3, "valid": 2, "test": 1,
    }  # fmt: skip
    labels = corpus.report["genres_train"]
    assert labels["rock"] == labels["jazz"] == labels["folk"] == {"all": 1, "lmd_full genre map": 1}
    assert corpus.report["sets"]["lmd_full"]["train"]["pieces"] == 3
