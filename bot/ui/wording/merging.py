"""What messages say of merges, rebases, and changes that are taken back."""

from __future__ import annotations

from bot.services.operations.merging import MergeOptions, RebaseOptions
from bot.services.operations.reverting import RevertOptions
from bot.ui.wording.base import Wording


def _merge_words(options: MergeOptions) -> list[str]:
    return [f"{options.theirs_name or 'theirs'} into {options.ours_name or 'ours'}", *_decision_words(options)]


def _rebase_words(options: RebaseOptions) -> list[str]:
    return [f"#{options.theirs_id} onto {options.ours_name or 'the newest state'}", *_decision_words(options)]


def _revert_words(options: RevertOptions) -> list[str]:
    return [f"take back #{options.base_id}", *_decision_words(options)]


def _decision_words(options: MergeOptions) -> list[str]:
    """Return how many conflicts were decided in which way."""
    counts: dict[str, int] = {}
    for _, resolution in options.decisions:
        counts[resolution] = counts.get(resolution, 0) + 1
    names = {
        "ours": options.ours_name or "ours",
        "theirs": options.theirs_name or "theirs",
        "both": "both",
        "bridge": "a bridge",
    }
    return [
        f"{count} {'conflict' if count == 1 else 'conflicts'} decided for {names.get(resolution, resolution)}"
        for resolution, count in counts.items()
    ]


MERGE_WORDINGS = {
    "merge": Wording(title="Merge", at_work="Merging", describe=_merge_words),
    "rebase": Wording(title="Rebase", at_work="Rebasing", describe=_rebase_words),
    "revert": Wording(title="Change taken back", at_work="Taking a change back", describe=_revert_words),
}
