"""Pitches by rule: transpose some bars or tracks, move to another key, exchange major and minor. It knows no text of commands.

Drums stay. A note that leaves what its instrument can play moves by octaves: all notes of the track together where that
helps, single ones else; a note that was outside before is only kept inside MIDI's 0..127.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from music.analysis import find_key, sum_pitch_classes
from music.arranging.scope import Change, Scope, count_in_scope, count_words
from music.chords import QUALITIES
from music.constraints import Check
from music.intervals import interval_name
from music.names import key_name, scale_of_key
from music.piece import ChordSymbol, KeySignature, Note, Piece, Track
from music.ranges import Range, fold_into, playable_range
from music.transform import slice_ticks

_MIDI: Range = (0, 127)
_FEWEST_HEARD_NOTES = 16  # in some bars, for their key to be heard in them alone
_BELIEVED_SHARE = 0.03
_TO_MINOR = {4: 3, 9: 8, 11: 10}
_TO_MAJOR = {3: 4, 8: 9, 10: 11}
_LEADING_TONE, _DOMINANT_TONES, _MEDIANT = 11, {2, 7}, 4
_LOOK_AHEAD_QUARTERS = 0.75  # a leading tone leads if its tonic follows so soon
_LOOK_BACK_QUARTERS = 16.0  # notes longer than this are not heard as its chord


@dataclass(slots=True)
class _Folded:
    """How many notes had to move by octaves."""

    count: int = 0


def transpose_in(piece: Piece, scope: Scope, *, semitones: int) -> Change:
    """Move the pitched notes of a scope, with keys and chords where the scope has every track."""
    folded = _Folded()
    moved = _map_pitches(piece, scope, lambda _track, note: note.pitch + semitones, folded)
    if scope.is_every_track:
        moved = replace(
            moved,
            key_signatures=_keys_in(piece, scope, lambda key: key._replace(tonic=(key.tonic + semitones) % 12)),
            chords=tuple(_shift_chord(chord, semitones) if _is_in(chord, scope) else chord for chord in piece.chords),
        )
    asked = f"{interval_name(semitones)} ({semitones:+d} semitones){scope.where}"
    found = count_words(count_in_scope(piece, scope, with_drums=False), "note") + _folded_words(folded.count)
    return Change(piece=moved, check=Check(name="transpose", asked=asked, found=found, is_kept=True))


def move_to_key(piece: Piece, scope: Scope, key: KeySignature) -> Change:
    """Move the scope from its key to another by the nearest way; where the modes differ, degree by degree."""
    old = key_in(piece, scope)
    semitones = (key.tonic - old.tonic + 5) % 12 - 5  # -5..6
    moved = transpose_in(piece, scope, semitones=semitones).piece if semitones else piece
    home = KeySignature(0, key.tonic, old.is_minor)
    if old.is_minor != key.is_minor:
        moved = exchange_mode(moved, scope, home)
    if scope.is_every_track:
        moved = replace(moved, key_signatures=_keys_in(moved, scope, lambda _: key, default=key))
    way = interval_name(semitones) if semitones else "same tonic"
    found = f"from {key_name(old)}, {way}" + (", degree by degree" if old.is_minor != key.is_minor else "")
    check = Check(name="key", asked=f"{key_name(key)}{scope.where}", found=found, is_kept=True)
    return Change(piece=moved, check=check)


def key_in(piece: Piece, scope: Scope) -> KeySignature:
    """Return the key at the beginning of a scope; C major where nothing pitched sounds.

    The key that is written there is believed if its scale holds about as much of what sounds as the key that is heard; but
    C major, which is what files say that say nothing, not over A minor.
    """
    written = [key for key in piece.key_signatures if key.onset_ticks <= scope.start_ticks]
    part = slice_ticks(piece, start_ticks=scope.start_ticks, stop_ticks=scope.stop_ticks)
    if count_in_scope(piece, scope, with_drums=False) < _FEWEST_HEARD_NOTES:
        part = piece
    heard = find_key(part)
    if heard is None:
        return written[-1] if written else KeySignature(0, 0, is_minor=False)
    if not written:
        return heard.key
    is_silent_default = written[-1][1:] == (0, False) and heard.key[1:] == (9, True)
    if is_silent_default and part.num_notes >= _FEWEST_HEARD_NOTES:
        return heard.key
    if _share_inside(part, written[-1]) >= _share_inside(part, heard.key) - _BELIEVED_SHARE:
        return written[-1]
    return heard.key


def _share_inside(piece: Piece, key: KeySignature) -> float:
    """Return the share of what sounds that lies among a key's seven plain tones, 0..1; relative keys share them."""
    major = KeySignature(0, (key.tonic + 3) % 12 if key.is_minor else key.tonic, is_minor=False)
    lengths = sum_pitch_classes(piece)
    total = float(lengths.sum())
    return float(lengths[list(scale_of_key(major).pitch_classes)].sum()) / total if total else 1.0


