"""What was understood -> options to order with. Options that somebody set by hand win over words. It reads no text.

Words that say nothing a network can use directly are turned into what it can: moods steer what nobody asked for otherwise,
seconds become bars, "slower" changes what the newest result was made with.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.services.options import DENSITIES, PRESETS, GenerateOptions, PromptWords
from bot.services.words.moods import steer, usual_tempo_bpm
from bot.services.words.understanding import Understood
from core.errors import InputError
from music.names import parse_metre
from music.vocabulary import FASTEST_BPM, SLOWEST_BPM

_TONICS: Mapping[str, tuple[str, ...]] = {
    "major": ("C", "G", "D", "F", "A", "Bb", "Eb"),
    "minor": ("A", "E", "D", "G", "C", "B", "F#"),
}
"""Keys that many instruments play well, for a wish that names a mode and no tonic."""

_FIELDS: Mapping[str, str] = {  # control -> field of the options
    "genre": "genre",
    "key": "key",
    "tempo": "tempo_bpm",
    "metre": "metre",
    "bars": "num_bars",
    "seconds": "num_bars",
    "instruments": "instruments",
    "density": "density",
    "preset": "preset",
    "dynamics": "loudness",
    "ending": "ending",
    "seed": "seed",
}
_SLOWER, _FASTER = 0.8, 1.25
_SHORTER, _LONGER = 0.5, 1.5
_MOST_DIFFERENT_LENGTHS = 1.2  # "16 bars, 30 seconds, 90 bpm": so far apart they cannot all be kept
_SECONDS_PER_MINUTE = 60


def generate_options(
    understood: Understood, *, given: GenerateOptions | None = None, last: GenerateOptions | None = None
) -> GenerateOptions:
    """Return what to order: ``given`` by hand first, then the words, then what ``last`` says (None: nothing before counts).

    Raises:
        InputError: for wishes that exclude each other and that nobody decided by hand.
    """
    given = given or GenerateOptions()
    refuse_contradictions(understood, given)
    said = _said(understood)
    base = _relative(last, understood) if last is not None else GenerateOptions()
    by_hand = _set_by_hand(given)
    merged = replace(base, **said, **{name: value for name, value in by_hand.items() if name not in said})
    merged = replace(merged, **by_hand)
    if base.instruments and "instruments" not in by_hand:
        merged = _swap_instruments(merged, understood, base)
    merged = _steer(merged, understood)
    merged = _settle_length(merged, understood, is_set="num_bars" in by_hand)
    return replace(merged, prompt=words_of(understood))


def refuse_contradictions(understood: Understood, given: GenerateOptions | None = None) -> None:
    """Refuse wishes that exclude each other, except where an option set by hand decides.

    Raises:
        InputError: with one sentence.
    """
    by_hand = _set_by_hand(given or GenerateOptions())
    for each in understood.contradictions:
        if _FIELDS.get(each.field, each.field) not in by_hand:
            raise InputError(f"{each.sentence}. Say which of the two you want, or set the option yourself.")


def words_of(understood: Understood) -> PromptWords:
    """Return what is kept of a prompt beside the options, for the reply to show."""
    return PromptWords(
        text=understood.text[:1000],
        understood=tuple(each.text for each in understood.echoes) + understood.remarks,
        not_understood=understood.not_understood,
    )


def _said(understood: Understood) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "genre": understood.genre,
        "second_genre": understood.second_genre,
        "key": _whole_key(understood.key, understood.text),
        "tempo_bpm": understood.tempo_bpm,
        "metre": understood.metre,
        "num_bars": understood.num_bars,
        "instruments": understood.instruments or None,
        "exclude_instruments": understood.exclude_instruments or None,
        "density": understood.density,
        "firm_density": True if understood.density else None,
        "preset": understood.preset,
        "loudness": understood.dynamics,
        "ending": understood.ending,
        "seed": understood.seed,
    }
    said = {name: value for name, value in fields.items() if value is not None}
    if understood.temperature is not None:
        said["sampling"] = replace(GenerateOptions().sampling, temperature=understood.temperature)
    return said


def _set_by_hand(given: GenerateOptions) -> dict[str, Any]:
    usual = GenerateOptions()
    names = GenerateOptions.__dataclass_fields__
    return {name: getattr(given, name) for name in names if getattr(given, name) != getattr(usual, name)}


def _whole_key(key: str | None, text: str) -> str | None:
    """Give a mode without a tonic one; the same words always get the same."""
    if key is None or key not in _TONICS:
        return key
    tonics = _TONICS[key]
    return f"{tonics[zlib.crc32(text.encode()) % len(tonics)]} {key}"


def _steer(options: GenerateOptions, understood: Understood) -> GenerateOptions:
    """Let moods decide what nobody else did."""
    steering = steer(understood.moods, genre=options.genre)
    changes: dict[str, Any] = {}
    if options.key is None and steering.mode is not None:
        changes["key"] = _whole_key(steering.mode, understood.text)
    if options.tempo_bpm is None and steering.tempo_bpm is not None:
        changes["tempo_bpm"] = steering.tempo_bpm
    if options.density is None and steering.density is not None:
        changes["density"] = steering.density
    if options.preset == GenerateOptions().preset and steering.preset is not None:
        changes["preset"] = steering.preset
    return replace(options, **changes)


def _settle_length(options: GenerateOptions, understood: Understood, *, is_set: bool) -> GenerateOptions:
    """Turn seconds into bars: by the tempo, or the tempo by the bars where only that is free."""
    seconds = understood.seconds
    if seconds is None or is_set:
        return options
    if seconds <= 0:
        raise InputError("A piece lasts longer than 0 seconds. Say how long, for instance 30 seconds.")
    quarters_per_bar = _quarters_per_bar(options.metre)
    if understood.num_bars is not None:
        tempo_bpm = understood.num_bars * quarters_per_bar * _SECONDS_PER_MINUTE / seconds
        if options.tempo_bpm is None or understood.tempo_bpm is None:
            return replace(options, tempo_bpm=min(max(round(tempo_bpm), SLOWEST_BPM), FASTEST_BPM))
        if not 1 / _MOST_DIFFERENT_LENGTHS < tempo_bpm / options.tempo_bpm < _MOST_DIFFERENT_LENGTHS:
            raise InputError(
                f"{understood.num_bars} bars at {options.tempo_bpm:g} bpm do not last {seconds:g} seconds. "
                "Leave out one of the three."
            )
        return options
    tempo_bpm = options.tempo_bpm or round(usual_tempo_bpm(options.genre))
    num_bars = max(1, round(seconds * tempo_bpm / _SECONDS_PER_MINUTE / quarters_per_bar))
    return replace(options, num_bars=num_bars, tempo_bpm=tempo_bpm)


def _quarters_per_bar(metre: str | None) -> float:
    top, bottom = parse_metre(metre or "4/4")
    return top * 4 / bottom


def _relative(last: GenerateOptions, understood: Understood) -> GenerateOptions:
    """Change what the newest result was made with; without a seed, so that the music is new."""
    changes: dict[str, Any] = {"seed": None}
    tempo_bpm = last.tempo_bpm or round(usual_tempo_bpm(last.genre))
    num_bars = last.num_bars
    for change in understood.changes:
        match change:
            case "slower" | "faster":
                changed_bpm = tempo_bpm * (_SLOWER if change == "slower" else _FASTER)
                changes["tempo_bpm"] = float(min(max(round(changed_bpm), SLOWEST_BPM), FASTEST_BPM))
            case "shorter" | "longer" if num_bars is not None:
                changes["num_bars"] = max(1, round(num_bars * (_SHORTER if change == "shorter" else _LONGER)))
            case "happier" | "darker":
                mode = "major" if change == "happier" else "minor"
                changes["key"] = _with_mode(last.key, mode) or _whole_key(mode, understood.text)
            case "denser" | "sparser":
                changes["density"] = _step(tuple(DENSITIES), last.density or "medium", up=change == "denser")
            case "wilder" | "safer":
                changes["preset"] = _step(PRESETS, last.preset, up=change == "wilder")
            case _:
                continue  # louder, higher: the reply says what it understood; there is no control for it yet
    return replace(last, **changes)


def _with_mode(key: str | None, mode: str) -> str | None:
    return None if key is None else f"{key.split()[0].removesuffix('m')} {mode}"


def _step(names: tuple[str, ...], name: str, *, up: bool) -> str:
    at = names.index(name) if name in names else len(names) // 2
    return names[min(max(at + (1 if up else -1), 0), len(names) - 1)]


def _swap_instruments(options: GenerateOptions, understood: Understood, base: GenerateOptions) -> GenerateOptions:
    """Take the newest result's band, without whom the person does not want, with whom they name."""
    kept = [name for name in base.instruments if name not in understood.exclude_instruments]
    added = [name for name in understood.instruments if name not in kept]
    return replace(options, instruments=tuple(kept + added))
