"""What the remixer's network makes of a whole piece: its genre and one vector. It knows nothing of processes.

The network was taught genres on the windows that it also fills (training/remixer_task.py). A piece is read in windows of
256 notes that begin with a bar, spread evenly over it; logits and vectors are averaged.
"""

# numpy and torch type their bridge loosely.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from inference.decoding.remix_plan import open_piece
from inference.decoding.remixer_inputs import Ints, make_inputs
from inference.models.note_encoder import NotePlaces
from inference.models.remixer import RemixerNetwork
from music.piece import Piece
from music.tokenizers.octuple import BAR

_WINDOW_NOTES = 256
_MAX_WINDOWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """Chances of the network's genres, in its order (empty when it learned none), and the vector of a piece."""

    chances: tuple[float, ...]
    embedding: tuple[float, ...]
    num_notes: int  # that were read


def read_piece(model: RemixerNetwork, piece: Piece) -> Impression:
    """Return what the network makes of a piece.

    Raises:
        NoMusicError: for a piece without notes.
    """
    state = open_piece(piece)
    return read_rows(model, state.rows, state.track)


@torch.inference_mode()
def read_rows(model: RemixerNetwork, rows: Ints, track: Ints) -> Impression:
    """Return what the network makes of notes in its order: ``rows`` (N, F) and ``track`` (N,)."""
    device = next(model.parameters()).device
    embeddings: list[torch.Tensor] = []
    num_notes = 0
    for start in _starts(rows[:, BAR]):
        window = slice(start, start + _WINDOW_NOTES)
        nothing_masked = np.zeros(rows[window].shape, dtype=np.bool_)
        inputs = make_inputs(rows[window], track[window], is_masked=nothing_masked)
        ids, *places = (torch.from_numpy(np.ascontiguousarray(each)).to(device)[None] for each in inputs)
        encoded = model(ids, places=NotePlaces(*places), laid={})
        is_padding = torch.zeros(1, ids.shape[1], dtype=torch.bool, device=device)
        embeddings.append(model.embed(encoded, is_padding=is_padding))
        num_notes += ids.shape[1]
    found = torch.cat(embeddings)  # (windows, D)
    chances: list[float] = []
    if model.config.genres:
        chances = model.genre_logits(found).mean(dim=0).softmax(dim=0).tolist()
    embedding: list[float] = found.mean(dim=0).tolist()
    return Impression(chances=tuple(chances), embedding=tuple(embedding), num_notes=num_notes)


def _starts(bar: Ints) -> list[int]:
    """Return first notes of windows, each that of a bar, evenly over the piece."""
    count = min(max(-(-len(bar) // _WINDOW_NOTES), 1), _MAX_WINDOWS)
    last = max(len(bar) - _WINDOW_NOTES, 0)
    places = np.linspace(0, last, count).astype(np.int64)
    starts: list[int] = np.unique(np.searchsorted(bar, bar[places])).tolist()
    return starts
