"""What a merge would do, before it is done: the two sides and their common state, the conflicts, and which decisions still fit.

A plan is computed from stored states whenever it is looked at, so it survives any restart. It writes nothing and knows no rights.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.operations.merging import MergeOptions, RebaseOptions, merge_states
from bot.services.operations.reverting import RevertOptions
from bot.services.together.branches.pointing import graph_around
from bot.services.together.states import load_state
from core.errors import InputError
from music.versions.ancestry import is_ancestor, merge_base
from music.versions.changes import Changes, compare_songs
from music.versions.conflicts import Conflict, ConflictKind, Resolution
from music.versions.layered import LayeredPiece
from music.versions.locks import locked_for
from music.versions.merging import Merge

MergeKind = Literal["merge", "rebase", "revert"]
_OPTIONS: Mapping[str, type[MergeOptions]] = {"merge": MergeOptions, "rebase": RebaseOptions, "revert": RevertOptions}


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTask:
    """What is to be brought together. ``into_branch_id`` takes the result; names are what people call the sides.

    ``decisions`` are resolutions by the key of their conflict.
    """

    kind: MergeKind
    shared_song_id: int
    into_branch_id: int
    ours_id: int
    theirs_id: int
    base_id: int
    ours_name: str
    theirs_name: str
    decisions: Mapping[str, Resolution]

    def options(self) -> MergeOptions:
        """Return the wish that carries it out."""
        return _OPTIONS[self.kind](
            theirs_id=self.theirs_id,
            base_id=self.base_id,
            decisions=tuple(sorted((key, resolution.value) for key, resolution in self.decisions.items())),
            branch_id=self.into_branch_id,
            ours_name=self.ours_name,
            theirs_name=self.theirs_name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePlan:
    """A task with its states, all settled, and what comes of it for one person: layers locked for them stay as in ours."""

    task: MergeTask
    ours: LayeredPiece
    theirs: LayeredPiece
    base: LayeredPiece
    merge: Merge

    @property
    def is_decided(self) -> bool:
        """Whether it can be carried out."""
        return not self.merge.open_conflicts

    def conflict_of(self, token: str) -> Conflict | None:
        """Return the conflict that a button means."""
        return next((each for each in self.merge.conflicts if conflict_token(each.key) == token), None)


async def plan_merge(session: AsyncSession, task: MergeTask, *, user_id: int) -> MergePlan:
    """Return what would come of a task for somebody; decisions on conflicts that there are not are left out.

    Raises:
        NotFoundError: when one of the states was deleted.
    """
    ours = await load_state(session, task.ours_id)
    theirs = await load_state(session, task.theirs_id)
    base = await load_state(session, task.base_id)
    return await asyncio.to_thread(_plan, task, ours, theirs, base, user_id)


async def follow_head(session: AsyncSession, task: MergeTask, head_id: int, *, user_id: int) -> MergeTask:
    """Return a task as it is after its branch moved on, with the decisions on what did not change meanwhile.

    Raises:
        InputError: when there is nothing left to do.
    """
    if head_id == task.ours_id:
        return task
    base_id = task.base_id
    if task.kind != "revert":
        base_id = await find_base(
            session, head_id, task.theirs_id, ours_name=task.ours_name, theirs_name=task.theirs_name
        )
    moved = replace(task, ours_id=head_id, base_id=base_id)
    old = await plan_merge(session, task, user_id=user_id)
    new = await plan_merge(session, moved, user_id=user_id)
    changes = await asyncio.to_thread(compare_songs, old.ours, new.ours)
    standing = {conflict.key for conflict in new.merge.conflicts if not _touches(changes, conflict)}
    return replace(moved, decisions={key: value for key, value in task.decisions.items() if key in standing})


async def find_base(session: AsyncSession, ours_id: int, theirs_id: int, *, ours_name: str, theirs_name: str) -> int:
    """Return the newest state that both sides come from.

    Raises:
        InputError: when one side is the other's past, or they have nothing in common.
    """
    graph = await graph_around(session, ours_id, theirs_id)
    if is_ancestor(graph, theirs_id, ours_id):
        raise InputError(f"There is nothing to merge: everything of {theirs_name} is part of {ours_name} already.")
    base_id = merge_base(graph, ours_id, theirs_id)
    if base_id is None:
        raise InputError(
            f"{theirs_name} and {ours_name} have no state in common: they are unrelated songs. "
            "/layer add can bring a part of one into the other."
        )
    return base_id


def conflict_token(key: str) -> str:
    """Return a short name of a conflict for identifiers of buttons."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


def _plan(task: MergeTask, ours: LayeredPiece, theirs: LayeredPiece, base: LayeredPiece, user_id: int) -> MergePlan:
    held, key = locked_for(ours, user_id), "plan"
    merge = merge_states(ours, theirs, base, resolutions={}, held=held, key=key)
    offered = {conflict.key: conflict.offered for conflict in merge.conflicts}
    decisions = {key: value for key, value in task.decisions.items() if value in offered.get(key, ())}
    if decisions:
        merge = merge_states(ours, theirs, base, resolutions=decisions, held=held, key=key)
    return MergePlan(task=replace(task, decisions=decisions), ours=ours, theirs=theirs, base=base, merge=merge)


def _touches(changes: Changes, conflict: Conflict) -> bool:
    """Whether what our side has of a conflict changed."""
    if conflict.kind is ConflictKind.METRE:
        return not changes.is_nothing
    if conflict.kind is ConflictKind.EVENTS:
        return any(
            change.field == conflict.field
            and change.start_bar < conflict.stop_bar
            and conflict.start_bar < change.stop_bar
            for change in changes.events
        )
    for change in changes.layers:
        if change.layer.layer_id != conflict.layer_id:
            continue
        if change.is_added or change.is_removed or conflict.kind is ConflictKind.LAYER:
            return not change.is_nothing
        if conflict.kind is ConflictKind.FIELD:
            return any(field.field == conflict.field for field in change.fields)
        return any(conflict.start_bar <= bar < conflict.stop_bar for bar in change.cells)
    return False
