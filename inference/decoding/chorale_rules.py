"""The rules of part-writing as masks over a voice's next value. It knows nothing of networks.

A *parallel* is counted as in the project's numbers: any two voices move in the same direction and their interval, modulo
an octave, is a unison (octave) or a fifth before and the same after. Voices are values of ``music.tokenizers.harmony``: 0 is
silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music.tokenizers.harmony import LOWEST_PITCH, NUM_VOICE_VALUES, VOICES, Ids

CHOIR_RANGES: dict[str, tuple[int, int]] = {"alto": (52, 74), "tenor": (46, 69), "bass": (36, 66)}
"""Lowest and highest MIDI pitch in the JSB chorales, both included."""
_VALUES = np.arange(NUM_VOICE_VALUES)
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoraleRules:
    """Which rules hold, and the values that range and scale leave to each voice (flags of ``NUM_VOICE_VALUES``)."""

    reach: Mapping[str, Flags]
    forbids_parallels: bool = True
    forbids_crossing: bool = True

    def allowed(self, voice: str, before: Mapping[str, int], now: Mapping[str, int]) -> Flags:
        """Return which values a voice may take next to the voices known ``now``, all of which sounded ``before``."""
        flags = self.reach[voice].copy()
        for other, value in now.items():
            if value == 0:
                continue
            if self.forbids_crossing:
                is_other_above = VOICES.index(other) < VOICES.index(voice)
                flags &= (value >= _VALUES) if is_other_above else (value <= _VALUES)
            if self.forbids_parallels:
                flags &= ~parallels(before.get(voice, 0), before.get(other, 0), value)
        return flags


def parallels(own_before: int, other_before: int, other_now: int) -> Flags:
    """Return which next values of a voice would make a parallel with another voice's move."""
    if own_before == 0 or other_before == 0 or other_now == 0:
        return np.zeros(NUM_VOICE_VALUES, dtype=np.bool_)
    interval = abs(own_before - other_before) % 12
    if interval not in (0, 7) or other_now == other_before:
        return np.zeros(NUM_VOICE_VALUES, dtype=np.bool_)
    is_same_way = (_VALUES - own_before) * (other_now - other_before) > 0
    signed = (own_before - other_before) % 12
    return is_same_way & ((_VALUES - other_now) % 12 == signed) & (_VALUES > 0)


def reach_of(
    *,
    shift: int,
    pitch_range: tuple[int, int] | None = None,
    pitch_classes: tuple[int, ...] | None = None,
    voice_ranges: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, Flags]:
    """Return the values that each written voice may ever take.

    ``shift`` semitones are added to what the network writes before it becomes notes; ``pitch_range``, ``pitch_classes`` and
    ``voice_ranges`` (in place of the choir's) are about those notes.
    """
    pitches = _VALUES + LOWEST_PITCH - 1
    reach: dict[str, Flags] = {}
    asked = {voice: (low - shift, high - shift) for voice, (low, high) in (voice_ranges or {}).items()}
    for voice, (low, high) in (CHOIR_RANGES | asked).items():
        flags = (pitches >= low) & (pitches <= high) & (_VALUES > 0)
        if pitch_range is not None:
            flags &= (pitches + shift >= pitch_range[0]) & (pitches + shift <= pitch_range[1])
        if pitch_classes is not None:
            flags &= np.isin((pitches + shift) % 12, pitch_classes)
        reach[voice] = flags
    return reach


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """What a chorale did: parallels per chord change, crossings per adjacent pair, moves of lower voices."""

    num_parallels: int
    num_chord_changes: int
    num_crossings: int
    num_pairs: int
    num_moves: int
    num_voice_steps: int

    def __add__(self, other: RuleCounts) -> RuleCounts:
        return RuleCounts(
            self.num_parallels + other.num_parallels,
            self.num_chord_changes + other.num_chord_changes,
            self.num_crossings + other.num_crossings,
            self.num_pairs + other.num_pairs,
            self.num_moves + other.num_moves,
            self.num_voice_steps + other.num_voice_steps,
        )


def count_rules(voices: Ids) -> RuleCounts:
    """Count over voices (T, 4) from soprano to bass; entries of 0 or below are silence and never break a rule.

    A chord change is a step on which any voice changes; a move is a change of one of the three lower voices.
    """
    before, now = voices[:-1], voices[1:]
    motion = now - before
    sounding = (before > 0) & (now > 0)
    num_parallels = 0
    for upper in range(4):
        for lower in range(upper + 1, 4):
            interval_before = (before[:, upper] - before[:, lower]) % 12
            interval_now = (now[:, upper] - now[:, lower]) % 12
            is_parallel = (motion[:, upper] * motion[:, lower] > 0) & (interval_before == interval_now)
            is_parallel &= np.isin(interval_now, (0, 7)) & sounding[:, upper] & sounding[:, lower]
            num_parallels += int(is_parallel.sum())
    is_pair = (voices[:, :-1] > 0) & (voices[:, 1:] > 0)
    return RuleCounts(
        num_parallels=num_parallels,
        num_chord_changes=int((motion != 0).any(axis=1).sum()),
        num_crossings=int(((voices[:, :-1] < voices[:, 1:]) & is_pair).sum()),
        num_pairs=int(is_pair.sum()),
        num_moves=int((motion[:, 1:] != 0).sum()),
        num_voice_steps=motion[:, 1:].size,
    )
