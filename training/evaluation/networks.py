"""What ``python -m training.evaluate`` runs for each network: on the held-out splits, or on any folder of MIDI files.

Every result has ``nats_per_note``, ``num_pieces`` and ``split``. The unit differs by network and stands in ``unit``:

- generator: note fields and the choice before every event, over the number of notes;
- remixer: all masked fields over the number of masked notes (pitch alone, or position and duration together);
- harmonizer: alto, tenor and bass over their 16ths, the soprano given;
- jsb: all four voices over their 16ths.

With a folder ``split`` is only the name it was given: all of its files are measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from core.settings import Settings
from inference.decoding.generator import GeneratorDecoder
from inference.decoding.harmonizer import HarmonizerDecoder
from training.evaluation.folder_harmony import read_chorales, read_lead_sheets
from training.evaluation.generator import evaluate_generator, evaluate_generator_folder
from training.evaluation.harmonizer import QUICK_PIECES, evaluate_harmonizer
from training.evaluation.harmonizer_nats import score_set
from training.evaluation.midi_folder import list_midi_files, read_octuples
from training.evaluation.remixer import evaluate_remixer
from training.remixer import load_model, load_plan
from training.remixer import open_corpus as open_octuples
from training.train import CONFIGS, open_corpus

Network = Literal["generator", "remixer", "harmonizer"]
Split = Literal["valid", "test"]
UNITS: dict[Network, str] = {
    "generator": "nats of note fields and choices per note, velocity included",
    "remixer": "nats of masked fields per masked note",
    "harmonizer": "nats per 16th of alto, tenor and bass, soprano given",
}
_QUICK_FILES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure on. ``folder``: any MIDI files in place of the split of the networks' own sets."""

    split: Split = "test"
    is_quick: bool = False
    folder: Path | None = None
    max_files: int | None = None
    num_processes: int = 1

    def files(self) -> list[Path]:
        """Return the files of ``folder``.

        Raises:
            ConfigurationError: if it is none, or without MIDI files.
        """
        limit = self.max_files if self.max_files is not None else _QUICK_FILES if self.is_quick else None
        return list_midi_files(self.folder or Path(), max_files=limit)


def measure_generator(settings: Settings, options: Options) -> dict[str, Any]:
    """Return the generator's numbers."""
    decoder = GeneratorDecoder.load(settings.inference.weights_folder / "generator", torch.device("cpu"))
    if options.folder is not None:
        return evaluate_generator_folder(
            decoder, options.files(), split=options.split, num_processes=options.num_processes
        )
    corpus = open_corpus(CONFIGS / "generator_cpu.toml", settings)
    num_pieces, num_samples = (12, 2) if options.is_quick else (100, 12)
    return evaluate_generator(decoder, corpus, num_pieces=num_pieces, num_samples=num_samples, split=options.split)


def measure_remixer(settings: Settings, options: Options) -> dict[str, Any]:
    """Return the remixer's numbers; ``nats_per_note`` is over masked notes."""
    report: dict[str, Any] = {}
    if options.folder is not None:
        corpus, read = read_octuples(options.files(), split=options.split, num_processes=options.num_processes)
        report = read.as_dict()
        if not corpus.pieces:
            return {"split": options.split, "nats_per_note": None, **report}
    else:
        corpus = open_octuples(load_plan(CONFIGS / "remixer_cpu.toml"))
    model = load_model(settings.inference.weights_folder / "remixer")
    result = evaluate_remixer(model, corpus, split=options.split, num_windows=60 if options.is_quick else 400)
    return {
        "nats_per_note": masked_nats_per_note(result), "num_pieces": len(corpus.of_split(options.split)), **report,
        **result,
    }  # fmt: skip


def masked_nats_per_note(result: dict[str, Any]) -> float:
    """Return all masked fields' nats over the number of masked notes; position and duration are masked together."""
    total = sum(part["nats"] * part["num_masked"] for part in result.values() if _is_part(part))
    notes = sum(result[name]["num_masked"] for name in ("pitch", "drum", "position") if name in result)
    return total / notes if notes else 0.0


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and "num_masked" in value


def measure_harmonizer(settings: Settings, options: Options) -> dict[str, Any]:
    """Return the harmonizer's numbers: its own sets', or those of a folder's chorales and lead sheets."""
    weights = settings.inference.weights_folder / "harmonizer"
    if options.folder is None:
        pieces = QUICK_PIECES if options.is_quick else None
        return evaluate_harmonizer(weights, settings.training.data_folder, split=options.split, num_pieces=pieces)
    decoder = HarmonizerDecoder.load(weights, "cpu")
    files = options.files()
    chorales, chorale_report = read_chorales(files, num_processes=options.num_processes)
    sheets, sheet_report = read_lead_sheets(files)
    tasks: dict[str, Any] = {"chorale": chorale_report.as_dict(), "chords": sheet_report.as_dict()}
    if chorales:
        tasks["chorale"] |= score_set(decoder.model, chorales).as_dict()
    if sheets:
        tasks["chords"] |= score_set(decoder.model, sheets).as_dict()
        tasks["chords"]["labels"] = "chords estimated from the notes of each file"
    return {
        "checkpoint": decoder.checkpoint_id,
        "split": options.split,
        "nats_per_note": tasks["chorale"].get("nats_per_note"),
        "num_pieces": len(chorales) or len(sheets),
        "tasks": tasks,
    }


MEASURES: dict[Network, Callable[[Settings, Options], dict[str, Any]]] = {
    "generator": measure_generator,
    "remixer": measure_remixer,
    "harmonizer": measure_harmonizer,
}


def measure(network: Network, options: Options) -> dict[str, Any]:
    """Return a network's numbers and what their unit is."""
    torch.set_num_threads(1)
    result = MEASURES[network](Settings(), options)
    return {"network": network, "unit": UNITS[network], **result, "split": options.split}
