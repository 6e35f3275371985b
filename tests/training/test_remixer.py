"""``training/remixer.py`` and its parts: masks hide what they should, runs resume exactly, evaluation counts rightly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import ConfigurationError
from inference.decoding.remixer_inputs import bar_groups, make_inputs, onset_groups
from inference.models.musicbert import MusicBERTConfig
from music.midi import write_midi
from music.tokenizers.octuple import (
    BAR,
    DURATION,
    FIELD_SIZES,
    INSTRUMENT,
    MASK_ID,
    PAD_ID,
    PITCH,
    POSITION,
)
from music.transform import transpose
from tests.factories.pieces import make_band
from training.evaluation.remixer import evaluate_remixer
from training.octuple_corpus import TRACK, OctupleConfig, OctupleCorpus, WindowSampler, load_octuples, prepare_octuples
from training.octuple_masking import collate, draw_mask, draw_training_mask
from training.remixer import RemixerPlan, Trainer, TrainingConfig, load_model, load_plan, save_state, ship

CORPUS = OctupleConfig(name="test", weights={"open_game_music": 2.0}, min_grid_share=0.5)
TRAINING = TrainingConfig(minutes=1.0, notes_per_window=64, windows_per_batch=2, warm_up_steps=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> OctupleCorpus:
    """Thirty little bands in the layout of a data set, prepared for training."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "open_game_music").mkdir()
    for seed in range(30):
        piece = transpose(make_band(4, seed=seed), semitones=seed % 12 - 6)
        (folder / "open_game_music" / f"{seed}.mid").write_bytes(write_midi(piece))
    (folder / "open_game_music" / "broken.mid").write_bytes(b"MThd")
    return prepare_octuples(CORPUS, archives=folder, scratch=folder / "scratch", out=folder / "corpus")


def make_trainer(corpus: OctupleCorpus) -> Trainer:
    config = MusicBERTConfig.of_size("tiny", field_sizes=FIELD_SIZES)
    sampler = WindowSampler(corpus, split="train", num_notes=TRAINING.notes_per_window, seed=1)
    return Trainer(config, TRAINING, sampler)


def test_the_corpus_holds_every_readable_piece_and_says_what_it_left_out(corpus):
    assert len(corpus.pieces) == 30
    assert corpus.report["outcomes"]["open_game_music: in"] == 30
    assert sum(corpus.report["outcomes"].values()) == 31
    assert {piece.split for piece in corpus.pieces} <= {"train", "valid", "test"}
    for piece in corpus.pieces:
        rows = corpus.rows[piece.start_row : piece.stop_row]
        assert len(rows) == make_band(4).num_notes
        assert (np.diff(rows[:, BAR]) >= 0).all()


def test_a_corpus_of_another_vocabulary_is_refused(corpus, tmp_path):
    (tmp_path / "corpus.json").write_text(json.dumps({**corpus.report, "pieces": [], "vocabulary_hash": "old"}))
    with pytest.raises(ConfigurationError):
        load_octuples(tmp_path)


def test_windows_begin_with_a_bar_and_transposing_leaves_drums(corpus):
    sampler = WindowSampler(corpus, split="train", num_notes=50, seed=3)
    for _ in range(20):
        window = sampler.draw_transposed()
        assert 0 < len(window) <= 50
        assert (window[:, BAR] == window[0, BAR]).any()
        drums = window[window[:, INSTRUMENT] == 128, PITCH]
        assert set(drums.tolist()) <= {128 + 36, 128 + 38, 128 + 42}


def test_a_mask_takes_whole_bars_of_a_track_or_whole_onsets(corpus):
    """Bar-level masking: all notes of a (track, bar) or of a (track, onset) share their fate."""
    random = np.random.default_rng(0)
    window = WindowSampler(corpus, split="train", num_notes=64, seed=3).draw()
    rows, track = window[:, :TRACK], window[:, TRACK]
    for _ in range(20):
        is_masked = draw_mask(rows, track, random, task=(POSITION, DURATION), share=0.4)
        assert (is_masked[:, POSITION] == is_masked[:, DURATION]).all()
        assert is_masked[:, POSITION].any()
        assert not is_masked[:, PITCH].any()
        onsets = onset_groups(rows, track)
        for group in np.unique(onsets):
            assert len(set(is_masked[onsets == group, POSITION].tolist())) == 1
    assert (np.diff(bar_groups(rows, track)) <= np.diff(onset_groups(rows, track))).all()


