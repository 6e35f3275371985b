"""The measure of the JSB benchmark on hand-worked cases, its baselines, and the split where the data is there."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.errors import ConfigurationError
from core.settings import Settings
from music.tokenizers.chorale import NUM_PITCH_VALUES, ChoraleFrames
from tests.factories.chorales import bach_chorale
from training import jsb
from training.evaluation.jsb import average_shares, describe, evaluate_jsb, move_back, shares_in_keys
from training.evaluation.jsb_baselines import StepNGram, near_duplicates, persistence_accuracy
from training.jsb import ChoraleModel, log_shares, make_config, read_frames
from training.jsb_data import Counts, prepare


def frames_of(*rows: tuple[int, int, int, int]) -> ChoraleFrames:
    return ChoraleFrames.read(np.array(rows))


def test_nats_of_a_hand_worked_piece():
    """Two frames, four voices: a half for every soprano, a quarter for the rest: (ln 2 + 3 ln 4) / 4 nats per note."""
    frames = frames_of((60, 55, 52, 48), (62, 55, 53, -1))
    data = prepare([frames], Counts([frames]), is_counted=False)
    shares = np.full((2, 4, NUM_PITCH_VALUES), 1e-9)
    for frame in range(2):
        for place in range(4):
            shares[frame, place, data.values[frame, place]] = 0.5 if place == 0 else 0.25
            shares[frame, place, 52] = 0.5 if place == 0 else 0.75
    row = describe([np.log(shares)], data)
    assert row["nats_per_note"] == pytest.approx((np.log(2) + 3 * np.log(4)) / 4, abs=1e-4)
    assert row["voices"]["soprano"]["nats_per_note"] == pytest.approx(np.log(2), abs=1e-4)
    assert row["accuracy"] == 0.25
    assert row["interval"] == (row["nats_per_note"], row["nats_per_note"])  # of one piece there is one draw


def test_mean_of_members_is_a_mean_of_shares():
    """0.2 and 0.4 together are 0.3."""
    members = [np.log(np.array([[[0.2, 0.8]]])), np.log(np.array([[[0.4, 0.6]]]))]
    assert np.allclose(np.exp(average_shares(members)), [[[0.3, 0.7]]])


def test_shares_in_another_key_move_back():
    """Read two semitones higher, a pitch's share stands two places higher; rests stay; what falls out is shared out."""
    shares = np.zeros((1, 1, NUM_PITCH_VALUES), dtype=np.float32)
    shares[0, 0, [0, 22]] = (0.25, 0.75)
    for shift, place in ((2, 20), (-3, 25)):
        moved = move_back(shares, shift)[0, 0]
        assert moved[0] == pytest.approx(0.25)
        assert moved[place] == pytest.approx(0.75)
        assert moved.sum() == pytest.approx(1)


def test_shares_averaged_over_keys_add_to_one():
    """The mean over keys is a distribution for every voice."""
    frames = [bach_chorale()]
    data = prepare(frames, Counts(frames), is_counted=True)
    sizes = {"width": 16, "num_layers": 1, "num_heads": 1, "feedforward_width": 16, "head_width": 16}
    model = ChoraleModel(make_config(**sizes)).eval()
    unmoved = np.concatenate(log_shares(model, data))
    assert np.allclose(np.exp(shares_in_keys(model, data, unmoved)).sum(axis=-1), 1, atol=1e-4)
    assert np.allclose(shares_in_keys(model, data, unmoved, ()), unmoved, atol=1e-4)


def test_shares_of_the_ngram_add_to_one():
    """For seen and unseen contexts, in every voice."""
    ngram = StepNGram([bach_chorale()])
    for voice in range(4):
        assert np.allclose(ngram.predict(bach_chorale("bach/bwv269"), voice).sum(axis=1), 1, atol=1e-5)


def test_ngram_of_a_hand_worked_piece():
    """Trained on held chords, a hold is likely and a rest pays for all the values it might have been."""
    held = frames_of(*[(60, 55, 52, 48)] * 40)
    ngram = StepNGram([held])
    assert ngram.nats([held]) < 0.2
    assert ngram.nats([frames_of((-1, -1, -1, -1))]) > np.log(NUM_PITCH_VALUES)


def test_persistence_of_a_hand_worked_piece():
    """Of eight voice steps after the first frame, five repeat."""
    frames = frames_of((60, 55, 52, 48), (60, 55, 52, 50), (62, 57, 52, 50))
    assert persistence_accuracy([frames]) == 5 / 8


def test_a_transposed_copy_is_a_near_copy_and_another_chorale_is_not():
    """Near-duplicates are found in any key."""
    moved = ChoraleFrames.read(bach_chorale().pitches + 3)
    assert near_duplicates([bach_chorale()], [moved, bach_chorale("bach/bwv269")]) == [0]


def test_split_has_the_usual_sizes():
    """229, 76 and 77 pieces, where the data set is there."""
    folder = Settings().training.data_folder
    sizes = None
    with suppress(ConfigurationError):
        sizes = [len(read_frames(folder, "jsb_chorales", split)) for split in ("train", "valid", "test")]
    assert sizes in (None, [229, 76, 77])


TINY = """
[model]
width = 16
num_layers = 1
num_heads = 1
feedforward_width = 16
head_width = 16
segment_length = 16
memory_length = 16

[training]
num_members = 2
steps = 2
num_lanes = 2
"""


def test_the_command_trains_members_that_the_measure_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """From a data set to checkpoints to the rows of the table, on three short chorales."""
    names = ("bach/bwv66.6", "bach/bwv269", "bach/bwv4.8")
    one, two, three = ([bach_chorale(name).pitches[:32].tolist()] for name in names)
    folder = tmp_path / "data" / "jsb_chorales"
    folder.mkdir(parents=True)
    (folder / "Jsb16thSeparated.json").write_text(json.dumps({"train": one + two, "valid": three, "test": one + three}))
    (tmp_path / "jsb_tiny.toml").write_text(TINY)
    monkeypatch.setattr(jsb, "CONFIGS", tmp_path)
    monkeypatch.setenv("TUTTI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TUTTI_RUNS", str(tmp_path / "runs"))

    done = CliRunner().invoke(jsb.app, ["train", "--config", "tiny", "--to", str(tmp_path / "weights" / "jsb")])
    assert done.exit_code == 0, done.output
    result = evaluate_jsb(tmp_path / "weights", tmp_path / "data", split="test", is_quick=False)
    assert list(result["members"]) == ["member_1", "member_2"]
    assert list(result["rows"]) == ["single", "ensemble", "ensemble_in_three_keys"]
    assert (result["num_pieces"], result["num_notes"]) == (2, 2 * 32 * 4)
    assert result["near_duplicates"]["num_pieces"] == 1  # the one that is in training, too
