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
from inference.decoding.remixer import RemixerDecoder
from inference.harmony_sampling import harmony_sampling
from inference.protocol import HarmonyTask, Sampling
from music.piece import Piece
from music.tokenizers.chorale import ChoraleFrames
from training.evaluation.arrangements import score_arrangements
from training.evaluation.folder_harmony import read_chorales, read_lead_sheets
from training.evaluation.generator import FULL, QUICK, evaluate_generator, evaluate_generator_folder
from training.evaluation.harmonizer import QUICK_PIECES, evaluate_harmonizer
from training.evaluation.harmonizer_nats import score_set
from training.evaluation.jsb import evaluate_jsb, measure_chorales
from training.evaluation.masked import QUICK_WINDOWS, WINDOWS, score_masked
from training.evaluation.midi_folder import list_midi_files, read_events, read_four_parts, read_octuples
from training.evaluation.obedience import harmonize_requests, measure_obedience, remix_requests
from training.evaluation.originality import real_excerpts
from training.evaluation.parts import run_parts
from training.evaluation.samples import BALANCED
from training.remixer import load_plan
from training.remixer import open_corpus as open_octuples
from training.train import CONFIGS, open_corpus

Network = Literal["generator", "remixer", "harmonizer", "jsb"]
Split = Literal["valid", "test"]
UNITS: dict[Network, str] = {
    "generator": "nats of note fields and choices per note, velocity included",
    "remixer": "nats of masked fields per masked note",
    "harmonizer": "nats per 16th of alto, tenor and bass, soprano given",
    "jsb": "nats per 16th of four voices, left to right",
}
EVENT_UNIT = "nats of written events per note, over tasks; no file has four parts"
PASSAGES, QUICK_PASSAGES = 60, 4
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
    sizes = QUICK if options.is_quick else FULL
    return evaluate_generator(
        decoder, corpus, settings, split=options.split, sizes=sizes, num_processes=options.num_processes
    )


def measure_remixer(settings: Settings, options: Options) -> dict[str, Any]:
    """Return the remixer's numbers; ``nats_per_note`` is over masked notes."""
    decoder = RemixerDecoder.load(settings.inference.weights_folder / "remixer", "cpu")
    found: dict[str, Any] = {"checkpoint_id": decoder.checkpoint_id, "nats_per_note": None}
    if options.folder is not None:
        corpus, read = read_octuples(options.files(), split=options.split, num_processes=options.num_processes)
        found |= read.as_dict()
        if not corpus.pieces:
            return found
    else:
        corpus = open_octuples(load_plan(CONFIGS / "remixer_cpu.toml"))
    num_windows = QUICK_WINDOWS if options.is_quick else WINDOWS
    found["num_pieces"] = len(corpus.of_split(options.split))
    found |= score_masked(decoder.model, corpus, split=options.split, num_windows=num_windows)
    if options.folder is None:
        pieces = _excerpts(settings, options)
        requests = remix_requests(pieces, sampling=BALANCED)
        found |= run_parts({"obedience": lambda: measure_obedience(decoder, requests)})
    return found


def _excerpts(settings: Settings, options: Options) -> list[Piece]:
    """Return pieces of 16 real bars to change or to harmonize."""
    corpus = open_corpus(CONFIGS / "generator_cpu.toml", settings)
    return real_excerpts(corpus, split=options.split, num_pieces=3 if options.is_quick else 20)


def measure_harmonizer(settings: Settings, options: Options) -> dict[str, Any]:
    """Return the harmonizer's numbers: its own sets', or those of a folder's chorales and lead sheets."""
    weights = settings.inference.weights_folder / "harmonizer"
    if options.folder is not None:
        return _measure_harmonizer_folder(HarmonizerDecoder.load(weights, "cpu"), options)
    pieces = QUICK_PIECES if options.is_quick else None
    found = evaluate_harmonizer(weights, settings.training.data_folder, split=options.split, num_pieces=pieces)
    samplings: dict[HarmonyTask, Sampling] = {style: harmony_sampling(style) for style in ("chorale", "chords")}
    requests = harmonize_requests(_excerpts(settings, options), samplings=samplings)
    decoder = HarmonizerDecoder.load(weights, "cpu")
    corpus = open_corpus(CONFIGS / "generator_cpu.toml", settings)
    num_passages = QUICK_PASSAGES if options.is_quick else PASSAGES
    return found | run_parts(
        {
            "obedience": lambda: measure_obedience(decoder, requests),
            "events": lambda: score_arrangements(decoder.model, corpus, split=options.split, num_passages=num_passages),
        }
    )


def _measure_harmonizer_folder(decoder: HarmonizerDecoder, options: Options) -> dict[str, Any]:
    files = options.files()
    chorales, chorale_report = read_chorales(files, num_processes=options.num_processes)
    sheets, sheet_report = read_lead_sheets(files)
    corpus, event_report = read_events(files, split=options.split, num_processes=options.num_processes)
    tasks: dict[str, Any] = {"chorale": chorale_report.as_dict(), "chords": sheet_report.as_dict()}
    if chorales:
        tasks["chorale"] |= score_set(decoder.model, chorales).as_dict()
    if sheets:
        tasks["chords"] |= score_set(decoder.model, sheets).as_dict()
        tasks["chords"]["labels"] = "chords estimated from the notes of each file"
    found: dict[str, Any] = {"unit": UNITS["harmonizer"], "nats_per_note": tasks["chorale"].get("nats_per_note")}
    if corpus.pieces:
        num_passages = QUICK_PASSAGES if options.is_quick else PASSAGES
        events = score_arrangements(
            decoder.model, corpus, split=options.split, num_passages=num_passages, is_folder=True
        )
        tasks |= events.get("tasks", {})
        if not chorales:
            found = {"unit": EVENT_UNIT, "nats_per_note": events.get("nats_per_note")}
    num_pieces = len(chorales) or (event_report.num_pieces if found["nats_per_note"] is not None else len(sheets))
    return {"checkpoint": decoder.checkpoint_id, **found, "num_pieces": num_pieces, "tasks": tasks}


def measure_jsb(settings: Settings, options: Options) -> dict[str, Any]:
    """Return the benchmark's numbers; beside the test split always the validation split's, which goals are set for."""
    weights, data = settings.inference.weights_folder, settings.training.data_folder
    if options.folder is not None:
        found, report = read_four_parts(options.files(), num_processes=options.num_processes)
        frames = [ChoraleFrames.read(voices) for _, voices in found]
        scores = (
            measure_chorales(weights, data, frames, is_quick=options.is_quick) if frames else {"nats_per_note": None}
        )
        return {**report.as_dict(), **scores}
    result = evaluate_jsb(weights, data, split=options.split, is_quick=options.is_quick)
    if options.split == "test":
        result["valid"] = evaluate_jsb(weights, data, split="valid", is_quick=options.is_quick)
    return result


MEASURES: dict[Network, Callable[[Settings, Options], dict[str, Any]]] = {
    "generator": measure_generator,
    "remixer": measure_remixer,
    "harmonizer": measure_harmonizer,
    "jsb": measure_jsb,
}


def measure(network: Network, options: Options) -> dict[str, Any]:
    """Return a network's numbers and what their unit is."""
    torch.set_num_threads(1)
    result = MEASURES[network](Settings(), options)
    return {"network": network, "unit": UNITS[network], **result, "split": options.split}
