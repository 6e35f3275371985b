"""Merges that are being decided, as rows and as values. It opens no session."""

from __future__ import annotations

from bot.services.together.merging.plans import MergeTask
from db.repositories.merges import NewMerge
from db.shared_tables import MergeDraft
from music.versions.conflicts import Resolution


def new_merge(task: MergeTask, *, user_id: int) -> NewMerge:
    """Return what is stored first of a merge that somebody is to decide."""
    return NewMerge(
        shared_song_id=task.shared_song_id,
        user_id=user_id,
        into_branch_id=task.into_branch_id,
        ours_id=task.ours_id,
        theirs_id=task.theirs_id,
        base_id=task.base_id,
        decisions={},
    )


def store_task(draft: MergeDraft, task: MergeTask) -> None:
    """Write down where a merge stands."""
    draft.ours_id, draft.base_id = task.ours_id, task.base_id
    draft.decisions = {
        "kind": task.kind,
        "ours": task.ours_name,
        "theirs": task.theirs_name,
        "decided": {key: resolution.value for key, resolution in task.decisions.items()},
    }


def task_of(draft: MergeDraft) -> MergeTask:
    """Return where a merge stands."""
    data = draft.decisions
    return MergeTask(
        kind=data["kind"],
        shared_song_id=draft.shared_song_id,
        into_branch_id=draft.into_branch_id,
        ours_id=draft.ours_id,
        theirs_id=draft.theirs_id,
        base_id=draft.base_id,
        ours_name=data["ours"],
        theirs_name=data["theirs"],
        decisions={key: Resolution(value) for key, value in data["decided"].items()},
    )
