"""``Piece`` -> ``Score``: what a musician would want to read of it. It knows no file format and no picture.

Written music is simpler than played music: rhythm is brought to a grid, voices are at most two on a staff, tempo changes
too small to be noticed are left out. Every onset and pitch is kept; what sounds stays in the MIDI file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise

from core.errors import InputError
from music.analysis import find_key
from music.names import instrument_name
from music.notation.grid import Placed, WrittenBars, place_notes
from music.notation.score import QUARTER, BarFrame, Clef, Score, Voice, WrittenBar, WrittenPart
from music.notation.spelling import PERCUSSION, choose_clefs, fifths_of, place_drum
from music.notation.values import write_bars
from music.notation.voices import VoiceChord, VoiceLine, split_hands, split_voices
from music.piece import ChordSymbol, KeySignature, Piece, Track
from music.roles import PART_ROLES
from music.time_grid import TimeGrid

_NOTICED_TEMPO_SHARE = 0.04
_LONGEST_SHORT_NAME = 5
_SHORT_NAMES = {
    "piano": "Pno.", "keyboard": "Kbd.", "clavinet": "Clav.", "harpsichord": "Hpsd.", "celesta": "Cel.", "organ": "Org.",
    "accordion": "Acc.", "guitar": "Gtr.", "bass": "Bass", "violin": "Vln.", "viola": "Vla.", "cello": "Vc.",
    "violoncello": "Vc.", "contrabass": "Cb.", "strings": "Str.", "harp": "Hp.", "choir": "Ch.", "voice": "V.",
    "trumpet": "Tpt.", "trombone": "Tbn.", "tuba": "Tba.", "horn": "Hn.", "brass": "Br.", "sax": "Sax.", "saxophone": "Sax.",
    "oboe": "Ob.", "bassoon": "Bsn.", "clarinet": "Cl.", "piccolo": "Picc.", "flute": "Fl.", "recorder": "Rec.",
    "drums": "Dr.", "drum": "Dr.", "percussion": "Perc.", "timpani": "Timp.", "vibraphone": "Vib.", "marimba": "Mar.",
    "xylophone": "Xyl.", "glockenspiel": "Glock.", "lead": "Lead", "pad": "Pad", "soprano": "S.", "alto": "A.", "tenor": "T.",
}  # fmt: skip


def write_score(piece: Piece, *, credit_line: str = "", rights: str = "") -> Score:
    """Return a piece as written music. Tracks without notes are left out."""
    bars = WrittenBars.of_piece(piece)
    tracks = [track for track in piece.tracks if track.notes]
    names = name_parts(tracks)
    return Score(
        title=piece.title,
        parts=tuple(_write_part(track, name, bars) for track, name in zip(tracks, names, strict=True)),
        frames=_write_frames(piece, bars),
        credit_line=credit_line,
        rights=rights,
    )


def name_parts(tracks: Sequence[Track]) -> tuple[str, ...]:
    """Return what each part is called, all different: the track's name, else its instrument's."""
    plain = [_plain_name(track) for track in tracks]
    return tuple(
        f"{name} {plain[: index + 1].count(name)}" if plain.count(name) > 1 else name
        for index, name in enumerate(plain)
    )


def choose_part(piece: Piece, wanted: str) -> Piece:
    """Return the piece with one part only, by its number (from 1), its name, or its instrument.

    Raises:
        InputError: when there is none like that.
    """
    tracks = [track for track in piece.tracks if track.notes]
    names = name_parts(tracks)
    text = wanted.strip().casefold()
    same = (index for index, name in enumerate(names) if text in {str(index + 1), name.casefold()})
    alike = (index for index, name in enumerate(names) if text and text in name.casefold())
    played = (
        index for index, track in enumerate(tracks) if text and text in instrument_name(track.instrument).casefold()
    )
    index = next(chain(same, alike, played), None)
    if index is None:
        listing = ", ".join(f"{number + 1} {name}" for number, name in enumerate(names[:12]))
        raise InputError(f"There is no part “{wanted.strip()[:40]}”. Choose one of: {listing}.")
    return replace(piece, tracks=(tracks[index],))


def _plain_name(track: Track) -> str:
    """Return a part's name without the role that ``roles.name_part`` put behind it."""
    name = " ".join(track.name.split())
    plain, _, role = name.removesuffix(")").rpartition(" (")
    if plain and role in PART_ROLES:
        name = plain
    return name or instrument_name(track.instrument).capitalize()


# --- parts


def _write_part(track: Track, name: str, bars: WrittenBars) -> WrittenPart:
    placed = place_notes(track.notes, bars)
    if track.is_drum:
        clefs: tuple[Clef, ...] = (PERCUSSION,)
        staves = [_drum_lines(placed, bars)]
    else:
        clefs = choose_clefs([note.pitch for note in track.notes], program=track.program)
        hands = split_hands(placed, bars) if len(clefs) > 1 else (list(placed),)
        staves = [split_voices(hand, bars) for hand in hands]
    voices = [[write_bars(line, bars, is_second=index > 0) for index, line in enumerate(lines)] for lines in staves]
    return WrittenPart(
        name=name,
        short_name=_shorten(name),
        program=track.program,
        is_drum=track.is_drum,
        clefs=clefs,
        bars=tuple(
            WrittenBar(staves=tuple(_voices_of_bar([line[bar] for line in lines]) for lines in voices))
            for bar in range(bars.num_bars)
        ),
    )


