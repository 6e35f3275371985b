"""``training/remixer.py`` and its parts: masks hide what they should, runs resume, evaluation counts rightly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import CheckpointError, ConfigurationError
from inference.checkpoint import load_checkpoint, save_checkpoint
from inference.decoding.remix_network import remixer_config
from inference.decoding.remixer_inputs import bar_groups, make_inputs, onset_groups
from inference.models.remixer import RemixerNetwork
from music.midi import write_midi
from music.tokenizers.octuple import BAR, DURATION, INSTRUMENT, MASK_ID, PAD_ID, PITCH, POSITION, VOCABULARY_HASH
from music.transform import transpose
from tests.factories.pieces import make_band
from training.evaluation.genres import evaluate_genres, score_guesses
from training.evaluation.remixer_scores import guess_constant, score_remixer
from training.genres import GENRES, label_pieces
from training.loop import LoopConfig, Run
from training.octuple_corpus import TRACK, OctupleConfig, OctupleCorpus, WindowSampler, load_octuples, prepare_octuples
from training.remixer import RemixerPlan, load_model, load_plan, ship, start_from
from training.remixer_batches import Example, collate, draw_example, draw_window, mask_units, number_units
from training.remixer_task import RemixerTask, WindowConfig

CORPUS = OctupleConfig(name="test", weights={"open_game_music": 2.0}, min_grid_share=0.5)
WINDOWS = WindowConfig(notes_per_stretch=120, notes_per_window=64, windows_per_batch=2, num_validation_windows=2)


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


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other burn the machine when other tests run beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_task(corpus: OctupleCorpus) -> RemixerTask:
    return RemixerTask("tiny", WINDOWS, corpus, genres=[index % len(GENRES) - 1 for index in range(len(corpus.pieces))])


def loop_config(**fields) -> LoopConfig:
    return LoopConfig(**{"minutes": 60.0, "learning_rate": 5e-3, "warmup_steps": 2, "validate_seconds": 1e9, **fields})


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


@pytest.mark.parametrize(("unit", "number"), [("bar", bar_groups), ("onset", onset_groups)])
def test_a_mask_takes_whole_bars_of_a_track_or_whole_onsets(corpus, unit, number):
    """All notes of a (track, bar) or of a (track, onset) share their fate, in all fields of the task."""
    random = np.random.default_rng(0)
    window = WindowSampler(corpus, split="train", num_notes=64, seed=3).draw()
    rows, track = window[:, :TRACK], window[:, TRACK]
    is_masked = mask_units(number_units(rows, track, unit), random, task=(POSITION, DURATION), share=0.4)
    assert (is_masked[:, POSITION] == is_masked[:, DURATION]).all()
    assert not is_masked[:, PITCH].any()
    groups = number(rows, track)
    shares = [is_masked[groups == group, POSITION].mean() for group in np.unique(groups)]
    assert set(shares) == {0.0, 1.0}


def test_examples_mask_something_of_their_window(corpus):
    """Every example has something to guess, and single notes of a chord are masked only where onsets stay."""
    sampler = WindowSampler(corpus, split="train", num_notes=120, seed=3)
    for _ in range(60):
        example = draw_example(sampler.draw(), sampler.random, num_notes=40)
        assert 0 < example.stop - example.start <= 40
        assert example.is_masked[example.start : example.stop].any()
        if example.start:
            assert example.stretch[example.start, BAR] != example.stretch[example.start - 1, BAR]
        rows, track = example.stretch[:, :TRACK], example.stretch[:, TRACK]
        if example.is_masked[:, POSITION].any():
            onsets = onset_groups(rows, track)
            assert all(len(set(example.is_masked[onsets == onset, POSITION])) == 1 for onset in np.unique(onsets))


def test_what_is_masked_shows_nowhere_in_the_inputs(corpus):
    """Changing hidden values changes nothing that the network reads."""
    window = WindowSampler(corpus, split="train", num_notes=64, seed=3).draw()
    rows, track = window[:, :TRACK], window[:, TRACK]
    is_masked = np.zeros(rows.shape, dtype=np.bool_)
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
    """What is masked has the mask's id, its answer and its sources; what is not there is padding."""
    stretch = WindowSampler(corpus, split="train", num_notes=60, seed=3).draw()
    start, stop = draw_window(stretch, np.random.default_rng(1), num_notes=30)
    is_masked = np.zeros((len(stretch), 8), dtype=np.bool_)
    is_masked[start + 4, PITCH] = True
    batch = collate([Example(stretch, is_masked, start, stop)], num_notes=40)
    assert batch.ids[0, 4, PITCH] == MASK_ID
    assert (batch.ids[0, stop - start :] == PAD_ID).all()
    assert batch.is_padding[0].sum() == 40 - (stop - start)
    assert batch.values[PITCH].tolist() == [stretch[start + 4, PITCH]]
    assert batch.laid[PITCH].note.tolist() == [4]
    assert batch.places.pitch[0, 4] == -1
    assert set(batch.laid) == {PITCH}


