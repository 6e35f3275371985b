"""``Score`` -> MusicXML 4.0 (W3C, 2021). It knows nothing of how music is brought into that form.

What sounds is in it, too: programs, drum sounds, loudness. ``musicxml.read_musicxml`` gives back the same notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from music.chords import NO_CHORD
from music.names import instrument_name
from music.notation.grid import is_compound
from music.notation.score import (
    STEPS_PER_QUARTER,
    BarFrame,
    Clef,
    Score,
    Spelling,
    Symbol,
    WrittenBar,
    WrittenNote,
    WrittenPart,
)
from music.notation.spelling import place_drum, spell, spell_class
from music.piece import DRUM_PROGRAM, ChordSymbol

SOFTWARE = "Tutti"
_DOCTYPE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_FORTE_VELOCITY = 90  # MusicXML's loudness is in percent of this
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_KINDS = {
    "maj": ("major", ""), "min": ("minor", "m"), "dim": ("diminished", "dim"), "aug": ("augmented", "+"),
    "7": ("dominant", "7"), "maj7": ("major-seventh", "maj7"), "min7": ("minor-seventh", "m7"),
    "hdim7": ("half-diminished", "m7♭5"), "dim7": ("diminished-seventh", "dim7"), "minmaj7": ("major-minor", "m(maj7)"),
    "sus4": ("suspended-fourth", "sus4"), "sus2": ("suspended-second", "sus2"), "5": ("power", "5"),
    "6": ("major-sixth", "6"), "min6": ("minor-sixth", "m6"), "9": ("dominant-ninth", "9"), "add9": ("major", "add9"),
    "7sus4": ("suspended-fourth", "7sus4"),
}  # fmt: skip
_VOICES_PER_STAFF = 4


def write_score_xml(score: Score) -> bytes:
    """Return a score as an uncompressed MusicXML file."""
    root = ET.Element("score-partwise", version="4.0")
    if score.title:
        _add(_add(root, "work"), "work-title", score.title)
    about = _add(root, "identification")
    if score.credit_line:
        _add(about, "creator", score.credit_line, type="composer")
    if score.rights:
        _add(about, "rights", score.rights)
    _add(_add(about, "encoding"), "software", SOFTWARE)
    _write_credit(root, "title", score.title, justify="center", font_size=22)
    _write_credit(root, "composer", score.credit_line, justify="right", font_size=11)
    listing = _add(root, "part-list")
    for index, part in enumerate(score.parts):
        _list_part(listing, part, index)
    for index in range(len(score.parts)):
        _write_part(root, score, index)
    ET.indent(root, space=" ")
    return _DOCTYPE + ET.tostring(root, encoding="utf-8") + b"\n"


def _write_credit(root: ET.Element, kind: str, text: str, *, justify: str, font_size: int) -> None:
    """Write what stands at the top of the first page, as editors and engravers show it."""
    if text:
        credit = _add(root, "credit", page="1")
        _add(credit, "credit-type", kind)
        place = {"justify": justify, "valign": "top", "font-size": str(font_size)}
        _add(credit, "credit-words", text, **place)


def _write_part(root: ET.Element, score: Score, index: int) -> None:
    """Write one part; the first bears the tempo, the first that is no drum kit the chords."""
    part, part_id = score.parts[index], f"P{index + 1}"
    has_chords = index == next((place for place, each in enumerate(score.parts) if not each.is_drum), 0)
    element = _add(root, "part", id=part_id)
    fifths, metre = 0, None
    for number, (frame, bar) in enumerate(zip(score.frames, part.bars, strict=True)):
        fifths = fifths if frame.fifths is None else frame.fifths
        measure = _add(element, "measure", number=str(number + 1))
        _write_attributes(measure, frame, part, is_first=number == 0)
        metre = metre if frame.metre is None else frame.metre
        if index == 0 and frame.tempo_bpm is not None:
            _write_tempo(measure, frame.tempo_bpm, has_dotted_beats=metre is not None and is_compound(metre))
        for offset_steps, chord in frame.chords if has_chords else ():
            _write_chord(measure, chord, fifths=fifths, offset_steps=offset_steps)
        _BarWriter(measure, part, part_id, fifths=fifths).write(bar, frame)
        if number == len(score.frames) - 1:
            _add(_add(measure, "barline", location="right"), "bar-style", "light-heavy")


def _list_part(listing: ET.Element, part: WrittenPart, index: int) -> None:
    part_id = f"P{index + 1}"
    entry = _add(listing, "score-part", id=part_id)
    _add(entry, "part-name", part.name)
    _add(entry, "part-abbreviation", part.short_name)
    sounds = _drum_sounds(part) if part.is_drum else (None,)
    for sound in sounds:
        # Readers guess a program from this name and may trust the guess more than the program beside it.
        played = instrument_name(DRUM_PROGRAM if part.is_drum else part.program)
        _add(_add(entry, "score-instrument", id=_instrument_id(part_id, sound)), "instrument-name", played)
    for sound in sounds:
        midi = _add(entry, "midi-instrument", id=_instrument_id(part_id, sound))
        _add(midi, "midi-channel", "10" if part.is_drum else str(index % 15 + (1 if index % 15 < 9 else 2)))
        _add(midi, "midi-program", str(part.program + 1))
        if sound is not None:
            _add(midi, "midi-unpitched", str(sound + 1))


def _drum_sounds(part: WrittenPart) -> tuple[int, ...]:
    notes = (
        note for bar in part.bars for staff in bar.staves for voice in staff for each in voice for note in each.notes
    )
    return tuple(sorted({note.pitch for note in notes}))


def _instrument_id(part_id: str, sound: int | None) -> str:
    return f"{part_id}-I1" if sound is None else f"{part_id}-I{sound + 1}"


def _write_attributes(measure: ET.Element, frame: BarFrame, part: WrittenPart, *, is_first: bool) -> None:
    if not is_first and frame.metre is None and frame.fifths is None:
        return
    attributes = _add(measure, "attributes")
    if is_first:
        _add(attributes, "divisions", str(STEPS_PER_QUARTER))
    if frame.fifths is not None and not part.is_drum:
        key = _add(attributes, "key")
        _add(key, "fifths", str(frame.fifths))
        _add(key, "mode", "minor" if frame.is_minor else "major")
    if frame.metre is not None:
        time = _add(attributes, "time")
        _add(time, "beats", str(frame.metre.numerator))
        _add(time, "beat-type", str(frame.metre.denominator))
    if is_first:
        if len(part.clefs) > 1:
            _add(attributes, "staves", str(len(part.clefs)))
        for number, clef in enumerate(part.clefs):
            _write_clef(attributes, clef, number=number + 1 if len(part.clefs) > 1 else None)


def _write_clef(attributes: ET.Element, clef: Clef, *, number: int | None) -> None:
    element = _add(attributes, "clef", **({} if number is None else {"number": str(number)}))
    _add(element, "sign", clef.sign)
    if clef.sign != "percussion":
        _add(element, "line", str(clef.line))
    if clef.octaves:
        _add(element, "clef-octave-change", str(clef.octaves))


def _write_tempo(measure: ET.Element, bpm: float, *, has_dotted_beats: bool) -> None:
    """Write a tempo, which is given in quarter notes, in the beats that people count."""
    direction = _add(measure, "direction", placement="above")
    metronome = _add(_add(direction, "direction-type"), "metronome")
    _add(metronome, "beat-unit", "quarter")
    if has_dotted_beats:
        _add(metronome, "beat-unit-dot")
    _add(metronome, "per-minute", f"{bpm / 1.5 if has_dotted_beats else bpm:.0f}")
    _add(direction, "sound", tempo=f"{bpm:.2f}")


def _write_chord(measure: ET.Element, chord: ChordSymbol, *, fifths: int, offset_steps: int) -> None:
    harmony = _add(measure, "harmony")
    if chord.quality == NO_CHORD:
        _add(_add(harmony, "root"), "root-step", "C", text="")
        _add(harmony, "kind", "none", text="N.C.")
    else:
        kind, text = _KINDS.get(chord.quality, ("major", chord.quality))
        _write_degree(harmony, "root", chord.root, fifths=fifths)
        _add(harmony, "kind", kind, text=text)
        if chord.bass != chord.root:
            _write_degree(harmony, "bass", chord.bass, fifths=fifths)
    if offset_steps:
        _add(harmony, "offset", str(offset_steps))


def _write_degree(harmony: ET.Element, name: str, pitch_class: int, *, fifths: int) -> None:
    letter, alter = spell_class(pitch_class, fifths=fifths)
    element = _add(harmony, name)
    _add(element, f"{name}-step", letter)
    if alter:
        _add(element, f"{name}-alter", str(alter))


class _BarWriter:
    """Writes the notes of one bar of one part, and the accidentals that they need."""

    def __init__(self, measure: ET.Element, part: WrittenPart, part_id: str, *, fifths: int) -> None:
        self._measure = measure
        self._part = part
        self._part_id = part_id
        self._fifths = fifths

    def write(self, bar: WrittenBar, frame: BarFrame) -> None:
        """Write all voices one after the other, going back to the bar's beginning between them."""
        is_first = True
        for staff, voices in enumerate(bar.staves):
            accidentals = {} if self._part.is_drum else self._find_accidentals(voices)
            for index, voice in enumerate(voices):
                if not is_first:
                    _add(_add(self._measure, "backup"), "duration", str(frame.num_steps))
                is_first = False
                stem = "" if len(voices) == 1 else ("up", "down")[index]
                for symbol in voice:
                    self._write_symbol(symbol, staff=staff, voice=index, stem=stem, accidentals=accidentals)

    def _find_accidentals(self, voices: Sequence[Sequence[Symbol]]) -> dict[tuple[int, int, int], str]:
        """Return the accidental of each (voice, first step, pitch) that needs one, by what the bar has said so far."""
        in_force: dict[tuple[str, int], int] = {}
        found: dict[tuple[int, int, int], str] = {}
        symbols = sorted(
            (
                (symbol.start_steps, index, symbol)
                for index, voice in enumerate(voices)
                for symbol in voice
                if symbol.notes
            ),
            key=lambda item: item[:2],
        )
        for start, index, symbol in symbols:
            for note in symbol.notes:
                spelling = spell(note.pitch, fifths=self._fifths)
                place = (spelling.letter, spelling.octave)
                expected = in_force.get(place, _alter_in_key(spelling.letter, self._fifths))
                if spelling.alter == expected or note.is_tied_from:
                    continue
                in_force[place] = spelling.alter
                found[index, start, note.pitch] = _ACCIDENTALS[spelling.alter]
        return found

    def _write_symbol(
        self, symbol: Symbol, *, staff: int, voice: int, stem: str, accidentals: dict[tuple[int, int, int], str]
    ) -> None:
        if symbol.is_hidden:
            forward = _add(self._measure, "forward")
            _add(forward, "duration", str(symbol.num_steps))
            _add(forward, "voice", self._voice(staff, voice))
            return
        for index, note in enumerate(symbol.notes or (None,)):
            element = _add(self._measure, "note")
            if index:
                _add(element, "chord")
            if note is None:
                _add(element, "rest", **({"measure": "yes"} if symbol.is_bar_rest else {}))
                _add(element, "duration", str(symbol.num_steps))
            else:
                self._write_sound(element, note, symbol.num_steps)
            _add(element, "voice", self._voice(staff, voice))
            if not symbol.is_bar_rest:
                accidental = accidentals.get((voice, symbol.start_steps, note.pitch)) if note else None
                self._write_value(element, symbol, note, stem, accidental)
            if len(self._part.clefs) > 1:
                _add(element, "staff", str(staff + 1))
            for number, beam in enumerate(symbol.beams if index == 0 else ()):
                _add(element, "beam", beam, number=str(number + 1))
            _write_notations(element, symbol, note, is_first=index == 0)

    def _write_sound(self, element: ET.Element, note: WrittenNote, num_steps: int) -> None:
        """Write what a player of the file needs: pitch, loudness, length, ties, and which drum it is."""
        element.set("dynamics", f"{note.velocity * 100 / _FORTE_VELOCITY:.2f}")
        self._write_pitch(element, note)
        _add(element, "duration", str(num_steps))
        _write_ties(element, note, name="tie")
        if self._part.is_drum:
            _add(element, "instrument", id=_instrument_id(self._part_id, note.pitch))

    def _write_pitch(self, element: ET.Element, note: WrittenNote) -> None:
        if self._part.is_drum:
            place = place_drum(note.pitch)
            unpitched = _add(element, "unpitched")
            _add(unpitched, "display-step", place.letter)
            _add(unpitched, "display-octave", str(place.octave))
            return
        spelling: Spelling = spell(note.pitch, fifths=self._fifths)
        pitch = _add(element, "pitch")
        _add(pitch, "step", spelling.letter)
        if spelling.alter:
            _add(pitch, "alter", str(spelling.alter))
        _add(pitch, "octave", str(spelling.octave))

    def _write_value(
        self, element: ET.Element, symbol: Symbol, note: WrittenNote | None, stem: str, accidental: str | None
    ) -> None:
        _add(element, "type", symbol.kind)
        for _ in range(symbol.num_dots):
            _add(element, "dot")
        if accidental:
            _add(element, "accidental", accidental)
        if symbol.triplet:
            change = _add(element, "time-modification")
            _add(change, "actual-notes", "6" if symbol.is_sextuplet else "3")
            _add(change, "normal-notes", "4" if symbol.is_sextuplet else "2")
        if note is not None and stem:
            _add(element, "stem", stem)
        if note is not None and self._part.is_drum and place_drum(note.pitch).head != "normal":
            _add(element, "notehead", place_drum(note.pitch).head)

    @staticmethod
    def _voice(staff: int, voice: int) -> str:
        return str(staff * _VOICES_PER_STAFF + voice + 1)


def _write_ties(element: ET.Element, note: WrittenNote, *, name: str) -> None:
    if note.is_tied_from:
        _add(element, name, type="stop")
    if note.is_tied_on:
        _add(element, name, type="start")


def _write_notations(element: ET.Element, symbol: Symbol, note: WrittenNote | None, *, is_first: bool) -> None:
    is_edge = is_first and symbol.triplet in {"start", "stop"}
    is_tied = note is not None and (note.is_tied_from or note.is_tied_on)
    if not is_edge and not is_tied:
        return
    notations = _add(element, "notations")
    if note is not None:
        _write_ties(notations, note, name="tied")
    if is_edge:
        _add(notations, "tuplet", type=symbol.triplet, number="1", bracket="yes")


def _alter_in_key(letter: str, fifths: int) -> int:
    """Return what the key signature does to a letter."""
    place = "FCGDAEB".index(letter)
    return int(place < fifths) if fifths >= 0 else -int(6 - place < -fifths)


def _add(parent: ET.Element, name: str, text: str = "", /, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, name, attributes)
    if text:
        element.text = "".join(character for character in text if character.isprintable())  # XML takes no others
    return element
