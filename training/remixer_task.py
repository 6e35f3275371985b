"""The remixer as a task of ``training/loop.py``: batches, the loss of what is masked, validation. It writes no files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from inference.decoding.remix_network import remixer_config
from inference.models.remixer import Encoded, RemixerNetwork
from music.tokenizers.octuple import FIELD_NAMES
from training.evaluation.remixer_scores import score_remixer
from training.genres import GENRES, UNLABELLED
from training.loop import StepLoss
from training.octuple_corpus import OctupleCorpus, WindowSampler
from training.remixer_batches import TASK_CHANCES, Batch, Example, collate, draw_example

_GENRE_SHARE = 0.15  # of the loss
_GENRE_WEIGHTS = (0.6, 0.9, 1.4, 2.0, 2.0, 1.0, 2.0, 1.5, 2.0)  # about the inverse root of how often each is drawn


class WindowConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The section ``windows`` of a configuration: what the network reads in a step."""

    notes_per_stretch: int = 1024
    notes_per_window: int = 256
    windows_per_batch: int = 10
    num_validation_windows: int = 24
    task_chances: tuple[float, float, float, float] = TASK_CHANCES
    device: str = "cpu"  # "cuda" is used where there is one
    seed: int = 1


class RemixerTask:
    """What the loop needs to train a remixer."""

    def __init__(self, size: str, windows: WindowConfig, corpus: OctupleCorpus, *, genres: Sequence[int] = ()) -> None:
        """``genres`` are the numbers of the pieces' genres in the order of the corpus; without them none is learned."""
        torch.manual_seed(windows.seed)
        self._genres = dict(zip((id(piece) for piece in corpus.pieces), genres, strict=bool(genres)))
        self._windows = windows
        self._corpus = corpus
        self._sampler = WindowSampler(corpus, split="train", num_notes=windows.notes_per_stretch, seed=windows.seed)
        self._device = torch.device(windows.device if torch.cuda.is_available() else "cpu")
        self._model = RemixerNetwork(remixer_config(size, genres=GENRES if genres else ())).to(self._device)

    @property
    def model(self) -> RemixerNetwork:
        """The network whose weights are trained."""
        return self._model

    def next_loss(self) -> StepLoss:
        """Return the loss of fresh windows: nats per masked value."""
        batch, genres = self._draw()
        with torch.autocast(self._device.type, torch.bfloat16):
            encoded = self._model(batch.ids, places=batch.places, laid=batch.laid, is_padding=batch.is_padding)
            sums = masked_nats(self._model, encoded, batch)
            genre_nats = self._genre_nats(encoded, batch, genres)
        num_values = sum(len(values) for values in batch.values.values())
        totals = {FIELD_NAMES[field]: float(nats.detach()) / len(batch.values[field]) for field, nats in sums.items()}
        # The log divides by ``num_notes``; a mean for each field and step is enough to watch.
        return StepLoss(
            loss=torch.stack(list(sums.values())).sum() / num_values + _GENRE_SHARE * genre_nats,
            totals={**totals, "genre": float(genre_nats.detach())},
            num_notes=1,
            num_events=int((~batch.is_padding).sum()),
        )

    def validate(self) -> dict[str, float]:
        """Return nats and accuracies on a few validation windows of each protocol."""
        scores = score_remixer(
            self._model,
            self._corpus,
            split="valid",
            num_windows=self._windows.num_validation_windows,
            notes_per_window=self._windows.notes_per_window,
        )
        found: dict[str, float] = {}
        for name, score in scores.items():
            found |= {f"{name} nats": score["nats"], f"{name} accuracy": score["accuracy"]}
        nats = [score["nats"] for score in scores.values()]
        return {"nats_per_note": sum(nats) / len(nats), **found}

    def state(self) -> dict[str, Any]:
        """Return the state of the random numbers."""
        return {"random": json.dumps(self._sampler.random.bit_generator.state)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""
        self._sampler.random.bit_generator.state = json.loads(state["random"])

    def _genre_nats(self, encoded: Encoded, batch: Batch, genres: Tensor) -> Tensor:
        """Return the mean loss of the windows whose genre is known; rare genres count more."""
        if not bool((genres != UNLABELLED).any()):
            return torch.zeros((), device=self._device)
        embedding = self._model.embed(encoded, is_padding=batch.is_padding)
        weights = torch.tensor(_GENRE_WEIGHTS, device=self._device)
        return functional.cross_entropy(
            self._model.genre_logits(embedding), genres, weight=weights, ignore_index=UNLABELLED
        )

    def _draw(self) -> tuple[Batch, Tensor]:
        num_notes = self._windows.notes_per_window
        examples: list[Example] = []
        genres: list[int] = []
        for _ in range(self._windows.windows_per_batch):
            stretch = self._sampler.draw_transposed()
            genres.append(self._genres.get(id(self._sampler.last_piece), UNLABELLED))
            chances = self._windows.task_chances
            examples.append(draw_example(stretch, self._sampler.random, num_notes=num_notes, task_chances=chances))
        batch = collate(examples, num_notes=num_notes).to(self._device)
        return batch, torch.tensor(genres, device=self._device)


def masked_nats(model: RemixerNetwork, encoded: Encoded, batch: Batch) -> dict[int, Tensor]:
    """Return by field the sum of the nats of all masked values."""
    return {
        field: functional.cross_entropy(
            model.logits(encoded, field=field, laid=laid), batch.values[field], reduction="sum"
        )
        for field, laid in batch.laid.items()
    }
