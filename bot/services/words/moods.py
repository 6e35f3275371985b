"""What moods steer: a mode, a tempo in the genre's usual ones, a density, a preset. It reads no text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "moods.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What the moods of a wish ask for together; None leaves it free. ``mode`` is "major" or "minor"."""

    mode: str | None = None
    tempo_bpm: float | None = None
    density: str | None = None
    preset: str | None = None


def steer(moods: Iterable[str], *, genre: str | None) -> Steering:
    """Return what moods ask for; where two disagree the first one said decides, and tempos meet in the middle."""
    table = _table()
    wishes: list[Mapping[str, Any]] = [table["moods"].get(mood, {}) for mood in moods]
    places: list[float] = [wish["tempo"] for wish in wishes if "tempo" in wish]
    slow_bpm, fast_bpm = table["usual_tempos_bpm"].get(genre or "any", table["usual_tempos_bpm"]["any"])
    place = sum(places) / len(places) if places else None
    return Steering(
        mode=_first(wishes, "mode"),
        tempo_bpm=None if place is None else float(round(slow_bpm + place * (fast_bpm - slow_bpm))),
        density=_first(wishes, "density"),
        preset=_first(wishes, "preset"),
    )


def usual_tempo_bpm(genre: str | None) -> float:
    """Return the middle of the usual tempos of a genre, of any without one."""
    usual = _table()["usual_tempos_bpm"]
    slow_bpm, fast_bpm = usual.get(genre or "any", usual["any"])
    return (slow_bpm + fast_bpm) / 2


def _first(wishes: Iterable[Mapping[str, Any]], name: str) -> str | None:
    return next((wish[name] for wish in wishes if name in wish), None)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
