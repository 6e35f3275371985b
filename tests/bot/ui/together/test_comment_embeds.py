"""What comments look like: harmless text, where they are about, and links to their messages."""

from datetime import UTC, datetime

import pytest

from bot.services.model import Author, Place, RevisionView
from bot.services.together.comments import CommentPreview, CommentView
from bot.ui.together.comment_embeds import comment_embed, comments_embed
from bot.ui.together.comment_flow import read_bar
from core.errors import InputError

PLACE = Place(guild_id=9, channel_id=55)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def comment(**fields):
    revision = RevisionView(
        revision_id=7,
        song_id=1,
        parent_ids=(),
        operation="generate",
        options=None,
        seed=1,
        checkpoint_id=None,
        author=Author(user_id=1, name="Ada"),
        created_at=NOW,
        num_notes=3,
        num_bars=4,
        duration_seconds=8.0,
        place=PLACE,
        is_deleted=fields.pop("is_deleted", False),
    )
    given = {"comment_id": 3, "bar": 9, "layer": "Bass", "text": "too *loud* @everyone", "message_id": 77}
    author = Author(user_id=2, name="Ben")
    return CommentView(place=PLACE, author=author, revision=revision, created_at=NOW, **(given | fields))


def test_a_comment_says_where_and_pings_nobody():
    embed = comment_embed(comment(), CommentPreview(remarks=("Nothing plays there.",)))
    assert embed.title == "Comment 3 at bar 9 of Bass"
    assert r"\*loud\*" in embed.description
    assert "@everyone" not in embed.description
    assert embed.footer.text == "Nothing plays there."
    assert "at bar 9" in comment_embed(comment(layer="")).title


def test_a_resolved_comment_says_by_whom_and_a_deleted_state_is_said():
    embed = comment_embed(comment(is_resolved=True, resolved_by=Author(user_id=1, name="Ada"), is_deleted=True))
    assert embed.title.startswith("✓ Resolved")
    assert [field.value for field in embed.fields] == ["Ben", "a state that was deleted", "Ada"]


def test_a_list_leads_to_the_messages():
    text = comments_embed(
        [comment(), comment(comment_id=4, message_id=None, is_resolved=True)], with_resolved=True
    ).description
    assert "[3](https://discord.com/channels/9/55/77) bar 9 of Bass, Ben" in text
    assert "✓ 4 bar 9" in text
    assert "/comment add" in comments_embed([], with_resolved=False).description


@pytest.mark.parametrize(("typed", "bar"), [("9", 9), (" bar 12 ", 12)])
def test_a_bar_is_read(typed, bar):
    assert read_bar(typed) == bar


@pytest.mark.parametrize("typed", ["", "nine", "-1", "5-8", "²"])
def test_what_is_no_bar_is_told(typed):
    with pytest.raises(InputError, match="no bar"):
        read_bar(typed)
