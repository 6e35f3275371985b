"""Remixing a piece: from what people type to a request. It knows no network and no queue."""

from __future__ import annotations

from bot.services.operations.base import NetworkOperation, Wish
from bot.services.options import RemixChange, RemixOptions
from bot.services.sampling import sampling_of
from core.errors import BarRangeError, InputError, NoMusicError, UnknownNameError
from core.settings import LimitSettings
from inference.protocol import RemixRequest
from music.constraints import BarRange
from music.piece import Piece
from music.time_grid import TimeGrid

_CHANGES: dict[str, RemixChange] = {"pitch": "pitch", "pitches": "pitch", "notes": "pitch", "rhythm": "rhythm"}


def build_remix_request(job_id: str, options: RemixOptions, *, seed: int, piece: Piece) -> RemixRequest:
    """Return the request for changing a share of the notes of ``piece``.

    Raises:
        InputError: for unknown words, numbers out of range, bars outside the piece, or bars without notes.
    """
    check_remix_options(options)
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes to remix. Choose a piece with music in it.")
    return RemixRequest(
        job_id=job_id,
        seed=seed,
        piece=piece,
        change=parse_change(options.change),
        share=options.share,
        bars=_bars_of(piece, options.bars),
        sampling=sampling_of(options.preset),
    )


def check_remix_options(options: RemixOptions) -> None:
    """Check what can be checked before there is a piece.

    Raises:
        InputError: for unknown words or numbers out of range.
    """
    parse_change(options.change)
    sampling_of(options.preset)
    if not 0 < options.share <= 1:
        raise InputError("The share to change lies between 1 and 100 percent. Choose a number in that range.")
    if options.bars is not None:
        first, last = options.bars
        if first < 1 or last < first:
            raise InputError(f"“{first}-{last}” is no range of bars. Bars count from 1; write them like 5-8.")


def parse_change(name: str) -> RemixChange:
    """Return what a word asks to change.

    Raises:
        UnknownNameError: for another word.
    """
    change = _CHANGES.get(name.strip().casefold())
    if change is None:
        raise UnknownNameError(kind="change", name=name, suggestions=("pitch", "rhythm"))
    return change


def parse_bars(text: str) -> tuple[int, int]:
    """Return (first, last) of bars as people type them, "5-8" or "5", counted from 1.

    Raises:
        InputError: for anything else.
    """
    first, dash, last = text.strip().replace("–", "-").replace("..", "-").partition("-")
    try:
        bars = int(first), int(last if dash else first)
    except ValueError:
        raise InputError(f"“{text}” is no range of bars. Write the first and the last, like 5-8.") from None
    if bars[0] < 1 or bars[1] < bars[0]:
        raise InputError(f"“{text}” is no range of bars. Bars count from 1; write them like 5-8.")
    return bars


def _bars_of(piece: Piece, bars: tuple[int, int] | None) -> BarRange | None:
    if bars is None:
        return None
    grid = TimeGrid(piece)
    first, last = bars
    if last > grid.num_bars:
        raise BarRangeError(start_bar=first, stop_bar=last, num_bars=grid.num_bars)
    start_ticks, stop_ticks = grid.bar_start_ticks(first - 1), grid.bar_start_ticks(last)
    has_notes = any(start_ticks <= note.onset_ticks < stop_ticks for track in piece.tracks for note in track.notes)
    if not has_notes:
        raise NoMusicError(f"There are no notes in bars {first}-{last}. Choose bars with music in them.")
    return BarRange(first - 1, last)


def _check(options: RemixOptions, _limits: LimitSettings) -> None:
    check_remix_options(options)


def _request(wish: Wish[RemixOptions]) -> RemixRequest:
    return build_remix_request(wish.job_id, wish.options, seed=wish.seed, piece=wish.piece)


REMIX = NetworkOperation(
    kind="remix", options_type=RemixOptions, needs_source=True, check_options=_check, build_request=_request
)
