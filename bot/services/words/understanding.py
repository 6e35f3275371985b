"""What was understood of a text, as a value: controls, the words behind them, what stayed dark, what does not go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """One thing that was understood, for people: "tempo", "90 bpm", "about 90 bpm"."""

    name: str
    value: str
    words: str

    @property
    def text(self) -> str:
        """One short line; the words are left out where they say the same."""
        said = f" (“{self.words}”)" if self.words.casefold() != self.value.casefold() else ""
        return f"{self.name}: {self.value}{said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two wishes that exclude each other; ``field`` is the control that they are about, ``sentence`` has no full stop."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The wishes in a text. None and empty: nobody said so.

    ``tempo_bpm`` counts quarter notes; ``tempo_is_word``: it comes from a word such as "fast". ``like_last``: the person
    refers to the newest result; ``changes`` ("slower", "darker", …) are relative to it. The fields that
    ``contradictions`` are about stay empty.
    """

    text: str = ""
    genre: str | None = None
    second_genre: str | None = None
    key: str | None = None
    tempo_bpm: float | None = None
    tempo_is_word: bool = False
    metre: str | None = None
    num_bars: int | None = None
    seconds: float | None = None
    instruments: tuple[str, ...] = ()
    exclude_instruments: tuple[str, ...] = ()
    density: str | None = None
    moods: tuple[str, ...] = ()
    dynamics: str | None = None
    ending: str | None = None
    preset: str | None = None
    temperature: float | None = None
    seed: int | None = None
    num_takes: int | None = None
    like_last: bool = False
    changes: tuple[str, ...] = ()
    echoes: tuple[Echo, ...] = ()
    not_understood: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing at all was understood."""
        return not self.echoes and not self.contradictions

    def controls(self) -> dict[str, Any]:
        """Return what was said under the names of ``/generate``'s options; what was not said is left out."""
        said: dict[str, Any] = {
            "genre": self.genre,
            "blend": self.second_genre,
            "key": self.key,
            "tempo": _short(self.tempo_bpm),
            "metre": self.metre,
            "bars": self.num_bars,
            "seconds": _short(self.seconds),
            "instruments": list(self.instruments),
            "exclude_instruments": list(self.exclude_instruments),
            "density": self.density,
            "mood": ", ".join(self.moods),
            "dynamics": self.dynamics,
            "ending": self.ending,
            "preset": self.preset,
            "temperature": self.temperature,
            "seed": self.seed,
            "takes": self.num_takes,
            "like": "last" if self.like_last else None,
            "changes": list(self.changes),
        }
        return {name: value for name, value in said.items() if value is not None and value not in ("", [])}


def _short(number: float | None) -> float | int | None:
    return int(number) if number is not None and float(number).is_integer() else number
