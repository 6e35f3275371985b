"""What a tour through the bot is held against: the same bytes, files that open, loudness, sizes and words. It asks for nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mido
import pretty_midi
import soundfile
import symusic
from music21 import midi as music21_midi

from benchmarks.results import Row
from media.loudness import TARGET_LUFS, measure_loudness
from soak.promises.visitor import Json, files_of, text_of

_CUT = "…"
_NAMED = 4
"""So many of what went wrong are named in a note."""


def bytes_row(name: str, first: Mapping[str, bytes], again: Mapping[str, bytes], *, what: str) -> Row:
    """Return the share of files that came out byte for byte as the first time; a missing one is another one."""
    other = [key for key, data in first.items() if not data or again.get(key) != data]
    note = f"{len(first) - len(other)} of {len(first)} MIDI files, {what}{_named(other)}"
    return Row(name=name, unit="%", samples=(_percent(len(first) - len(other), len(first)),), note=note)


def _notes_in_symusic(data: bytes) -> int:
    score: Any = symusic.Score.from_midi(data)
    return sum(len(track.notes) for track in score.tracks)


def _notes_in_pretty_midi(data: bytes) -> int:
    return sum(len(part.notes) for part in pretty_midi.PrettyMIDI(io.BytesIO(data)).instruments)


def _notes_in_mido(data: bytes) -> int:
    messages = (message for track in mido.MidiFile(file=io.BytesIO(data)).tracks for message in track)
    return sum(message.type == "note_on" and message.velocity > 0 for message in messages)


def _notes_in_music21(data: bytes) -> int:
    file = music21_midi.MidiFile()
    file.readstr(data)
    stream = music21_midi.translate.midiFileToStream(file)
    return sum(len(each.pitches) for each in stream.recurse().notes if hasattr(each, "pitches")) or len(
        stream.recurse().notes
    )


READERS: dict[str, Callable[[bytes], int]] = {
    "symusic": _notes_in_symusic,
    "pretty_midi": _notes_in_pretty_midi,
    "music21": _notes_in_music21,
    "mido": _notes_in_mido,
}
"""Each reads a MIDI file and counts its notes."""


def reader_rows(files: Mapping[str, bytes]) -> list[Row]:
    """Return the share of files that each library opens and finds notes in; all but music21 must find the same number."""
    rows: list[Row] = []
    counts = {name: _open_all(files, count_notes) for name, count_notes in READERS.items()}
    for name, found in counts.items():
        bad = [key for key in files if not found[key] or (name != "music21" and found[key] != counts["symusic"][key])]
        note = f"{len(files) - len(bad)} of {len(files)} different files{_named(bad)}"
        rows.append(
            Row(name=f"opened by {name}", unit="%", samples=(_percent(len(files) - len(bad), len(files)),), note=note)
        )
    return rows


def _open_all(files: Mapping[str, bytes], count_notes: Callable[[bytes], int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, data in files.items():
        try:
            found[key] = count_notes(data)
        except Exception:  # noqa: BLE001 - whatever a library raises, it did not open the file
            found[key] = 0
    return found


def loudness_row(sounds: Mapping[str, bytes]) -> Row:
    """Return how far the integrated loudness of each sound is from what replies have."""
    distances: dict[str, float] = {}
    for name, data in sounds.items():
        read: Any = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
        samples, _rate = read
        distances[name] = abs(measure_loudness(samples) - TARGET_LUFS)
    far = [f"{name}: {distance:.1f}" for name, distance in distances.items() if distance > 1]
    note = f"{len(sounds)} sounds as people hear them, decoded (ITU-R BS.1770-4){_named(far)}"
    return Row(name="furthest from -16 LUFS", unit="LU", samples=(max(distances.values(), default=0.0),), note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizedReply:
    """A reply and the size limit, in bytes, that held when it was asked for."""

    name: str
    message: Json
    limit_bytes: int


def size_rows(replies: Sequence[SizedReply], *, num_refused: int) -> list[Row]:
    """Count replies with a file over their limit, and replies whose words were cut or kept out.

    ``num_refused``: what Discord did not take, because it was too large or too long.
    """
    large = [
        f"{each.name}: {file['filename']}"
        for each in replies
        for file in files_of(each.message)
        if int(file["size"]) > each.limit_bytes
    ]
    cut = [each.name for each in replies if is_cut(text_of(each.message))]
    silent = [each.name for each in replies if not files_of(each.message) and not text_of(each.message)]
    limits = sorted({each.limit_bytes for each in replies})
    among = f"of {len(replies)} replies at limits of {', '.join(f'{limit:,}' for limit in limits)} bytes"
    return [
        Row(
            name="over the size limit",
            unit="",
            samples=(float(len(large) + num_refused),),
            note=f"{among}{_named(large)}",
        ),
        Row(name="text lost", unit="", samples=(float(len(cut) + len(silent)),), note=f"{among}{_named(cut + silent)}"),
    ]


def is_cut(text: str) -> bool:
    """Tell whether words were cut; a row of notes that says “and so on” is none."""
    return any(line.rstrip().endswith(_CUT) for line in text.splitlines())


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 0.0


def _named(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"; not: {', '.join(names[:_NAMED])}{more}"
