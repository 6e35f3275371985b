"""Reads the harmonizer's data sets: chorales in four voices, lead sheets as melody and chords.

Data sets and split rule: README of the data folder. It knows nothing of batches or networks.
"""

from __future__ import annotations

import hashlib
import json
import math
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import symusic

from music.constraints import METRES
from music.tokenizers.harmony import NO_CHORD, QUALITIES, Ids, MelodyFrames, frames_per_bar
from music.tokenizers.harmony_reading import FrameBar, FrameNote, read_frames
from training.archives import unpack_set

Split = Literal["train", "valid", "test"]
FRAMES_PER_QUARTER = 4
PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

POP909_QUALITIES = {
    "maj": "maj", "min": "min", "dim": "dim", "aug": "aug", "7": "7", "maj7": "maj7", "min7": "min7", "hdim7": "hdim7",
    "dim7": "dim7", "minmaj7": "minmaj7", "sus4": "sus4", "sus2": "sus2", "sus4(b7)": "7sus4", "maj6": "6",
    "min6": "min6",
}  # fmt: skip
OPENEWLD_QUALITIES = {
    "": "maj", "m": "min", "7": "7", "m7": "min7", "M7": "maj7", "dim": "dim", "6": "6", "9": "9", "dim7": "dim7",
    "m6": "min6", "aug": "aug", "aug7": "aug", "m7b5": "hdim7", "sus4": "sus4", "13": "9", "m9": "min7",
    "aug9": "aug", "M9": "maj7", "11": "7sus4", "m(maj7)": "minmaj7", "m11": "min7", "m13": "min7", "5": "5",
}  # fmt: skip
"""Names of the set as names of ours; richer chords become the nearest listed one."""
BASS_DEGREES = {"3": 4, "b3": 3, "5": 7, "b7": 10, "7": 11}


@dataclass(frozen=True, slots=True)
class Chorale:
    """Four voices on the frame grid: MIDI pitches (T, 4) of soprano, alto, tenor, bass; -1 for silence."""

    name: str
    pitches: Ids


@dataclass(frozen=True, slots=True)
class LeadSheet:
    """A melody on the frame grid and the chord sounding in each step (beat).

    ``chords`` (steps, 3): root or ``NO_CHORD``, quality index, bass above the root. ``bar_frames``: where bars begin,
    and last the end.
    """

    name: str
    melody: MelodyFrames
    step_frames: Ids
    chords: Ids
    bar_frames: tuple[int, ...]


def split_of(key: str) -> Split:
    """Return the side of the split on which a key falls, by the rule of the data folder's README."""
    residue = int(hashlib.sha256(("split:" + key).encode("utf-8")).hexdigest()[:8], 16) % 20
    return "valid" if residue == 0 else "test" if residue == 1 else "train"


def read_jsb_chorales(folder: Path, split: Split) -> list[Chorale]:
    """Read one part of the usual benchmark, which has its own split."""
    pieces = json.loads((folder / "Jsb16thSeparated.json").read_text(encoding="utf-8"))[split]
    return [Chorale(f"jsb_chorales/{split}/{index}", np.array(piece, np.int64)) for index, piece in enumerate(pieces)]


def read_js_fakes(folder: Path, split: Split) -> list[Chorale]:
    """Read the algorithmic chorales; files without exactly four sounding tracks are left out."""
    chorales: list[Chorale] = []
    for path in sorted(folder.rglob("*.mid")):
        name = path.relative_to(folder.parent).as_posix()
        if split_of(name) != split:
            continue
        score: Any = symusic.Score(path)  # symusic's types are built at run time
        tracks = [track for track in score.tracks if len(track.notes)]
        if len(tracks) != 4:
            continue
        frame_ticks = score.ticks_per_quarter / FRAMES_PER_QUARTER
        num_frames = max(round(note.end / frame_ticks) for track in tracks for note in track.notes)
        pitches = np.full((num_frames, 4), -1, dtype=np.int64)
        for voice, track in enumerate(tracks):
            for note in track.notes:
                pitches[round(note.start / frame_ticks) : round(note.end / frame_ticks), voice] = note.pitch
        chorales.append(Chorale(name, pitches))
    return chorales


