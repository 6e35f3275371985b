"""Batches for the remixer: a stretch of notes, a mask over all of it, and a window of it with what is laid out.

The network reads the window; sources come from the whole stretch, as they do when a piece is remixed. Zeng et al. 2021,
"MusicBERT", arXiv 2106.05630, section 3.3: one field of one instrument in one bar is masked together, else the answer
stands next to it. Beside that, single onsets and single notes are masked at random, because a remix changes a share of the
notes. It knows nothing of files and of the network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from inference.decoding.remix_layout import lay_out
from inference.decoding.remix_network import lay_tensors
from inference.decoding.remix_sources import SourceFinder
from inference.decoding.remixer_inputs import Flags, Ints, bar_groups, make_inputs, onset_groups
from inference.models.note_encoder import NotePlaces
from inference.models.remixer import Laid
from music.tokenizers.octuple import BAR, DURATION, NUM_FIELDS, PAD_ID, PITCH, POSITION
from training.octuple_corpus import TRACK

TARGET_FIELDS = (PITCH, POSITION, DURATION)
Unit = Literal["bar", "onset", "note"]

_TASKS: tuple[tuple[int, ...], ...] = ((PITCH,), (POSITION, DURATION), (DURATION,), TARGET_FIELDS)
TASK_CHANCES = (0.45, 0.28, 0.22, 0.05)
"""How often each of the tasks is drawn: pitch, rhythm, duration, all three."""
_UNITS: tuple[Unit, ...] = ("bar", "onset", "note")
_UNIT_CHANCES = (0.55, 0.25, 0.20)


@dataclass(frozen=True, slots=True)
class Example:
    """A stretch (T, 9) with the mask of all of it (T, F), and the window [start, stop) that the network reads."""

    stretch: Ints
    is_masked: Flags
    start: int
    stop: int


class Batch(NamedTuple):
    """Windows: ids (B, T, F), places, padding (B, T); by field, what is laid out and the values to guess (M,)."""

    ids: Tensor
    places: NotePlaces
    is_padding: Tensor
    laid: dict[int, Laid]
    values: dict[int, Tensor]

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(
            self.ids.to(device),
            NotePlaces(*(place.to(device) for place in self.places)),
            self.is_padding.to(device),
            {field: Laid(*(each.to(device) for each in laid)) for field, laid in self.laid.items()},
            {field: values.to(device) for field, values in self.values.items()},
        )


def number_units(rows: Ints, track: Ints, unit: Unit) -> Ints:
    """Return a number for each note (T,), equal for notes that are masked together."""
    if unit == "bar":
        return bar_groups(rows, track)
    return onset_groups(rows, track) if unit == "onset" else np.arange(len(rows), dtype=np.int64)


def mask_units(units: Ints, random: np.random.Generator, *, task: Sequence[int], share: float) -> Flags:
    """Return (T, F), each unit masked with the chance ``share`` in all fields of ``task``."""
    chosen = random.random(int(units[-1]) + 1) < share
    is_masked = np.zeros((len(units), NUM_FIELDS), dtype=np.bool_)
    is_masked[:, list(task)] = chosen[units][:, None]
    return is_masked


def draw_window(stretch: Ints, random: np.random.Generator, *, num_notes: int) -> tuple[int, int]:
    """Return a window of up to ``num_notes`` notes that begins with a bar."""
    start = int(random.integers(max(len(stretch) - num_notes, 0) + 1))
    start = int(np.searchsorted(stretch[:, BAR], stretch[start, BAR]))
    return start, min(start + num_notes, len(stretch))


def draw_example(
    stretch: Ints,
    random: np.random.Generator,
    *,
    num_notes: int,
    task_chances: tuple[float, ...] = TASK_CHANCES,
) -> Example:
    """Return an example of a random task: half of the shares moderate, half by the cosine of MaskGIT (2202.04200, 3.2)."""
    task = _TASKS[int(random.choice(len(_TASKS), p=task_chances))]
    unit = _UNITS[int(random.choice(len(_UNITS), p=_UNIT_CHANCES))]
    unit = "onset" if unit == "note" and POSITION in task else unit  # a chord has one position
    share = random.uniform(0.1, 0.6) if random.random() < 0.5 else math.cos(math.pi / 2 * random.random())
    start, stop = draw_window(stretch, random, num_notes=num_notes)
    units = number_units(stretch[:, :TRACK], stretch[:, TRACK], unit)
    is_masked = mask_units(units, random, task=task, share=share)
    if not is_masked[start:stop].any():
        is_masked[np.ix_(units == units[int(random.integers(start, stop))], task)] = True
    return Example(stretch, is_masked, start, stop)


def collate(examples: Sequence[Example], *, num_notes: int) -> Batch:
    """Return the windows of examples as one batch, padded to ``num_notes``."""
    size = len(examples)
    ids = np.full((size, num_notes, NUM_FIELDS), PAD_ID, dtype=np.int64)
    places = np.full((len(NotePlaces._fields), size, num_notes), -1, dtype=np.int64)
    is_padding = np.ones((size, num_notes), dtype=np.bool_)
    finders: list[SourceFinder] = []
    for index, example in enumerate(examples):
        rows, track = example.stretch[:, :TRACK], example.stretch[:, TRACK]
        window, count = slice(example.start, example.stop), example.stop - example.start
        inputs = make_inputs(rows[window], track[window], is_masked=example.is_masked[window])
        ids[index, :count] = inputs.ids
        for place, column in zip(places, inputs[1:], strict=True):
            place[index, :count] = column
        is_padding[index, :count] = False
        layout = lay_out(rows, track, onset_groups(rows, track))
        finders.append(SourceFinder(layout, rows, example.is_masked))
    laid: dict[int, Laid] = {}
    values: dict[int, Tensor] = {}
    for field in TARGET_FIELDS:
        if not any(example.is_masked[example.start : example.stop, field].any() for example in examples):
            continue
        pairs = list(zip(finders, examples, strict=True))
        laid[field] = lay_tensors([finder.find(field, start=each.start, stop=each.stop) for finder, each in pairs])
        values[field] = torch.from_numpy(np.concatenate([_hidden(each, field) for each in examples]))
    return Batch(
        torch.from_numpy(ids),
        NotePlaces(*(torch.from_numpy(place) for place in places)),
        torch.from_numpy(is_padding),
        laid,
        values,
    )


def _hidden(example: Example, field: int) -> Ints:
    window = slice(example.start, example.stop)
    return example.stretch[window, field][example.is_masked[window, field]]
