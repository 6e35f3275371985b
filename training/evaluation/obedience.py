"""Whether every network does what it was asked: random requests, checked on the written MIDI file, read back.

The grid is drawn once with a fixed seed: every metre, tempos, scales, ranges, many programs and drums, new pieces and
continuations; locked bars and tracks for remixes; melodies for harmonies. A request that the networks refuse with a
sentence is counted apart and is no failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from core.errors import InputError
from inference.protocol import GenerateRequest, HarmonizeRequest, HarmonyTask, Message, RemixRequest, Result, Sampling
from music.checks import check_constraints
from music.constraints import METRES, BarRange, Check, Constraints
from music.midi import read_midi, write_midi
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Note, Piece
from music.time_grid import TimeGrid

_SEED = 20_261_122
_TONICS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


class Decoder(Protocol):
    """What serves requests."""

    def decode(self, request: Any, /) -> Iterable[Message]: ...


def generator_requests(num_requests: int, *, sampling: Sampling, given: Sequence[Piece] = ()) -> list[GenerateRequest]:
    """Return random requests; every third goes on from one of ``given``."""
    rng = np.random.default_rng(_SEED)
    requests: list[GenerateRequest] = []
    for index in range(num_requests):
        prompt = given[index % len(given)] if given and index % 3 == 2 else None
        constraints = _constraints(rng, metre=METRES[index % len(METRES)], has_prompt=prompt is not None)
        requests.append(
            GenerateRequest(
                job_id=f"ask-{index}", seed=index, constraints=constraints, sampling=sampling, prompt=prompt
            )
        )
    return requests


def _constraints(rng: np.random.Generator, *, metre: tuple[int, int], has_prompt: bool) -> Constraints:
    programs = rng.choice(128, size=int(rng.integers(1, 5)), replace=False).tolist()
    if rng.random() < 0.5:
        programs.append(DRUM_PROGRAM)
    tonic = _TONICS[int(rng.integers(12))]
    scale = scale_of_key(parse_key(f"{tonic} {'minor' if rng.random() < 0.5 else 'major'}"))
    low = int(rng.integers(30, 50))
    return Constraints(
        num_bars=int(rng.integers(2, 9)),
        metre=metre,
        tempo_bpm=float(rng.integers(50, 200)),
        instruments=() if has_prompt else tuple(programs),
        scale=scale if rng.random() < 0.5 else None,
        pitch_range=(low, low + int(rng.integers(24, 50))) if rng.random() < 0.25 else None,
    )


def remix_requests(pieces: Sequence[Piece], *, sampling: Sampling) -> list[RemixRequest]:
    """Return one remix for each piece: some bars of it, one bar and one track locked, pitch and rhythm in turn."""
    rng = np.random.default_rng(_SEED)
    requests: list[RemixRequest] = []
    for index, piece in enumerate(pieces):
        num_bars = TimeGrid(piece).num_bars
        locked = int(rng.integers(num_bars))
        requests.append(
            RemixRequest(
                job_id=f"remix-{index}", seed=index, piece=piece, change="rhythm" if index % 2 else "pitch", share=0.5,
                bars=BarRange(0, max(num_bars // 2, 1)) if index % 3 == 0 else None, sampling=sampling,
                constraints=Constraints(
                    locked_bars=(BarRange(locked, locked + 1),), locked_tracks=(int(rng.integers(len(piece.tracks))),)
                ),
            )
        )  # fmt: skip
    return requests


def harmonize_requests(pieces: Sequence[Piece], *, samplings: Mapping[HarmonyTask, Sampling]) -> list[HarmonizeRequest]:
    """Return one request for each piece, its busiest track as the melody, the given tasks in turn."""
    tasks = list(samplings)
    requests: list[HarmonizeRequest] = []
    for index, piece in enumerate(pieces):
        pitched = [track for track in piece.tracks if not track.is_drum and track.notes]
        if not pitched:
            continue
        melody = max(pitched, key=lambda track: len({note.onset_ticks for note in track.notes}))
        style = tasks[index % len(tasks)]
        requests.append(
            HarmonizeRequest(
                job_id=f"{style}-{index}", seed=index, piece=piece.with_tracks((melody,)), style=style, melody_track=0,
                sampling=samplings[style],
            )
        )  # fmt: skip
    return requests


def measure_obedience(decoder: Decoder, requests: Sequence[Message]) -> dict[str, Any]:
    """Return, by promise, how many were asked and kept, and the total; pieces are judged from their MIDI file."""
    asked: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    broken: list[str] = []
    refused = 0
    for request in requests:
        try:
            results = [message for message in decoder.decode(request) if isinstance(message, Result)]
        except InputError:
            refused += 1
            continue
        for check in check_reply(request, results[-1].piece):
            asked[check.name] += 1
            kept[check.name] += check.is_kept
            if not check.is_kept:
                broken.append(f"{request.job_id}: {check.name} asked {check.asked}, found {check.found}")
    total = sum(asked.values())
    return {
        "num_requests": len(requests),
        "num_refused": refused,
        "num_asked": total,
        "share_kept": sum(kept.values()) / total if total else None,
        "by_promise": {name: {"asked": asked[name], "kept": kept[name]} for name in sorted(asked)},
        "broken": broken,
    }


def check_reply(request: Message, piece: Piece) -> list[Check]:
    """Return every promise of a request, held against the piece after a trip through a MIDI file."""
    heard = read_midi(write_midi(piece))
    match request:
        case GenerateRequest():
            before = request.prompt
            checks = list(check_constraints(heard if before is None else piece, request.constraints, before=before))
            return checks if before is None else [*checks, _check_given(before, piece)]
        case RemixRequest():
            checks = list(check_constraints(piece, request.constraints, before=request.piece))
            return [*checks, _check_outside(request, piece)]
        case HarmonizeRequest():
            return [_check_given(request.piece, piece, track=request.melody_track)]
        case _:
            return []


def _sounding(piece: Piece, track: int | None = None) -> Counter[tuple[int, Note]]:
    chosen = piece.tracks if track is None else (piece.tracks[track],)
    scale = 1 / piece.ticks_per_quarter
    return Counter(
        (
            each.instrument,
            Note(
                round(note.onset_ticks * scale * 960),
                note.pitch,
                round(note.duration_ticks * scale * 960),
                note.velocity,
            ),
        )
        for each in chosen
        for note in each.notes
    )


def _check_given(before: Piece, after: Piece, *, track: int | None = None) -> Check:
    """Every given note is still there, with its instrument, time, length and velocity."""
    missing = (_sounding(before, track) - _sounding(after)).total()
    return Check(name="given_notes", asked="kept", found=f"{missing} notes missing", is_kept=missing == 0)


def _check_outside(request: RemixRequest, after: Piece) -> Check:
    """Notes outside the bars that may change are the same."""
    before = request.piece
    if request.bars is None:
        start_ticks = stop_ticks = 0
    else:
        grid = TimeGrid(before)
        start_ticks, stop_ticks = (
            grid.bar_start_ticks(request.bars.start_bar),
            grid.bar_start_ticks(request.bars.stop_bar),
        )

    def outside(piece: Piece) -> list[list[Note]]:
        return [
            [note for note in track.notes if not start_ticks <= note.onset_ticks < stop_ticks] for track in piece.tracks
        ]

    is_same = request.bars is None or outside(before) == outside(after)
    return Check(
        name="outside_the_bars", asked="untouched", found="untouched" if is_same else "changed", is_kept=is_same
    )