def exchange_mode(piece: Piece, scope: Scope, key: KeySignature) -> Piece:
    """Return the scope in the parallel mode of ``key``: third, sixth and seventh degrees move by a semitone, tones outside stay.

    From major to minor a seventh that leads (its tonic follows, or it sounds in a dominant) stays raised, as minor uses it.
    """
    table = _TO_MAJOR if key.is_minor else _TO_MINOR
    leading = frozenset[Note]() if key.is_minor else _find_leading(piece, key)

    def change(_track: Track, note: Note) -> int:
        degree = (note.pitch - key.tonic) % 12
        if degree == _LEADING_TONE and note in leading:
            return note.pitch
        return note.pitch + table.get(degree, degree) - degree

    moved = _map_pitches(piece, scope, change, _Folded())
    if not scope.is_every_track:
        return moved
    chords: list[ChordSymbol] = []
    for chord in piece.chords:
        changed = _exchange_chord(chord, key, table) if _is_in(chord, scope) else chord
        if changed is not None:
            chords.append(changed)
    other = KeySignature(0, key.tonic, not key.is_minor)
    return replace(moved, chords=tuple(chords), key_signatures=_keys_in(piece, scope, lambda _: other, default=other))


def _find_leading(piece: Piece, key: KeySignature) -> frozenset[Note]:
    """Return the leading tones that lead, and are no plain seventh degrees."""
    reach_ticks = int(_LOOK_BACK_QUARTERS * piece.ticks_per_quarter)
    follow_ticks = int(_LOOK_AHEAD_QUARTERS * piece.ticks_per_quarter)
    notes = sorted(note for track in piece.tracks if not track.is_drum for note in track.notes)
    onsets = [note.onset_ticks for note in notes]
    found: set[Note] = set()
    for note in notes:
        if (note.pitch - key.tonic) % 12 != _LEADING_TONE:
            continue
        near = notes[bisect_left(onsets, note.onset_ticks - reach_ticks) : bisect_left(onsets, note.stop_ticks)]
        beside = {(each.pitch - key.tonic) % 12 for each in near if each.stop_ticks > note.onset_ticks}
        after = notes[bisect_left(onsets, note.onset_ticks + 1) : bisect_left(onsets, note.stop_ticks + follow_ticks)]
        is_followed = any(each.pitch == note.pitch + 1 for each in after)
        is_dominant = beside >= _DOMINANT_TONES or (7 in beside and _MEDIANT not in beside)
        if is_dominant or (is_followed and _MEDIANT not in beside):
            found.add(note)
    return frozenset(found)


def _exchange_chord(chord: ChordSymbol, key: KeySignature, table: dict[int, int]) -> ChordSymbol | None:
    """Return a chord's counterpart in the other mode; None where no quality names it."""
    quality = QUALITIES.get(chord.quality)
    if quality is None or not quality.intervals:
        return chord

    def move(tone: int) -> int:
        degree = (tone - key.tonic) % 12
        is_dominant = degree == _LEADING_TONE and (chord.root - key.tonic) % 12 in {7, _LEADING_TONE}
        return tone if is_dominant else (tone + table.get(degree, degree) - degree) % 12

    tones = frozenset(move(tone) for tone in quality.pitch_classes(chord.root))
    root = move(chord.root)
    name = next(
        (each.name for each in QUALITIES.values() if each.intervals and each.pitch_classes(root) == tones), None
    )
    return None if name is None else chord._replace(root=root, quality=name, bass=move(chord.bass))


