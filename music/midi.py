"""Standard MIDI Files <-> ``Piece``: symusic reads, pretty_midi writes. It knows nothing of limits per user or of sound.

Reading is tolerant where players are: wrapped and cut files, data bytes over 127, nonsense metres, notes without
length. Lyrics and other text are dropped. Writing keeps every tick, and what MIDI has no place for (title, chords,
a rest at the end, the recipe) travels in text events of our own, so ``read_midi(write_midi(piece))`` is the piece,
except that

- tracks without notes are dropped, and text in names is cut to ``MAX_NAME_LENGTH``;
- tempos are whole microseconds per quarter note;
- notes of one pitch and track that overlap end in the order in which they began, and of several with one onset the
  longer is the louder (MIDI cannot say otherwise; ``untangle_notes``).
"""

# symusic, pretty_midi and mido ship no types; their values are annotated or converted where they enter.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import symusic

from core.errors import MIDIFileError, UploadTooLargeError
from music import midi_channels, midi_chunks
from music.piece import (
    ChordSymbol,
    ControlChange,
    KeySignature,
    Note,
    Piece,
    PitchBend,
    Tempo,
    TimeSignature,
    Track,
)

with contextlib.redirect_stdout(
    io.StringIO()
):  # it looks for FluidSynth, whose binding tells everybody where it was found
    import pretty_midi

SUFFIXES = (".mid", ".midi", ".kar")
MAX_NOTES = 500_000
MAX_HOURS = 5
MAX_TRACKS = 256
MAX_CHANGES = 20_000
"""Of tempo, of metre and of key, each: twenty hours of a change in every bar of 4/4."""
MAX_CONTROLS = 500_000
"""Controllers, pitch bends and words together."""
MAX_NAME_LENGTH = 64
MICROSECONDS_PER_MINUTE = 60_000_000
_MAX_TICKS = 0x0FFFFFFF  # the longest wait that a file can say; symusic counts in 32 bits
_MIN_BPM, _MAX_BPM = 4.0, 1000.0
_OWN_PREFIX = "tutti."
_CHORD_TEXT = re.compile(r"([0-9]{1,2}) ([^ ]*) ([0-9]{1,2})")

_Event = TypeVar("_Event", Tempo, TimeSignature, KeySignature)
_TimedEvent = TypeVar("_TimedEvent", Tempo, TimeSignature, KeySignature, ControlChange, PitchBend)


def read_midi(data: bytes, *, max_notes: int = MAX_NOTES, max_hours: float = MAX_HOURS) -> Piece:
    """Return the piece in a Standard MIDI File of format 0 or 1.

    Raises:
        MIDIFileError: if it is not one.
        UploadTooLargeError: for more than ``max_notes`` notes or ``max_hours`` hours, or more of anything else than music has.
    """
    data = midi_chunks.repair_file(data)
    try:
        score: Any = symusic.Score.from_midi(data, sanitize_data=True)
        num_notes = sum(len(track.notes) for track in score.tracks)
        end_ticks = max(score.end(), 0)
    except (RuntimeError, ValueError, OverflowError, MemoryError, UnicodeError) as error:
        raise MIDIFileError(
            "This MIDI file is damaged and cannot be read. Export it anew and send it again."
        ) from error

    if num_notes > max_notes:
        raise UploadTooLargeError(what="notes", limit=max_notes, actual=num_notes)
    _refuse_floods(score)
    piece = Piece(
        tracks=_read_tracks(score),
        ticks_per_quarter=int(score.ticks_per_quarter),
        tempos=_read_tempos(score),
        time_signatures=_read_metres(score),
        key_signatures=_read_keys(score),
    )
    if end_ticks > _MAX_TICKS or _estimate_hours(piece) > max_hours:
        raise UploadTooLargeError(what="minutes", limit=int(max_hours * 60))
    return _with_own_texts(piece, data)


def write_midi(piece: Piece, *, recipe: str = "", credit_lines: Sequence[str] = ()) -> bytes:
    """Return a Standard MIDI File of format 1; ``recipe`` (seed, settings, ...) is kept for ``read_recipe``.

    ``credit_lines`` say who wrote the music, for ``read_credit_lines`` and for every program that shows text events.
    """
    writer = _TickWriter(piece, recipe=recipe, credit_lines=credit_lines)
    buffer = io.BytesIO()
    writer.write(buffer)
    data = buffer.getvalue()
    return midi_channels.spread_channels(data, piece) if midi_channels.is_crowded(piece) else data


