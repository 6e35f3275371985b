"""What music looks like in numbers, for real and generated excerpts alike. It knows events, no networks.

All measures take notes, or rows of the event encoding without END. After Dong et al. 2020 (MusPy, arXiv 2008.01951, section
"evaluation"), drums left out of the first two:

- pitch-class entropy: the Shannon entropy of the twelve pitch classes of all notes, in bits (after Wu and Yang 2020,
  "The Jazz Transformer on the Front Line", arXiv 2008.01307, who take it over one or four bars, we over all);
- scale consistency: the largest share of notes that one of the 24 major and natural minor scales holds (a minor scale has
  the notes of its relative major, so twelve are counted);
- groove consistency: 1 - mean Hamming distance of neighbouring bars' onset vectors over their length, with one place for
  each 16th (Wu and Yang compare all pairs of bars; MusPy, and we, neighbours).

The others are ours and say in their docstrings what they count.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from music.roles import PART_ROLES
from music.vocabulary import DRUM_PITCH, FIELDS, METRE_UNITS, Kind

Rows = npt.NDArray[np.int16]
Notes = npt.NDArray[np.int64]
_DRUMS, _BASS = PART_ROLES.index("drums"), PART_ROLES.index("bass")
_MELODIC = (PART_ROLES.index("lead"), PART_ROLES.index("second"))
_UNITS_PER_16TH = 6
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_SCALES = np.asarray([[(tonic + step) % 12 for step in _MAJOR] for tonic in range(12)])


def notes_of_rows(rows: Rows) -> tuple[Notes, int]:
    """Return the notes of an excerpt (N, 4) as bar, slot, position in units, pitch, and the metre of its first bar."""
    kind = rows[:, 0].astype(np.int64) - FIELDS["kind"].offset
    bar = np.cumsum(kind == Kind.BAR) - 1
    is_note = kind == Kind.NOTE
    wide = rows[is_note].astype(np.int64)
    fields = [wide[:, 1 + place] - FIELDS[name].offset for place, name in enumerate(("slot", "position", "pitch"))]
    return np.stack([bar[is_note], *fields], axis=1), int(rows[kind == Kind.BAR][0, 1]) - FIELDS["metre"].offset


def describe_rows(rows: Rows) -> dict[str, float]:
    """Return every statistic of one excerpt; those that it has no material for are missing."""
    notes, metre = notes_of_rows(rows)
    num_bars = int((rows[:, 0] == FIELDS["kind"].id_of(Kind.BAR)).sum())
    found = {
        "notes_per_bar": len(notes) / num_bars,
        "tracks_per_bar": len(np.unique(notes[:, :2], axis=0)) / num_bars,
        "empty_bars": 1 - len(np.unique(notes[:, 0])) / num_bars,
        "scale_consistency": scale_consistency(notes),
        "pitch_class_entropy": pitch_class_entropy(notes),
        "groove_consistency": groove_consistency(notes, num_bars=num_bars, bar_units=METRE_UNITS[metre]),
        "drum_overlap": drum_overlap(notes),
        "bass_in_harmony": bass_in_harmony(notes),
        "melodic_match": melodic_match(notes),
    }
    return {name: value for name, value in found.items() if value is not None}


def scale_consistency(notes: Notes) -> float | None:
    """Share of pitched notes inside the best major (or natural minor) scale."""
    pitch = notes[notes[:, 3] < DRUM_PITCH, 3]
    if not len(pitch):
        return None
    counts = np.bincount(pitch % 12, minlength=12)
    return float(counts[_SCALES].sum(axis=1).max() / len(pitch))


def pitch_class_entropy(notes: Notes) -> float | None:
    """Entropy of pitch classes in bits."""
    pitch = notes[notes[:, 3] < DRUM_PITCH, 3]
    if not len(pitch):
        return None
    shares = np.bincount(pitch % 12, minlength=12) / len(pitch)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def groove_consistency(notes: Notes, *, num_bars: int, bar_units: int) -> float | None:
    """One minus the mean share of 16ths on which neighbouring bars differ in having an onset."""
    if num_bars < 2:
        return None
    onsets = np.zeros((num_bars, bar_units // _UNITS_PER_16TH), dtype=bool)
    onsets[notes[:, 0], np.minimum(notes[:, 2] // _UNITS_PER_16TH, onsets.shape[1] - 1)] = True
    return float(1 - (onsets[1:] != onsets[:-1]).mean())


def _bars_of(notes: Notes, slot: int) -> dict[int, set[tuple[int, int]]]:
    """Sets of (position, pitch) of one slot by bar."""
    bars: dict[int, set[tuple[int, int]]] = {}
    for bar, _, position, pitch in notes[notes[:, 1] == slot].tolist():
        bars.setdefault(bar, set()).add((position, pitch))
    return bars


def drum_overlap(notes: Notes) -> float | None:
    """Mean intersection over union of the drums of neighbouring bars that both have some."""
    bars = _bars_of(notes, _DRUMS)
    pairs = [(bars[bar - 1], bars[bar]) for bar in bars if bar - 1 in bars]
    if not pairs:
        return None
    return float(np.mean([len(one & two) / len(one | two) for one, two in pairs]))


def bass_in_harmony(notes: Notes) -> float | None:
    """Share of bass notes whose pitch class the other pitched parts play in the same bar (bars without these left out)."""
    bass = notes[notes[:, 1] == _BASS]
    others = notes[(notes[:, 1] != _BASS) & (notes[:, 3] < DRUM_PITCH)]
    classes: dict[int, set[int]] = {}
    for bar, _, _, pitch in others.tolist():
        classes.setdefault(bar, set()).add(pitch % 12)
    hits = [pitch % 12 in classes[bar] for bar, _, _, pitch in bass.tolist() if bar in classes]
    return float(np.mean(hits)) if hits else None


def melodic_match(notes: Notes) -> float | None:
    """Mean, over bars of the lead (else second) part with three or more notes, of the best F1 with an earlier bar."""
    for slot in _MELODIC:
        bars = {bar: found for bar, found in _bars_of(notes, slot).items() if len(found) >= 3}
        ordered = sorted(bars)
        if len(ordered) >= 4:
            best = [
                max(_f1(bars[bar], bars[earlier]) for earlier in ordered[:index])
                for index, bar in enumerate(ordered)
                if index > 0
            ]
            return float(np.mean(best))
    return None


def _f1(one: set[tuple[int, int]], two: set[tuple[int, int]]) -> float:
    return 2 * len(one & two) / (len(one) + len(two))


def summarize(excerpts: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return mean, standard deviation and count of each statistic over excerpts."""
    names = sorted({name for each in excerpts for name in each})
    summary: dict[str, dict[str, float]] = {}
    for name in names:
        values = np.asarray([each[name] for each in excerpts if name in each])
        summary[name] = {
            "mean": round(float(values.mean()), 4), "sd": round(float(values.std()), 4), "count": len(values)
        }  # fmt: skip
    return summary
