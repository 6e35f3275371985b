"""What a chorale's reply says of its voices: rules of part-writing, ranges, how often chords change. It knows no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from inference.decoding.chorale_rules import count_rules
from inference.decoding.chorale_writer import ChoraleWriter
from inference.decoding.harmony_wishes import how_often
from inference.protocol import HarmonyWishes, VoiceRange
from music.constraints import Check
from music.names import pitch_name
from music.piece import Track


def check_part_writing(writer: ChoraleWriter) -> Check:
    """Return whether the voices move without parallels and crossings."""
    counts = count_rules(writer.voices)
    found = f"{counts.num_parallels} parallels, {counts.num_crossings} crossings in {counts.num_chord_changes} changes"
    if writer.report.num_relaxed:
        found += f"; no way without at {writer.report.num_relaxed} places"
    return Check(
        name="part_writing",
        asked="no parallel fifths or octaves, no crossing voices",
        found=found,
        is_kept=counts.num_parallels == 0 and counts.num_crossings == 0,
    )


def check_voice_ranges(ranges: Sequence[VoiceRange], parts: Sequence[Track]) -> Iterator[Check]:
    """Yield whether each voice that was given a range stays in it."""
    by_name = {track.name.casefold(): [note.pitch for note in track.notes] for track in parts}
    for each in ranges:
        pitches = by_name.get(each.voice, [])
        found = f"{pitch_name(min(pitches))} to {pitch_name(max(pitches))}" if pitches else "no notes"
        yield Check(
            name="range",
            asked=f"{each.voice} {pitch_name(each.low)} to {pitch_name(each.high)}",
            found=found,
            is_kept=all(each.low <= pitch <= each.high for pitch in pitches),
        )


def check_spans(wishes: HarmonyWishes, writer: ChoraleWriter) -> Check:
    """Return whether the written voices move only where chords may change."""
    starts = writer.span_starts
    moves = (np.diff(writer.voices[:, 1:], axis=0) != 0).any(axis=1)
    inside = np.zeros(len(moves), dtype=np.bool_) if starts is None else starts[1:] != np.arange(1, len(starts))
    num_beside = int((moves & inside).sum())
    found = "as asked" if num_beside == 0 else f"{num_beside} changes elsewhere"
    asked = f"chords change {how_often(wishes.chords_per_bar or 1)}"
    return Check(name="harmonic_rhythm", asked=asked, found=found, is_kept=num_beside == 0)
