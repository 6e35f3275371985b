"""Trivial models beside which the harmonizer's nats are printed: counts with back-off. They know nothing of networks.

Smoothing after Witten and Bell 1991 (as in Chen and Goodman 1999, section 2.5): the share of a longer context grows with its
count over its number of different continuations; the shortest falls back to the uniform distribution.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from music.tokenizers.harmony import HOLD, NO_CHORD, NUM_VOICE_VALUES, QUALITIES, VOICES, WRITTEN_VOICES, voice_values
from training.harmonizer_batches import transpose_pitches, transposition_range
from training.harmonizer_sets import Chorale, LeadSheet, count_chords

Contexts = tuple[Hashable, ...]


class BackOffCounts:
    """Counts of values after contexts, from the shortest context to the longest."""

    def __init__(self, num_values: int) -> None:
        self._num_values = num_values
        self._counts: defaultdict[Hashable, Counter[int]] = defaultdict(Counter)

    def add(self, value: int, contexts: Contexts) -> None:
        """Count one value after each of its contexts."""
        for context in contexts:
            self._counts[context][value] += 1

    def share(self, value: int, contexts: Contexts) -> float:
        """Return the probability of a value."""
        share = 1.0 / self._num_values
        for context in contexts:
            counts = self._counts.get(context)
            if counts:
                total, kinds = counts.total(), len(counts)
                share = (counts[value] + kinds * share) / (total + kinds)
        return share


def score_chorale_baseline(train: Sequence[Chorale], test: Sequence[Chorale]) -> dict[str, float]:
    """Return nats per note of bass, alto and tenor: no context; own previous pitch and the soprano's move, all keys.

    Accuracy of ``persistence`` is that of repeating the voice's last pitch.
    """
    models = {voice: BackOffCounts(NUM_VOICE_VALUES) for voice in WRITTEN_VOICES}
    for chorale in train:
        low, high = transposition_range(chorale.pitches)
        for semitones in range(low, high + 1):
            for voice, value, contexts in _chorale_events(transpose_pitches(chorale.pitches, semitones)):
                models[voice].add(value, contexts)
    unigram = ngram = hits = count = 0.0
    for chorale in test:
        for voice, value, contexts in _chorale_events(chorale.pitches):
            unigram -= math.log(models[voice].share(value, contexts[:1]))
            ngram -= math.log(models[voice].share(value, contexts))
            count += 1
        voices = chorale.pitches[:, 1:]
        hits += float((voices[1:] == voices[:-1]).sum())
    return {
        "unigram_nats_per_note": round(unigram / count, 4),
        "ngram_nats_per_note": round(ngram / count, 4),
        "persistence_accuracy": round(hits / count, 4),
    }


def _chorale_events(pitches: np.ndarray) -> list[tuple[str, int, Contexts]]:
    voices = voice_values(pitches)
    events: list[tuple[str, int, Contexts]] = []
    for step, row in enumerate(voices.tolist()):
        before = voices[step - 1].tolist() if step else [0, 0, 0, 0]
        soprano_move = row[0] - before[0] if step else None
        for voice in WRITTEN_VOICES:
            own = before[VOICES.index(voice)]
            contexts: Contexts = ((voice,), (voice, own), (voice, own, row[0]), (voice, own, row[0], soprano_move))
            events.append((voice, row[VOICES.index(voice)], contexts))
    return events


def score_chords_baseline(train: Sequence[LeadSheet], test: Sequence[LeadSheet]) -> dict[str, float]:
    """Return nats per step and per chord: no context; metre place, last chord and the melody's note against it.

    Roots are counted as distances from the last root, so all keys share their counts. Accuracy of ``hold`` is that of
    never changing the chord.
    """
    num_values = {"root": 14, "quality": len(QUALITIES), "bass": 12}
    models = {name: BackOffCounts(size) for name, size in num_values.items()}
    for sheet in train:
        for name, value, contexts in _chord_events(sheet):
            models[name].add(value, contexts)
    unigram = ngram = hits = 0.0
    num_steps = 0
    for sheet in test:
        for name, value, contexts in _chord_events(sheet):
            unigram -= math.log(models[name].share(value, contexts[:1]))
            ngram -= math.log(models[name].share(value, contexts))
            hits += name == "root" and value == HOLD
        num_steps += len(sheet.chords)
    num_chords = sum(count_chords(sheet) for sheet in test)
    return {
        "unigram_nats_per_step": round(unigram / num_steps, 4),
        "ngram_nats_per_step": round(ngram / num_steps, 4),
        "unigram_nats_per_chord": round(unigram / num_chords, 4),
        "ngram_nats_per_chord": round(ngram / num_chords, 4),
        "hold_accuracy": round(hits / num_steps, 4),
    }


def _chord_events(sheet: LeadSheet) -> list[tuple[str, int, Contexts]]:
    events: list[tuple[str, int, Contexts]] = []
    last_root, last_quality = NO_CHORD, 0
    for step, (root, quality, bass) in enumerate(sheet.chords.tolist()):
        frame = int(sheet.step_frames[step])
        place = int(sheet.melody.metre_positions[frame])
        pitch = int(sheet.melody.pitches[frame])
        is_hold = step > 0 and bool((sheet.chords[step] == sheet.chords[step - 1]).all())
        melody = (pitch - last_root) % 12 if pitch >= 0 and last_root != NO_CHORD else None
        base = 0 if last_root == NO_CHORD else last_root
        value = HOLD if is_hold else NO_CHORD if root == NO_CHORD else (root - base) % 12
        contexts: Contexts = (
            ("root",),
            ("root", place),
            ("root", place, last_quality, last_root == NO_CHORD),
            ("root", place, last_quality, last_root == NO_CHORD, melody),
        )
        events.append(("root", value, contexts))
        if not is_hold and root != NO_CHORD:
            events.append(("quality", quality, (("quality",), ("quality", value), ("quality", value, last_quality))))
            events.append(("bass", bass, (("bass",), ("bass", quality))))
        last_root, last_quality = root, quality
    return events
