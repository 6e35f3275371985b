"""Who plays when: the roles of a band's instruments, and which of them a section has. It knows nothing of notes."""

from __future__ import annotations

from dataclasses import dataclass

from music.piece import DRUM_PROGRAM
from music.roles import is_bass, is_chordal

MAX_CORE = 4
"""So many play from the first theme on; the others join where the plan wants everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band by roles; programs. ``lead`` may play the chords, too, when there is nobody else."""

    lead: int
    chords: int | None
    bass: int | None
    has_drums: bool
    others: tuple[int, ...]

    @property
    def core(self) -> tuple[int, ...]:
        """Who plays the themes."""
        seats = (self.lead, self.chords, self.bass, DRUM_PROGRAM if self.has_drums else None)
        return tuple(dict.fromkeys(seat for seat in seats if seat is not None))

    @property
    def everybody(self) -> tuple[int, ...]:
        return (*self.core, *self.others)

    def players(self, *, layers: int, occurrence: int = 0) -> tuple[int, ...]:
        """Return who plays a section: 0 few without the lead, 1 the core, 2 everybody; a repeat brings one more in."""
        if layers == 0:
            without_lead = tuple(seat for seat in self.core if seat not in {self.lead, DRUM_PROGRAM})
            return without_lead or self.core
        if layers == 1:
            return (*self.core, *self.others[:occurrence])
        return self.everybody


def seat_band(instruments: tuple[int, ...]) -> Band:
    """Return the roles of a band: the first that is neither bass nor drums leads, the next that plays chords by nature follows."""
    pitched = [program for program in instruments if program != DRUM_PROGRAM]
    basses = [program for program in pitched if is_bass(program)]
    voices = [program for program in pitched if program not in basses] or basses[:1]
    if not voices:  # a drum solo
        return Band(lead=DRUM_PROGRAM, chords=None, bass=None, has_drums=True, others=())
    lead, rest = voices[0], voices[1:]
    bass = basses[0] if basses and basses[0] != lead else None
    chords = next((program for program in rest if is_chordal(program)), rest[0] if rest else None)
    others = [program for program in (*rest, *basses[1:]) if program != chords]
    has_drums = DRUM_PROGRAM in instruments
    num_core = 1 + sum(seat is not None for seat in (chords, bass)) + has_drums
    if bass is None and num_core < MAX_CORE and others:  # a chamber group has no bass guitar: its lowest plays along
        bass = others.pop(0)
    return Band(lead=lead, chords=chords, bass=bass, has_drums=has_drums, others=tuple(dict.fromkeys(others)))
