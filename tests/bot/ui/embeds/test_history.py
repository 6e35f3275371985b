"""What lists of results look like."""

from __future__ import annotations

from dataclasses import replace

from bot.ui.embeds.history import history_embed
from tests.factories.shown import REVISION


def test_history_is_cut_before_discords_limit():
    """Newest first; what does not fit is left out as whole lines."""
    revisions = [replace(REVISION, revision_id=1000 - index) for index in range(200)]
    embed = history_embed(revisions, title="x", parents={})

    assert len(embed.description) <= 4096
    assert "#1000" in embed.description.splitlines()[0]
    assert embed.description.splitlines()[-1].endswith(":R>")


def test_an_empty_history_says_where_to_begin():
    """Never an empty page."""
    assert "/generate" in history_embed([], title="x", parents={}).description
