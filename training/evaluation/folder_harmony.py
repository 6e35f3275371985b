"""The harmonizer on any folder of MIDI files: four-part files as chorales, all others as a melody and its chords.

Plain MIDI has no chord labels, so the chords are those that ``music.harmony`` estimates from the notes of each file, and
the melody is the part that ``music.roles`` calls lead (else second). It knows no networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from music.columns import Bars, find_bars, snap
from music.constraints import METRES
from music.roles import PART_ROLES
from music.tokenizers.event import EncodedPiece, encode_columns
from music.tokenizers.harmony import NO_CHORD, QUALITIES
from music.tokenizers.harmony_reading import FrameBar, FrameNote
from music.vocabulary import CHORD_QUALITIES, DURATIONS, FIELDS, NO_ROOT, UNITS_PER_QUARTER, Kind
from training.evaluation.midi_folder import FolderReport, read_file, read_four_parts
from training.harmonizer_sets import FRAMES_PER_QUARTER, Chorale, LeadSheet, make_lead_sheet

_MELODIES = (PART_ROLES.index("lead"), PART_ROLES.index("second"))
_MIN_MELODY_NOTES = 8
_UNITS_PER_FRAME = UNITS_PER_QUARTER / FRAMES_PER_QUARTER


def read_chorales(files: list[Path], *, num_processes: int = 1) -> tuple[list[Chorale], FolderReport]:
    """Return every four-part file as a chorale."""
    found, report = read_four_parts(files, num_processes=num_processes)
    return [Chorale(name, voices) for name, voices in found], report


def read_lead_sheets(files: list[Path]) -> tuple[list[LeadSheet], FolderReport]:
    """Return melody and estimated chords of every file that has both."""
    report = FolderReport(num_files=len(files))
    sheets: list[LeadSheet] = []
    for path in files:
        try:
            sheets.append(_read_sheet(path))
        except InputError as error:
            report.skipped[error.reason] += 1
        except (ValueError, IndexError, OverflowError, OSError, RuntimeError) as error:
            report.skipped[f"failed: {type(error).__name__}"] += 1
    report.num_pieces = len(sheets)
    return sheets, report


def _read_sheet(path: Path) -> LeadSheet:
    columns = read_file(path)
    bars = find_bars(columns)
    encoded = encode_columns(snap(columns, bars), bars)
    line = _melody(encoded, bars)
    if len(line) < _MIN_MELODY_NOTES:
        raise InputError("no melody")
    chords = list(_chords(encoded, bars))
    if not any(chord[0] != NO_CHORD for _, chord in chords):
        raise InputError("no harmony")
    return make_lead_sheet(path.stem, line, list(_frame_bars(bars)), chords)


def _bar_frames(bars: Bars) -> npt.NDArray[np.float64]:
    """Return the frame on which each bar begins, and last the end."""
    return np.concatenate([[0.0], np.cumsum(bars.units)]) / _UNITS_PER_FRAME


def _frame_bars(bars: Bars) -> Iterator[FrameBar]:
    starts = _bar_frames(bars)
    for index, metre in enumerate(bars.metre.tolist()):
        yield FrameBar(int(starts[index]), int(starts[index + 1] - starts[index]), METRES[metre])


def _melody(encoded: EncodedPiece, bars: Bars) -> list[FrameNote]:
    """Return the top notes of the lead, else of the second part, each cut where the next begins."""
    rows = encoded.rows.astype(np.int64)
    bar = np.cumsum(rows[:, 0] == FIELDS["kind"].id_of(Kind.BAR)) - 1
    starts = _bar_frames(bars)
    is_note = rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)
    for slot in _MELODIES:
        chosen = np.flatnonzero(is_note & (rows[:, 1] == FIELDS["slot"].id_of(slot)))
        if len(chosen) < _MIN_MELODY_NOTES:
            continue
        tops: dict[float, tuple[int, float]] = {}
        for index in chosen.tolist():
            position, pitch, duration = (
                int(rows[index, column] - FIELDS[name].offset)
                for column, name in ((2, "position"), (3, "pitch"), (4, "duration"))
            )
            onset = float(starts[bar[index]] + position / _UNITS_PER_FRAME)
            if onset not in tops or tops[onset][0] < pitch:
                tops[onset] = (pitch, DURATIONS[duration] / _UNITS_PER_FRAME)
        onsets = sorted(tops)
        ends = [*onsets[1:], float(starts[-1])]
        return [
            FrameNote(onset, tops[onset][0], min(onset + tops[onset][1], end))
            for onset, end in zip(onsets, ends, strict=True)
        ]
    return []


def _chords(encoded: EncodedPiece, bars: Bars) -> Iterator[tuple[float, tuple[int, int, int]]]:
    starts = _bar_frames(bars)
    rows = encoded.rows.astype(np.int64)
    bar = -1
    for row in rows.tolist():
        kind = row[0] - FIELDS["kind"].offset
        bar += kind == Kind.BAR
        if kind != Kind.CHORD:
            continue
        position, root, quality, bass = (
            row[1 + place] - FIELDS[name].offset for place, name in enumerate(("position", "root", "quality", "bass"))
        )
        onset = float(starts[bar] + position / _UNITS_PER_FRAME)
        name = CHORD_QUALITIES[quality]
        if root == NO_ROOT or name not in QUALITIES:
            yield onset, (NO_CHORD, 0, 0)
            continue
        above = (bass - root) % 12 if bass != NO_ROOT else 0
        yield onset, (root, QUALITIES.index(name), above)
