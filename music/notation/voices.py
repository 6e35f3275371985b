"""Who plays what on one staff: chords, voices, hands. It knows nothing of bars' insides, values or pages.

A staff has at most two voices, the upper with stems up. Notes that sound on while others begin go to the second voice;
small overlaps and small gaps, which players make without meaning them, are closed. The onset of every note is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from music.notation.grid import Placed, WrittenBars
from music.notation.score import QUARTER, SIXTEENTH

_OVERLAP_SHARE = 0.25  # so much of a note may overlap the next without being meant
_GAP_SHARE = 0.35  # so much of the time to the next note may be silent without being meant
_SPLITS = range(53, 68)  # lowest pitch of the right hand
_REACH = 14  # semitones that a hand spans without trouble


@dataclass(slots=True)
class VoiceChord:
    """Notes of one voice that begin and end together."""

    start_steps: int
    stop_steps: int
    notes: list[Placed] = field(default_factory=list[Placed])

    @property
    def mean_pitch(self) -> float:
        return sum(note.pitch for note in self.notes) / len(self.notes)


VoiceLine = list[VoiceChord]


def split_voices(notes: Sequence[Placed], bars: WrittenBars) -> tuple[VoiceLine, ...]:
    """Return the notes of one staff as one or two lines of chords that never overlap, the upper one first."""
    by_onset: dict[int, list[Placed]] = {}
    for note in notes:
        by_onset.setdefault(note.start_steps, []).append(note)
    onsets = sorted(by_onset)
    nexts = [*onsets[1:], bars.starts_steps[-1]]

    lines: tuple[VoiceLine, VoiceLine] = ([], [])
    for index, (onset, following) in enumerate(zip(onsets, nexts, strict=True)):
        moving, held = _sort_by_length(by_onset[onset], following, bars)
        if held is not None:
            later = [note.pitch for each in onsets[index + 1 :] if each < held.stop_steps for note in by_onset[each]]
            others = [*(note.pitch for note in moving.notes), *later[:16]] if moving else later[:16]
            is_upper = bool(others) and held.mean_pitch > sum(others) / len(others)
            _put(lines, held, wanted=0 if is_upper else 1)
            if moving is not None:
                _put(lines, moving, wanted=1 if lines[0] and lines[0][-1] is held else 0)
        elif moving is not None:
            _put(lines, moving, wanted=0)
    for line in lines:
        _close_gaps(line, bars)
    return lines if lines[1] else (lines[0],)


def _sort_by_length(
    notes: Sequence[Placed], following_steps: int, bars: WrittenBars
) -> tuple[VoiceChord | None, VoiceChord | None]:
    """Return (what ends before the next onset, what is held over it)."""
    moving: list[Placed] = []
    held: list[Placed] = []
    for note in notes:
        length = note.stop_steps - note.start_steps
        overlap = note.stop_steps - following_steps
        if overlap <= 0:
            moving.append(note)
        elif overlap <= max(SIXTEENTH, _OVERLAP_SHARE * length) and following_steps < bars.starts_steps[-1]:
            moving.append(note._replace(stop_steps=following_steps))
        else:
            held.append(note)
    return _chord(moving), _chord(held)


def _chord(notes: list[Placed]) -> VoiceChord | None:
    if not notes:
        return None
    return VoiceChord(
        notes[0].start_steps, max(note.stop_steps for note in notes), sorted(notes, key=lambda n: n.pitch)
    )


def _put(lines: tuple[VoiceLine, VoiceLine], chord: VoiceChord, *, wanted: int) -> None:
    """Add a chord to the wanted line if that is free, else to the other; when both sound, one is cut short."""
    for index in (wanted, 1 - wanted):
        line = lines[index]
        if not line or line[-1].stop_steps <= chord.start_steps:
            line.append(chord)
            return
    first = min(lines, key=lambda line: (line[-1].start_steps == chord.start_steps, line[-1].stop_steps))
    if first[-1].start_steps == chord.start_steps:  # both lines began here: join the nearer chord
        first[-1].notes = sorted([*first[-1].notes, *chord.notes], key=lambda note: note.pitch)
        return
    first[-1].stop_steps = chord.start_steps
    first.append(chord)


def _close_gaps(line: VoiceLine, bars: WrittenBars) -> None:
    """Let notes last until the next one where the silence between is too short to be meant."""
    for chord, following in pairwise([*line, None]):
        assert chord is not None
        bar = bars.bar_of_step(chord.stop_steps - 1)
        into_beat = (chord.stop_steps - bars.starts_steps[bar]) % QUARTER
        beat_stop = chord.stop_steps + (-into_beat % QUARTER)
        target = min(beat_stop, bars.starts_steps[bar + 1])
        if following is not None and following.start_steps - chord.stop_steps <= max(
            SIXTEENTH, _GAP_SHARE * (following.start_steps - chord.start_steps)
        ):
            target = following.start_steps
            if target - chord.start_steps > 2 * (chord.stop_steps - chord.start_steps):
                continue
            chord.stop_steps = target
        elif 0 < target - chord.stop_steps <= SIXTEENTH and (following is None or target <= following.start_steps):
            chord.stop_steps = target


def split_hands(notes: Sequence[Placed], bars: WrittenBars) -> tuple[list[Placed], list[Placed]]:
    """Return (right hand, left hand) of a keyboard part: for each bar the split that asks least of the hands.

    Dynamic programming over bars; the split moves little from bar to bar.
    """
    by_bar: list[list[Placed]] = [[] for _ in range(bars.num_bars)]
    for note in notes:
        by_bar[bars.bar_of_step(note.start_steps)].append(note)

    costs: dict[int, tuple[float, tuple[int, ...]]] = dict.fromkeys(_SPLITS, (0.0, ()))
    for bar_notes in by_bar:
        new: dict[int, tuple[float, tuple[int, ...]]] = {}
        for split in _SPLITS:
            before, path = min(
                ((cost + 0.4 * abs(split - last), found) for last, (cost, found) in costs.items()),
                key=lambda pair: pair[0],
            )
            new[split] = (before + _hand_cost(bar_notes, split), (*path, split))
        costs = new
    splits = min(costs.values(), key=lambda pair: pair[0])[1]

    right: list[Placed] = []
    left: list[Placed] = []
    for bar_notes, split in zip(by_bar, splits, strict=True):
        for note in bar_notes:
            (right if note.pitch >= split else left).append(note)
    return right, left


def _hand_cost(notes: Sequence[Placed], split: int) -> float:
    """Return how hard one bar is to play with hands divided here."""
    cost = 0.05 * abs(split - 60)
    by_onset: dict[int, list[int]] = {}
    for note in notes:
        by_onset.setdefault(note.start_steps, []).append(note.pitch)
    before: int | None = None
    for pitches in (by_onset[onset] for onset in sorted(by_onset)):
        for hand in ([p for p in pitches if p >= split], [p for p in pitches if p < split]):
            if hand:
                cost += max(0, max(hand) - min(hand) - _REACH) / 4
        if len(pitches) == 1:  # a line that goes on in steps stays in one hand
            pitch = pitches[0]
            if before is not None and abs(pitch - before) <= 4 and (pitch >= split) != (before >= split):
                cost += 0.7
            before = pitch
        else:
            before = None
    return cost
