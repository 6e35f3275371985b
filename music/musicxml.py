"""MusicXML <-> ``Piece`` through music21. It knows nothing of zip files and hostile XML (``music/musicxml_safety.py``).

Reading: repeats are played out, ties joined, chord symbols kept in ``Piece.chords``, a pick-up bar is filled up with a
rest in front so that bar lines fall on the metre; grace notes, lyrics and ornaments are dropped.
Writing: notation needs simpler rhythm than sound, so notes snap to 12 steps a quarter note, and within a track a note
ends where the next one begins. music21 takes 0.3 s to import and is imported inside functions only.
"""

# music21's streams are untyped containers; values are converted where they enter.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from core.errors import MusicXMLFileError, UploadTooLargeError
from music.chords import NO_CHORD, chord_name
from music.midi import MAX_NOTES, is_sane_metre
from music.musicxml_safety import parse_safely
from music.names import instrument_name
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
from music.transform import quantize, shift_ticks

SUFFIXES = (".musicxml", ".xml", ".mxl")
_MAX_QUARTERS = 40_000
_STEPS_PER_QUARTER = 12
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
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(GeneralObjectExporter(score_from_piece(piece)).parse())


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
    tracks = tuple(track for part in parts for track in _read_part(part))
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


def _read_part(part: Any) -> Iterator[Track]:
    """Yield the track of a part, and a drum track beside it if it also has unpitched notes."""
    from music21 import chord, harmony, instrument, note

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
        elif isinstance(element, note.Unpitched):
            unpitched.append(Note(onset_ticks, _drum_sound(element), length_ticks, velocity))
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
    return tuple(events) if events and events[0].onset_ticks <= 0 else (default, *events)


def _drop_repeats(metres: Iterator[TimeSignature]) -> list[TimeSignature]:
    kept: list[TimeSignature] = []
    for metre in metres:
        if not kept or kept[-1][1:] != metre[1:]:
            kept.append(metre)
    return kept


def _ticks(quarters: Any) -> int:
    return round(Fraction(quarters).limit_denominator(10_000) * DEFAULT_TICKS_PER_QUARTER)


# --- writing


def score_from_piece(piece: Piece) -> Any:
    """Return a music21 score of a piece, its rhythm simplified for reading."""
    from music21 import key, metadata, meter, stream, tempo

    simple = quantize(piece, steps_per_quarter=_STEPS_PER_QUARTER)
    score = stream.Score()
    score.metadata = metadata.Metadata()
    score.metadata.title = piece.title or "Tutti"
    for index, track in enumerate(simple.tracks):
        part = _write_part(track, piece.ticks_per_quarter)
        if index == 0:
            for mark in piece.tempos:
                part.insert(_quarters(mark.onset_ticks, piece), tempo.MetronomeMark(number=round(mark.bpm, 2)))
            for symbol in _write_chords(piece):
                part.insert(*symbol)
        for metre in piece.time_signatures:
            part.insert(_quarters(metre.onset_ticks, piece), meter.TimeSignature(metre.name))
        for signature in piece.key_signatures:
            fifths = ((signature.tonic - 9 * signature.is_minor) * 7 + 5) % 12 - 5
            mark = key.KeySignature(fifths).asKey("minor" if signature.is_minor else "major")
            part.insert(_quarters(signature.onset_ticks, piece), mark)
        score.insert(0, part)
    return score


def _write_part(track: Track, ticks_per_quarter: int) -> Any:
    from music21 import chord, instrument, note, stream

    part: Any = stream.Part()
    part.partName = track.name or instrument_name(track.instrument)
    if track.is_drum:
        player: Any = instrument.UnpitchedPercussion()
        player.midiChannel = 9
        player.midiProgram = 0  # without a program, readers ignore the channel
    else:
        player = instrument.Instrument()
        player.midiProgram = track.program
    player.partName = part.partName
    part.insert(0, player)

    by_onset: dict[int, list[Note]] = {}
    for each in track.notes:
        by_onset.setdefault(each.onset_ticks, []).append(each)
    onsets = sorted(by_onset)
    for onset_ticks, next_ticks in zip(onsets, [*onsets[1:], None], strict=True):
        notes = by_onset[onset_ticks]
        length_ticks = max(each.duration_ticks for each in notes)
        length_ticks = length_ticks if next_ticks is None else min(length_ticks, next_ticks - onset_ticks)
        pitches = sorted({each.pitch for each in notes})
        element: Any = note.Note(pitches[0]) if len(pitches) == 1 else chord.Chord(pitches)
        element.quarterLength = _snap_length(length_ticks, ticks_per_quarter)
        element.volume.velocity = max(each.velocity for each in notes)
        part.insert(Fraction(onset_ticks, ticks_per_quarter).limit_denominator(_STEPS_PER_QUARTER), element)
    return part


def _write_chords(piece: Piece) -> Iterator[tuple[Fraction, Any]]:
    from music21 import harmony

    for symbol in piece.chords:
        if symbol.quality == NO_CHORD:
            yield _quarters(symbol.onset_ticks, piece), harmony.NoChord()
            continue
        root = chord_name(symbol._replace(quality="maj", bass=symbol.root)).replace("b", "-")
        kind = _MUSIC21_KINDS[symbol.quality]
        bass = chord_name(ChordSymbol(0, symbol.bass, "maj", symbol.bass)).replace("b", "-")
        written: Any = harmony.ChordSymbol(root=root, kind=kind, bass=bass if symbol.bass != symbol.root else None)
        written.writeAsChord = False
        yield _quarters(symbol.onset_ticks, piece), written


_MUSIC21_KINDS = {
    "maj": "major", "min": "minor", "dim": "diminished", "aug": "augmented", "7": "dominant-seventh", "maj7": "major-seventh",
    "min7": "minor-seventh", "hdim7": "half-diminished-seventh", "dim7": "diminished-seventh",
    "minmaj7": "minor-major-seventh", "sus4": "suspended-fourth", "sus2": "suspended-second", "5": "power",
    "6": "major-sixth", "min6": "minor-sixth", "9": "dominant-ninth", "add9": "major", "7sus4": "suspended-fourth",
}  # fmt: skip


def _quarters(ticks: int, piece: Piece) -> Fraction:
    return Fraction(ticks, piece.ticks_per_quarter).limit_denominator(_STEPS_PER_QUARTER)


def _snap_length(ticks: int, ticks_per_quarter: int) -> Fraction:
    return max(
        Fraction(ticks, ticks_per_quarter).limit_denominator(_STEPS_PER_QUARTER), Fraction(1, _STEPS_PER_QUARTER)
    )
