"""The harmonizer's decoder step in NumPy: the same arithmetic as ``inference/models/seq2seq.py``, without torch's overhead.

At batch size 1 and width 192 a step of the reference is mostly the cost of calling some hundred small tensor operations;
NumPy's are several times cheaper. Encoding and reading known steps stay with the reference; single steps and fields are
done here. Must match the reference: same picks at temperature 0, logits within 1e-3 (``tests/inference/engines``).

Legend: S encoder frames, T steps, H heads, E head width, D width, N candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.models.seq2seq import Seq2Seq
from inference.models.seq2seq_fields import FieldHead, FieldSpec, is_voice_above
from inference.models.seq2seq_layers import DecoderLayer, rotary_angles

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


def _array(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())


class _Linear:
    """Several linear maps of one input as a single product; weights (out, in)."""

    def __init__(self, *layers: nn.Module) -> None:
        linear = [cast("nn.Linear", layer) for layer in layers]
        self.weight = np.concatenate([_array(layer.weight) for layer in linear])
        self.bias = np.concatenate([_array(layer.bias) for layer in linear])

    def __call__(self, values: Floats) -> Floats:
        return self.weight @ values + self.bias


class _Norm:
    def __init__(self, layer: nn.Module) -> None:
        norm = cast("nn.LayerNorm", layer)
        self.weight, self.bias, self.epsilon = _array(norm.weight), _array(norm.bias), norm.eps

    def __call__(self, values: Floats) -> Floats:
        centred = values - values.mean()
        return centred * (self.weight / np.sqrt(np.dot(centred, centred) / values.size + self.epsilon)) + self.bias


def gelu(values: Floats) -> Floats:
    """Return the exact GELU, with erf after Abramowitz and Stegun 1964, formula 7.1.26 (error below 1.5e-7)."""
    scaled = np.abs(values) * np.float32(0.7071067811865476)
    t = 1.0 / (1.0 + np.float32(0.3275911) * scaled)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    tail = 0.5 * series * np.exp(-scaled * scaled)
    return (values * np.where(values >= 0, 1.0 - tail, tail)).astype(np.float32)


class _Layer:
    """Weights of one decoder layer."""

    def __init__(self, layer: DecoderLayer) -> None:
        self.self_norm = _Norm(layer.self_norm)
        self.self_in = _Linear(layer.self_attention.query, layer.self_attention.key_value)
        self.self_out = _Linear(layer.self_attention.output)
        self.cross_norm = _Norm(layer.cross_norm)
        self.cross_in = _Linear(layer.cross_attention.query)
        self.cross_out = _Linear(layer.cross_attention.output)
        self.feed_forward_norm = _Norm(layer.feed_forward_norm)
        self.hidden = _Linear(layer.feed_forward[0])
        self.out = _Linear(layer.feed_forward[3])


class _Head:
    """Logits of one field: value scores, distance scores and rule weights in one product."""

    def __init__(self, head: FieldHead) -> None:
        self.spec: FieldSpec = head.spec
        self.norm = _Norm(head.hidden[0])
        self.hidden = _Linear(head.hidden[1])
        extra = [] if head.rules is None else [head.rules]
        self.out = _Linear(head.absolute, *head.distances.values(), *extra)
        self.candidates = np.arange(self.spec.num_values)
        self.num_distances = 2 * self.spec.max_distance + 1 if self.spec.kind == "pitch" else 12

    def logits(self, state: Floats, values: Mapping[str, int]) -> Floats:
        scores = self.out(gelu(self.hidden(self.norm(state))))
        logits = scores[: self.spec.num_values].copy()
        place = self.spec.num_values
        for name in self.spec.known_anchors:
            self._add_anchored(logits, scores[place : place + self.num_distances], values[name])
            place += self.num_distances
        for voice in self.spec.rule_voices:
            self._add_rules(logits, scores[place : place + 4], voice, values)
            place += 4
        return logits

    def _add_anchored(self, logits: Floats, scores: Floats, anchor: int) -> None:
        if self.spec.kind == "pitch":
            if anchor > 0:
                limit = self.spec.max_distance
                logits[1:] += scores[np.clip(self.candidates[1:] - anchor, -limit, limit) + limit]
        elif anchor < self.spec.num_classes:
            classes = slice(0, self.spec.num_classes)
            logits[classes] += scores[(self.candidates[classes] - anchor) % 12]

    def _add_rules(self, logits: Floats, weights: Floats, voice: str, values: Mapping[str, int]) -> None:
        own_before, before = values[f"previous.{self.spec.name}"], values[f"previous.{voice}"]
        now, candidates = values[f"now.{voice}"], self.candidates[1:]
        if now == 0:
            return
        part = logits[1:]
        if before > 0 and own_before > 0 and now != before:
            interval = np.abs(now - candidates) % 12
            is_hidden = ((candidates - own_before) * (now - before) > 0) & ((interval == 0) | (interval == 7))
            part += weights[0] * (is_hidden & (interval == abs(before - own_before) % 12)) + weights[1] * is_hidden
        is_above = is_voice_above(voice, self.spec.name)
        part += weights[2] * ((candidates > now) if is_above else (candidates < now))
        part += weights[3] * (candidates == now)


class NumpySeq2Seq:
    """The weights of a network, ready for ``NumpySession``; they are copied once."""

    def __init__(self, model: Seq2Seq) -> None:
        self.model = model
        self.embedding = _array(model.decoder_embedding.table.weight)
        self.offsets: Ids = model.decoder_embedding.offsets.cpu().numpy()
        self.embedding_norm = _Norm(model.decoder_embedding.norm)
        self.layers = [_Layer(cast("DecoderLayer", layer)) for layer in model.decoder_layers]
        self.norm = _Norm(model.decoder_norm)
        fields = model.field_decoder
        self.heads = {name: _Head(cast("FieldHead", head)) for name, head in fields.heads.items()}
        self.written = {name: _array(cast("nn.Embedding", table).weight) for name, table in fields.written.items()}

    def open_window(self, encoder_features: Ids) -> NumpySession:
        """Return a session for one window, its encoder features (S, F) read."""
        return NumpySession(self, encoder_features)


class NumpySession:
    """One window being written; the interface of ``inference.decoding.harmony_session.WindowSession``."""

    def __init__(self, network: NumpySeq2Seq, encoder_features: Ids) -> None:
        self._network = network
        self._model = network.model
        self._states: list[Floats] = []  # (D,) of every step taken
        with torch.inference_mode():
            frames = torch.arange(len(encoder_features))[None]
            self._encoded = self._model.encode(torch.as_tensor(encoder_features)[None], frames, None)
            cache = self._model.start_cache(self._encoded, None)
            cosine, sine = rotary_angles(frames, self._model.head_width)
            self._aligned = _array(self._model.aligned(self._encoded)[0])  # (S, D)
        self._cache = cache
        self._cosine, self._sine = _array(cosine[0, 0]), _array(sine[0, 0])  # (S, E / 2)
        # The arrays below share memory with the cache: steps read at once by torch are seen here.
        self._keys = [cast("Floats", keys[0].numpy()) for keys in cache.self_keys]  # (H, T, E)
        self._values = [cast("Floats", values[0].numpy()) for values in cache.self_values]

    @cached_property
    def _cross(self) -> list[tuple[Floats, Floats]]:
        """Return keys (H, S, E) and values (H, S, E) of each layer."""
        pairs = zip(self._cache.cross_keys, self._cache.cross_values, strict=True)
        return [(_array(keys[0]), _array(values[0])) for keys, values in pairs]

    @property
    def num_steps(self) -> int:
        """Steps taken so far."""
        return len(self._states)

    def advance(self, features: Ids, frames: Ids) -> None:
        """Take the next steps, whose feature ids (T, F) and frames (T,) are known."""
        if len(frames) == 1:
            self._states.append(self._step(features[0], int(frames[0])))
            return
        with torch.inference_mode():
            self._cache.num_steps = self.num_steps
            batch = (torch.as_tensor(features)[None], torch.as_tensor(frames)[None])
            states = self._model.extend(*batch, self._encoded, self._cache)
        self._states.extend(_array(states[0]))

    def rewind(self, num_steps: int) -> None:
        """Forget all steps after the first ``num_steps``."""
        del self._states[num_steps:]

    def state(self) -> Floats:
        """Return the state (D,) of the latest step, with no field written yet."""
        return self._states[-1]

    def logits(self, field: str, state: Any, values: Mapping[str, int]) -> Floats:
        """Return the logits (N,) of a field of the latest step, given the known values."""
        return self._network.heads[field].logits(state, values)

    def write(self, field: str, state: Any, value: int) -> Floats:
        """Return the state with a field written."""
        return state + self._network.written[field][value]

    def _rotate(self, states: Floats, frame: int) -> Floats:  # (H, E)
        half = states.shape[1] // 2
        first, second = states[:, :half], states[:, half:]
        cosine, sine = self._cosine[frame], self._sine[frame]
        return np.concatenate((first * cosine - second * sine, first * sine + second * cosine), axis=1)

    def _step(self, features: Ids, frame: int) -> Floats:
        network, place = self._network, self.num_steps
        num_heads, width = self._model.config.num_heads, self._model.config.width
        shape = (num_heads, width // num_heads)
        embedded = network.embedding[features + network.offsets].sum(axis=0)
        states = network.embedding_norm(embedded) + self._aligned[frame]
        for layer, keys, values, cross in zip(network.layers, self._keys, self._values, self._cross, strict=True):
            mixed = layer.self_in(layer.self_norm(states))
            keys[:, place] = self._rotate(mixed[width : 2 * width].reshape(shape), frame)
            values[:, place] = mixed[2 * width :].reshape(shape)
            queries = self._rotate(mixed[:width].reshape(shape), frame)
            states = states + layer.self_out(_attend(queries, keys[:, : place + 1], values[:, : place + 1]))
            queries = self._rotate(layer.cross_in(layer.cross_norm(states)).reshape(shape), frame)
            states = states + layer.cross_out(_attend(queries, *cross))
            states = states + layer.out(gelu(layer.hidden(layer.feed_forward_norm(states))))
        return network.norm(states)


def _attend(queries: Floats, keys: Floats, values: Floats) -> Floats:
    """Return (D,) for queries (H, E) over keys and values (H, T, E)."""
    scores = (keys @ queries[:, :, None])[:, :, 0] * np.float32(1.0 / np.sqrt(queries.shape[1]))
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return (weights[:, None, :] @ values)[:, 0].reshape(-1)
