"""What pages of history look like."""

from __future__ import annotations

from dataclasses import replace

from bot.services.songs.history import HistoryEntry, HistoryPage, Look
from bot.services.songs.searching import Wanted
from bot.ui.embeds.history import history_embed
from tests.factories.shown import REVISION


def page_of(*entries: HistoryEntry, **fields) -> HistoryPage:
    return HistoryPage(look=fields.pop("look", Look()), entries=entries, **fields)


def test_a_tree_links_to_every_message_and_marks_the_newest():
    """Lines are drawn in fixed width, so that they meet."""
    child = replace(REVISION, revision_id=13, operation="remix", options=None, parent_ids=(12,), message_id=31)
    embed = history_embed(
        page_of(
            HistoryEntry(revision=REVISION),
            HistoryEntry(revision=child, prefix="├─", tree_parent_id=12, is_newest=True, is_starred=True),
        )
    )
    first, second = embed.description.splitlines()

    assert first.startswith("`●` [New piece #12](https://discord.com/channels/10/20/30)")
    assert second.startswith("`├─◉` [Remix #13](https://discord.com/channels/10/20/31) ★ by Ada")
    assert "from #12" not in second


def test_a_deleted_step_keeps_its_place_and_nothing_else():
    """Neither its author nor its settings are shown."""
    gone = replace(REVISION, is_deleted=True)
    embed = history_embed(page_of(HistoryEntry(revision=gone)))

    assert embed.description == "`○` #12 deleted"


def test_a_parent_on_another_page_is_named():
    """The line of the tree does not reach there."""
    child = replace(REVISION, revision_id=40, parent_ids=(12,))
    embed = history_embed(page_of(HistoryEntry(revision=child)))

    assert "from #12" in embed.description


def test_a_page_is_cut_before_discords_limit():
    """As whole lines."""
    entries = [HistoryEntry(revision=replace(REVISION, revision_id=1000 - index)) for index in range(200)]
    embed = history_embed(page_of(*entries))

    assert len(embed.description) <= 4096
    assert embed.description.splitlines()[-1].endswith(":R>")


def test_an_empty_history_says_where_to_begin():
    """Never an empty page, whatever was looked at."""
    assert "/generate" in history_embed(page_of()).description
    assert "star" in history_embed(page_of(look=Look(kind="stars"))).description
    searched = Look(kind="found", wanted=Wanted(words="@everyone", key="C minor"))
    text = history_embed(page_of(look=searched)).description
    assert "C minor" in text
    assert "@everyone" not in text
