"""Asks a network what a masked field of some notes may be. Two networks can answer; it knows nothing of rules or choices.

The remixer's own network reads a window of notes with sources from a longer stretch around it. Published MusicBERT reads
the window alone, in its own order (bar, position, instrument, pitch).
"""

# numpy and torch type their bridge loosely.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from core.errors import CheckpointError
from inference.checkpoint import Checkpoint, load_weights
from inference.decoding.remix_layout import Layout, lay_out
from inference.decoding.remix_network import lay_tensors
from inference.decoding.remix_plan import RemixState
from inference.decoding.remix_sources import SourceFinder, Sources
from inference.decoding.remixer_inputs import Ints, make_inputs
from inference.models import musicbert_published, remixer
from inference.models.musicbert_published import PublishedConfig, PublishedMusicBERT
from inference.models.note_encoder import NotePlaces
from inference.models.remixer import RemixerConfig, RemixerNetwork
from music.tokenizers.octuple import (
    BAR,
    FIELD_OFFSETS,
    FIELD_SIZES,
    INSTRUMENT,
    MAX_BARS,
    NUM_FIELDS,
    PITCH,
    POSITION,
    START_ID,
    STOP_ID,
)

Floats = npt.NDArray[np.float64]

_STRETCH_NOTES = 1024  # as in training


class Predictor(Protocol):
    """A network that answers for one piece."""

    def predict(self, rows: Ints, *, field: int, start: int, stop: int) -> tuple[Floats, Ints]:
        """Return logarithms of chances (N, size) of ``rows`` (N,), ascending and masked, and values near (N, K).

        The network reads the window [start, stop). Values near are what the field has at answering places, ``size`` for none.
        """
        ...


class RemixerPredictor:
    """The remixer's own network."""

    def __init__(self, model: RemixerNetwork, state: RemixState) -> None:
        self._model, self._state = model, state
        self._device = next(model.parameters()).device
        self._layouts: dict[tuple[int, int], Layout] = {}

    @torch.inference_mode()
    def predict(self, rows: Ints, *, field: int, start: int, stop: int) -> tuple[Floats, Ints]:
        """See ``Predictor``."""
        state, window = self._state, slice(start, stop)
        inputs = make_inputs(state.rows[window], state.track[window], is_masked=state.is_masked[window])
        sources = self._find_sources(start, stop)
        laid = {each: type(tensors)(*(part.to(self._device) for part in tensors)) for each, tensors in
                ((key, lay_tensors([found])) for key, found in sources.items())}  # fmt: skip
        ids, *places = (torch.from_numpy(np.ascontiguousarray(each)).to(self._device)[None] for each in inputs)
        encoded = self._model(ids, places=NotePlaces(*places), laid=laid)
        chances = self._model.logits(encoded, field=field, laid=laid[field]).double().log_softmax(dim=1)
        chosen = np.searchsorted(sources[field].note, rows - start)
        return chances.cpu().numpy()[chosen], sources[field].values[chosen]

    def _find_sources(self, start: int, stop: int) -> dict[int, Sources]:
        """Return what is laid out for each field that has something masked in the window."""
        state = self._state
        first, last = surround(state.original_rows[:, BAR], start, stop, num_notes=_STRETCH_NOTES)
        stretch = slice(first, last)
        if (first, last) not in self._layouts:
            self._layouts[first, last] = lay_out(state.rows[stretch], state.track[stretch], state.onset[stretch])
        finder = SourceFinder(self._layouts[first, last], state.rows[stretch], state.is_masked[stretch])
        return {
            shape.field: finder.find(shape.field, start=start - first, stop=stop - first)
            for shape in self._model.config.heads
            if state.is_masked[start:stop, shape.field].any()
        }


class PublishedPredictor:
    """MusicBERT as published. The order of its notes is that of the piece as it was: a remix keeps the order of onsets."""

    def __init__(self, model: PublishedMusicBERT, state: RemixState) -> None:
        self._model, self._state = model, state
        self._device = next(model.parameters()).device

    @torch.inference_mode()
    def predict(self, rows: Ints, *, field: int, start: int, stop: int) -> tuple[Floats, Ints]:
        """See ``Predictor``."""
        state, window = self._state, slice(start, stop)
        inputs = make_inputs(state.rows[window], state.track[window], is_masked=state.is_masked[window])
        old = state.original_rows[window]
        order = np.lexsort((old[:, PITCH], old[:, INSTRUMENT], old[:, POSITION], old[:, BAR]))
        ends = np.full((2, NUM_FIELDS), START_ID, dtype=np.int64)
        ends[1] = STOP_ID
        ids = np.concatenate([ends[:1], inputs.ids[order], ends[1:]])
        hidden = self._model(torch.from_numpy(ids).to(self._device)[None])  # (1, T, F, D)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(1, len(order) + 1)
        asked = torch.from_numpy(place[rows - start]).to(self._device)
        first = FIELD_OFFSETS[field]
        logits = self._model.logits(hidden[0, asked, field])[:, first : first + FIELD_SIZES[field]]
        return logits.double().log_softmax(dim=1).cpu().numpy(), np.zeros((len(rows), 0), dtype=np.int64)


Network = RemixerNetwork | PublishedMusicBERT


def load_network(checkpoint: Checkpoint) -> Network:
    """Return the network that a checkpoint's config names by its ``variant``.

    Raises:
        CheckpointError: for a variant that is not known, or weights that do not fit.
    """
    variant = checkpoint.config.get("variant")
    network: Network
    if variant == remixer.VARIANT:
        network = RemixerNetwork(RemixerConfig.from_dict(checkpoint.config))
    elif variant == musicbert_published.VARIANT:
        network = PublishedMusicBERT(PublishedConfig.from_dict(checkpoint.config))
    else:
        raise CheckpointError(
            f"Checkpoint {checkpoint.checkpoint_id} is a remixer of the kind {variant!r}, which this version does not know. "
            "Train it again, or take the weights that belong to this version."
        )
    load_weights(network, checkpoint)
    return network


def make_predictor(network: Network, state: RemixState) -> Predictor:
    """Return what answers for the piece of ``state``."""
    if isinstance(network, RemixerNetwork):
        return RemixerPredictor(network, state)
    return PublishedPredictor(network, state)


def surround(bar: Ints, start: int, stop: int, *, num_notes: int) -> tuple[int, int]:
    """Return a stretch of up to ``num_notes`` notes and 256 bars around [start, stop), as much before as after where it can."""
    room = max(num_notes - (stop - start), 0)
    before = min(start, max(room // 2, room - (len(bar) - stop)))
    first = max(start - before, int(np.searchsorted(bar, bar[stop - 1] - MAX_BARS + 1)))
    last = min(
        start - before + max(num_notes, stop - start), len(bar), int(np.searchsorted(bar, bar[first] + MAX_BARS))
    )
    return first, last
