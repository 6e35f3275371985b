"""Going on from a piece, or from some of its bars: what becomes of the source before, and what is checked after. No network.

The request itself is that of a new piece (``generation.py``); the network reads what is left of the source as its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.services.operations.bars import check_bar_numbers, find_bars
from bot.services.operations.base import Made, NetworkOperation, Networks, Wish
from bot.services.operations.sparing import closed_tracks
from bot.services.options import GenerateOptions
from core.errors import InputError, NoMusicError, PermissionDeniedError
from core.settings import LimitSettings
from music.forms.joints import check_joints
from music.piece import Piece
from music.time_grid import TimeGrid
from music.transform import slice_bars


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingOperation(NetworkOperation[GenerateOptions]):
    """Writes new pieces, and goes on from given ones: from all of one, or from the bars that the options name."""

    def check(self, options: GenerateOptions, *, limits: LimitSettings) -> None:
        """Refuse at once what no piece could make right."""
        self.check_options(options, limits)
        check_bar_numbers(options.beginning_bars)

    async def make(self, wish: Wish[GenerateOptions], networks: Networks) -> Made:
        """Write what was asked for; a continuation's check of its joint comes with it."""
        if wish.source is None:
            return await NetworkOperation[GenerateOptions].make(self, wish, networks)
        beginning = cut_beginning(wish.source, wish.options.beginning_bars)
        if wish.options.beginning_bars is not None and closed_tracks(wish):
            raise PermissionDeniedError(
                "Going on from some bars leaves the others out, and layers of this song are locked. Go on from all of it, or work on a "
                "branch of your own (/branch new)."
            )
        made = await NetworkOperation[GenerateOptions].make(self, replace(wish, source=beginning), networks)
        has_new_tempo = wish.options.tempo_bpm is not None
        joint = check_joints(made.piece, bars=(TimeGrid(beginning).num_bars,), has_new_tempo=has_new_tempo)
        return replace(made, checks=(*made.checks, joint))


def cut_beginning(piece: Piece, bars: tuple[int, int] | None) -> Piece:
    """Return what is to be gone on from: all of a piece, or some bars of it as a piece of their own.

    Raises:
        BarRangeError: for bars that are not there.
        NoMusicError: when nothing plays in them.
    """
    chosen = find_bars(piece, bars)
    if chosen is None:
        return piece
    beginning = slice_bars(piece, chosen)
    if beginning.num_notes == 0:
        raise NoMusicError("There are no notes in those bars to go on from. Choose bars with music in them.")
    return beginning


def choose_beginning(bars: tuple[int, int] | None, from_bar: int | None) -> tuple[int, int] | None:
    """Return the bars to go on from: as given, or all before the bar ``from_bar`` (from 1) that is to be written first.

    Raises:
        InputError: for both at once, or nothing before the bar.
    """
    if from_bar is None:
        return bars
    if bars is not None:
        raise InputError("Say either the bars to begin with or the bar to go on from, not both.")
    if from_bar < 2:
        raise InputError("There must be music before the bar that I go on from. Choose bar 2 or a later one.")
    return 1, from_bar - 1
