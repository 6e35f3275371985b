"""Arranging by rule: from what people type to changes of a piece that need no network. It knows no Discord and no queue."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangeOptions(Options):
    """Change the source by rule. None, 0 and empty leave a thing as it is; at least one must be asked for.

    A *track* is named by its number from 1, its name, its instrument, its family ("strings") or "all". ``bars`` (first, last;
    from 1, both included) limits what can be limited: transposing, mood, humanizing, swing, dynamics, swapping and leaving
    out. Tempo in ``bars`` is the tempo of those bars; ``stretch`` is always about the whole piece.
    """

    swaps: tuple[tuple[str, str], ...] = ()
    """Pairs (track, new instrument), such as ("piano", "strings") or ("2", "flute")."""
    transpose_semitones: int = 0
    """-36..36; drums stay."""
    to_key: str | None = None
    """A key such as "D minor": to its tonic by the nearest way, and from major to minor by degrees where modes differ."""
    tempo_bpm: float | None = None
    """Quarter notes per minute at the beginning; later changes of tempo keep their proportion."""
    tempo_percent: float | None = None
    """Of the tempo that is there: 50 is half tempo, 200 double time, 90 a little slower."""
    stretch: float | None = None
    """Of note lengths: 2 is augmentation (every note twice as long), 0.5 diminution."""
    humanize_percent: int = 0
    """0..100: how far onsets and loudness stray from the grid."""
    swing_percent: int = 0
    """0..100: how far off-beat eighths are late; 100 is a triplet's long and short."""
    dynamics: str | None = None
    """A name of ``music.arranging_dynamics.DYNAMICS``: louder, softer, crescendo, diminuendo, quiet ending, loud ending."""
    mood: str | None = None
    """darker (parallel minor, lower where it fits, softer) or brighter (parallel major, higher, a little louder)."""
    tracks: tuple[str, ...] = ()
    """What transposing, mood, humanizing, swing and dynamics are limited to; empty: every track."""
    drop_tracks: tuple[str, ...] = ()
    """Tracks to be taken out; with ``bars`` they are silent there."""
    keep_tracks: tuple[str, ...] = ()
    """The only tracks to stay; with ``bars`` the others are silent there."""
