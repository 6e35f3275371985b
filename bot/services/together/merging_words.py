"""What a merge brought from where, layer by layer in words, for its reply. It is computed from stored states; nothing of it is stored."""

from __future__ import annotations

import asyncio
import contextlib

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import RevisionView
from bot.services.operations.merging import MergeOptions, merge_states
from bot.services.together.states import load_state
from core.errors import InputError, NotFoundError
from db.tables import Revision
from music.versions.layered import LayeredPiece
from music.versions.locks import locked_for


async def merge_account(session: AsyncSession, row: Revision, revision: RevisionView) -> tuple[str, ...]:
    """Return a line for each layer in which a merge took, left or removed notes; nothing for other revisions.

    The lines hold names that people chose, not escaped.
    """
    options = revision.options
    if not isinstance(options, MergeOptions) or not revision.parent_ids:
        return ()
    with contextlib.suppress(
        NotFoundError, InputError
    ):  # a state that is gone takes the account with it, and nothing else
        ours = await load_state(session, revision.parent_ids[0])
        theirs = await load_state(session, options.theirs_id)
        base = await load_state(session, options.base_id)
        return await asyncio.to_thread(_account, options, ours, theirs, base, row.author_id)
    return ()


def _account(
    options: MergeOptions, ours: LayeredPiece, theirs: LayeredPiece, base: LayeredPiece, author_id: int
) -> tuple[str, ...]:
    held = locked_for(ours, author_id)
    found = merge_states(ours, theirs, base, resolutions=options.resolutions, held=held, key="account")
    return tuple(found.report.lines(ours=options.ours_name or "ours", theirs=options.theirs_name or "theirs"))
