"""Training the harmonizer: sets are read as they are, windows count each step once, a killed run goes on."""

import json
import tarfile

import numpy as np
import pytest
import torch

from core.errors import ConfigurationError
from inference.checkpoint import load_checkpoint
from music.tokenizers.harmony import HOLD, NO_CHORD, QUALITIES, VOCABULARY_HASH, VOICE_RANGES, VOICES
from tests.factories.harmonies import bach_scores, song, tiny_config
from training.archives import unpack_set
from training.evaluation.harmonizer_nats import chorale_windows, lead_sheet_windows, score_set
from training.harmonizer import Trainer, TrainingConfig, save_state, ship
from training.harmonizer_batches import (
    chords_example,
    hide_spans,
    sample_chorale,
    sample_lead_sheet,
    transpose_chords,
    transposition_range,
)
from training.harmonizer_sets import (
    Chorale,
    count_chords,
    parse_harte,
    parse_lead_sheet_chord,
    read_jsb_chorales,
    split_of,
)


def make_trainer():
    sets = {"chorale": {"bach": (1.0, list(bach_scores()))}, "chords": {"songs": (1.0, [song(), song(30, (3, 4))])}}
    return Trainer(tiny_config(), TrainingConfig(minutes=1e9, windows_per_batch=2, warm_up_steps=2), sets)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path):
    """Four steps, and two steps, a saved state, a new trainer and two more, end at the same weights."""
    torch.set_num_threads(1)
    undisturbed = make_trainer()
    losses = [undisturbed.step() for _ in range(4)]
    killed = make_trainer()
    first = [killed.step() for _ in range(2)]
    save_state(killed, tmp_path / "state.pt")
    resumed = make_trainer()
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert first + [resumed.step() for _ in range(2)] == losses
    for name, value in undisturbed.average.state_dict().items():
        assert torch.equal(value, resumed.average.state_dict()[name]), name


def test_the_best_weights_are_shipped(tmp_path):
    """What is shipped is the moving average at its best validation, loadable with its card."""
    trainer = make_trainer()
    trainer.step()
    scores = trainer.validate({"bach": [bach_scores()[0]], "songs": [song(6)]})
    best = {name: value.clone() for name, value in trainer.average.state_dict().items()}
    trainer.best_score = -1.0
    trainer.step()
    trainer.validate({"bach": [bach_scores()[0]]})
    checkpoint_id = ship(trainer, tmp_path, data={"chorale": {"bach": 1.0}}, scores=scores.as_dict())
    loaded = load_checkpoint(tmp_path, model="harmonizer", vocabulary_hash=VOCABULARY_HASH)
    assert loaded.checkpoint_id == checkpoint_id
    assert loaded.card["data_sets"] == {"chorale": {"bach": 1.0}}
    for name, value in loaded.state.items():
        assert torch.equal(value, best[name].bfloat16().float()), name


def test_every_step_of_a_chorale_is_scored_once():
    """Windows of a long chorale overlap; the steps that count are all of them, in order, each once."""
    pitches = np.concatenate([chorale.pitches for chorale in bach_scores()])
    windows = list(chorale_windows(Chorale("long", pitches)))
    assert len(windows) > 2
    scored = np.concatenate([window.targets["alto"][window.weights["alto"] > 0] for window in windows])
    assert (scored == np.where(pitches[:, 1] < 0, 0, pitches[:, 1] - 32)).all()


def test_every_step_of_a_lead_sheet_is_scored_once():
    """The same for chords, with 45 bars of 3/4."""
    sheet = song(45, (3, 4))
    windows = list(lead_sheet_windows(sheet))
    assert len(windows) > 2
    assert sum(int(window.weights["chord_root"].sum()) for window in windows) == len(sheet.chords)


def test_padding_and_neighbours_do_not_change_scores():
    """Pieces scored together give the sums of pieces scored alone."""
    trainer = make_trainer()
    pieces = list(bach_scores()[:3])
    together = score_set(trainer.average, pieces)
    alone = [score_set(trainer.average, [piece]) for piece in pieces]
    assert together.nats["alto"] == pytest.approx(sum(scores.nats["alto"] for scores in alone), rel=1e-4)
    assert together.counts["alto"] == sum(scores.counts["alto"] for scores in alone)


