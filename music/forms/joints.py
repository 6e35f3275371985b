"""How well new bars join those beside them: tempo, register, loudness and density on both sides of a bar line.

It looks at the piece alone. Each limit is kept by 95 to 98 of 100 joints between four-bar stretches inside real pieces (707 joints
of 120 files of Lakh, 720 of 120 songs of POP909; ``docs/edits.md``). A joint beyond one need not be wrong, but an ear notices it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean

from music.constraints import Check
from music.piece import Note, Piece
from music.time_grid import TimeGrid

REACH_BARS = 4
MOST_TEMPO_SHARE = 0.02
MOST_PITCH_SEMITONES = 7.0
MOST_LOUDNESS_STEPS = 14.0
MOST_DENSITY_RATIO = 2.0
_FEWEST_NOTES = 4  # of a track on each side, for its register and loudness to mean something


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """The two sides of a bar line compared; each is 0 (density: 1) where nothing can be compared.

    ``pitch_semitones`` and ``loudness_steps`` are the jump of the means of all tracks that play on both sides, weighed by
    their notes; ``density_ratio`` is notes a bar after it, divided by those before.
    """

    tempo_share: float
    pitch_semitones: float
    loudness_steps: float
    density_ratio: float

    @property
    def faults(self) -> tuple[str, ...]:
        """What jumps, in words."""
        found: list[str] = []
        if abs(self.tempo_share) > MOST_TEMPO_SHARE:
            found.append(f"tempo {self.tempo_share:+.0%}")
        if abs(self.pitch_semitones) > MOST_PITCH_SEMITONES:
            found.append(f"register {self.pitch_semitones:+.0f} semitones")
        if abs(self.loudness_steps) > MOST_LOUDNESS_STEPS:
            found.append(f"loudness {self.loudness_steps:+.0f} of 127")
        if not 1 / MOST_DENSITY_RATIO <= self.density_ratio <= MOST_DENSITY_RATIO:
            found.append(f"{self.density_ratio:.1f} times the notes a bar")
        return tuple(found)


def measure_joint(piece: Piece, *, bar: int, reach_bars: int = REACH_BARS) -> Joint:
    """Compare up to ``reach_bars`` bars before the beginning of ``bar`` (from 0) with those from it on."""
    grid = TimeGrid(piece)
    ticks = [
        grid.bar_start_ticks(each) for each in (max(bar - reach_bars, 0), bar, min(bar + reach_bars, grid.num_bars))
    ]
    num_bars = (bar - max(bar - reach_bars, 0), min(bar + reach_bars, grid.num_bars) - bar)
    if min(num_bars) <= 0:
        return Joint(tempo_share=0.0, pitch_semitones=0.0, loudness_steps=0.0, density_ratio=1.0)
    before, after = grid.tempo_at(ticks[1] - 1), grid.tempo_at(ticks[1])
    pitch, loudness, weights = 0.0, 0.0, [0, 0]
    counts = [0, 0]
    for track in piece.tracks:
        sides = [_between(track.notes, ticks[side], ticks[side + 1]) for side in (0, 1)]
        counts = [count + len(notes) for count, notes in zip(counts, sides, strict=True)]
        if min(len(notes) for notes in sides) < _FEWEST_NOTES:
            continue
        weight = min(len(notes) for notes in sides)
        loudness += weight * (fmean(note.velocity for note in sides[1]) - fmean(note.velocity for note in sides[0]))
        weights[1] += weight
        if not track.is_drum:
            pitch += weight * (fmean(note.pitch for note in sides[1]) - fmean(note.pitch for note in sides[0]))
            weights[0] += weight
    density = (counts[1] / num_bars[1]) / (counts[0] / num_bars[0]) if all(counts) else 1.0
    return Joint(
        tempo_share=after / before - 1,
        pitch_semitones=pitch / weights[0] if weights[0] else 0.0,
        loudness_steps=loudness / weights[1] if weights[1] else 0.0,
        density_ratio=density,
    )


def check_joints(piece: Piece, *, bars: tuple[int, ...], has_new_tempo: bool = False) -> Check:
    """Return one check over the beginnings of ``bars`` (from 0): no jump of range, loudness, density, or an unasked one of tempo."""
    grid = TimeGrid(piece)
    faults: list[str] = []
    for bar in bars:
        if 0 < bar < grid.num_bars:
            joint = measure_joint(piece, bar=bar)
            joint = replace(joint, tempo_share=0.0) if has_new_tempo else joint
            faults += [f"{fault} at bar {bar + 1}" for fault in joint.faults]
    found = ", ".join(faults) if faults else "no jump"
    asked = f"joins without a jump of {'' if has_new_tempo else 'tempo, '}range, loudness or density"
    return Check(name="joints", asked=asked, found=found, is_kept=not faults)


def _between(notes: tuple[Note, ...], start_ticks: int, stop_ticks: int) -> list[Note]:
    return [note for note in notes if start_ticks <= note.onset_ticks < stop_ticks]
