"""The body keeps the promises of Transformer-XL: causal, relative, with memory, and the same when cached."""

import math

import pytest
import torch

from inference.models.layers import RelativeAttention, shift_relative, sinusoids
from inference.models.transformer_xl import TransformerXL, TransformerXLConfig

CONFIG = TransformerXLConfig(
    num_ids=50, width=16, num_layers=2, num_heads=2, feedforward_width=32, segment_length=8, memory_length=12
)


@pytest.fixture
def body():
    torch.manual_seed(0)
    body = TransformerXL(CONFIG).eval()
    with torch.no_grad():
        for block in body.blocks:  # the biases start at zero; give them something to prove
            block.attention.content_bias.normal_()
            block.attention.distance_bias.normal_()
    return body


@pytest.fixture
def inputs():
    return torch.randint(0, CONFIG.num_ids, (2, 20, 3), generator=torch.Generator().manual_seed(1))


def run(body, inputs, sequence=None, memory_length=0):
    sequence = torch.zeros(inputs.shape[:2], dtype=torch.long) if sequence is None else sequence
    return body(inputs, sequence=sequence, memory=body.empty_memory(len(inputs), memory_length))[0]


def test_no_output_depends_on_a_later_event(body, inputs):
    """The gradient of an output with respect to later embeddings is zero."""
    embedded = body.embed(inputs).detach().requires_grad_()
    body.embed = lambda _: embedded
    output = run(body, inputs)
    output[:, 9].sum().backward()
    assert embedded.grad[:, 10:].abs().max() == 0
    assert embedded.grad[:, :10].abs().sum(dim=-1).min() > 0


def test_memory_over_segments_equals_one_long_pass(body, inputs):
    """As long as memory reaches back to the start, cutting into segments changes nothing."""
    whole = run(body, inputs)
    memory = body.empty_memory(2, 16)
    parts = []
    for start in range(0, 20, 5):
        segment = inputs[:, start : start + 5]
        output, memory = body(segment, sequence=torch.zeros(2, 5, dtype=torch.long), memory=memory)
        parts.append(output)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


def test_cached_steps_equal_the_uncached_pass(body, inputs):
    """Event by event through the ring, at every place; the ring wraps around and forgets what is too far."""
    memory_length = CONFIG.longest_distance
    whole = run(body, inputs)
    shape = (CONFIG.num_layers, 2, CONFIG.num_heads, memory_length, CONFIG.head_width)
    keys, values = torch.zeros(shape), torch.zeros(shape)
    slots = torch.arange(memory_length)
    relative = body.project_distances(memory_length)
    for index in range(20):
        ages = ((index - 1 - slots) % memory_length + 1).expand(2, -1)
        valid = (slots < index).expand(2, -1)
        output, new_keys, new_values = body.step(inputs[:, index], keys, values, ages, valid, relative)
        keys[:, :, :, index % memory_length], values[:, :, :, index % memory_length] = new_keys, new_values
        assert torch.allclose(output, whole[:, index], atol=1e-5)


def test_what_is_farther_than_training_saw_is_not_looked_at(body):
    """With one layer an event beyond the longest distance has no influence at all."""
    far = CONFIG.longest_distance + 1
    inputs = torch.randint(1, CONFIG.num_ids, (1, far + 1, 3), generator=torch.Generator().manual_seed(2))
    changed = inputs.clone()
    changed[:, 0] = (changed[:, 0] + 7) % CONFIG.num_ids
    shallow = TransformerXL(TransformerXLConfig(**{**vars_of(CONFIG), "num_layers": 1})).eval()
    assert torch.equal(run(shallow, inputs)[:, far], run(shallow, changed)[:, far])
    assert not torch.allclose(run(shallow, inputs)[:, far - 1], run(shallow, changed)[:, far - 1])
    del body


def vars_of(config):
    return {name: getattr(config, name) for name in config.__slots__}