def read_pop909(folder: Path, split: Split) -> list[LeadSheet]:
    """Read the pop songs on the beat grid of ``beat_midi.txt``; the files' own time signatures are wrong."""
    sheets: list[LeadSheet] = []
    for song in sorted(path for path in folder.iterdir() if path.is_dir()):
        if split_of(song.name) == split:
            sheets.extend(_read_pop909_song(song))
    return sheets


def _read_pop909_song(song: Path) -> Iterator[LeadSheet]:
    rows = np.loadtxt(song / "beat_midi.txt", ndmin=2)
    is_triple = Counter(np.diff(np.flatnonzero(rows[:, 2] == 1)).tolist()).most_common(1)[0][0] == 6
    num_beats = 3 if is_triple else 4
    downbeats = np.flatnonzero(rows[:, 1 if is_triple else 2] == 1)
    if len(downbeats) < 2:
        return
    times = rows[:, 0]
    times = np.append(times, times[-1] + (times[-1] - times[-2]))
    ticks: Any = symusic.Score(song / f"{song.name}.mid")  # symusic's types are built at run time
    score = ticks.to("second")
    notes = next((track.notes for track in score.tracks if track.name == "MELODY"), None)
    if notes is None or not len(notes):
        return

    def frames(seconds: float) -> float:
        return float(np.interp(seconds, times, np.arange(len(times)))) * FRAMES_PER_QUARTER

    bars = _bars_of_downbeats(downbeats.tolist(), len(times) - 1, num_beats)
    line = [FrameNote(frames(note.start), note.pitch, frames(note.end)) for note in notes]
    chords: list[tuple[float, tuple[int, int, int]]] = []
    for text in (song / "chord_midi.txt").read_text(encoding="utf-8").splitlines():
        parts = text.split()
        if len(parts) == 3:
            chords.append((frames(float(parts[0])), parse_harte(parts[2])))
    yield make_lead_sheet(f"pop909/{song.name}", line, bars, chords)


def _bars_of_downbeats(downbeats: list[int], num_beats: int, usual: int) -> list[FrameBar]:
    """Return bars from downbeats (beat indices); beats before the first are a pick-up, odd bars are cut by the next."""
    metre = (usual, 4)
    edges = sorted({0, *downbeats, num_beats})
    bars: list[FrameBar] = []
    for start, stop in pairwise(edges):
        for first in range(start, stop, usual):
            length = min(usual, stop - first)
            bars.append(FrameBar(first * FRAMES_PER_QUARTER, length * FRAMES_PER_QUARTER, metre))
    return bars


def read_openewld(folder: Path, split: Split) -> list[LeadSheet]:
    """Read the lead sheets: notes and chord markers from the MIDI files, bar lines from the MusicXML beside them."""
    sheets: list[LeadSheet] = []
    for path in sorted((folder / "midi").glob("*.mid")):
        if split_of(path.stem) == split:
            sheets.extend(_read_openewld_sheet(path, folder / "musicxml" / f"{path.stem}.mxl"))
    return sheets


def _read_openewld_sheet(midi: Path, musicxml: Path) -> Iterator[LeadSheet]:
    score: Any = symusic.Score(midi)
    signature = score.time_signatures[0]
    metre = (signature.numerator, signature.denominator)
    metre = (4, 4) if metre == (2, 2) else metre
    notes = next((track.notes for track in score.tracks if track.name == "MELODY"), None)
    if metre not in METRES or len(score.time_signatures) > 1 or notes is None or not len(notes):
        return
    frame_ticks = score.ticks_per_quarter / FRAMES_PER_QUARTER
    bars = _bars_of_measures(_measure_quarters(musicxml), metre)
    if not bars:
        return
    line = [FrameNote(note.start / frame_ticks, note.pitch, note.end / frame_ticks) for note in notes]
    chords = [(marker.time / frame_ticks, parse_lead_sheet_chord(marker.text)) for marker in score.markers]
    yield make_lead_sheet(f"openewld/{midi.stem}", line, bars, chords)