def read_recipe(data: bytes) -> str:
    """Return the recipe that ``write_midi`` put into a file, or an empty string.

    Raises:
        MIDIFileError: if it is not a MIDI file.
    """
    return _own_texts(midi_chunks.repair_file(data)).get("recipe", [(0, "")])[0][1]


def read_credit_lines(data: bytes) -> tuple[str, ...]:
    """Return who wrote the music, as ``write_midi`` put it into a file; nothing where nobody is named.

    Raises:
        MIDIFileError: if it is not a MIDI file.
    """
    return tuple(text for _, text in _own_texts(midi_chunks.repair_file(data)).get("credit", []))


def drop_credit_lines(data: bytes) -> bytes:
    """Return a file of ours as ``write_midi`` would have written it without credit lines; other bytes come back as they are."""
    prefix = f"{_OWN_PREFIX}credit=".encode()
    return midi_chunks.drop_texts(data, prefix) if prefix in data else data


# --- reading


def _refuse_floods(score: Any) -> None:
    """Refuse what would take Python longer than anybody waits, while it is still numbers in symusic's hands."""
    num_controls = sum(len(each.controls) + len(each.pitch_bends) + len(each.lyrics) for each in score.tracks)
    for what, actual, limit in (
        ("tracks", sum(len(each.notes) > 0 for each in score.tracks), MAX_TRACKS),
        ("changes of tempo", len(score.tempos), MAX_CHANGES),
        ("changes of metre", len(score.time_signatures), MAX_CHANGES),
        ("changes of key", len(score.key_signatures), MAX_CHANGES),
        ("controllers, bends and words", num_controls + len(score.markers), MAX_CONTROLS),
    ):
        if actual > limit:
            raise UploadTooLargeError(what=what, limit=limit, actual=actual)


def _read_tracks(score: Any) -> tuple[Track, ...]:
    tracks: list[Track] = []
    for track in score.tracks:
        notes = track.notes.numpy()
        values = zip(
            notes["time"].tolist(),
            notes["pitch"].tolist(),
            notes["duration"].tolist(),
            notes["velocity"].tolist(),
            strict=True,
        )
        found = tuple(
            Note(time, pitch, max(duration, 1), velocity)
            for time, pitch, duration, velocity in values
            if time >= 0 and 0 <= pitch <= 127 and 1 <= velocity <= 127
        )
        if not found:
            continue
        found = untangle_notes(found)
        controls, bends = track.controls.numpy(), track.pitch_bends.numpy()
        tracks.append(
            Track(
                notes=found,
                program=0 if track.is_drum else min(int(track.program), 127),
                is_drum=bool(track.is_drum),
                name=_clean_name(track),
                control_changes=_in_time(
                    map(
                        ControlChange,
                        controls["time"].tolist(),
                        controls["number"].tolist(),
                        controls["value"].tolist(),
                    )
                ),
                pitch_bends=_in_time(map(PitchBend, bends["time"].tolist(), bends["value"].tolist())),
            )
        )
    return tuple(tracks)


def _in_time(events: Iterable[_TimedEvent]) -> tuple[_TimedEvent, ...]:
    """Drop events whose time ran over the 32 bits that symusic counts in, or lies where no piece of ours reaches."""
    return tuple(event for event in events if 0 <= event.onset_ticks <= _MAX_TICKS)