def test_padding_changes_nothing(body, inputs):
    """Events before padding have the same output, whatever the padding holds; another sequence is not seen either."""
    sequence = torch.zeros(2, 20, dtype=torch.long)
    sequence[:, 14:] = -1
    changed = inputs.clone()
    changed[:, 14:] = 7
    assert torch.equal(run(body, inputs, sequence)[:, :14], run(body, changed, sequence)[:, :14])
    assert torch.isfinite(run(body, inputs, sequence)).all()


def test_a_new_sequence_in_a_lane_sees_nothing_of_the_old_one(body, inputs):
    sequence = torch.zeros(2, 20, dtype=torch.long)
    sequence[:, 11:] = 1
    alone = run(body, inputs[:, 11:])
    assert torch.allclose(run(body, inputs, sequence)[:, 11:], alone, atol=1e-5)


def test_shift_puts_each_distance_under_its_key():
    """Column c of the scores belongs to distance S - 1 - c; key j of query i is at distance i + M - j."""
    length, memory = 4, 3
    span = length + memory
    by_distance = torch.arange(span - 1, -1, -1.0).expand(1, 1, length, span).contiguous()
    shifted = shift_relative(by_distance)
    for query in range(length):
        for key in range(query + memory + 1):
            assert shifted[0, 0, query, key] == query + memory - key


def test_attention_equals_the_formula_of_the_paper():
    """Dai et al. 2019, section 3.3: (q + u)k + (q + v)W r summed per pair, with explicit loops."""
    torch.manual_seed(3)
    layer = RelativeAttention(width=8, num_heads=2)
    with torch.no_grad():
        layer.content_bias.normal_()
        layer.distance_bias.normal_()
    length, memory = 3, 2
    span = length + memory
    inputs, history = torch.randn(1, length, 8), torch.randn(1, memory, 8)
    distances = sinusoids(span, 8)
    mask = torch.zeros(1, 1, length, span)
    for query in range(length):
        mask[..., query, query + memory + 1 :] = float("-inf")
    _, key_of_history, value_of_history = layer.query_key_value(history).chunk(3, dim=-1)
    given = tuple(part.view(1, memory, 2, 4).transpose(1, 2) for part in (key_of_history, value_of_history))
    output, _ = layer(inputs, memory=given, distances=distances, mask=mask)

    query, key, value = layer.query_key_value(inputs).chunk(3, dim=-1)
    keys = torch.cat([key_of_history, key], dim=1)[0]
    values = torch.cat([value_of_history, value], dim=1)[0]
    expected = torch.zeros(length, 8)
    for i in range(length):
        for head in range(2):
            part = slice(4 * head, 4 * head + 4)
            scores = []
            for j in range(i + memory + 1):
                encoding = layer.distance(distances[span - 1 - (i + memory - j)])[part]
                u, v = layer.content_bias[head, 0], layer.distance_bias[head, 0]
                pair = (query[0, i, part] + u) @ keys[j, part] + (query[0, i, part] + v) @ encoding
                scores.append(pair / math.sqrt(4))
            weights = torch.stack(scores).softmax(dim=0)
            expected[i, part] = weights @ values[: i + memory + 1, part]
    assert torch.allclose(output[0], layer.output(expected), atol=1e-5)


def test_distance_zero_is_the_last_encoding():
    encodings = sinusoids(5, 8)
    assert torch.allclose(encodings[-1], torch.tensor([0.0] * 4 + [1.0] * 4))


def test_the_step_is_exported(body, inputs):
    """One step leaves Python as a graph and computes the same."""

    class Step(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = body

        def forward(self, *args):
            return self.body.step(*args)

    shape = (CONFIG.num_layers, 2, CONFIG.num_heads, 6, CONFIG.head_width)
    args = (
        inputs[:, 0], torch.randn(shape), torch.randn(shape), torch.arange(6, 0, -1).expand(2, -1).contiguous(),
        torch.ones(2, 6, dtype=torch.bool), body.project_distances(6).detach(),
    )  # fmt: skip
    exported = torch.export.export(Step(), args).module()
    for ours, theirs in zip(body.step(*args), exported(*args), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)