def test_what_is_masked_shows_nowhere_in_the_inputs(corpus):
    """Changing hidden values changes nothing that the network reads."""
    window = WindowSampler(corpus, split="train", num_notes=64, seed=3).draw()
    rows, track = window[:, :TRACK], window[:, TRACK]
    is_masked = draw_training_mask(rows, track, np.random.default_rng(5))
    for field in (PITCH, POSITION, DURATION):
        is_masked[:10, field] = True
    changed = rows.copy()
    for field in (PITCH, POSITION, DURATION):
        changed[is_masked[:, field], field] = 7
    for first, second in zip(
        make_inputs(rows, track, is_masked=is_masked), make_inputs(changed, track, is_masked=is_masked), strict=True
    ):
        assert np.array_equal(first, second)


def test_batches_are_padded_and_keep_the_answers(corpus):
    window = WindowSampler(corpus, split="train", num_notes=30, seed=3).draw()
    rows, track = window[:, :TRACK], window[:, TRACK]
    is_masked = np.zeros((len(rows), 8), dtype=np.bool_)
    is_masked[4, PITCH] = True
    batch = collate([(rows, track, is_masked)], num_notes=40)
    assert batch.ids[0, 4, PITCH] == MASK_ID
    assert (batch.ids[0, len(rows) :] == PAD_ID).all()
    assert batch.is_padding[0].sum() == 40 - len(rows)
    assert batch.values[0, 4, PITCH] == rows[4, PITCH]
    assert batch.places.pitch[0, 4] == -1


def test_training_learns(corpus):
    """The loss of a few dozen steps falls well below that of the first."""
    trainer = make_trainer(corpus)
    losses = [trainer.step() for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:3])


def test_a_resumed_run_goes_on_as_if_nothing_had_happened(corpus, tmp_path):
    """State, random numbers and optimizer are saved: the next steps are bit for bit the same."""
    trainer = make_trainer(corpus)
    for _ in range(3):
        trainer.step()
    save_state(trainer, tmp_path / "state.pt")
    # The learning rate follows the clock; stop it for the comparison.
    trainer.used_seconds = 0.0
    expected = [trainer.step() for _ in range(2)]

    again = make_trainer(corpus)
    again.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    again.used_seconds = 0.0
    assert [again.step() for _ in range(2)] == expected
    assert again.num_notes == trainer.num_notes


def test_evaluation_counts_masked_values_only_and_repeats_itself(corpus):
    trainer = make_trainer(corpus)
    first, second = (
        evaluate_remixer(trainer.average, corpus, split="train", num_windows=6, notes_per_window=64) for _ in range(2)
    )
    assert first == second
    assert set(first) == {"drum", "pitch", "position", "duration", "num_windows", "split"}
    assert first["position"]["num_masked"] == first["duration"]["num_masked"] > 0
    for name in ("drum", "pitch", "position", "duration"):
        assert 0 < first[name]["baseline_nats"] < np.log(256) + 1
        assert 0 <= first[name]["accuracy"] <= 1


def test_shipped_weights_come_back_with_their_card(corpus, tmp_path):
    trainer = make_trainer(corpus)
    trainer.step()
    checkpoint_id = ship(trainer, corpus, tmp_path, metrics={"valid": {}})
    card = json.loads((tmp_path / "model.json").read_text())
    assert checkpoint_id.startswith("remixer-")
    assert card["data_sets"]["weights"] == {"open_game_music": 2.0}
    assert card["trained"]["steps"] == 1
    assert load_model(tmp_path).config == trainer.model.config


def test_the_committed_plan_is_readable_and_a_wrong_one_refused(tmp_path):
    plan = load_plan(Path("training/configs/remixer_cpu.toml"))
    assert isinstance(plan, RemixerPlan)
    assert "band_arrangements" not in plan.corpus.weights  # class D stays out of shipped weights
    (tmp_path / "wrong.toml").write_text("size = 3")
    with pytest.raises(ConfigurationError):
        load_plan(tmp_path / "wrong.toml")
