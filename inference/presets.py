"""The presets: how boldly the networks choose unless somebody says otherwise. Values only."""

from __future__ import annotations

from inference.protocol import Sampling

PRESET_SAMPLINGS: dict[str, Sampling] = {
    "safe": Sampling(
        temperature_notes=0.8, temperature_rhythm=0.8, temperature_instruments=0.8, top_p=0.9, key_pull=3.0
    ),
    "balanced": Sampling(temperature_notes=1.05, temperature_rhythm=0.95, top_p=0.96, key_pull=3.0),
    "wild": Sampling(
        temperature_notes=1.2, temperature_rhythm=1.1, temperature_instruments=1.1, min_p=0.02, repetition=1.1
    ),
}
