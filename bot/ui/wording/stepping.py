"""What messages say of undo and redo."""

from __future__ import annotations

from bot.services.operations.stepping import RedoOptions, UndoOptions
from bot.ui.wording.base import Wording


def _undo_words(options: UndoOptions) -> list[str]:
    undone = f"undo of #{options.ahead[0]}" if options.ahead else "undo"
    steps = f"{len(options.ahead)} steps back" if len(options.ahead) > 1 else ""
    return [part for part in (undone, f"back to #{options.target_id}", steps) if part]


def _redo_words(options: RedoOptions) -> list[str]:
    return [f"forward to #{options.target_id} again"]


UNDO = Wording(title="Undo", at_work="Going back", describe=_undo_words)
REDO = Wording(title="Redo", at_work="Going forward again", describe=_redo_words)
