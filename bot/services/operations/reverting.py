"""Taking back one change in the middle of a song without losing what came later: a merge whose common state is that change.

Ours is the song as it is now, theirs the state before the change. It is an operation of its own because its words are others, and
because the result comes from the song alone: what was taken back is in its past already.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.operations.merging import MergeOperation, MergeOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertOptions(MergeOptions):
    """Take back what ``base_id`` changed; ``theirs_id`` is what it was made from."""

    @property
    def joined_revision_ids(self) -> tuple[int, ...]:
        """The song is all that the result comes from."""
        return ()


REVERT = MergeOperation(kind="revert", options_type=RevertOptions)
