"""Showing a result again: a picked take in a message of its own, or all of a long edit. Nothing is written, not even a revision."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.options import Options
from core.settings import LimitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PickOptions(Options):
    """Show the source again, on its own; ``seed`` has no effect.

    ``is_whole``: of a long edit all is heard, not the changed bars alone.
    """

    is_whole: bool = False


def _check(options: PickOptions, limits: LimitSettings) -> None:
    del options, limits  # nothing to ask, so nothing to refuse


def _show(wish: Wish[PickOptions]) -> Made:
    return Made(piece=wish.piece)


PICK = RuleOperation(kind="pick", options_type=PickOptions, check_options=_check, apply=_show)
