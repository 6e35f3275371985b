"""Which pitches each instrument may play under a request's rules. It knows no network, no sampling and no bars.

What is asked of one instrument goes before what is asked of all, and that before what the instrument plays by itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from music.constraints import Constraints
from music.names import instrument_name
from music.piece import DRUM_PROGRAM
from music.ranges import fold_into, playable_range
from music.vocabulary import DRUM_PITCH, FIELDS

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

_TONES = (12, 119)  # what loudspeakers still play as a tone
_VALUES = np.arange(FIELDS["pitch"].size)


class PlayablePitches:
    """Which pitches each instrument may play.

    Raises:
        InputError: when range and scale leave nothing.
    """

    def __init__(self, constraints: Constraints) -> None:
        self._asked = constraints.pitch_range or _TONES
        self._in_scale = _VALUES < DRUM_PITCH
        if constraints.scale is not None:
            self._in_scale &= np.isin(_VALUES % 12, constraints.scale.pitch_classes)
        self._tones = self._between(self._asked)
        if not self._tones.any():
            raise InputError("No note lies in that range and scale. Widen the range or choose another key.")
        self._by_part = {
            part.instrument: part.pitch_range for part in constraints.parts if part.pitch_range is not None
        }
        for instrument, low_high in self._by_part.items():
            if not self._between(low_high).any():
                raise InputError(
                    f"The {instrument_name(instrument)} has no note in that range and scale. Widen its range or choose another key."
                )
        self._known: dict[int, tuple[Flags, Indices]] = {}

    def allowed(self, program: int) -> Flags:
        """Return which pitches a program (or ``DRUM_PROGRAM``) may play (pitches,)."""
        return self._look_up(program)[0]

    def folds(self, program: int) -> Indices:
        """Return where each pitch goes (pitches,)."""
        return self._look_up(program)[1]

    def _between(self, low_high: tuple[int, int]) -> Flags:
        return self._in_scale & (low_high[0] <= _VALUES) & (low_high[1] >= _VALUES)

    def _look_up(self, program: int) -> tuple[Flags, Indices]:
        if program not in self._known:
            self._known[program] = self._work_out(program)
        return self._known[program]

    def _work_out(self, program: int) -> tuple[Flags, Indices]:
        low, high = playable_range(program)
        if program == DRUM_PROGRAM:
            return (DRUM_PITCH + low <= _VALUES) & (DRUM_PITCH + high >= _VALUES), _VALUES
        asked = self._by_part.get(program, self._asked)
        low, high = max(low, asked[0]), min(high, asked[1])
        allowed = self._between((low, high))
        if not allowed.any():
            allowed, (low, high) = self._between(asked), asked
        folds = [fold_into(pitch, (low, high)) for pitch in range(DRUM_PITCH)]
        return allowed, np.concatenate([np.clip(folds, 0, DRUM_PITCH - 1), _VALUES[DRUM_PITCH:]])
