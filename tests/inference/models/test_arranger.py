"""The harmonizer's event layers: what may influence what, and that the frame layers do not notice them."""

from __future__ import annotations

from dataclasses import replace

import torch

from inference.arranger_sizes import arranger_config
from inference.models.arranger import Arranger
from inference.models.seq2seq import Seq2Seq, Seq2SeqConfig
from tests.factories.harmonies import tiny_config

SIZES = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 2, "feed_forward": 48}


def tiny_arranger(seed: int = 0) -> Arranger:
    torch.manual_seed(seed)
    return Arranger(arranger_config(head_width=16, dropout=0.0, **SIZES)).eval()


def random_inputs(num_read: int = 9, num_written: int = 7) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return {
        "read": torch.randint(1, 900, (2, num_read, 10)),
        "read_frames": torch.arange(num_read).float().repeat(2, 1) * 1.5,
        "mask": torch.ones(2, num_read, dtype=torch.bool),
        "ids": torch.randint(1, 900, (2, num_written, 18)),
        "frames": torch.arange(num_written).float().repeat(2, 1) * 0.5,
        "aligned": torch.arange(num_written).repeat(2, 1) // 2,
    }


def states_of(model: Arranger, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    read = model.read(inputs["read"], inputs["read_frames"], inputs["mask"])
    return model.write(
        inputs["ids"], inputs["frames"], inputs["aligned"], read=read, read_frames=inputs["read_frames"],
        mask=inputs["mask"],
    )  # fmt: skip


def test_written_events_do_not_see_later_ones():
    """A state is the same whatever follows."""
    model, inputs = tiny_arranger(), random_inputs()
    before = states_of(model, inputs)
    changed = inputs["ids"].clone()
    changed[:, 4:] = 5
    after = states_of(model, {**inputs, "ids": changed})
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_every_written_event_sees_all_that_is_read():
    """The reader has no order of its own: the last given event reaches the first written one."""
    model, inputs = tiny_arranger(), random_inputs()
    changed = inputs["read"].clone()
    changed[:, -1] = 7
    assert not torch.allclose(states_of(model, inputs)[:, 0], states_of(model, {**inputs, "read": changed})[:, 0])


def test_padding_changes_nothing():
    """Masked events that are read, and later padding that is written, leave the states as they are."""
    model, inputs = tiny_arranger(), random_inputs()
    wide = random_inputs(num_read=12, num_written=10)
    for name, value in inputs.items():
        wide[name][:, : value.shape[1]] = value
    wide["mask"][:, 9:] = False
    assert torch.allclose(states_of(model, inputs), states_of(model, wide)[:, :7], atol=1e-5)


def test_single_steps_equal_the_whole_sequence():
    """The cache gives the states of the uncached network."""
    model, inputs = tiny_arranger(), random_inputs()
    inputs = {name: value[:1] for name, value in inputs.items()}
    with torch.inference_mode():
        whole = states_of(model, inputs)
        cache = model.start_cache(model.read(inputs["read"], inputs["read_frames"], None), inputs["read_frames"])
        parts = [
            model.extend(inputs["ids"][:, where], inputs["frames"][:, where], inputs["aligned"][:, where], cache)
            for where in (slice(0, 3), slice(3, 4), slice(4, 5), slice(5, 7))
        ]
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


def test_the_frame_layers_do_not_notice_the_event_layers():
    """A widened harmonizer with the old weights writes chorales and chords with exactly the same states."""
    torch.manual_seed(5)
    old = Seq2Seq(tiny_config()).eval()
    wide = Seq2Seq(replace(tiny_config(), arranger=arranger_config(head_width=16, dropout=0.0, **SIZES))).eval()
    missing, unknown = wide.load_state_dict(old.state_dict(), strict=False)
    assert not unknown
    assert all(name.startswith("arranger.") for name in missing)
    features = torch.randint(0, 2, (1, 16, len(old.config.encoder_feature_sizes)))
    steps = torch.randint(0, 2, (1, 16, len(old.config.decoder_feature_sizes)))
    frames = torch.arange(16)[None]
    outputs = [model.decode(steps, frames, model.encode(features, frames, None), None) for model in (old, wide)]
    assert torch.equal(outputs[0], outputs[1])


def test_configurations_travel_as_plain_values():
    """Old ones have no event layers, new ones come back as they were."""
    old = tiny_config()
    plain = old.as_dict()
    del plain["arranger"]
    assert Seq2SeqConfig.from_dict(plain) == old
    wide = replace(old, arranger=arranger_config(head_width=16, **SIZES))
    assert Seq2SeqConfig.from_dict(wide.as_dict()) == wide
