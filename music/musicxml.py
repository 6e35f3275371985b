"""MusicXML <-> ``Piece`` through music21. It knows nothing of zip files and hostile XML (``music/musicxml_safety.py``).

Reading: repeats are played out, ties joined, chord symbols kept in ``Piece.chords``, a pick-up bar is filled up with a
rest in front so that bar lines fall on the metre; grace notes, lyrics and ornaments are dropped.
Two staves of one player are one track again in files of ours; in others they stay two, as their parts are named.
Writing is done by ``notation_writing`` and ``musicxml_writing``. music21 takes 0.3 s to import and is imported inside
functions only.
"""

# music21's streams are untyped containers; values are converted where they enter.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from core.errors import MusicXMLFileError, UploadTooLargeError
from music.chords import NO_CHORD
from music.midi import MAX_NOTES, is_sane_metre
from music.musicxml_safety import parse_safely
from music.musicxml_writing import SOFTWARE, write_score_xml
from music.notation.writing import write_score
from music.piece import (
    DEFAULT_TICKS_PER_QUARTER,
    ChordSymbol,
    KeySignature,
    Note,
    Piece,
    Tempo,
    TimeSignature,
    Track,
)
from music.time_grid import metre_bar_ticks
from music.transform import shift_ticks

SUFFIXES = (".musicxml", ".xml", ".mxl")
_MAX_QUARTERS = 40_000
_DAMAGED = "This MusicXML file cannot be read. Export it again from your score editor, or send it as MIDI."