def test_training_learns(corpus, tmp_path):
    """A dozen steps bring the loss down."""
    task = make_task(corpus)
    run = Run(task, loop_config(max_steps=12, decay_share=0.2, learning_rate=1e-2), tmp_path)
    losses = [float(task.next_loss().loss.detach()) for _ in range(3)]
    run.train()
    after = [float(task.next_loss().loss.detach()) for _ in range(8)]
    assert np.mean(after) < 0.9 * np.mean(losses)


def test_a_resumed_run_goes_on_with_the_same_batches(corpus, tmp_path):
    """State, random numbers and optimizer are saved: the next losses are bit for bit the same."""
    run = Run(make_task(corpus), loop_config(max_steps=2), tmp_path)
    run.train()
    expected = [float(run.task.next_loss().loss.detach()) for _ in range(2)]
    again = Run(make_task(corpus), loop_config(max_steps=2), tmp_path, resume=True)
    assert [float(again.task.next_loss().loss.detach()) for _ in range(2)] == expected
    assert (again.step, again.num_events) == (run.step, run.num_events)


def test_evaluation_counts_masked_values_only_and_repeats_itself(corpus):
    """Every task and share has its line; accuracies, ratio and reduction of errors fit together."""
    model = make_task(corpus).model
    first, second = (score_remixer(model, corpus, split="train", num_windows=2) for _ in range(2))
    assert first == second
    names = {"pitch", "tones", "drums", "duration", "rhythm position", "rhythm duration"}
    assert set(first) == {f"{name} {share}" for name in names for share in ("15%", "50%")}
    for share in ("15%", "50%"):
        whole, tones, drums = (first[f"{name} {share}"] for name in ("pitch", "tones", "drums"))
        assert whole["num_masked"] == tones["num_masked"] + drums["num_masked"] > 0
        for score in (whole, tones, drums, first[f"duration {share}"]):
            base, found = score["baseline_accuracy"], score["accuracy"]
            assert 0 <= found <= 1
            assert score["error_reduction"] == pytest.approx((found - base) / (1 - base), abs=1e-3)
    assert first["duration 50%"]["num_masked"] > first["duration 15%"]["num_masked"]


def test_the_baseline_says_the_tracks_commonest_shown_value():
    """Of the shown notes of the track; of its kind where the track shows none; tones and drums apart."""
    notes = [(0, 0, 0, 60), (0, 4, 0, 62), (0, 8, 0, 62), (0, 12, 0, 64), (0, 0, 128, 164), (0, 0, 1, 70)]
    rows = [(bar, position, program, pitch, 4, 20, 9, 36, program) for bar, position, program, pitch in notes]
    is_masked = np.zeros((6, 8), dtype=np.bool_)
    is_masked[[1, 4, 5], PITCH] = True
    example = Example(np.asarray(rows), is_masked, 0, 6)
    assert guess_constant(example, PITCH).tolist() == [60, 60, 60]
    is_masked[1, PITCH] = False
    assert guess_constant(example, PITCH).tolist() == [62, 62]


def test_scores_of_genres_are_counted_rightly(corpus):
    """A hand-worked example, and a whole evaluation that repeats itself."""
    guesses = [("rock", "rock", 0.9), ("rock", "pop", 0.4), ("pop", "pop", 0.8), ("jazz", "rock", 0.6)]
    found = score_guesses(guesses)
    assert (found["accuracy"], found["majority"], found["majority_accuracy"]) == (0.5, "rock", 0.5)
    assert found["f1_macro"] == pytest.approx((2 / 4 + 2 / 3 + 0) / 3, abs=1e-4)
    assert (found["sure_share"], found["sure_accuracy"]) == (0.75, 0.6667)
    labels = [index % 3 - 1 for index in range(len(corpus.pieces))]
    first, second = (evaluate_genres(make_task(corpus).model, corpus, labels, split="train") for _ in range(2))
    assert first == second
    assert first["num_pieces"] == sum(
        label >= 0 and piece.split == "train" for label, piece in zip(labels, corpus.pieces, strict=True)
    )


