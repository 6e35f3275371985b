"""Undo and redo: the piece of another revision of the same line, as a new revision. They compute nothing and lose nothing.

The job's source is the revision whose piece comes back; its parent is the one that stood there before.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.options import Options
from core.errors import InputError
from core.settings import LimitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions(Options):
    """What both know. ``target_id``: the revision whose piece comes back, never itself an undo or redo.

    ``ahead``: the revisions that were stepped back from, nearest first; redo goes through them. ``seed`` has no effect.
    """

    target_id: int = 0
    ahead: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOptions(StepOptions):
    """Step back; ``ahead[0]`` is what was undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedoOptions(StepOptions):
    """Step forward again to what an undo had left."""


def _check(options: StepOptions, _limits: LimitSettings) -> None:
    if options.target_id <= 0:
        raise InputError("There is nothing to go back to. Use /undo on one of my results.")


def _bring_back(wish: Wish[StepOptions]) -> Made:
    return Made(piece=wish.piece, song=wish.song)


UNDO = RuleOperation(kind="undo", options_type=UndoOptions, check_options=_check, apply=_bring_back)
REDO = RuleOperation(kind="redo", options_type=RedoOptions, check_options=_check, apply=_bring_back)
