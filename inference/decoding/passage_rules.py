"""What the writer of passages may choose: ranges, scale, forced chords, voices at once, lengths. It knows no network.

The order of events is the tracker's affair (its bits and bounds are the starting point); this adds what was asked and
what makes parts playable. No mask is ever dropped: a part with no legal note at a place simply does not play there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from inference.decoding.harmony_wishes import allowed_qualities, quality_leanings
from inference.decoding.passage_plan import ArrangementPlan
from inference.masking import CHORD_SPLITS
from inference.protocol import HarmonyWishes
from music.chords import QUALITIES
from music.constraints import METRES, Constraints
from music.names import instrument_name
from music.piece import DRUM_PROGRAM
from music.ranges import playable_range
from music.roles import PART_ROLES
from music.tokenizers.arrangement_tracker import FIRST_COLUMN, ArrangementTracker
from music.tokenizers.tracker import CHOICE_BAR, CHOICE_CHORD, NUM_CHOICES
from music.vocabulary import CHORD_QUALITIES, DRUM_PITCH, DURATIONS, FIELDS, METRE_UNITS, NO_ROOT, Kind

Flags = npt.NDArray[np.bool_]
_NO_WISHES = HarmonyWishes()

_NOTES_AT_ONCE = {"drums": 6, "bass": 2, "chords": 7, "pad": 7, "second": 5, "lead": 3}
_NOTES_IN_BAR = 64
_SILENT_BARS = 3  # a part that has rested so long while it is written must play in the next bar
_CHORDAL_ROLES = ("chords", "pad", "bass")
_DURATION_UNITS = np.asarray(DURATIONS)
_PITCHES = np.arange(FIELDS["pitch"].size)


class PassageRules:
    """The rules of one request; told of bars and notes, asked for masks before each field."""

    def __init__(self, plan: ArrangementPlan, constraints: Constraints, wishes: HarmonyWishes = _NO_WISHES) -> None:
        self._plan = plan
        self._chords_per_bar = wishes.chords_per_bar
        self._qualities = allowed_qualities(wishes, CHORD_QUALITIES)
        self.quality_leanings = quality_leanings(wishes, CHORD_QUALITIES)
        """What each quality of a chord gains, in nats; None: nothing."""
        programs = {slot: program for slot, _, program in plan.parts if slot in plan.targets}
        self._tones = {slot: _allowed_pitches(program, constraints) for slot, program in programs.items()}
        self._scale = np.asarray(constraints.scale.pitch_classes) if constraints.scale is not None else None
        self._starts = np.concatenate([[0], np.cumsum(np.asarray(METRE_UNITS)[plan.bars.metre])])
        self._bar = plan.start_bar
        self._counts = dict.fromkeys(plan.targets, 0)
        self._silent = dict.fromkeys(plan.targets, 0)
        self._at_onset = 0

    @property
    def is_hole(self) -> bool:
        return self._plan.task == "hole"

    def start_bar(self, bar: int) -> None:
        """A new bar (of the piece) begins."""
        if bar != self._plan.start_bar:
            for slot, count in self._counts.items():
                self._silent[slot] = 0 if count else self._silent[slot] + 1
        self._bar = bar
        self._counts = dict.fromkeys(self._plan.targets, 0)

    def restart_bar(self) -> None:
        """The notes of this bar were taken back."""
        self._counts = dict.fromkeys(self._plan.targets, 0)
        self._at_onset = 0

    def follow(self, slot: int, *, is_same_onset: bool) -> None:
        """A note of a slot was written."""
        self._counts[slot] += 1
        self._at_onset = self._at_onset + 1 if is_same_onset else 1

    def choices(self, tracker: ArrangementTracker, row: list[int]) -> Flags:
        """Return what may come next (choices,); at least one is allowed."""
        bits = row[FIRST_COLUMN["choice_bits"]]
        if self._chords_per_bar == 2 and tracker.kind == Kind.CHORD and tracker.position < self.chord_split():
            return np.arange(NUM_CHOICES) == CHOICE_CHORD
        allowed = np.asarray([bits >> choice & 1 == 1 for choice in range(NUM_CHOICES)])
        for slot in self._plan.targets:
            if allowed[slot] and not self._can_play(tracker, slot):
                allowed[slot] = False
        waiting = [
            slot for slot in self._plan.targets
            if allowed[slot] and not self.is_hole and not self._counts[slot] and self._silent[slot] >= _SILENT_BARS
        ]  # fmt: skip
        if waiting:  # nobody later, and no bar line, before the one who must play
            allowed[min(waiting) + 1 : CHOICE_BAR + 1] = False
        return allowed

    def positions(self, tracker: ArrangementTracker, row: list[int], slot: int) -> Flags:
        """Return where in the bar the next note of a slot may begin (positions,)."""
        values = np.arange(FIELDS["position"].size)
        allowed = (values >= row[FIRST_COLUMN["min_position"]]) & (values < tracker.bar_units)
        is_here = tracker.kind == Kind.NOTE and tracker.slot == slot
        if is_here and not self._can_stack(tracker, slot):
            allowed[: tracker.position + 1] = False
        for position in np.flatnonzero(allowed).tolist() if self._plan.ringing else ():
            allowed[position] = bool(self._sounding_pitches(slot, position).any())
        return allowed

    def pitches(self, row: list[int], slot: int, position: int) -> Flags:
        """Return which pitches the next note of a slot may have at a position (pitches,)."""
        return self._sounding_pitches(slot, position) & (row[FIRST_COLUMN["min_pitch"]] <= _PITCHES)

    def durations(self, position: int) -> Flags:
        """Return which lengths (durations,) end by the last bar line that is written; a hole is not left."""
        left = int(self._starts[self._plan.stop_bar] - self._starts[self._bar]) - position
        return left >= _DURATION_UNITS

    def chord_split(self) -> int:
        """Return where a second chord of this bar may begin, in units; 0: nowhere."""
        if self._chords_per_bar == 1:
            return 0
        return CHORD_SPLITS.get(METRES[int(self._plan.bars.metre[self._bar])], 0)

    def qualities(self, root: int) -> Flags:
        """Return which qualities a chord on a root may have."""
        is_none = np.asarray([name == "none" for name in CHORD_QUALITIES])
        kinds = self._qualities
        if self._scale is not None and root != NO_ROOT:
            scale = frozenset(self._scale.tolist())
            inside = kinds & [
                name != "none" and QUALITIES[name].pitch_classes(root) <= scale for name in CHORD_QUALITIES
            ]
            kinds = inside if inside.any() else kinds
        flags = np.zeros(FIELDS["quality"].size, dtype=np.bool_)
        flags[: len(is_none)] = is_none if root == NO_ROOT else kinds & ~is_none
        return flags

    def roots(self) -> Flags:
        """Return which roots (and basses) a chord may have."""
        roots = np.ones(FIELDS["root"].size, dtype=np.bool_)
        if self._scale is not None:
            roots[:NO_ROOT] = np.isin(np.arange(NO_ROOT), self._scale)
        return roots

    def _can_play(self, tracker: ArrangementTracker, slot: int) -> bool:
        if self._counts[slot] >= _NOTES_IN_BAR:
            return False
        is_here = tracker.kind == Kind.NOTE and tracker.slot == slot
        first = tracker.position + 1 if is_here else 0
        if is_here and self._can_stack(tracker, slot):
            return True
        places = (
            range(first, tracker.bar_units) if self._plan.ringing else range(first, min(first + 1, tracker.bar_units))
        )
        return any(self._sounding_pitches(slot, position).any() for position in places)

    def _can_stack(self, tracker: ArrangementTracker, slot: int) -> bool:
        """Whether another note may sound at the onset of the last one, which is of this slot."""
        above = self._sounding_pitches(slot, tracker.position)[tracker.pitch + 1 :]
        return bool(above.any()) and self._at_onset < _NOTES_AT_ONCE[PART_ROLES[slot]]

    def _sounding_pitches(self, slot: int, position: int) -> Flags:
        """Pitches of a slot's instrument that may begin at a position of this bar."""
        allowed = self._tones[slot]
        chord = self._forced_at(position)
        if chord is not None and PART_ROLES[slot] in _CHORDAL_ROLES:
            tones = QUALITIES[CHORD_QUALITIES[chord[1]]].pitch_classes(chord[0]) | {chord[2]}
            fitting = allowed & np.isin(_PITCHES % 12, sorted(tones))
            allowed = fitting if fitting.any() else allowed
        unit = int(self._starts[self._bar] - self._starts[self._plan.start_bar]) + position
        still = [pitch for pitch, stop in self._plan.ringing.items() if stop > unit]
        if still:
            allowed = allowed.copy()
            allowed[still] = False
        return allowed

    def _forced_at(self, position: int) -> tuple[int, int, int] | None:
        """Root, quality and bass of the asked chord that sounds at a position of this bar."""
        chords = [each for each in self._plan.chords.get(self._bar, ()) if each.position <= position]
        if not chords or chords[-1].root == NO_ROOT:
            return None
        return (chords[-1].root, chords[-1].quality, chords[-1].bass)


def _allowed_pitches(program: int, constraints: Constraints) -> Flags:
    low, high = playable_range(program)
    if program == DRUM_PROGRAM:
        return (DRUM_PITCH + low <= _PITCHES) & (DRUM_PITCH + high >= _PITCHES)
    own = {part.instrument: part.pitch_range for part in constraints.parts}.get(program)
    asked = own or constraints.pitch_range
    if asked is not None:
        low, high = max(low, asked[0]), min(high, asked[1])
    tones = (_PITCHES < DRUM_PITCH) & (low <= _PITCHES) & (high >= _PITCHES)
    if constraints.scale is not None:
        tones &= np.isin(_PITCHES % 12, constraints.scale.pitch_classes)
    if not tones.any():
        raise InputError(
            f"The {instrument_name(program)} has no note in that range and scale. Widen the range or choose another instrument."
        )
    return tones
