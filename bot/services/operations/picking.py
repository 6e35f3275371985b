"""Picking one of several takes: the same revision in a message of its own. Nothing is written, not even a new revision."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.options import Options
from core.settings import LimitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PickOptions(Options):
    """Show the source again, on its own; ``seed`` has no effect."""


def _check(options: PickOptions, limits: LimitSettings) -> None:
    del options, limits  # nothing to ask, so nothing to refuse


def _show(wish: Wish[PickOptions]) -> Made:
    return Made(piece=wish.piece)


PICK = RuleOperation(kind="pick", options_type=PickOptions, check_options=_check, apply=_show)