def test_transposition_stays_inside_the_voices():
    """No augmented chorale leaves the vocal ranges, and every key comes up that fits."""
    random = np.random.default_rng(0)
    chorale = bach_scores()[0]
    low, high = transposition_range(chorale.pitches)
    assert low < 0 < high
    seen = set()
    for _ in range(40):
        example = sample_chorale(chorale, random, hidden_share=0.0)
        for voice in ("bass", "alto", "tenor"):
            values = example.targets[voice][example.targets[voice] > 0] + 32
            assert values.min() >= VOICE_RANGES[voice][0]
            assert values.max() <= VOICE_RANGES[voice][1]
        seen.add(int(example.encoder[0, 1]))
    assert len(seen) > 5
    assert set(VOICE_RANGES) == set(VOICES)


def test_hidden_spans_have_their_share():
    """About the asked share of lower-voice steps is hidden, never the soprano."""
    hidden = hide_spans(20_000, 0.2, np.random.default_rng(1))
    assert not hidden[:, 0].any()
    assert 0.15 < hidden[:, 1:].mean() < 0.25


def test_holding_is_written_only_where_the_chord_goes_on():
    """The first step names its chord; later ones hold exactly where root, quality and bass stay."""
    sheet = song(8)
    example = chords_example(sheet.melody, sheet.step_frames, sheet.chords)
    roots = example.targets["chord_root"]
    assert roots[0] == sheet.chords[0, 0]
    assert int((roots != HOLD).sum()) == count_chords(sheet)
    assert (example.weights["chord_quality"][roots == HOLD] == 0).all()


def test_windows_of_lead_sheets_fit_the_network():
    """Random windows of both metres stay within 16 bars and inside the piece."""
    random = np.random.default_rng(2)
    for sheet in (song(40), song(3, (3, 4))):
        for _ in range(20):
            example = sample_lead_sheet(sheet, random)
            assert 0 < len(example.encoder) <= 16 * 16
            assert example.frames.max() < len(example.encoder)


@pytest.mark.parametrize(
    ("text", "chord"),
    [
        ("N", (NO_CHORD, "maj", 0)),
        ("Bb:min7/b3", (10, "min7", 3)),
        ("F#:sus4(b7)", (6, "7sus4", 0)),
        ("C:maj/5", (0, "maj", 7)),
    ],
)
def test_harte_chords_are_read(text, chord):
    """Chord names of POP909 become ours."""
    root, quality, bass = parse_harte(text)
    assert (root, QUALITIES[quality], bass) == chord


@pytest.mark.parametrize(
    ("text", "chord"),
    [("Ebm7", (3, "min7", 0)), ("C7/E", (0, "7", 4)), ("F6/9", (5, "6", 0)), ("G#m7b5", (8, "hdim7", 0))],
)
def test_lead_sheet_chords_are_read(text, chord):
    """Chord names of OpenEWLD become ours."""
    root, quality, bass = parse_lead_sheet_chord(text)
    assert (root, QUALITIES[quality], bass) == chord


def test_transposed_chords_keep_their_silence():
    """Roots move, the absence of a chord does not."""
    chords = np.array([[11, 2, 7], [NO_CHORD, 0, 0]])
    assert transpose_chords(chords, 3).tolist() == [[2, 2, 7], [NO_CHORD, 0, 0]]


def test_the_split_is_that_of_the_data_folder():
    """Keys fall where the rule of the data folder's README puts them (worked out by hand with sha256sum)."""
    assert [split_of(key) for key in ("001", "003", "115")] == ["train", "valid", "test"]


def test_jsb_chorales_keep_their_own_split(tmp_path):
    """The benchmark's parts are read as they are named, -1 for silence."""
    parts = {name: [[[60, 55, 52, 48], [-1, 55, 52, 48]]] for name in ("train", "valid", "test")}
    (tmp_path / "Jsb16thSeparated.json").write_text(json.dumps(parts), encoding="utf-8")
    chorale = read_jsb_chorales(tmp_path, "valid")[0]
    assert chorale.pitches.tolist() == parts["valid"][0]


def test_archives_are_unpacked_once(tmp_path, monkeypatch):
    """An archive is unpacked into the scratch folder; the next run finds it there; a ready folder is used as it is."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "scratch"))
    (tmp_path / "source" / "tunes").mkdir(parents=True)
    (tmp_path / "source" / "tunes" / "a.txt").write_text("a", encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    with tarfile.open(data / "tunes.tar.xz", "w:xz") as archive:
        archive.add(tmp_path / "source" / "tunes", "tunes")
    folder = unpack_set(data, "tunes")
    assert (folder / "a.txt").read_text(encoding="utf-8") == "a"
    (folder / "mark").touch()
    assert (unpack_set(data, "tunes") / "mark").exists()
    assert unpack_set(tmp_path / "source", "tunes") == tmp_path / "source" / "tunes"
    with pytest.raises(ConfigurationError, match="TUTTI_DATA"):
        unpack_set(data, "nothing")
