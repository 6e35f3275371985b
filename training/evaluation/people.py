"""What people's own music measures on the training archives: pitch-class entropy, scale and groove consistency.

Whole pieces, all splits together, so that the values can be held against published ones (``PUBLISHED``); excerpts that
samples are compared with are elsewhere. POP909 and OpenEWLD come from the prepared corpus, JSB and Nottingham from their
archives. It knows no networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError, InputError
from music.columns import exact_units, find_bars, snap
from music.roles import PART_ROLES
from music.vocabulary import METRE_UNITS
from training.archives import unpack_set
from training.corpus import Corpus
from training.evaluation.midi_folder import read_file
from training.evaluation.statistics import (
    Notes,
    groove_consistency,
    notes_of_rows,
    pitch_class_entropy,
    scale_consistency,
    summarize,
)
from training.harmonizer_sets import read_jsb_chorales

LEAD = PART_ROLES.index("lead")
PUBLISHED: dict[str, tuple[float, float, float]] = {
    "pop909, all tracks": (2.817, 0.965, 0.838),
    "pop909, melody": (2.578, 0.980, 0.760),
    "nottingham, melody": (2.665, 0.984, 0.840),
    "jsb test": (3.026, 0.930, 0.812),
}
"""Entropy, scale and groove consistency that we computed before, on more songs and with other code.

Nottingham's groove was counted in bars of sixteen 16ths whatever the metre; here its bars are its own.
"""
CORPUS_SETS = ("pop909", "openewld")
_MIN_NOTES = 16
_FRAMES_PER_BAR, _UNITS_PER_FRAME = 16, 6


def measure_people(corpus: Corpus, data_folder: Path) -> dict[str, Any]:
    """Return mean, standard deviation and count of the three statistics for each set; absent sets are left out."""
    rows: dict[str, Any] = {}
    for name in CORPUS_SETS:
        for only, slot in (("all tracks", None), ("melody", LEAD)):
            found = [_describe(*each) for each in _of_corpus(corpus, name, slot)]
            if found:
                rows[f"{name}, {only}"] = summarize(found)
    for label, read in (("nottingham, melody", _nottingham), ("jsb test", _jsb)):
        try:
            rows[label] = summarize([_describe(*each) for each in read(data_folder)])
        except ConfigurationError:
            continue  # an archive that is not there; the others still count
    return rows


def _describe(notes: Notes, bar_units: int) -> dict[str, float]:
    """Return the statistics from the first bar of the piece to the last one with an onset."""
    num_bars = int(notes[:, 0].max()) + 1
    found = {
        "pitch_class_entropy": pitch_class_entropy(notes),
        "scale_consistency": scale_consistency(notes),
        "groove_consistency": groove_consistency(notes, num_bars=num_bars, bar_units=bar_units),
    }
    return {name: value for name, value in found.items() if value is not None}


def _of_corpus(corpus: Corpus, data_set: str, slot: int | None) -> Iterator[tuple[Notes, int]]:
    for piece in corpus.pieces:
        if piece.data_set != data_set:
            continue
        notes, metre = notes_of_rows(corpus.rows[piece.start_row : piece.stop_row])
        notes = notes if slot is None else notes[notes[:, 1] == slot]
        if len(notes) >= _MIN_NOTES:
            yield notes, METRE_UNITS[metre]


def _nottingham(data_folder: Path) -> Iterator[tuple[Notes, int]]:
    for path in sorted(unpack_set(data_folder, "nottingham").glob("MIDI/melody/*.mid")):
        try:
            columns = read_file(path)
        except InputError:
            continue
        bars = find_bars(columns)
        columns = snap(columns, bars)
        bar, units = exact_units(columns, bars, ticks=columns.onset_ticks)
        if len(bar) >= _MIN_NOTES:
            notes = np.stack([bar, np.full(len(bar), LEAD), units.astype(np.int64), columns.pitch], axis=1)
            yield notes, int(METRE_UNITS[bars.metre[0]])


def _jsb(data_folder: Path) -> Iterator[tuple[Notes, int]]:
    """Chorales begin bars on every 16th 16th: the files do not say where. A repeated pitch is held."""
    for chorale in read_jsb_chorales(unpack_set(data_folder, "jsb_chorales"), "test"):
        yield onsets_of_frames(chorale.pitches), _FRAMES_PER_BAR * _UNITS_PER_FRAME


def onsets_of_frames(pitches: npt.NDArray[np.int64]) -> Notes:
    """Return the notes (bar, voice, units, pitch) of voices on the 16th grid (T, V), -1 for silence."""
    before = np.concatenate([np.full((1, pitches.shape[1]), -2), pitches[:-1]])
    frame, voice = np.nonzero((pitches >= 0) & (pitches != before))
    units = frame % _FRAMES_PER_BAR * _UNITS_PER_FRAME
    return np.stack([frame // _FRAMES_PER_BAR, voice, units, pitches[frame, voice]], axis=1)