def _voices_of_bar(voices: Sequence[Voice]) -> tuple[Voice, ...]:
    """Leave out second voices that are silent, and first ones that are where the second is not."""
    sounding = [voice for voice in voices if any(symbol.notes for symbol in voice)]
    if len(sounding) == len(voices) or not sounding:
        return tuple(voices) if sounding else (voices[0],)
    if sounding[0] is voices[0]:
        return (voices[0],)
    if all(not symbol.is_hidden for symbol in sounding[0]):
        return (sounding[0],)
    return tuple(voices)


def _drum_lines(placed: Sequence[Placed], bars: WrittenBars) -> tuple[VoiceLine, ...]:
    """Return (hands, feet): each stroke lasts until the next of its line, at most to the end of its beat."""
    lines: list[VoiceLine] = []
    for is_foot in (False, True):
        by_onset: dict[int, list[Placed]] = {}
        for note in placed:
            if place_drum(note.pitch).is_foot == is_foot:
                by_onset.setdefault(note.start_steps, []).append(note)
        onsets = sorted(by_onset)
        line: VoiceLine = []
        for onset, following in pairwise([*onsets, bars.starts_steps[-1]]):
            bar = bars.bar_of_step(onset)
            beat_steps = bars.beat_steps(bar)
            into_beat = (onset - bars.starts_steps[bar]) % beat_steps
            stop = min(following, onset - into_beat + beat_steps, bars.starts_steps[bar + 1])
            line.append(VoiceChord(onset, stop, sorted(by_onset[onset], key=lambda note: note.pitch)))
        lines.append(line)
    hands, feet = lines
    return (hands, feet) if hands and feet else (hands or feet,)


def _shorten(name: str) -> str:
    """Return what stands before the later lines of a part: "Pno.", "Vln. 2"."""
    words = name.replace("(", " ").replace(")", " ").split()
    number = words[-1] if len(words) > 1 and words[-1].isdigit() else ""
    spoken = [word.casefold() for word in words]
    telling = ["bass"] if "bass" in spoken and "guitar" in spoken else reversed(spoken)
    known = (_SHORT_NAMES[word] for word in telling if word in _SHORT_NAMES)
    first = words[0] if words else ""
    short = next(known, first if len(first) <= _LONGEST_SHORT_NAME else f"{first[:3]}.")
    return f"{short} {number}".strip()


# --- what all parts share


def _write_frames(piece: Piece, bars: WrittenBars) -> tuple[BarFrame, ...]:
    keys = _keys_by_bar(piece, bars)
    tempos = _tempos_by_bar(piece, bars)
    chords = _chords_by_bar(piece, bars)
    frames: list[BarFrame] = []
    last_metre = None
    for bar in range(bars.num_bars):
        metre = bars.metres[bar]
        is_new_metre = last_metre is None or metre[1:] != last_metre[1:]
        last_metre = metre
        key = keys.get(bar)
        frames.append(
            BarFrame(
                num_steps=bars.num_steps(bar),
                metre=metre if is_new_metre else None,
                fifths=None if key is None else fifths_of(key),
                is_minor=key is not None and key.is_minor,
                tempo_bpm=tempos.get(bar),
                chords=tuple(chords.get(bar, ())),
            )
        )
    return tuple(frames)


def _keys_by_bar(piece: Piece, bars: WrittenBars) -> dict[int, KeySignature]:
    """Return the key signatures; a piece without any gets the one it sounds like."""
    found = {bars.bar_of_tick(key.onset_ticks): key for key in piece.key_signatures}
    if 0 not in found:
        estimate = find_key(piece)
        found[0] = estimate.key if estimate is not None else KeySignature(0, 0, is_minor=False)
    return found


def _tempos_by_bar(piece: Piece, bars: WrittenBars) -> dict[int, float]:
    """Return the tempo of the first bar, and of each bar that begins noticeably faster or slower than the last mark."""
    grid = TimeGrid(piece)
    marks: dict[int, float] = {}
    last = 0.0
    for bar in sorted({0, *(bars.bar_of_tick(tempo.onset_ticks) for tempo in piece.tempos)}):
        inside = [tempo.bpm for tempo in piece.tempos if bars.bar_of_tick(tempo.onset_ticks) == bar]
        bpm = inside[-1] if inside else grid.tempo_at(bars.starts_ticks[bar])
        if abs(bpm - last) > _NOTICED_TEMPO_SHARE * max(last, 1.0):
            marks[bar] = last = bpm
    return marks


def _chords_by_bar(piece: Piece, bars: WrittenBars) -> dict[int, list[tuple[int, ChordSymbol]]]:
    found: dict[int, list[tuple[int, ChordSymbol]]] = {}
    last: tuple[int, str, int] | None = None
    for chord in piece.chords:
        if chord[1:] == last:
            continue
        last = chord[1:]
        bar = bars.bar_of_tick(chord.onset_ticks)
        offset = round(bars.step_of_tick(chord.onset_ticks)) - bars.starts_steps[bar]
        place = min(max(round(offset / (QUARTER / 2)) * (QUARTER // 2), 0), bars.num_steps(bar) - 1)
        found.setdefault(bar, []).append((place, chord))
    return found
