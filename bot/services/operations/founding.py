"""The first state of a shared song: a piece that is there already, or so many empty bars. No network has a part in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.options import DEFAULT_NUM_BARS, Options
from core.errors import InputError
from core.settings import LimitSettings
from music.names import parse_metre
from music.piece import DEFAULT_TICKS_PER_QUARTER, Piece, Tempo, TimeSignature
from music.vocabulary import FASTEST_BPM, SLOWEST_BPM


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOptions(Options):
    """How an empty song begins; nothing of it matters where there is music already. ``title``: the song's own name."""

    title: str = ""
    num_bars: int = DEFAULT_NUM_BARS
    metre: str = "4/4"
    tempo_bpm: float = 120.0


def empty_piece(options: FoundOptions) -> Piece:
    """Return so many bars of rest."""
    numerator, denominator = parse_metre(options.metre)
    bar_ticks = DEFAULT_TICKS_PER_QUARTER * 4 * numerator // denominator
    return Piece(
        tempos=(Tempo(0, options.tempo_bpm),),
        time_signatures=(TimeSignature(0, numerator, denominator),),
        title=options.title,
        length_ticks=bar_ticks * options.num_bars,
    )


def _check(options: FoundOptions, limits: LimitSettings) -> None:
    if not 1 <= options.num_bars <= limits.max_bars:
        raise InputError(
            f"A song begins with 1 to {limits.max_bars} bars; it may grow later. Choose a number in that range."
        )
    if not SLOWEST_BPM <= options.tempo_bpm <= FASTEST_BPM:
        raise InputError(f"A tempo lies between {SLOWEST_BPM:.0f} and {FASTEST_BPM:.0f} quarter notes per minute.")
    parse_metre(options.metre)


def _apply(wish: Wish[FoundOptions]) -> Made:
    if wish.source is None:
        return Made(piece=empty_piece(wish.options))
    title = wish.options.title or wish.source.title
    piece = replace(wish.source, title=title)
    return Made(piece=piece, song=None if wish.song is None else replace(wish.song, piece=piece))


FOUND = RuleOperation(kind="found", options_type=FoundOptions, check_options=_check, apply=_apply, needs_source=False)
