"""The network of the JSB benchmark: left to right, padding does not count, learns, resumes, travels in a checkpoint."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import CheckpointError
from music.tokenizers.chorale import NUM_PITCH_VALUES, ChoraleFrames
from tests.factories.chorales import bach_chorale
from training.jsb import (
    JSBTask,
    TrainingTable,
    export,
    load_members,
    log_shares,
    loop_config,
    make_config,
    nats_of,
    run_batch,
)
from training.jsb_data import Counts, Prepared, prepare
from training.jsb_lanes import Lanes, gather
from training.jsb_model import ChoraleModel
from training.loop import Run

SIZES = {
    "width": 32, "num_layers": 2, "num_heads": 2, "feedforward_width": 32, "head_width": 32, "segment_length": 32,
    "memory_length": 64, "dropout": 0.1, "head_dropout": 0.1,
}  # fmt: skip
TABLE = TrainingTable(num_members=1, steps=3, num_lanes=2)


@pytest.fixture(scope="module")
def data() -> Prepared:
    frames = [bach_chorale("bach/bwv66.6"), bach_chorale("bach/bwv269")]
    return prepare(frames, Counts(frames), is_counted=True)


def make_model() -> ChoraleModel:
    torch.manual_seed(1)
    return ChoraleModel(make_config(**SIZES)).eval()


def test_no_gradient_flows_from_the_future_or_from_voices_not_yet_written(data: Prepared):
    """A voice's logits depend on earlier frames through the body, and not on later ones."""
    model = make_model()
    batch = gather(data, np.arange(20)[None], shifts=np.zeros((1, 20), np.int64), sequence=np.zeros((1, 20), np.int64))
    embedded = model.body.embed(torch.where(batch.reading > 0, batch.reading + model.offsets, 0)).detach()
    embedded.requires_grad_()
    model.body.embed = lambda inputs: embedded  # pyright: ignore[reportAttributeAccessIssue] - a leaf to differentiate by
    logits, _ = run_batch(model, batch, model.body.empty_memory(1, 64))
    logits[3][10].sum().backward()
    size = embedded.grad[0].abs().sum(dim=1) if embedded.grad is not None else torch.zeros(20)
    assert (size[:11] > 0).all()
    assert (size[11:] == 0).all()


def test_shares_do_not_change_with_what_is_written_later(data: Prepared):
    """From the notes to the shares: another present and future leave a voice's distribution as it is."""
    frames = bach_chorale("bach/bwv4.8")
    counts = Counts([bach_chorale("bach/bwv66.6")])
    model = make_model()
    whole = log_shares(model, prepare([frames], counts, is_counted=False))[0]
    changed = frames.pitches.copy()
    changed[45, [2, 1]] += 2  # tenor and alto are written last
    changed[46:] += 1
    other = log_shares(model, prepare([ChoraleFrames.read(changed)], counts, is_counted=False))[0]
    assert np.array_equal(whole[:45], other[:45])
    assert np.array_equal(whole[45, :3], other[45, :3])  # soprano, bass, and the alto before it is known
    assert not np.array_equal(whole[45, 3], other[45, 3])


def test_shares_add_to_one_and_padding_does_not_count(data: Prepared):
    """A piece beside a longer one has the same shares as alone, and exactly its own frames are scored."""
    model = make_model()
    together = log_shares(model, data)
    assert [len(each) for each in together] == np.diff(data.starts).tolist()
    assert np.allclose(np.exp(together[0]).sum(axis=-1), 1, atol=1e-4)
    frames = [bach_chorale("bach/bwv66.6")]
    alone = prepare(frames, Counts([*frames, bach_chorale("bach/bwv269")]), is_counted=True)
    assert np.allclose(log_shares(model, alone)[0], together[0], atol=1e-3)
    assert nats_of(together, data).shape == (data.starts[-1], 4)


def test_memory_reaches_over_segments(data: Prepared):
    """What was read in the first segment changes the shares in the next one."""
    model = make_model()
    kept = log_shares(model, data)[0]
    data.reading[5, 5:9] = 0
    try:
        assert np.abs(log_shares(model, data)[0][40:60] - kept[40:60]).max() > 0
    finally:
        fresh = [bach_chorale("bach/bwv66.6"), bach_chorale("bach/bwv269")]
        data.reading[:] = prepare(fresh, Counts(fresh), is_counted=True).reading


def test_lanes_transpose_and_hide(data: Prepared):
    """Anchors and values move together, ids stay inside the tables, hidden voices are unknown to the body only."""
    lanes = Lanes(data, np.ones(2, np.float32), num_lanes=3, segment_length=32, hidden_share=0.5, seed=3)
    batches = [lanes.next_batch() for _ in range(20)]
    for batch in batches:
        assert int(batch.values.max()) < NUM_PITCH_VALUES
        assert int((batch.reading - torch.tensor(make_config().reading_sizes)).max()) < 0
        steps = (batch.values - batch.anchors)[(batch.values > 0) & (batch.anchors >= 0)]
        assert int(steps.abs().max()) <= 13
    assert bool((batches[-1].reading[..., 5:9] == 0).any())
    assert bool((batches[-1].head_ids[..., 0] > 0).all())


def test_training_learns_and_the_checkpoint_gives_the_same_shares(data: Prepared, tmp_path: Path):
    """A few steps lower the loss; the exported member scores as the average that was validated."""
    model = make_model()
    task = JSBTask(model, data, data, np.ones(2, np.float32), TABLE, seed=1)
    before = task.validate()["nats_per_note"]
    run = Run(task, loop_config(TrainingTable(num_members=1, steps=6, num_lanes=2, warmup_steps=2)), tmp_path / "run")
    run.train()
    export(run, model, TABLE, tmp_path / "weights" / "member_1")
    loaded = load_members(tmp_path / "weights")["member_1"]
    after = float(nats_of(log_shares(loaded, data), data).mean())
    assert after < before
    assert after == pytest.approx(run.best_nats, abs=0.01)


def test_a_task_goes_on_with_other_pieces_after_a_restart(data: Prepared):
    """Restoring counts on from the pieces already dealt."""
    task = JSBTask(make_model(), data, data, np.ones(2, np.float32), TABLE, seed=1)
    for _ in range(8):
        task.next_loss()
    counter = task.state()["counter"]
    again = JSBTask(make_model(), data, data, np.ones(2, np.float32), TABLE, seed=1)
    again.restore(task.state())
    assert again.lanes.counter == counter + TABLE.num_lanes


def test_weights_that_read_other_features_are_refused(data: Prepared, tmp_path: Path):
    """A checkpoint of other tables is refused with a sentence, and a missing one too."""
    with pytest.raises(CheckpointError, match="does not exist"):
        load_members(tmp_path)
