"""A hummed or played clip as notes: on a tempo's grid, to be looked at and listened to before anything is made of it.

What was heard arrives as a line in the clip's own time (``media/humming.py``). It knows no network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.options import Options
from core.errors import InputError
from core.settings import LimitSettings
from music.analysis import find_key
from music.constraints import Check
from music.names import parse_instruments, parse_metre
from music.piece import DRUM_PROGRAM
from music.snapping import FASTEST_BPM, SLOWEST_BPM, find_tempo, snap
from music.time_grid import TimeGrid

LOWEST_BPM, HIGHEST_BPM = 30.0, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HumOptions(Options):
    """Notes of a clip of one voice. Without ``tempo_bpm`` the tempo is guessed; ``instrument`` plays what was heard."""

    tempo_bpm: float | None = None
    metre: str = "4/4"
    instrument: str = "flute"


def _check(options: HumOptions, _limits: LimitSettings) -> None:
    parse_metre(options.metre)
    (instrument, *more) = parse_instruments(options.instrument) or (0,)
    if more or instrument == DRUM_PROGRAM:
        raise InputError("One instrument plays what you hummed, and not drums. Name one, for instance flute.")
    if options.tempo_bpm is not None and not LOWEST_BPM <= options.tempo_bpm <= HIGHEST_BPM:
        raise InputError(
            f"A tempo lies between {LOWEST_BPM:.0f} and {HIGHEST_BPM:.0f}. Choose one there, or leave it out."
        )


def _write_down(wish: Wish[HumOptions]) -> Made:
    heard, options = wish.piece, wish.options
    seconds = np.asarray([TimeGrid(heard).seconds_of_tick(note.onset_ticks) for note in heard.tracks[0].notes])
    tempo_bpm = options.tempo_bpm or find_tempo(seconds)
    snapped = snap(heard, tempo_bpm=tempo_bpm, metre=parse_metre(options.metre))
    estimate = find_key(snapped)
    piece = replace(
        snapped,
        tracks=(replace(snapped.tracks[0], program=parse_instruments(options.instrument)[0]),),
        key_signatures=() if estimate is None else (estimate.key,),
    )
    found = f"{tempo_bpm:g} bpm" + (
        "" if options.tempo_bpm else f", guessed between {SLOWEST_BPM:.0f} and {FASTEST_BPM:.0f}"
    )
    checks = (
        Check(
            name="notes heard",
            asked=str(heard.num_notes),
            found=str(piece.num_notes),
            is_kept=piece.num_notes == heard.num_notes,
        ),
        Check(name="tempo", asked=found, found=found, is_kept=True),
    )
    return Made(piece=piece, checks=checks)


HUM = RuleOperation(kind="hum", options_type=HumOptions, check_options=_check, apply=_write_down)