def refit_track(
    notes: tuple[Note, ...], instrument: int, *, is_chosen: Callable[[Note], bool]
) -> tuple[tuple[Note, ...], int]:
    """Return notes that an instrument can play, and how many of them moved by octaves.

    All chosen notes move together by the octaves that leave the fewest outside; those still outside move alone.
    """
    low_high = playable_range(instrument)
    chosen = [note.pitch for note in notes if is_chosen(note)]
    together = _best_octaves(chosen, low_high)
    moved = 0
    result: list[Note] = []
    for note in notes:
        pitch = fold_into(note.pitch + together, low_high) if is_chosen(note) else note.pitch
        moved += pitch != note.pitch
        result.append(note._replace(pitch=pitch))
    return tuple(result), moved


def _best_octaves(pitches: list[int], low_high: Range) -> int:
    """Return the shift by octaves, nearest first, that leaves the fewest pitches outside a range."""
    low, high = low_high

    def outside(shift: int) -> int:
        return sum(not low <= pitch + shift <= high for pitch in pitches)

    return min((0, 12, -12, 24, -24, 36, -36), key=lambda shift: (outside(shift), abs(shift)))


def _map_pitches(piece: Piece, scope: Scope, change: Callable[[Track, Note], int], folded: _Folded) -> Piece:
    tracks = list(piece.tracks)
    for index in scope.tracks:
        track = tracks[index]
        if track.is_drum:
            continue
        low_high = playable_range(track.instrument)
        pairs = [(note, change(track, note) if scope.has(note) else note.pitch) for note in track.notes]
        within = [pitch for note, pitch in pairs if scope.has(note) and _is_playable(note.pitch, low_high)]
        together = _best_octaves(within, low_high)
        together = together if sum(_is_playable(pitch, low_high) for pitch in within) < len(within) else 0
        notes: list[Note] = []
        for note, pitch in pairs:
            wanted = pitch
            if scope.has(note):
                limits = low_high if _is_playable(note.pitch, low_high) else _MIDI
                wanted = fold_into(pitch + together, limits)
                folded.count += wanted != pitch
            notes.append(note._replace(pitch=wanted))
        tracks[index] = replace(track, notes=tuple(notes))
    return piece.with_tracks(tuple(tracks))


def _is_playable(pitch: int, low_high: Range) -> bool:
    return low_high[0] <= pitch <= low_high[1]


def _is_in(chord: ChordSymbol, scope: Scope) -> bool:
    return scope.start_ticks <= chord.onset_ticks < scope.stop_ticks


def _shift_chord(chord: ChordSymbol, semitones: int) -> ChordSymbol:
    return chord._replace(root=(chord.root + semitones) % 12, bass=(chord.bass + semitones) % 12)


def _keys_in(
    piece: Piece, scope: Scope, change: Callable[[KeySignature], KeySignature], *, default: KeySignature | None = None
) -> tuple[KeySignature, ...]:
    """Return the keys with those of the scope changed; after its end the old one is in force again.

    Without a key at its beginning ``default`` is written there, if the scope is the whole piece.
    """
    keys = piece.key_signatures
    before = [key for key in keys if key.onset_ticks < scope.start_ticks]
    force = [key for key in keys if key.onset_ticks <= scope.start_ticks]
    inside = [key for key in keys if scope.start_ticks < key.onset_ticks < scope.stop_ticks]
    after = [key for key in keys if key.onset_ticks >= scope.stop_ticks]
    if not force and not inside:
        return (
            keys
            if default is None or scope.bars is not None
            else (default._replace(onset_ticks=scope.start_ticks), *keys)
        )
    changed = [
        change(key)._replace(onset_ticks=max(key.onset_ticks, scope.start_ticks)) for key in (*force[-1:], *inside)
    ]
    last = (inside or force)[-1]
    back = (
        [last._replace(onset_ticks=scope.stop_ticks)]
        if scope.bars is not None and _is_open(piece, scope, after)
        else []
    )
    return (*before, *changed, *back, *after)


def _is_open(piece: Piece, scope: Scope, after: list[KeySignature]) -> bool:
    """Whether there is music after the scope whose key is not written at once."""
    return scope.stop_ticks < piece.length_ticks and not any(key.onset_ticks == scope.stop_ticks for key in after)


def _folded_words(count: int) -> str:
    return "" if count == 0 else f"; {count_words(count, 'note')} moved by octaves to stay in range"
