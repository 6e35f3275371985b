"""Every way to ask for music, as a command with its options: what a tour through the bot asks for, with a few seeds each.

It knows the form of commands, not what comes of them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import soundfile

from soak.commands.tab import Attached
from soak.pieces import load_pieces
from soak.promises.visitor import Outcome, Visitor

_HUMMED_HZ = (261.6, 293.7, 329.6, 392.0)
_SAMPLE_RATE_HZ = 22_050
_MOST_REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A command with its options and its file."""

    command: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    file: Attached | None = None
    is_seeded: bool = True


def wishes() -> dict[str, Wish]:
    """Return one wish for each thing that the networks, or rules with a seed, can make; by name."""
    piece = load_pieces(num_pieces=1)[0]
    tune = Attached(filename=piece.soprano.filename, data=piece.soprano.data)
    choir = Attached(filename=piece.all_voices.filename, data=piece.all_voices.data)
    harmonies = {
        f"harmonize, {style}": Wish(command="harmonize", options={"style": style}, file=tune)
        for style in ("chorale", "chords", "piano", "band")
    }
    return {
        "generate": Wish(command="generate", options={"bars": 4, "genre": "rock", "instruments": "piano, bass, drums"}),
        "continue": Wish(command="continue", options={"bars": 2}, file=choir),
        **harmonies,
        "harmonize, melody": Wish(command="harmonize", options={"style": "melody"}, file=choir),
        "remix, pitch": Wish(command="remix", options={"share": 50}, file=choir),
        "remix, rhythm": Wish(command="remix", options={"share": 50, "change": "rhythm"}, file=choir),
        "infill": Wish(command="infill", options={"bars": "2-3", "tracks": "2"}, file=choir),
        "add": Wish(command="add", options={"instrument": "cello"}, file=choir),
        "arrange": Wish(command="arrange", options={"transpose": "up 2", "humanize": 40}, file=choir),
        "compose": Wish(command="compose", options={"length": "8 bars", "genre": "pop", "plan_first": False}),
        "hum": Wish(command="hum", file=Attached(filename="hummed.wav", data=_hummed()), is_seeded=False),
    }


async def ask_all(
    visitor: Visitor, channel_id: str, asked: Mapping[str, Wish], *, seeds: Sequence[int]
) -> dict[str, Outcome]:
    """Ask for everything with every seed, one after the other; answers by “name, seed”.

    Raises:
        TimeoutError: when somebody is not answered.
    """
    found: dict[str, Outcome] = {}
    for name, wish in asked.items():
        for seed in seeds if wish.is_seeded else seeds[:1]:
            options = dict(wish.options) | ({"seed": seed} if wish.is_seeded else {})
            found[f"{name}, seed {seed}"] = await _ask(visitor, channel_id, wish, options)
    return found


async def _ask(visitor: Visitor, channel_id: str, wish: Wish, options: Mapping[str, Any]) -> Outcome:
    """Ask; once more when Discord says that the bot did not respond in its three seconds, as a person does on a busy machine."""
    outcome = await visitor.ask(channel_id, wish.command, options, wish.file)
    for _ in range(_MOST_REPEATS):
        if not outcome.failure:
            break
        outcome = await visitor.ask(channel_id, wish.command, options, wish.file)
    return outcome


async def midi_of(visitor: Visitor, outcomes: Mapping[str, Outcome]) -> dict[str, bytes]:
    """Return the MIDI file of each answer; nothing for one that has none."""
    found: dict[str, bytes] = {}
    for name, outcome in outcomes.items():
        attachment = outcome.file(".mid")
        found[name] = b"" if attachment is None else await visitor.download(attachment)
    return found


def _hummed() -> bytes:
    """Return four held tones as a WAV file, as a steady voice would hum them."""
    times = np.arange(int(_SAMPLE_RATE_HZ * 0.5)) / _SAMPLE_RATE_HZ
    fade = np.minimum(1.0, np.minimum(times, times[::-1]) / 0.03)
    tones = [fade * sum(np.sin(2 * np.pi * hz * part * times) / part for part in (1, 2, 3)) for hz in _HUMMED_HZ]
    file = io.BytesIO()
    soundfile.write(file, 0.2 * np.concatenate(tones), _SAMPLE_RATE_HZ, format="WAV")
    return file.getvalue()
