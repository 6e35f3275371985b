"""Any folder of MIDI files, nested or not, as what the networks read; broken files are counted with their reasons.

Every readable file is taken: notes off the grid are snapped, short pieces stay. Nothing is filtered by its split: whoever
points at a folder has chosen its files. It knows no networks and no metrics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError, InputError, UnsupportedMetreError
from inference.decoding.remixer_inputs import order_for_network
from music.columns import Columns, find_bars
from music.piece import DRUM_PROGRAM
from music.tokenizers.octuple import BAR, VOCABULARY_HASH
from music.tokenizers.octuple import encode_columns as encode_octuples
from training.collate import cut_bars
from training.corpus import Corpus, CorpusConfig, PieceEntry, encode_for_training
from training.datasets import Source, read_source
from training.octuple_corpus import OctupleCorpus, PieceRows

FOLDER_SET = "folder"
"""What stands for the data set's name in corpora made from a folder."""
_SUFFIXES = (".mid", ".midi")
_FRAMES_PER_QUARTER = 4
_NUM_VOICES = 4
_MIN_FULL_SHARE = 0.8  # of the 16ths must have all four voices
_FILES_FOR_MORE_PROCESSES = 200
_ANY_PIECE = CorpusConfig(name=FOLDER_SET, sets=(), min_bars=1)
_OCTUPLE_MAX_BARS = 1_000

Voices = npt.NDArray[np.int64]
Read = tuple[str, Any]  # reason ("" when all is well) and what was read


@dataclass(slots=True)
class FolderReport:
    """How many files were found, how many measured, and why the others were not."""

    num_files: int = 0
    num_pieces: int = 0
    skipped: Counter[str] = field(default_factory=Counter[str])

    def as_dict(self) -> dict[str, Any]:
        return {
            "num_files": self.num_files, "num_pieces": self.num_pieces, "num_skipped": sum(self.skipped.values()),
            "skipped": dict(self.skipped.most_common()),
        }  # fmt: skip


