"""How well plain words are understood: prompts with the controls they should give, compared with what is understood.

A file holds a JSON list of {"prompt", "controls", and sometimes "may_also_have", "not_understood", "contradiction"}. In an
expected value "a|b" takes either, [low, high] takes any number between; instruments are compared by what they sound like.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bot.services.words.prompts import understand
from bot.services.words.understanding import Understood
from core.errors import InputError, UnknownNameError
from music.names import parse_instrument

_LISTS = ("instruments", "exclude_instruments")


@dataclass(slots=True)
class Score:
    """Counts over prompts, by field. ``misses`` are readable lines, one for each field that is not right."""

    num_prompts: int = 0
    num_perfect: int = 0
    right: Counter[str] = field(default_factory=Counter[str])
    wrong: Counter[str] = field(default_factory=Counter[str])
    missed: Counter[str] = field(default_factory=Counter[str])
    invented: Counter[str] = field(default_factory=Counter[str])
    num_dark: int = 0
    num_dark_told: int = 0
    num_contradictions: int = 0
    num_contradictions_told: int = 0
    num_false_contradictions: int = 0
    misses: list[str] = field(default_factory=list[str])

    @property
    def num_expected(self) -> int:
        """How many fields the prompts ask for."""
        return self.right.total() + self.wrong.total() + self.missed.total()

    @property
    def share_right(self) -> float:
        """How many of those were understood as they should, 0 to 1."""
        return self.right.total() / max(1, self.num_expected)

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        fields = sorted({*self.right, *self.wrong, *self.missed, *self.invented})
        return {
            "prompts": self.num_prompts,
            "prompts_without_a_fault": self.num_perfect,
            "fields_expected": self.num_expected,
            "fields_right": self.right.total(),
            "share_right": round(self.share_right, 4),
            "fields_wrong": self.wrong.total(),
            "fields_missed": self.missed.total(),
            "fields_invented": self.invented.total(),
            "unknown_words": self.num_dark,
            "unknown_words_told": self.num_dark_told,
            "contradictions": self.num_contradictions,
            "contradictions_told": self.num_contradictions_told,
            "contradictions_invented": self.num_false_contradictions,
            "by_field": {
                name: {
                    "right": self.right[name],
                    "wrong": self.wrong[name],
                    "missed": self.missed[name],
                    "invented": self.invented[name],
                }
                for name in fields
            },
        }


def load_prompts(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a file.

    Raises:
        InputError: when it is none.
    """
    try:
        entries: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no JSON file of prompts. Give a list of prompts with their controls.") from error
    if not isinstance(entries, list):
        raise InputError(f"{path} is no list of prompts with their controls.")
    listed = cast("list[dict[str, Any]]", entries)
    if not all("prompt" in each and "controls" in each for each in listed):
        raise InputError(f"{path} is no list of prompts with their controls.")
    return listed


def measure(entries: Sequence[Mapping[str, Any]], *, read: Callable[[str], Understood] = understand) -> Score:
    """Return how the prompts were understood."""
    score = Score()
    for entry in entries:
        _measure_one(score, entry, read(entry["prompt"]))
    return score


def _measure_one(score: Score, entry: Mapping[str, Any], understood: Understood) -> None:
    expected, allowed, found = entry["controls"], entry.get("may_also_have", {}), understood.controls()
    faults: list[str] = []
    for name, value in expected.items():
        if name not in found:
            score.missed[name] += 1
            faults.append(f"{name} missed: {value}")
        elif is_like(name, value, found[name]) or (name in allowed and is_like(name, allowed[name], found[name])):
            score.right[name] += 1
        else:
            score.wrong[name] += 1
            faults.append(f"{name} wrong: {found[name]} in place of {value}")
    for name in found:
        if name not in expected and not (name in allowed and is_like(name, allowed[name], found[name])):
            score.invented[name] += 1
            faults.append(f"{name} invented: {found[name]}")
    faults += _measure_told(score, entry, understood)
    score.num_prompts += 1
    score.num_perfect += not faults
    score.misses += [f"{entry['prompt']} → {fault}" for fault in faults]


def _measure_told(score: Score, entry: Mapping[str, Any], understood: Understood) -> list[str]:
    """Count what the person had to be told: words that mean nothing to us, wishes that exclude each other."""
    faults: list[str] = []
    told = " ".join(understood.not_understood).casefold()
    for word in entry.get("not_understood", ()):
        score.num_dark += 1
        is_told = word.casefold() in told
        score.num_dark_told += is_told
        if not is_told:
            faults.append(f"not told: {word}")
    if entry.get("contradiction"):
        score.num_contradictions += 1
        score.num_contradictions_told += bool(understood.contradictions)
        if not understood.contradictions:
            faults.append("contradiction not told")
    elif understood.contradictions:
        score.num_false_contradictions += 1
        faults.append(f"contradiction invented: {understood.contradictions[0].sentence}")
    return faults


def is_like(name: str, expected: Any, found: Any) -> bool:
    """Tell whether a value is what a prompt asks for."""
    if name in _LISTS:
        wishes: list[set[int]] = [{_program(each) for each in str(wish).split("|")} for wish in expected]
        programs: set[int] = {_program(each) for each in found}
        return len(wishes) == len(programs) and all(bool(wish & programs) for wish in wishes)
    if isinstance(expected, list) and name != "changes":
        low, high = cast("list[float]", expected)
        return low <= found <= high
    if isinstance(expected, str):
        return str(found).casefold() in {each.casefold() for each in expected.split("|")}
    return bool(expected == found)


def _program(name: str) -> int:
    try:
        return parse_instrument(name)
    except UnknownNameError as error:
        raise InputError(f"The expected instrument “{name}” does not exist. Correct the file of prompts.") from error
