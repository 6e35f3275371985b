"""What a merge brought from where, layer by layer in words, for its reply. It is computed from stored states; nothing of it is stored."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import RevisionView
from bot.services.operations.merging import MergeOptions, merge_states
from bot.services.together.states import load_state
from core.errors import InputError, NotFoundError
from db.repositories.users import UserRepository
from db.tables import Revision
from music.versions.change_words import changes_in_words
from music.versions.changes import compare_songs
from music.versions.layered import LayeredPiece
from music.versions.locks import locked_for


async def merge_account(session: AsyncSession, row: Revision, revision: RevisionView) -> tuple[str, ...]:
    """Return a line for each layer in which a merge took, left or removed notes, then what else theirs brought.

    Nothing for other revisions. The lines hold names that people chose, not escaped.
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
        notes = await asyncio.to_thread(_account, options, ours, theirs, base, row.author_id)
        merged = await load_state(session, row.id)
        owners = await UserRepository(session).get({layer.owner_id for layer in (*ours.layers, *merged.layers)})
        names = {number: user.name for number, user in owners.items()}
        return (*notes, *await asyncio.to_thread(_beside_notes, options, ours, merged, names))
    return ()


def _account(
    options: MergeOptions, ours: LayeredPiece, theirs: LayeredPiece, base: LayeredPiece, author_id: int
) -> tuple[str, ...]:
    held = locked_for(ours, author_id)
    found = merge_states(ours, theirs, base, resolutions=options.resolutions, held=held, key="account")
    return tuple(found.report.lines(ours=options.ours_name or "ours", theirs=options.theirs_name or "theirs"))


def _beside_notes(
    options: MergeOptions, ours: LayeredPiece, merged: LayeredPiece, names: Mapping[int, str]
) -> tuple[str, ...]:
    """Say what a merge changed on our side that is no matter of notes: all of it came from theirs."""
    changes = compare_songs(ours, merged)
    staying = tuple(
        replace(each, cells={}, moved_semitones=0)
        for each in changes.layers
        if each.fields and not each.is_added and not each.is_removed
    )
    told = replace(changes, layers=staying)
    if told.is_nothing:
        return ()
    lines = changes_in_words(told, person=lambda number: names.get(number, "somebody"))
    return tuple(f"From {options.theirs_name or 'theirs'}: {line}" for line in lines)
