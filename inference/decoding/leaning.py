"""How probability is moved before a value is drawn: to heirs, to other octaves, home to the key, on or off the beat,
to more or fewer notes.

Plain arithmetic on logits of one field, (V,) each. It knows no network and no song.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from inference.engines.base import Logits
from inference.masking import Flags, Indices
from music.syncopation import metrical_weights
from music.vocabulary import DRUM_PITCH, FIELDS

_SYNCOPATION_NATS = 0.45  # for each level that a note pulls against, at a wish of 1
_DENSITY_NATS = 3.0  # for a part that has a note too many or too few, and for no more than that
_OFF_BEAT_NATS = 0.15  # for each level that a place is weaker than the downbeat


def hand_over(logits: Logits, allowed: Flags, heirs: Flags) -> Logits:
    """Give the probability of what is not allowed to the heirs, shared out in proportion to theirs; (V,) each."""
    if not heirs.any():
        return logits
    own, lost = _log_sum(logits[heirs]), _log_sum(logits[~allowed])
    return np.where(heirs, logits + np.logaddexp(own, lost) - own, logits)


def _log_sum(logits: Logits) -> float:
    """Return the logarithm of the sum of exponentials; minus infinity of none."""
    top = logits.max(initial=-math.inf)
    return float(top + np.log(np.exp(logits - top).sum())) if math.isfinite(top) else -math.inf


def fold(logits: Logits, targets: Indices) -> Logits:
    """Move the probability of each value to another (itself, mostly); values nobody goes to keep none. (V,) each."""
    if (targets == np.arange(len(targets))).all():
        return logits
    top = logits.max()
    shares = np.bincount(targets, weights=np.exp(logits - top), minlength=len(logits))
    with np.errstate(divide="ignore"):  # the logarithm of 0 is what it should be
        return np.log(shares) + top


def pull_home(home: tuple[int, ...], strength: float) -> Logits:
    """Return what is taken off the logit of each pitch (pitches,): nothing from drums and from tones of the key.

    A network that reads what it wrote takes its own stray tones for the music's, and strays further; people's pieces
    stay. The pull makes up for that and leaves every tone possible.
    """
    pitches = np.arange(FIELDS["pitch"].size)
    is_astray = (pitches < DRUM_PITCH) & ~np.isin(pitches % 12, home) & bool(home)
    return np.where(is_astray, math.log(strength), 0.0)


def lean_off_beat(metre: int, *, last_onset: int | None, strength: float) -> Logits:
    """Return what is added to the logit of each position (positions,) of a part's next note.

    ``last_onset`` is where the part's note before began, in units from the beginning of this bar (below 0: in the bar
    before); None: long ago. What counts is what Longuet-Higgins and Lee count (``music/syncopation.py``): the note before
    becomes a syncopation when the next one lets a stronger place pass; a note on a weak place may become one.
    """
    weights = metrical_weights(metre)
    leaning = np.zeros(FIELDS["position"].size)
    leaning[: len(weights)] = -_OFF_BEAT_NATS * strength * weights
    if last_onset is not None and last_onset > -len(weights):
        bars = np.concatenate([weights, weights])  # the bar before and this one
        last = last_onset + len(weights)
        passed = np.maximum.accumulate(bars[last + 1 : -1])  # the strongest place let pass, by the place after it
        pulls = np.maximum(passed - bars[last], 0)[max(len(weights) - last - 2, 0) :]
        leaning[len(weights) - len(pulls) : len(weights)] += _SYNCOPATION_NATS * strength * pulls
    return leaning


def lean_to_density(counts: Mapping[int, int], *, notes_in_bar: float, num_choices: int) -> Logits:
    """Return what is added to the logit of each choice (choices,), so that a bar gets about so many notes.

    ``counts`` is how many notes each part that plays has in this bar. The bar's notes are shared out evenly: a part that lacks
    some is likelier to come next, one that has too many less likely; the end of the bar is left as it is.
    """
    leaning = np.zeros(num_choices)
    for slot, count in counts.items():
        leaning[slot] = _DENSITY_NATS * min(max(notes_in_bar / len(counts) - count, -1.0), 1.0)
    return leaning