def read_musicxml(data: bytes, *, max_notes: int = MAX_NOTES) -> Piece:
    """Return the piece in a MusicXML file (.musicxml, .xml or compressed .mxl).

    Raises:
        MusicXMLFileError: if it is not readable or not safe.
        UploadTooLargeError: for too many bytes or notes.
    """
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    root = parse_safely(data, max_notes=max_notes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # music21 warns of every oddity of a score; players do not
        try:
            importer: Any = MusicXMLImporter()
            importer.xmlRoot = root
            importer.xmlRootToScore(root, importer.stream)
            return piece_from_score(importer.stream, max_notes=max_notes)
        except UploadTooLargeError:
            raise
        except Exception as error:  # music21 raises everything from KeyError to its own classes on odd scores
            raise MusicXMLFileError(_DAMAGED) from error


def write_musicxml(piece: Piece) -> bytes:
    """Return the piece as an uncompressed MusicXML file, its rhythm simplified for reading."""
    return write_score_xml(write_score(piece))


# --- reading


def piece_from_score(score: Any, *, max_notes: int = MAX_NOTES) -> Piece:
    """Return the piece in a music21 score.

    Raises:
        UploadTooLargeError: when its repeats unfold to too many notes, or it is too long.
    """
    from music21 import meter, tempo

    score = _expand_repeats(score)
    parts = list(score.parts) or [score]
    first = parts[0].flatten()
    metres = _drop_repeats(
        TimeSignature(_ticks(each.offset), each.numerator, each.denominator)
        for each in first.getElementsByClass(meter.TimeSignature)
        if is_sane_metre(each.numerator, each.denominator)
    )
    tempos = sorted(
        {
            _ticks(each.getOffsetInHierarchy(score)): round(float(each.getQuarterBPM() or 120.0), 4)
            for each in score.recurse().getElementsByClass(tempo.MetronomeMark)
        }.items()
    )
    tracks = tuple(track for player in _players(score, parts) for track in _join_staves(player))
    piece = Piece(
        tracks=tracks,
        tempos=_from_start([Tempo(onset, min(max(bpm, 4.0), 1000.0)) for onset, bpm in tempos], Tempo(0, 120.0)),
        time_signatures=_from_start(metres, TimeSignature(0, 4, 4)),
        key_signatures=tuple(_read_keys(first)),
        chords=tuple(sorted({chord for part in parts for chord in _read_chords(part)})),
        title=_title(score),
        length_ticks=_ticks(score.highestTime),
    )
    if piece.num_notes > max_notes:
        raise UploadTooLargeError(what="notes", limit=max_notes, actual=piece.num_notes)
    if piece.length_ticks > _MAX_QUARTERS * DEFAULT_TICKS_PER_QUARTER:
        raise UploadTooLargeError(what="quarter notes", limit=_MAX_QUARTERS)
    return _fill_pick_up(piece, first_bar_ticks=_first_bar_ticks(parts[0]))


def _title(score: Any) -> str:
    title = str(score.metadata.bestTitle or "") if score.metadata else ""
    return "" if title.lower().endswith(SUFFIXES) else title  # some editors write the file's name


def _expand_repeats(score: Any) -> Any:
    from music21 import bar, repeat

    if not any(score.recurse().getElementsByClass((bar.Repeat, repeat.RepeatMark))):
        return score
    try:
        return score.expandRepeats()
    except (repeat.ExpanderException, ValueError, IndexError, AttributeError, TypeError):
        return score  # repeats that contradict each other are ignored, as players do


def _players(score: Any, parts: list[Any]) -> Iterator[list[Any]]:
    """Yield the parts by player: the staves of one keyboard together, where we wrote the file ourselves."""
    software = getattr(score.metadata, "software", None) or () if score.metadata else ()
    is_ours = any(str(name) == SOFTWARE for name in software)
    by_player: dict[str, list[Any]] = {}
    for index, part in enumerate(parts):
        player = str(part.id).partition("-Staff")[0] if is_ours and "-Staff" in str(part.id) else f"#{index}"
        by_player.setdefault(player, []).append(part)
    yield from by_player.values()


def _join_staves(staves: list[Any]) -> Iterator[Track]:
    """Yield the tracks of one player, the notes of all staves in one."""
    tracks = [track for staff in staves for track in _read_part(staff)]
    if len(staves) == 1 or not tracks:
        yield from tracks
        return
    notes = tuple(note for track in tracks for note in track.notes)
    yield replace(tracks[0], notes=notes)


def _read_part(part: Any) -> Iterator[Track]:
    """Yield the track of a part, and a drum track beside it if it also has unpitched notes."""
    from music21 import chord, harmony, instrument, note, percussion

    program, name = 0, str(part.partName or "")
    for each in part.recurse().getElementsByClass(instrument.Instrument):
        if each.midiProgram is not None:
            program = int(each.midiProgram)
            break
    is_drum = any(
        each.midiChannel == 9 or isinstance(each, instrument.UnpitchedPercussion)
        for each in part.recurse().getElementsByClass(instrument.Instrument)
    )

    pitched: list[Note] = []
    unpitched: list[Note] = []
    for element in part.stripTies().flatten().notes:
        duration = Fraction(element.quarterLength)
        if duration <= 0 or isinstance(element, harmony.Harmony):
            continue
        onset_ticks = _ticks(element.offset)
        length_ticks = max(_ticks(element.offset + element.quarterLength) - onset_ticks, 1)
        velocity = _velocity(element)
        if isinstance(element, note.Note):
            pitched.append(Note(onset_ticks, _in_range(element.pitch.midi), length_ticks, velocity))
        elif isinstance(element, chord.Chord):
            pitches = {_in_range(pitch.midi) for pitch in element.pitches}
            pitched += [Note(onset_ticks, pitch, length_ticks, velocity) for pitch in sorted(pitches)]
        elif isinstance(element, note.Unpitched | percussion.PercussionChord):
            strokes = [element] if isinstance(element, note.Unpitched) else list(element.notes)
            sounds = sorted(
                {_in_range(each.pitch.midi) if isinstance(each, note.Note) else _drum_sound(each) for each in strokes}
            )
            unpitched += [Note(onset_ticks, sound, length_ticks, velocity) for sound in sounds]
    if pitched:
        yield Track(notes=tuple(pitched), program=0 if is_drum else program, is_drum=is_drum, name=name)
    if unpitched:
        yield Track(notes=tuple(unpitched), is_drum=True, name=name)


def _read_chords(part: Any) -> Iterator[ChordSymbol]:
    from music21 import harmony

    kinds = {
        "major": "maj", "minor": "min", "diminished": "dim", "augmented": "aug", "dominant-seventh": "7",
        "major-seventh": "maj7", "minor-seventh": "min7", "half-diminished-seventh": "hdim7",
        "diminished-seventh": "dim7", "minor-major-seventh": "minmaj7", "suspended-fourth": "sus4",
        "suspended-second": "sus2", "power": "5", "major-sixth": "6", "minor-sixth": "min6", "dominant-ninth": "9",
        "major-ninth": "maj7", "minor-ninth": "min7", "dominant-11th": "7sus4", "major-11th": "maj7", "minor-11th": "min7",
        "dominant-13th": "7", "major-13th": "maj7", "minor-13th": "min7", "augmented-seventh": "7",
        "augmented-major-seventh": "maj7", "half-diminished": "hdim7",
    }  # fmt: skip
    for symbol in part.flatten().getElementsByClass(harmony.Harmony):
        onset_ticks = _ticks(symbol.offset)
        if isinstance(symbol, harmony.NoChord):
            yield ChordSymbol(onset_ticks, 0, NO_CHORD, 0)
            continue
        root = symbol.root(find=False)
        if root is None:
            continue
        bass = symbol.bass(find=False) or root
        quality = kinds.get(symbol.chordKind, "maj")
        yield ChordSymbol(onset_ticks, int(root.pitchClass), quality, int(bass.pitchClass))


def _read_keys(first: Any) -> Iterator[KeySignature]:
    from music21 import key

    last: tuple[int, bool] | None = None
    for each in first.getElementsByClass(key.KeySignature):
        mode = each.mode if isinstance(each, key.Key) else "major"
        found = (int(each.sharps) * 7 + (9 if mode == "minor" else 0)) % 12, mode == "minor"
        if found != last:
            yield KeySignature(_ticks(each.offset), *found)
        last = found


def _velocity(element: Any) -> int:
    velocity = element.volume.velocity
    return min(max(int(velocity), 1), 127) if velocity is not None else 80


def _in_range(pitch: float) -> int:
    return min(max(round(pitch), 0), 127)


def _drum_sound(element: Any) -> int:
    """Return the General MIDI drum of an unpitched note: its instrument's, else one by its place on the staff."""
    stored = getattr(element.storedInstrument, "percMapPitch", None)
    if stored is not None:
        return _in_range(stored)
    by_step = {"F": 36, "C": 38, "G": 42, "A": 43, "D": 45, "E": 47, "B": 51}
    return by_step.get(element.displayStep, 38)


def _first_bar_ticks(part: Any) -> int | None:
    from music21 import stream

    measures = list(part.getElementsByClass(stream.Measure))
    return _ticks(measures[1].offset) if len(measures) > 1 else None


def _fill_pick_up(piece: Piece, *, first_bar_ticks: int | None) -> Piece:
    """Move a piece whose first bar is short to the right, so that its second bar begins where bar 1 does."""
    bar_ticks = metre_bar_ticks(piece.time_signatures[0], piece.ticks_per_quarter)
    if first_bar_ticks is None or not 0 < first_bar_ticks < bar_ticks:
        return piece
    moved = shift_ticks(piece, ticks=bar_ticks - first_bar_ticks)
    return Piece(
        tracks=moved.tracks,
        tempos=(moved.tempos[0]._replace(onset_ticks=0), *moved.tempos[1:]),
        time_signatures=(moved.time_signatures[0]._replace(onset_ticks=0), *moved.time_signatures[1:]),
        key_signatures=tuple(
            key._replace(onset_ticks=0) if index == 0 else key for index, key in enumerate(moved.key_signatures)
        ),
        chords=moved.chords,
        title=moved.title,
        length_ticks=moved.length_ticks,
    )


def _from_start(events: list[Any], default: Any) -> tuple[Any, ...]:
    """Return events of which exactly one stands at the start."""
    early = [event for event in events if event.onset_ticks <= 0]
    start = early[-1]._replace(onset_ticks=0) if early else default
    return (start, *(event for event in events if event.onset_ticks > 0))


def _drop_repeats(metres: Iterator[TimeSignature]) -> list[TimeSignature]:
    kept: list[TimeSignature] = []
    for metre in metres:
        if not kept or kept[-1][1:] != metre[1:]:
            kept.append(metre)
    return kept


def _ticks(quarters: Any) -> int:
    """Return a place or a length; what backing up or notes of negative length put before the beginning stands at it."""
    return max(0, round(Fraction(quarters).limit_denominator(10_000) * DEFAULT_TICKS_PER_QUARTER))