def _measure_quarters(musicxml: Path) -> list[float]:
    """Return the written length of each measure in quarter notes."""
    with zipfile.ZipFile(musicxml) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".xml") and "META-INF" not in name)
        root = ET.fromstring(archive.read(name))  # noqa: S314 - files of our own training data, never uploads
    divisions, lengths = 1, list[float]()
    for measure in root.iterfind("part[1]/measure"):
        now = longest = 0.0
        for element in measure:
            if (found := element.findtext("divisions")) is not None:
                divisions = int(found)
            step = float(element.findtext("duration", "0")) / divisions
            if element.tag == "note" and element.find("chord") is None and element.find("grace") is None:
                now += step
            elif element.tag in ("backup", "forward"):
                now += step if element.tag == "forward" else -step
            longest = max(longest, now)
        lengths.append(longest)
    return lengths


def _bars_of_measures(quarters: list[float], metre: tuple[int, int]) -> list[FrameBar]:
    bars: list[FrameBar] = []
    start = 0
    full = frames_per_bar(metre)
    for length in quarters:
        num_frames = round(length * FRAMES_PER_QUARTER)
        if num_frames > 0:
            bars.append(FrameBar(start, min(num_frames, full), metre))
            start += min(num_frames, full)
        if num_frames > full:
            return []  # a measure longer than its metre: cadenzas are left out
    return bars


def parse_harte(text: str) -> tuple[int, int, int]:
    """Return root, quality index and bass above the root of a chord such as ``Bb:min7/b3``."""
    if text == "N":
        return (NO_CHORD, 0, 0)
    root, _, rest = text.partition(":")
    quality, _, bass = rest.partition("/")
    return (parse_pitch_class(root), QUALITIES.index(POP909_QUALITIES[quality]), BASS_DEGREES.get(bass, 0))


def parse_lead_sheet_chord(text: str) -> tuple[int, int, int]:
    """Return root, quality index and bass above the root of a chord such as ``Ebm7/Db``."""
    root, rest = (text[:2], text[2:]) if text[1:2] in ("#", "b") else (text[:1], text[1:])
    quality, _, bass = rest.partition("/")
    tonic = parse_pitch_class(root)
    above = (parse_pitch_class(bass) - tonic) % 12 if bass[:1] in PITCH_CLASSES else 0  # "6/9" has no bass
    return (tonic, QUALITIES.index(OPENEWLD_QUALITIES[quality]), above)


def parse_pitch_class(name: str) -> int:
    """Return the pitch class of a name such as ``F#``."""
    return (PITCH_CLASSES[name[0]] + name.count("#") - name.count("b")) % 12


def make_lead_sheet(
    name: str,
    line: list[FrameNote],
    bars: list[FrameBar],
    chords: list[tuple[float, tuple[int, int, int]]],
) -> LeadSheet:
    """Join melody, bars and chords (onset in frames, chord); a chord moves to the nearest beat, the last one there wins."""
    melody, step_frames = read_frames(line, bars)
    sounding = np.zeros((len(step_frames), 3), dtype=np.int64)
    sounding[:, 0] = NO_CHORD
    middles = (step_frames[1:] + step_frames[:-1]) / 2
    for onset, chord in sorted(chords, key=lambda item: item[0]):
        sounding[int(np.searchsorted(middles, onset, side="right")) :] = chord
    ends = (*(bar.start_frame for bar in bars), len(melody))
    return LeadSheet(name, melody, step_frames, sounding, ends)


def count_chords(sheet: LeadSheet) -> int:
    """Return how many chords a sheet has: changes, the first one included."""
    return 1 + int((sheet.chords[1:] != sheet.chords[:-1]).any(axis=1).sum())


def mean_steps_per_chord(sheets: list[LeadSheet]) -> float:
    """Return how long a chord lasts on average, in beats."""
    num_chords = sum(count_chords(sheet) for sheet in sheets)
    return sum(len(sheet.chords) for sheet in sheets) / num_chords if num_chords else math.nan


READERS = {
    "jsb_chorales": read_jsb_chorales,
    "js_fakes": read_js_fakes,
    "pop909": read_pop909,
    "openewld": read_openewld,
}
"""Data sets that the harmonizer can read, by name."""


def read_set(data_folder: Path, name: str, split: Split) -> list[Chorale] | list[LeadSheet]:
    """Unpack a data set if needed and read one side of its split."""
    return READERS[name](unpack_set(data_folder, name), split)
