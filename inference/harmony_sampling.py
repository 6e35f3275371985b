"""How boldly the harmonizer chooses under each preset: what ships, in one table that the bot and the evaluation share.

Low temperatures make harmony that moves less and repeats itself, not harmony that is better, so presets stay near 1; a hole
with both sides seen mostly has one good answer, so there they are lower, and of several drafts the one that agrees most with
the others stays (``decoding/passage_drafts.py``). Values of chords and holes were chosen on the
validation splits (``docs/experiments.md``), never on the test splits.
"""

from __future__ import annotations

from inference.protocol import HarmonyTask, Sampling

DEFAULT_PRESET = "balanced"

_CHORALE = {
    "safe": Sampling(temperature_notes=0.9, temperature_rhythm=0.9, top_p=0.95),
    "balanced": Sampling(),
    "wild": Sampling(temperature_notes=1.15, temperature_rhythm=1.1, min_p=0.02),
}
_CHORDS = {
    "safe": Sampling(temperature_notes=0.8, temperature_rhythm=0.8, top_p=0.9),
    "balanced": Sampling(temperature_notes=0.9, temperature_rhythm=0.9, top_p=0.95),
    "wild": Sampling(temperature_notes=1.2, temperature_rhythm=1.1, min_p=0.02),
}
_HOLE = {
    "safe": Sampling(temperature_notes=0.1, temperature_rhythm=0.1, temperature_instruments=0.1),
    "balanced": Sampling(temperature_notes=0.7, temperature_rhythm=0.7, temperature_instruments=0.7),
    "wild": Sampling(temperature_notes=0.95, temperature_rhythm=0.95, top_p=0.96),
}
_PARTS = {
    "safe": Sampling(temperature_notes=0.8, temperature_rhythm=0.8, temperature_instruments=0.8, top_p=0.9),
    "balanced": Sampling(temperature_notes=0.95, temperature_rhythm=0.95, top_p=0.96),
    "wild": Sampling(temperature_notes=1.2, temperature_rhythm=1.1, temperature_instruments=1.1, min_p=0.02),
}


def harmony_sampling(style: HarmonyTask, preset: str = DEFAULT_PRESET) -> Sampling:
    """Return how to sample for a task under a preset: safe, balanced or wild."""
    match style:
        case "chorale":
            return _CHORALE[preset]
        case "chords":
            return _CHORDS[preset]
        case "fill":
            return _HOLE[preset]
        case _:
            return _PARTS[preset]
