"""The fast decoder step equals the reference."""

import numpy as np
import pytest
import torch

from inference.decoding.harmony_session import TorchSession
from inference.engines.numpy_seq2seq import NumpySeq2Seq, gelu
from tests.factories.harmonies import chorale_window, chords_window, tiny_network


@pytest.mark.parametrize("window", [chorale_window, chords_window])
def test_fast_steps_equal_the_reference(window):
    """Reading a stretch, stepping, going back and stepping again give the reference's logits for every field."""
    model, example = tiny_network(width=64), window()
    sessions = [
        TorchSession(model, example.encoder, torch.device("cpu")),
        NumpySeq2Seq(model).open_window(example.encoder),
    ]
    fields = model.field_decoder.fields_of(example.group)
    found = [[], []]
    for logits, session in zip(found, sessions, strict=True):
        session.advance(example.decoder[:9], example.frames[:9])
        for step in (9, 10, 11, 12):
            session.advance(example.decoder[step : step + 1], example.frames[step : step + 1])
        session.rewind(10)
        for step in range(10, 30):
            session.advance(example.decoder[step : step + 1], example.frames[step : step + 1])
            state = session.state()
            values = {name: int(row[step]) for name, row in example.values.items()}
            for spec in fields:
                logits.append(session.logits(spec.name, state, values))
                value = int(example.targets[spec.name][step])
                state = session.write(spec.name, state, value)
                values[f"now.{spec.name}"] = value
    for reference, fast in zip(*found, strict=True):
        np.testing.assert_allclose(fast, reference, atol=1e-3)
        assert fast.argmax() == reference.argmax()


def test_gelu_is_exact():
    """The NumPy GELU is torch's within single precision."""
    values = np.linspace(-6, 6, 1001, dtype=np.float32)
    expected = torch.nn.functional.gelu(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(gelu(values), expected, atol=1e-6)
