"""Whether the controls of the networks do what they say: limits kept (counted from the checks), wishes followed (measured).

Requests are drawn with a fixed seed. A limit is kept or not; a wish is measured at each of its levels over the same seeds,
and what is reported is the mean of the measure at each level, so that one sees whether it rises with the wish. Pieces to
harmonize and remix are the chorales of music21, which everybody has. It knows nothing of how people type controls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol, get_args

import numpy as np
from msgspec import structs

from core.errors import InputError
from inference.decoding.harmony_wishes import has_seventh
from inference.presets import PRESET_SAMPLINGS
from inference.protocol import (
    Controls,
    GenerateRequest,
    HarmonizeRequest,
    HarmonyWishes,
    Message,
    RemixField,
    RemixRequest,
    Result,
    SectionWishes,
)
from music.constraints import BarRange, Check, Constraints, PartLimits, SectionLimits
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Piece
from music.syncopation import syncopation_per_bar
from music.time_grid import TimeGrid

_SEED = 20_261_123
_BAND = (0, 33, 48, DRUM_PROGRAM)
_DENSITIES = (1, 3, 4, 6, 7)  # sparse, light, medium, busy, dense
_SYNCOPATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
_GRIDS = (12, 6, 3, 8, 4)
_SAMPLING = PRESET_SAMPLINGS["balanced"]
_CADENCES = ("authentic", "plagal", "half", "deceptive")


class Decoder(Protocol):
    """What serves requests."""

    def decode(self, request: Any, /) -> Iterable[Message]: ...


def count_kept(decoder: Decoder, requests: Sequence[Message]) -> dict[str, Any]:
    """Return, by promise, how many were asked and kept; what is refused with a sentence is counted apart."""
    asked: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    broken: list[str] = []
    num_refused = 0
    for request in requests:
        try:
            checks = _result(decoder, request).checks
        except InputError:
            num_refused += 1
            continue
        for check in checks:
            asked[check.name] += 1
            kept[check.name] += check.is_kept
            broken += [] if check.is_kept else [_told(request, check)]
    return {
        "num_requests": len(requests),
        "num_refused": num_refused,
        "by_promise": {name: {"asked": asked[name], "kept": kept[name]} for name in sorted(asked)},
        "broken": broken,
    }


def limit_requests(num_requests: int) -> list[GenerateRequest]:
    """Return new pieces with random ranges, notes at once, grids, sections, scales and exclusions."""
    rng = np.random.default_rng(_SEED)
    requests: list[GenerateRequest] = []
    for index in range(num_requests):
        instruments = tuple(rng.choice(96, size=int(rng.integers(1, 5)), replace=False).tolist())
        is_free = index % 4 == 3  # the network chooses who plays
        excluded = tuple(rng.choice(129, size=40, replace=False).tolist())
        low = int(rng.integers(36, 56))
        num_bars = int(rng.integers(4, 9))
        half = BarRange(num_bars // 2, num_bars)
        most = len(instruments) + int(rng.integers(1, 5))
        constraints = Constraints(
            num_bars=num_bars,
            instruments=() if is_free else instruments,
            excluded_instruments=excluded if is_free else (),
            pitch_range=(low, low + int(rng.integers(19, 37))) if rng.random() < 0.5 else None,
            parts=()
            if is_free
            else (PartLimits(instrument=instruments[0], max_notes_at_once=int(rng.integers(1, 4))),),
            max_notes_at_once=most if rng.random() < 0.6 else None,
            grid_units=int(rng.choice(_GRIDS)) if rng.random() < 0.4 else None,
            sections=(SectionLimits(bars=half, pitch_range=(60, 84), max_notes_at_once=most),)
            if rng.random() < 0.4
            else (),
            scale=scale_of_key(parse_key(str(rng.choice(["C major", "A minor", "Eb major"]))))
            if rng.random() < 0.5
            else None,
        )
        requests.append(
            GenerateRequest(job_id=f"limit-{index}", seed=index, constraints=constraints, sampling=_SAMPLING)
        )
    return requests


def follow_wishes(decoder: Decoder, *, num_seeds: int, num_bars: int = 8) -> dict[str, Any]:
    """Return the mean measure at each level of density, syncopation, sections, key and polyphony."""

    def mean(measure: Callable[[Piece], float], constraints: Constraints, controls: Controls) -> float:
        values = [
            measure(
                _result(
                    decoder,
                    GenerateRequest(
                        job_id="wish", seed=seed, constraints=constraints, controls=controls, sampling=_SAMPLING
                    ),
                ).piece
            )
            for seed in range(num_seeds)
        ]
        return round(float(np.mean(values)), 3)

    band = Constraints(num_bars=num_bars, instruments=_BAND, metre=(4, 4))
    halves = BarRange(0, num_bars // 2), BarRange(num_bars // 2, num_bars)

    def rising(first: int, second: int) -> Controls:
        return Controls(genre="pop", sections=tuple(SectionWishes(bars=bars, density=each) for bars, each in zip(halves, (first, second), strict=True)))  # fmt: skip

    def syncopated(first: float, second: float) -> Controls:
        return Controls(genre="pop", sections=tuple(SectionWishes(bars=bars, syncopation=each) for bars, each in zip(halves, (first, second), strict=True)))  # fmt: skip

    d_minor = scale_of_key(parse_key("D minor"))

    def outside(piece: Piece) -> float:
        pitches = [note.pitch for track in piece.tracks if not track.is_drum for note in track.notes]
        return sum(pitch % 12 not in d_minor.pitch_classes for pitch in pitches) / max(len(pitches), 1)

    return {
        "notes_per_quarter_by_density": {
            str(each): mean(_notes_per_quarter, band, Controls(genre="pop", density=each, has_firm_density=True))
            for each in _DENSITIES
        },
        "syncopation_by_wish": {
            str(each): mean(syncopation_per_bar, band, Controls(genre="pop", syncopation=each))
            for each in _SYNCOPATIONS
        },
        "share_of_notes_in_second_half": {
            "sparse then dense": mean(_second_half, band, rising(1, 7)),
            "dense then sparse": mean(_second_half, band, rising(7, 1)),
        },
        "syncopation_second_half_less_first": {
            "straight then strong": mean(_syncopation_rise, band, syncopated(-2.0, 2.0)),
            "strong then straight": mean(_syncopation_rise, band, syncopated(2.0, -2.0)),
        },
        "share_of_tones_outside_d_minor": {
            "not asked": mean(outside, band, Controls(genre="pop")),
            "wished": mean(outside, band, Controls(genre="pop", key=d_minor)),
            "locked": mean(outside, replace(band, scale=d_minor), Controls(genre="pop")),
        },
    }


def harmony_requests(pieces: Sequence[Piece]) -> list[HarmonizeRequest]:
    """Return harmonizations of each piece's first track: every style, chords a bar, kind and cadence in turn."""
    requests: list[HarmonizeRequest] = []
    for index, piece in enumerate(pieces):
        for number, style in enumerate(("chorale", "chords", "piano")):
            turn = index + number
            counts = (1, 2) if style == "piano" else (1, 2, 4)
            wishes = HarmonyWishes(
                chords_per_bar=counts[turn % len(counts)],
                cadence=_CADENCES[turn % 4],
                sevenths="some" if style == "chorale" else ("none", "some", "many")[turn % 3],
                complexity="usual" if style == "chorale" or turn % 2 else ("simple", "rich")[turn // 2 % 2],
            )
            if wishes.sevenths == "many" and wishes.complexity == "simple":
                wishes = structs.replace(wishes, complexity="usual")
            melody = piece.with_tracks((piece.tracks[0],))
            requests.append(
                HarmonizeRequest(job_id=f"{style}-{index}", seed=index, piece=melody, style=style, melody_track=0, harmony=wishes)
            )  # fmt: skip
    return requests


def count_sevenths(decoder: Decoder, pieces: Sequence[Piece]) -> dict[str, float]:
    """Return the share of chords with a seventh under each wish, and of those that are no plain triads."""

    def share(wishes: HarmonyWishes, has: Callable[[str], bool]) -> float:
        qualities = [
            chord.quality
            for seed, piece in enumerate(pieces)
            for chord in _result(
                decoder,
                HarmonizeRequest(
                    job_id="7", seed=seed, piece=piece.with_tracks((piece.tracks[0],)), style="chords", melody_track=0, harmony=wishes
                ),
            ).piece.chords
        ]  # fmt: skip
        return round(sum(map(has, qualities)) / max(len(qualities), 1), 3)

    def is_rich(quality: str) -> bool:
        return quality not in {"maj", "min"}

    return {
        "sevenths none": share(HarmonyWishes(sevenths="none"), has_seventh),
        "sevenths some": share(HarmonyWishes(), has_seventh),
        "sevenths many": share(HarmonyWishes(sevenths="many"), has_seventh),
        "not plain, simple": share(HarmonyWishes(complexity="simple"), is_rich),
        "not plain, usual": share(HarmonyWishes(), is_rich),
        "not plain, rich": share(HarmonyWishes(complexity="rich"), is_rich),
    }


def remix_requests(pieces: Sequence[Piece]) -> list[RemixRequest]:
    """Return remixes of each piece: every subset of fields, voices, pitches, tracks and keys in turn."""
    fields = get_args(RemixField)
    requests: list[RemixRequest] = []
    for index, piece in enumerate(pieces):
        for turn in range(3):
            number = 3 * index + turn
            chosen = tuple(field for place, field in enumerate(fields) if (number % 15 + 1) >> place & 1)
            voices = ("all", "top", "inner", "bottom")[number % 4]
            requests.append(
                RemixRequest(
                    job_id=f"remix-{number}", seed=number, piece=_merged(piece) if voices != "all" else piece, changes=chosen,
                    share=0.6, voices=voices, pitches=(55, 80) if number % 5 == 0 else None, sampling=_SAMPLING,
                    constraints=Constraints(pitch_range=(40, 84) if number % 2 else None),
                )
            )  # fmt: skip
    return requests


def _merged(piece: Piece) -> Piece:
    """Return a piece with all tones in one track, so that it has voices."""
    notes = sorted({note for track in piece.tracks if not track.is_drum for note in track.notes})
    return piece.with_tracks((replace(piece.tracks[0], notes=tuple(notes)),))


def _result(decoder: Decoder, request: Message) -> Result:
    *_, result = decoder.decode(request)
    assert isinstance(result, Result)
    return result


def _told(request: Message, check: Check) -> str:
    return f"{request.job_id}: {check.name} asked {check.asked}, found {check.found}"


def _notes_per_quarter(piece: Piece) -> float:
    return piece.num_notes / (piece.length_ticks / piece.ticks_per_quarter)


def _halves(piece: Piece) -> Iterator[Piece]:
    grid = TimeGrid(piece)
    middle = grid.bar_start_ticks(grid.num_bars // 2)
    for is_second in (False, True):
        yield piece.with_tracks(
            tuple(
                replace(track, notes=tuple(note for note in track.notes if (note.onset_ticks >= middle) == is_second))
                for track in piece.tracks
            )
        )


def _second_half(piece: Piece) -> float:
    first, second = _halves(piece)
    return second.num_notes / max(first.num_notes + second.num_notes, 1)


def _syncopation_rise(piece: Piece) -> float:
    first, second = _halves(piece)
    return syncopation_per_bar(second) - syncopation_per_bar(first)
