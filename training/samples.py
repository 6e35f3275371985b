"""Writes ``docs/samples``: every sample as MIDI and piano roll, and a page of what was measured: ``python -m training.samples``.

Nothing is chosen: seeds 1, 2 and 3, the product's own way of sampling, whatever comes out. Sound is rendered to measure its
loudness and length, and not kept.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import typer
from PIL import Image

from core.errors import InputError, TuttiError
from core.settings import Settings
from inference.presets import PRESET_SAMPLINGS
from inference.protocol import Result, WorkerSetup
from inference.runner import ModelRunner, load_decoders
from media.loudness import measure_loudness, normalize_loudness
from media.pianoroll import draw_piano_roll
from media.soundfont import find_soundfont
from media.synth import SAMPLE_RATE_HZ, synthesize
from music.listening import Heard, listen
from music.midi import write_midi
from music.piece import Piece
from music.time_grid import TimeGrid
from training.sample_tasks import SampleTask, sample_tasks

NETWORKS = ("generator", "remixer", "harmonizer")
_PICTURE_WIDTH = 900
_NUM_COLORS = 64
_TAIL_SECONDS = 2.5  # how long a last note may ring on
_INTRODUCTION = (
    "Made by `make samples` with seeds 1, 2 and 3 and the preset “balanced”; nothing is picked out. The generator writes "
    "eight bars of each genre from nothing; the others work on eight bars of scores in the public domain. Sound is rendered "
    "for its numbers and not kept."
)
_TARGET_LUFS, _LUFS_TOLERANCE = -16.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What the rendered sound is like; ``asked_seconds`` follow from bars, metre and tempo."""

    loudness_lufs: float
    seconds: float
    asked_seconds: float

    @property
    def is_as_asked(self) -> bool:
        """At -16 LUFS within 1, and no longer than the bars and a last note's ringing."""
        return (
            abs(self.loudness_lufs - _TARGET_LUFS) <= _LUFS_TOLERANCE
            and self.seconds <= self.asked_seconds + _TAIL_SECONDS
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A finished sample and everything that was measured. ``remark``: why there is none."""

    task: SampleTask
    num_bars: int = 0
    num_notes: int = 0
    is_kept: bool = False
    heard: Heard | None = None
    sound: Sound | None = None
    checkpoint_id: str = ""
    remark: str = ""


def main(
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("docs/samples"),
    only: Annotated[str, typer.Option(help="generator, remixer or harmonizer; left out, all")] = "",
) -> None:
    """Make every sample anew."""
    if only and only not in NETWORKS:
        raise typer.BadParameter(f"choose one of {', '.join(NETWORKS)}")
    torch.set_num_threads(1)
    settings = Settings()
    decoders, device = load_decoders(WorkerSetup(weights_folder=str(settings.inference.weights_folder), device="cpu"))
    runner = ModelRunner(decoders, device=device)
    soundfont = find_soundfont(settings.media.soundfont)
    samples: list[Sample] = []
    for task in sample_tasks(PRESET_SAMPLINGS["balanced"]):
        if only in ("", task.network):
            samples.append(make_sample(runner, task, out=out, soundfont=soundfont))
            print(row_of(samples[-1]), flush=True)
    if not only:
        (out / "README.md").write_text(write_page(samples))


def make_sample(runner: ModelRunner, task: SampleTask, *, out: Path, soundfont: Path | None) -> Sample:
    """Run a task and write its files under ``out``; a task that the networks cannot serve yet leaves a remark.

    Without a ``soundfont`` no sound is made or measured.
    """
    try:
        result = [message for message in runner.run(task.request) if isinstance(message, Result)][-1]
    except TuttiError as error:
        return Sample(task=task, remark=error.reason if isinstance(error, InputError) else str(error))
    piece = result.piece
    path = out / f"{task.stem}.mid"
    path.parent.mkdir(parents=True, exist_ok=True)
    midi = write_midi(piece, recipe=f'{{"checkpoint":"{result.checkpoint_id}","seed":{task.seed}}}')
    path.write_bytes(midi)
    path.with_suffix(".png").write_bytes(shrink_picture(draw_piano_roll(piece, before=task.before).png))
    return Sample(
        task=task,
        num_bars=TimeGrid(piece).num_bars,
        num_notes=piece.num_notes,
        is_kept=all(check.is_kept for check in result.checks),
        heard=listen(piece),
        sound=None if soundfont is None else hear(piece, midi, soundfont=soundfont),
        checkpoint_id=result.checkpoint_id,
    )


def hear(piece: Piece, midi: bytes, *, soundfont: Path) -> Sound:
    """Return what the sound of a reply would be like."""
    grid = TimeGrid(piece)
    samples = synthesize(midi, soundfont=soundfont, stop_seconds=grid.seconds_of_tick(piece.stop_ticks))
    samples = normalize_loudness(samples).samples
    return Sound(
        loudness_lufs=measure_loudness(samples),
        seconds=len(samples) / SAMPLE_RATE_HZ,
        asked_seconds=grid.seconds_of_tick(grid.bar_start_ticks(grid.num_bars)),
    )


def shrink_picture(png: bytes) -> bytes:
    """Return a picture a third smaller, in few colours: a page of a hundred stays small."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    height = round(image.height * _PICTURE_WIDTH / image.width)
    small = image.resize((_PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
    # The default, median cut, spends all colours on the background and makes all parts one.
    small = small.quantize(_NUM_COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def row_of(sample: Sample) -> str:
    """Return a sample as a row of the page's table."""
    task = sample.task
    if sample.heard is None:
        return f"| {task.name} | {task.seed} | | | {sample.remark} | | | | | |"
    heard, sound = sample.heard, sample.sound
    cells = (
        task.name,
        f"[{task.seed}]({task.stem}.mid), [roll]({task.stem}.png)",
        f"{sample.num_bars} of {task.num_bars}",
        str(sample.num_notes),
        f"{heard.longest_silence_bars:.2f}",
        str(heard.num_stuck_notes),
        str(heard.num_out_of_range),
        "yes" if heard.is_ending_on_last_bar else "no",
        "" if sound is None else f"{sound.loudness_lufs:.1f}",
        "" if sound is None else f"{sound.seconds:.1f} of {sound.asked_seconds:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def write_page(samples: Sequence[Sample]) -> str:
    """Return the page: a summary and one table for each network."""
    made = [sample for sample in samples if sample.heard is not None]
    clean = [sample for sample in made if sample.heard is not None and sample.heard.is_clean]
    right = [sample for sample in made if sample.num_bars == sample.task.num_bars and sample.is_kept]
    sounding = [sample for sample in made if sample.sound is not None and sample.sound.is_as_asked]
    summary = (
        f"Of {len(samples)} samples {len(made)} were made. {len(clean)} have no silence longer than a bar, no stuck note, no "
        f"tone outside its instrument's range and an ending on the last bar; {len(right)} have the bars asked for and keep "
        f"every promise of the request; {len(sounding)} sound at -16 LUFS within 1 and last as long as asked, plus the last "
        "note's ringing."
    )
    lines = [
        "# Samples",
        "",
        _INTRODUCTION,
        "",
        summary,
    ]
    for network in NETWORKS:
        mine = [sample for sample in samples if sample.task.network == network]
        ids = sorted({sample.checkpoint_id for sample in mine if sample.checkpoint_id})
        lines += ["", f"## {network.capitalize()} ({', '.join(ids) or 'not made'})", ""]
        lines += [
            "| what | seed | bars | notes | longest silence, bars | stuck | out of range | ends | LUFS | seconds |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *(row_of(sample) for sample in mine),
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