def list_midi_files(folder: Path, *, max_files: int | None = None) -> list[Path]:
    """Return the MIDI files below a folder in order of their paths; at most ``max_files``, evenly spaced.

    Raises:
        ConfigurationError: if there is no such folder, or no MIDI file in it.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder. Give --data a folder of MIDI files.", variable="data")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    if not found:
        raise ConfigurationError(f"There is no .mid or .midi file in {folder}.", variable="data")
    if max_files is not None and len(found) > max_files:
        found = [found[index * len(found) // max_files] for index in range(max_files)]
    return found


def read_events(
    files: list[Path], *, split: str, max_bars: int | None = None, num_processes: int = 1
) -> tuple[Corpus, FolderReport]:
    """Return every usable file as a corpus of events, all of them on one side of the split.

    With ``max_bars`` only the first bars have rows; ``num_bars`` stays the length of the whole, so no end is read there.
    """
    entries: list[PieceEntry] = []
    chunks: list[npt.NDArray[np.int16]] = []
    total = 0
    report = FolderReport(num_files=len(files))
    for path, (reason, read) in zip(files, _read_all(_encode_events, files, num_processes), strict=True):
        if reason:
            report.skipped[reason] += 1
            continue
        rows, facts = read
        if max_bars is not None and facts["num_bars"] > max_bars:
            rows = cut_bars(rows, start_bar=0, stop_bar=max_bars)
        entries.append(
            PieceEntry(
                data_set=FOLDER_SET, name=path.stem, split=split, genres=(), start_row=total,
                stop_row=total + len(rows), **facts,
            )
        )  # fmt: skip
        chunks.append(rows)
        total += len(rows)
    report.num_pieces = len(entries)
    rows = np.concatenate(chunks) if chunks else np.zeros((0, 6), dtype=np.int16)
    return Corpus(rows, tuple(entries), {FOLDER_SET: 1.0}, {"weights": {FOLDER_SET: 1.0}}), report


def read_octuples(files: list[Path], *, split: str, num_processes: int = 1) -> tuple[OctupleCorpus, FolderReport]:
    """Return every usable file as a corpus of octuples, all of them on one side of the split."""
    entries: list[PieceRows] = []
    chunks: list[npt.NDArray[np.int16]] = []
    total = 0
    report = FolderReport(num_files=len(files))
    for path, (reason, rows) in zip(files, _read_all(_encode_octuples, files, num_processes), strict=True):
        if reason:
            report.skipped[reason] += 1
            continue
        stop = total + len(rows)
        entries.append(PieceRows(data_set=FOLDER_SET, name=path.stem, split=split, start_row=total, stop_row=stop))
        chunks.append(rows)
        total = stop
    report.num_pieces = len(entries)
    rows = np.concatenate(chunks) if chunks else np.zeros((0, 9), dtype=np.int16)
    facts = {"vocabulary_hash": VOCABULARY_HASH}
    return OctupleCorpus(rows, tuple(entries), {FOLDER_SET: 1.0}, facts), report


def read_four_parts(files: list[Path], *, num_processes: int = 1) -> tuple[list[tuple[str, Voices]], FolderReport]:
    """Return name and MIDI pitches (16ths, 4) of soprano, alto, tenor, bass, -1 for silence, of every four-part file."""
    report = FolderReport(num_files=len(files))
    found: list[tuple[str, Voices]] = []
    for path, (reason, voices) in zip(files, _read_all(_read_voices, files, num_processes), strict=True):
        if reason:
            report.skipped[reason] += 1
        else:
            found.append((path.stem, voices))
    report.num_pieces = len(found)
    return found, report


def read_file(path: Path) -> Columns:
    """Return the notes of one file; POP909's beats are used where they lie beside it, nonsense metres become 4/4.

    Raises:
        InputError: for a file that cannot be read.
    """
    beats = path.parent / "beat_midi.txt"
    source = Source(
        data_set=FOLDER_SET, path=path, split="test", is_played=True, beat_path=beats if beats.exists() else None
    )
    columns = read_source(source)
    try:
        find_bars(columns)
    except UnsupportedMetreError:
        return replace(columns, time_signatures=((0, 4, 4),))
    return columns


def split_voices(columns: Columns) -> Voices:
    """Return pitches (16ths, 4), highest voice first, -1 for silence.

    Four tracks are four voices, ordered by their mean pitch; a file with fewer tracks gives its sounding notes from top to
    bottom. Silence before the first and after the last note is cut off.

    Raises:
        InputError: if it is not music in four parts.
    """
    pitched = np.asarray([program != DRUM_PROGRAM for program in columns.programs])[columns.track]
    onset, pitch, track = columns.onset_ticks[pitched], columns.pitch[pitched], columns.track[pitched]
    if not len(onset):
        raise InputError("no pitched notes")
    frame_ticks = columns.ticks_per_quarter / _FRAMES_PER_QUARTER
    start = np.round(onset / frame_ticks).astype(np.int64)
    stop = np.maximum(np.round((onset + columns.duration_ticks[pitched]) / frame_ticks).astype(np.int64), start + 1)
    first = start.min()
    start, stop = start - first, stop - first
    tracks = np.unique(track)
    if len(tracks) > _NUM_VOICES:
        raise InputError("more than four tracks")
    notes = np.stack([start, stop, pitch, track], axis=1).tolist()
    by_height = sorted(tracks.tolist(), key=lambda each: -float(pitch[track == each].mean()))
    split = _voices_of_tracks if len(tracks) == _NUM_VOICES else _voices_of_chords
    voices = split(notes, by_height, np.full((int(stop.max()), _NUM_VOICES), -1, dtype=np.int64))
    if (voices >= 0).all(axis=1).mean() < _MIN_FULL_SHARE:
        raise InputError("not four voices throughout")
    return voices


def _voices_of_tracks(notes: list[list[int]], by_height: list[int], voices: Voices) -> Voices:
    for start, stop, pitch, track in notes:
        voices[start:stop, by_height.index(track)] = pitch
    return voices


def _voices_of_chords(notes: list[list[int]], by_height: list[int], voices: Voices) -> Voices:
    del by_height
    sounding: list[set[int]] = [set() for _ in range(len(voices))]
    for start, stop, pitch, _ in notes:
        for frame in range(start, stop):
            sounding[frame].add(pitch)
    if max(len(pitches) for pitches in sounding) > _NUM_VOICES:
        raise InputError("more than four notes at once")
    for frame, pitches in enumerate(sounding):
        if len(pitches) == _NUM_VOICES:
            voices[frame] = sorted(pitches, reverse=True)
    return voices


def _read_all(read: Callable[[Path], Read], files: list[Path], num_processes: int) -> list[Read]:
    if num_processes == 1 or len(files) < _FILES_FOR_MORE_PROCESSES:
        return [read(path) for path in files]
    with ProcessPoolExecutor(num_processes) as pool:
        return list(pool.map(read, files, chunksize=32))


def _guard(read: Callable[[], Any]) -> Read:
    """Run one reader; a file that nobody can read is a reason, never an accident."""
    try:
        return "", read()
    except InputError as error:
        return error.reason, None
    except (ValueError, IndexError, OverflowError, OSError, RuntimeError) as error:
        return f"failed: {type(error).__name__}", None


def _encode_events(path: Path) -> Read:
    return _guard(lambda: encode_for_training(read_file(path), _ANY_PIECE, is_played=True))


def _encode_octuples(path: Path) -> Read:
    def read() -> npt.NDArray[np.int16]:
        octuples = encode_octuples(read_file(path))
        rows, tracks = octuples.rows, octuples.track
        if not len(rows):
            raise InputError("no notes")
        if int(rows[-1, BAR]) >= _OCTUPLE_MAX_BARS:
            raise InputError("too many bars")
        order = order_for_network(rows, tracks)
        return np.concatenate([rows, tracks[:, None]], axis=1)[order].astype(np.int16)

    return _guard(read)


def _read_voices(path: Path) -> Read:
    return _guard(lambda: split_voices(read_file(path)))