def test_labels_come_from_the_sets_and_are_kept(corpus, tmp_path):
    """A game's music is game; the table is read again next time."""
    (tmp_path / "open_game_music").mkdir()
    for piece in corpus.pieces:
        (tmp_path / "open_game_music" / f"{piece.name}.mid").touch()
    for _ in range(2):
        labels = label_pieces(corpus, tmp_path, archives=tmp_path, scratch=tmp_path)
        assert {GENRES[label] for label in labels} == {"game"}
        for path in (tmp_path / "open_game_music").glob("*.mid"):
            path.unlink()


def test_shipped_weights_come_back_with_their_card(corpus, tmp_path):
    """The moving average, what it was trained on and for how long."""
    run = Run(make_task(corpus), loop_config(max_steps=1), tmp_path / "run")
    run.train()
    checkpoint_id = ship(run, corpus, tmp_path, metrics={"valid": {}})
    card = json.loads((tmp_path / "model.json").read_text())
    assert checkpoint_id.startswith("remixer-")
    assert card["data_sets"]["weights"] == {"open_game_music": 2.0}
    assert card["trained"]["steps"] == 1
    model = load_model(tmp_path)
    assert model.config == run.task.model.config
    assert model.config.genres == GENRES
    assert score_remixer(model, corpus, split="train", num_windows=1)


def test_a_run_may_begin_with_weights_from_before_notes_voted(corpus, tmp_path):
    """An older checkpoint loads, begins a run, and says the same at first: the votes are silent."""
    torch.manual_seed(0)
    config = remixer_config("tiny", genres=GENRES)
    heads = tuple(replace(head, kernels=(), num_features=0) for head in config.heads)
    old = RemixerNetwork(replace(config, heads=heads)).eval()
    save_checkpoint(
        tmp_path, model="remixer", state=old.state_dict(), config=old.config.to_dict(), vocabulary_hash=VOCABULARY_HASH, card={}
    )  # fmt: skip
    new = RemixerNetwork(config).eval()
    start_from(new, load_checkpoint(tmp_path, model="remixer", vocabulary_hash=VOCABULARY_HASH))
    loaded = load_model(tmp_path)
    sampler = WindowSampler(corpus, split="train", num_notes=120, seed=3)
    chances = (0.0, 0.0, 1.0, 0.0)  # durations
    drawn = [draw_example(sampler.draw(), sampler.random, num_notes=64, task_chances=chances) for _ in range(3)]
    batch = collate(drawn, num_notes=64)
    logits: list[torch.Tensor] = []
    with torch.no_grad():
        for model in (loaded, new):
            encoded = model(batch.ids, places=batch.places, laid=batch.laid, is_padding=batch.is_padding)
            logits.append(model.logits(encoded, field=DURATION, laid=batch.laid[DURATION]))
    assert torch.equal(*logits)
    assert any("votes" in name for name in new.state_dict())


def test_a_run_does_not_begin_with_strange_weights(corpus, tmp_path):
    """A checkpoint with layers of another shape is refused by name."""
    strange = RemixerNetwork(remixer_config("tiny"))
    shapes = {"norm.weight": torch.ones(3)}
    save_checkpoint(tmp_path, model="remixer", state=shapes, config={}, vocabulary_hash=VOCABULARY_HASH, card={})
    with pytest.raises(CheckpointError, match=r"norm\.weight"):
        start_from(strange, load_checkpoint(tmp_path, model="remixer", vocabulary_hash=VOCABULARY_HASH))


@pytest.mark.parametrize("name", ["cpu", "gpu", "votes"])
def test_the_committed_plans_are_readable(name):
    """No set whose licence keeps it out of shipped weights is among theirs."""
    plan = load_plan(Path(f"training/configs/remixer_{name}.toml"))
    assert isinstance(plan, RemixerPlan)
    assert "band_arrangements" not in plan.corpus.weights


def test_a_wrong_plan_is_refused(tmp_path):
    """With the path and what is wrong with it."""
    (tmp_path / "wrong.toml").write_text("size = 3")
    with pytest.raises(ConfigurationError):
        load_plan(tmp_path / "wrong.toml")
