"""What the command line prints and writes: progress, files, a report as text or JSON. It knows nothing of the work."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bot.services.genres import GenreCounts
from bot.services.model import File, ProgressView, Reply
from bot.services.records import checks_to_json, options_to_json
from bot.workshop import ProgressListener
from core.errors import InputError
from media.protocol import AudioFormat
from music.vocabulary import GENRES

_FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPaths:
    """Where results go; None leaves one out."""

    midi: Path | None
    audio: Path | None
    picture: Path | None

    @property
    def audio_format(self) -> AudioFormat | None:
        """The format that the sound's file name asks for.

        Raises:
            InputError: for a suffix that is no sound format.
        """
        if self.audio is None:
            return None
        for name in _FORMATS:
            if self.audio.suffix.casefold() == f".{name}":
                return name
        raise InputError(
            f"{self.audio.name} is no sound file that I can write. Let it end in .ogg, .mp3, .flac or .wav."
        )

    def check(self) -> None:
        """Refuse before any work what could not be written after it.

        Raises:
            InputError: for a missing folder or a wrong suffix.
        """
        _ = self.audio_format
        if self.midi is not None and self.midi.suffix.casefold() not in {".mid", ".midi"}:
            raise InputError(f"{self.midi.name} is no MIDI file name. Let it end in .mid.")
        if self.picture is not None and self.picture.suffix.casefold() != ".png":
            raise InputError(f"{self.picture.name} is no picture file name. Let it end in .png.")
        for path in (self.midi, self.audio, self.picture):
            if path is not None and not path.parent.is_dir():
                raise InputError(f"There is no folder {path.parent}. Make it first, or choose another place.")

    def write(self, *, midi: File, audio: File | None, picture: File | None) -> dict[str, str]:
        """Write what there is and return the paths by kind.

        Raises:
            InputError: when a file cannot be written.
        """
        pairs = (("midi", self.midi, midi), ("audio", self.audio, audio), ("picture", self.picture, picture))
        return {
            kind: write_file(path, file.data) for kind, path, file in pairs if path is not None and file is not None
        }


def write_file(path: Path, data: bytes) -> str:
    """Write a file and return its path.

    Raises:
        InputError: when it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}). Choose another place.") from error
    return str(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of a command: one object for programs, some lines for people."""

    data: dict[str, Any]
    lines: tuple[str, ...]

    @classmethod
    def of_reply(cls, reply: Reply, *, seconds: float, written: dict[str, str]) -> Self:
        """Report a finished job."""
        revision = reply.revision
        assert revision.options is not None
        data: dict[str, Any] = {
            "operation": revision.operation,
            "seed": revision.seed,
            "checkpoint": revision.checkpoint_id,
            "settings": options_to_json(revision.options) | {"seed": revision.seed},
            "seconds": round(seconds, 3),
            "num_notes": revision.num_notes,
            "num_bars": revision.num_bars,
            "duration_seconds": round(revision.duration_seconds, 3),
            "checks": checks_to_json(reply.checks),
            "chords": list(reply.chord_names),
            "chord_chart": reply.chord_sheet.chart,
            "numerals": reply.chord_sheet.numerals,
            "key": reply.chord_sheet.key,
            "shared_run_notes": reply.shared_run_notes,
            "facts": {fact.name: fact.value for fact in reply.facts},
            "remarks": list(reply.remarks),
            "files": written,
        }
        checks = (
            f"{'kept' if check.is_kept else 'NOT KEPT'}: {check.name} (asked {check.asked}, found {check.found})"
            for check in reply.checks
        )
        size = f"{revision.num_bars} bars, {revision.num_notes} notes"
        lines = (
            f"{revision.operation}: {size} in {seconds:.1f} s, seed {revision.seed}, {revision.checkpoint_id or 'no network'}",
            *(f"{fact.name}: {fact.value}" for fact in reply.facts),
            *checks,
            *_chord_lines(reply),
            *reply.remarks,
            *(f"wrote {path}" for path in written.values()),
        )
        return cls(data=data, lines=lines)

    @classmethod
    def of_description(cls, description: dict[str, Any], *, seconds: float, checkpoint_id: str) -> Self:
        """Report what a piece is like."""
        tracks = [
            f"  {track['name'] or '(no name)'}: {track['instrument']}, {track['num_notes']} notes"
            + (", melody" if track["is_melody"] else "")
            for track in description["tracks"]
        ]
        lines = (
            description["title"] or "(no title)",
            f"Genre: {description['genre'] or 'no guess'}",
            f"Key: {description['key'] or 'none'}",
            f"Tempo: {description['tempo_bpm']:.0f} bpm" + (", changing" if description["has_changing_tempo"] else ""),
            f"Metre: {description['metre']}" + (", changing" if description["has_changing_metre"] else ""),
            f"Length: {description['num_bars']} bars, {description['duration_seconds']:.0f} s",
            f"Notes: {description['num_notes']}, {description['notes_per_bar']:.1f} a bar",
            "Tracks:",
            *tracks,
            f"Chords: {' | '.join(description['chords'])}",
        )
        return cls(
            data=_without_networks("describe", seconds) | {"checkpoint": checkpoint_id or None} | description,
            lines=lines,
        )

    @classmethod
    def of_rendering(cls, data: dict[str, Any], *, seconds: float, written: dict[str, str]) -> Self:
        """Report what was made heard and seen."""
        lines = (*((data["alt_text"],) if data["alt_text"] else ()), *(f"wrote {path}" for path in written.values()))
        return cls(data=_without_networks("render", seconds) | data | {"files": written}, lines=lines)

    @classmethod
    def of_genres(cls, genres: GenreCounts) -> Self:
        """Report how much of each genre was learned from."""
        known = [
            {"genre": name, "num_pieces": genres.num_pieces.get(name), "is_weak": genres.is_weak(name)}
            for name in GENRES
        ]
        lines = (
            f"{each['genre']}: {'unknown' if each['num_pieces'] is None else each['num_pieces']} pieces"
            + (" (weak: a hint, not a style)" if each["is_weak"] else "")
            for each in known
        )
        return cls(data=_without_networks("genres", 0.0) | {"genres": known}, lines=tuple(lines))

    @classmethod
    def of_erasure(cls, counts: dict[str, int]) -> Self:
        """Report what was erased."""
        return cls(
            data={"operation": "erase"} | counts, lines=tuple(f"{name}: {count}" for name, count in counts.items())
        )

    def show(self, *, as_json: bool) -> None:
        """Print to standard output."""
        print(json.dumps(self.data, ensure_ascii=False) if as_json else "\n".join(self.lines))  # noqa: T201 - a command's output


def _chord_lines(reply: Reply) -> tuple[str, ...]:
    """Return the chords bar by bar and their degrees, or one after the other where no bars are known."""
    sheet = reply.chord_sheet
    if sheet.chart:
        return (f"Chords: {sheet.chart}", f"Degrees in {sheet.key}: {sheet.numerals}")
    return (f"Chords: {' '.join(reply.chord_names)}",) if reply.chord_names else ()


def _without_networks(operation: str, seconds: float) -> dict[str, Any]:
    """Return the fields that every report has, for a command that asks no network."""
    return {
        "operation": operation,
        "seed": None,
        "checkpoint": None,
        "settings": {},
        "seconds": round(seconds, 3),
        "checks": [],
    }


@contextmanager
def progress_bar() -> Generator[ProgressListener]:
    """Show progress on standard error while the block lasts, if a person looks at it."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("starting", total=1, unit="")

        def listener(progress: ProgressView) -> None:
            bar.update(
                task,
                description=progress.stage,
                completed=progress.num_done,
                total=max(progress.num_total, 1),
                unit=f"{progress.unit}s" if progress.num_total else "",
            )

        yield listener
