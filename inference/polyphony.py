"""How many notes may sound at once: a count of what sounds at each unit of the new bars, by part. It knows no network.

Parts of a bar are written one after the other, so the first could take all the room. Therefore each part is counted as at
least one note wherever the limit is held against it: whoever is silent may always begin, and the limit still holds. That
needs a limit of at least one note for each part, which ``check_room`` demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from inference.decoding.arrangement import Turn
from music.constraints import Constraints
from music.piece import DRUM_PROGRAM
from music.roles import PART_ROLES

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int16]

_DRUMS = PART_ROLES.index("drums")


def limits_notes(constraints: Constraints) -> bool:
    """Whether a request limits how many notes sound at once."""
    return bool(overall_limits(constraints)) or any(part.max_notes_at_once is not None for part in constraints.parts)


def overall_limits(constraints: Constraints) -> tuple[int, ...]:
    """Return every limit on all tones together, in any bar."""
    limits = [constraints.max_notes_at_once, *(section.max_notes_at_once for section in constraints.sections)]
    return tuple(limit for limit in limits if limit is not None)


def thin_out(turns: Sequence[Turn], constraints: Constraints) -> tuple[Turn, ...]:
    """Return the turns without second parts of instruments that may not sound so many notes: the lowest slots go first."""
    tightest = min(overall_limits(constraints), default=len(PART_ROLES))
    kept = list(turns)
    for part in {turn.program for turn in turns if turn.program != DRUM_PROGRAM}:
        asked = [each.max_notes_at_once for each in constraints.parts if each.instrument == part]
        most = min(tightest, *(limit for limit in asked if limit is not None)) if any(asked) else tightest
        slots = sorted({turn.slot for turn in kept if turn.program == part})
        for slot in slots[: max(len(slots) - most, 0)]:
            kept = [turn for turn in kept if (turn.slot, turn.program) != (slot, part)]
    return tuple(kept)


def check_room(turns: Iterable[Turn], constraints: Constraints) -> None:
    """Refuse a limit that leaves a part no note.

    Raises:
        InputError: when fewer notes may sound than there are parts.
    """
    num_parts = len({turn.slot for turn in turns if turn.slot != _DRUMS})
    tightest = min(overall_limits(constraints), default=num_parts)
    if tightest < num_parts:
        notes = "1 note" if tightest == 1 else f"{tightest} notes"
        raise InputError(
            f"At most {notes} at once is too few for {num_parts} parts. Allow {num_parts}, or ask for fewer instruments."
        )


class NotesAtOnce:
    """Counts the notes of one song; unit 0 is the beginning of the first new bar."""

    def __init__(self, constraints: Constraints) -> None:
        self._asked = constraints
        self._slots: dict[int, set[int]] = {}  # slot -> programs that play it
        self._sounding: Counts = np.zeros((len(PART_ROLES), 0), np.int16)
        self._most: Counts = np.zeros(0, np.int16)  # of all tones, at each unit
        self._of_part = {
            part.instrument: part.max_notes_at_once for part in constraints.parts if part.max_notes_at_once is not None
        }

    def lay_out(self, turns: Sequence[Turn], *, num_bars: int, bar_units: int) -> None:
        """Say who plays and how long it all is; what was counted before is forgotten."""
        for turn in turns:
            self._slots.setdefault(turn.slot, set()).add(turn.program)
        no_limit = np.iinfo(np.int16).max
        self._sounding = np.zeros((len(PART_ROLES), num_bars * bar_units), np.int16)
        self._most = np.full(num_bars * bar_units, self._asked.max_notes_at_once or no_limit, np.int16)
        for section in self._asked.sections:
            if section.max_notes_at_once is not None:
                where = slice(section.bars.start_bar * bar_units, section.bars.stop_bar * bar_units)
                self._most[where] = section.max_notes_at_once

    def add(self, slot: int, *, start_units: int, stop_units: int) -> None:
        """A note was written."""
        self._sounding[slot, start_units:stop_units] += 1

    def free(self, slot: int, program: int, *, start_units: int, stop_units: int) -> Flags:
        """Return where another note of a slot may sound (stop_units - start_units,)."""
        now = self._sounding[:, start_units:stop_units]
        own, at_least_one = now[slot], np.maximum(now, 1)
        free = np.ones(own.shape, dtype=np.bool_)
        if slot != _DRUMS:
            tones = at_least_one[[each for each in self._slots if each != _DRUMS]].sum(axis=0)
            free &= (own == 0) | (tones < self._most[start_units : start_units + len(own)])
        if program in self._of_part:
            same = at_least_one[[each for each, programs in self._slots.items() if program in programs]].sum(axis=0)
            free &= (own == 0) | (same < self._of_part[program])
        return free
