"""Draws a recording: memory, open files, database and latency over the minutes of a run, as one picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from soak.long.checks import SLICE_SECONDS, latencies, lives_of
from soak.long.record import Recording
from soak.long.sampler import BOT, MEDIA_CHILD, ROLES, SANDBOX, WORKER, Sample

_COLOURS = {BOT: "#1f6f8b", WORKER: "#c8553d", MEDIA_CHILD: "#588157", SANDBOX: "#8d8d8d"}
_MIB = 2**20
_DOTS_PER_INCH = 110


def draw_recording(recording: Recording, path: Path) -> None:
    """Write the picture as PNG."""
    figure = Figure(figsize=(11.0, 12.0), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes: list[Axes] = list(figure.subplots(4, 1, sharex=True))
    _draw_lives(axes[0], recording.samples, what="memory")
    axes[0].set_ylabel("resident memory, MiB")
    axes[0].set_title("Every process over the run; a line that ends was killed (bot: dotted lines)", loc="left")
    _draw_lives(axes[1], recording.samples, what="files")
    axes[1].set_ylabel("open files")
    _draw_database(axes[2], recording)
    _draw_latency(axes[3], recording)
    axes[3].set_xlabel("minutes")
    for each in axes:
        each.grid(visible=True, color="#e6e6e6")
        each.set_ylim(bottom=0, top=1.2 * each.get_ylim()[1])  # room for the legend
        for kill in recording.facts.get("kills", []):
            if kill["kind"] == "bot":
                each.axvline(kill["second"] / 60.0, color=_COLOURS[BOT], linestyle=":", linewidth=1.0)
    canvas.print_png(path, metadata={"Software": None})  # the picture of the same run is the same bytes


def _draw_lives(axes: Axes, samples: Iterable[Sample], *, what: str) -> None:
    named: set[str] = set()
    for (role, _), lived in lives_of(samples).items():
        minutes = [each.second / 60.0 for each in lived]
        values = [each.resident_bytes / _MIB if what == "memory" else float(each.num_files) for each in lived]
        label = None if role in named else role
        named.add(role)
        axes.plot(minutes, values, color=_COLOURS[role], linewidth=1.3, label=label)
    if named:
        handles, labels = axes.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda index: ROLES.index(labels[index]))
        axes.legend([handles[index] for index in order], [labels[index] for index in order], loc="upper left", ncols=4)


def _draw_database(axes: Axes, recording: Recording) -> None:
    minutes = [each.second / 60.0 for each in recording.stores]
    axes.plot(minutes, [each.database_bytes / _MIB for each in recording.stores], color="#333333", label="database")
    axes.plot(minutes, [each.journal_bytes / _MIB for each in recording.stores], color="#d1a054", label="its log")
    axes.set_ylabel("database, MiB")
    commands = axes.twinx()
    commands.plot(minutes, [each.num_commands for each in recording.stores], color="#b5b5b5", linestyle="--")
    commands.set_ylabel("commands sent (dashed)")
    commands.set_ylim(bottom=0)
    axes.legend(loc="upper left")


def _draw_latency(axes: Axes, recording: Recording) -> None:
    slices = latencies(recording.requests)
    middle = SLICE_SECONDS / 120.0
    minutes = [float(each["from_minute"] or 0) + middle for each in slices]
    for name, colour, style, label in (
        ("answered_p95_seconds", "#c8553d", "--", "whole answer, 95 %"),
        ("answered_p50_seconds", "#c8553d", "-", "whole answer, median"),
        ("acknowledged_p95_seconds", "#1f6f8b", "--", "acknowledged, 95 %"),
        ("acknowledged_p50_seconds", "#1f6f8b", "-", "acknowledged, median"),
    ):
        points = [
            (minute, float(value))
            for minute, each in zip(minutes, slices, strict=True)
            if (value := each[name]) is not None
        ]
        axes.plot(
            [x for x, _ in points], [y for _, y in points], color=colour, linestyle=style, marker="o", label=label
        )
    axes.set_ylabel("seconds, slices of ten minutes")
    axes.legend(loc="upper left", ncols=2)