def untangle_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return notes as MIDI can say them: of several with one onset and pitch, the longer is the louder.

    Note-offs name no note, so readers end the one that began first, and writers sort equal onsets by velocity.
    """
    num_sounds = len({(note.onset_ticks, note.pitch) for note in notes})
    if num_sounds == len(notes):
        return notes
    groups: dict[tuple[int, int], list[Note]] = {}
    for note in notes:
        groups.setdefault((note.onset_ticks, note.pitch), []).append(note)
    return tuple(
        Note(onset_ticks, pitch, duration_ticks, velocity)
        for (onset_ticks, pitch), group in groups.items()
        for duration_ticks, velocity in zip(
            sorted(note.duration_ticks for note in group), sorted(note.velocity for note in group), strict=True
        )
    )


def _clean_name(track: Any) -> str:
    """Track names come in any encoding and may hold control characters."""
    try:
        name = str(track.name)
    except UnicodeDecodeError:
        return ""
    printable = "".join(character for character in name if character.isprintable() and character != "\ufffd")
    return printable.strip()[:MAX_NAME_LENGTH].strip()


def _read_tempos(score: Any) -> tuple[Tempo, ...]:
    values = score.tempos.numpy()
    found = [
        Tempo(time, microseconds_to_bpm(microseconds))
        for time, microseconds in zip(values["time"].tolist(), values["mspq"].tolist(), strict=True)
        if microseconds > 0 and _MIN_BPM <= MICROSECONDS_PER_MINUTE / microseconds <= _MAX_BPM
    ]
    return _only_changes(found, default=Tempo(0, 120.0))


def _read_metres(score: Any) -> tuple[TimeSignature, ...]:
    values = score.time_signatures.numpy()
    found = [
        TimeSignature(*event)
        for event in zip(
            values["time"].tolist(), values["numerator"].tolist(), values["denominator"].tolist(), strict=True
        )
    ]
    sane = [metre for metre in found if is_sane_metre(metre.numerator, metre.denominator)]
    return _only_changes(sane, default=TimeSignature(0, 4, 4))


def _read_keys(score: Any) -> tuple[KeySignature, ...]:
    values = score.key_signatures.numpy()
    found: list[KeySignature] = []
    for time, fifths, mode in zip(
        values["time"].tolist(), values["key"].tolist(), values["tonality"].tolist(), strict=True
    ):
        if -7 <= fifths <= 7 and mode in {0, 1}:
            found.append(KeySignature(time, (fifths * 7 + 9 * mode) % 12, bool(mode)))
    return _only_changes(found, default=None)


def is_sane_metre(numerator: int, denominator: int) -> bool:
    """Whether a metre is one that people write: files also say 1/4, 149/4 or 0/4 and mean nothing by it."""
    if denominator not in {2, 4, 8, 16, 32} or not 2 <= numerator <= 24:
        return False
    return 0.5 <= 4 * numerator / denominator <= 8


def _only_changes(events: Sequence[_Event], *, default: _Event | None) -> tuple[_Event, ...]:
    """Keep the last event of each tick and drop those that repeat the value before; begin at tick 0."""
    by_tick = {event.onset_ticks: event for event in sorted(_in_time(events), key=lambda event: event.onset_ticks)}
    if default is not None:
        by_tick = {0: default} | by_tick
    kept: list[_Event] = []
    for event in sorted(by_tick.values(), key=lambda event: event.onset_ticks):
        if not kept or kept[-1][1:] != event[1:]:
            kept.append(event)
    return tuple(kept)


def microseconds_to_bpm(microseconds_per_quarter: int) -> float:
    """Return the shortest decimal tempo that is written as exactly this many microseconds (545455 gives 110.0)."""
    exact = MICROSECONDS_PER_MINUTE / microseconds_per_quarter
    for num_digits in range(7):
        bpm = round(exact, num_digits)
        if bpm > 0 and bpm_to_microseconds(bpm) == microseconds_per_quarter:
            return bpm
    return exact


def bpm_to_microseconds(bpm: float) -> int:
    """Return whole microseconds per quarter note, as MIDI stores a tempo in three bytes."""
    return min(max(round(MICROSECONDS_PER_MINUTE / bpm), 1), 0xFFFFFF)


def _estimate_hours(piece: Piece) -> float:
    end_ticks = piece.length_ticks
    stops = [*(tempo.onset_ticks for tempo in piece.tempos[1:]), end_ticks]
    seconds = 0.0
    for tempo, stop_ticks in zip(piece.tempos, stops, strict=True):
        length_ticks = max(min(stop_ticks, end_ticks) - tempo.onset_ticks, 0)
        seconds += length_ticks / piece.ticks_per_quarter * 60 / tempo.bpm
    return seconds / 3600


def _own_texts(data: bytes) -> dict[str, list[tuple[int, str]]]:
    """Return the text events that ``write_midi`` adds, by kind."""
    if _OWN_PREFIX.encode() not in data:
        return {}
    found: dict[str, list[tuple[int, str]]] = {}
    for onset_ticks, body in midi_chunks.iterate_texts(data):
        text = body.decode("utf-8", errors="replace")
        kind, separator, value = text.removeprefix(_OWN_PREFIX).partition("=")
        if text.startswith(_OWN_PREFIX) and separator:
            found.setdefault(kind, []).append((onset_ticks, value))
    return found


def _with_own_texts(piece: Piece, data: bytes) -> Piece:
    texts = _own_texts(data)
    if not texts:
        return piece
    chords: list[ChordSymbol] = []
    for onset_ticks, value in texts.get("chord", ()):
        if onset_ticks <= _MAX_TICKS and (parts := _CHORD_TEXT.fullmatch(value)):
            root, quality, bass = parts.groups()
            chords.append(ChordSymbol(onset_ticks, int(root) % 12, quality, int(bass) % 12))
    return Piece(
        tracks=piece.tracks,
        ticks_per_quarter=piece.ticks_per_quarter,
        tempos=piece.tempos,
        time_signatures=piece.time_signatures,
        key_signatures=piece.key_signatures,
        chords=tuple(chords),
        title=texts.get("title", [(0, "")])[0][1],
        length_ticks=min(texts.get("length", [(0, "")])[0][0], _MAX_TICKS),
    )


# --- writing


class _TickWriter(pretty_midi.PrettyMIDI):
    """pretty_midi with ticks in place of seconds: its own way through floating-point seconds may move a note by a tick."""

    def __init__(self, piece: Piece, *, recipe: str, credit_lines: Sequence[str]) -> None:
        super().__init__(resolution=piece.ticks_per_quarter, charset="utf-8")
        # pretty_midi truncates scale * resolution * 1e6 to whole microseconds; half of one more makes that exact.
        self._tick_scales = [
            (tempo.onset_ticks, (bpm_to_microseconds(tempo.bpm) + 0.5) / 1e6 / piece.ticks_per_quarter)
            for tempo in piece.tempos
        ]
        self.time_signature_changes = [
            pretty_midi.TimeSignature(metre.numerator, metre.denominator, metre.onset_ticks)
            for metre in piece.time_signatures
        ]
        self.key_signature_changes = [
            pretty_midi.KeySignature(key.tonic + 12 * key.is_minor, key.onset_ticks) for key in piece.key_signatures
        ]
        self.text_events = [
            pretty_midi.Text(text, onset_ticks) for onset_ticks, text in _texts_of(piece, recipe, credit_lines)
        ]
        self.instruments = [_instrument(track) for track in piece.tracks]

    def time_to_tick(self, time: float) -> int:
        return int(time)


def _texts_of(piece: Piece, recipe: str, credit_lines: Sequence[str]) -> Iterable[tuple[int, str]]:
    if recipe:
        yield 0, f"{_OWN_PREFIX}recipe={recipe}"
    for line in credit_lines:
        yield 0, f"{_OWN_PREFIX}credit={line}"
    if piece.title:
        yield 0, f"{_OWN_PREFIX}title={piece.title}"
    for chord in piece.chords:
        yield chord.onset_ticks, f"{_OWN_PREFIX}chord={chord.root} {chord.quality} {chord.bass}"
    if piece.length_ticks > piece.stop_ticks:
        yield piece.length_ticks, f"{_OWN_PREFIX}length="


def _instrument(track: Track) -> pretty_midi.Instrument:
    instrument = pretty_midi.Instrument(program=track.program, is_drum=track.is_drum, name=track.name)
    instrument.notes = [
        pretty_midi.Note(velocity=note.velocity, pitch=note.pitch, start=note.onset_ticks, end=note.stop_ticks)
        for note in track.notes
    ]
    instrument.control_changes = [
        pretty_midi.ControlChange(change.number, change.value, change.onset_ticks) for change in track.control_changes
    ]
    instrument.pitch_bends = [pretty_midi.PitchBend(bend.value, bend.onset_ticks) for bend in track.pitch_bends]
    return instrument
