"""What several takes look like in one message."""

from __future__ import annotations

from dataclasses import replace

from bot.services.model import Fact, TakesReply
from bot.ui.embeds.replies import reply_embed
from bot.ui.embeds.takes import takes_embed
from tests.factories.shown import REPLY, REVISION, everything_in


def takes(number: int, **fields) -> TakesReply:
    replies = tuple(
        replace(
            REPLY,
            revision=replace(REVISION, revision_id=20 + index, seed=100 + index),
            facts=(Fact(name="Length", value="8 bars, 0:16"), Fact(name="Notes", value=str(index))),
            picture=None,
            **fields,
        )
        for index in range(number)
    )
    return TakesReply(takes=replies, picture=None, alt_text="", num_asked=number)


def test_every_take_has_a_line_of_its_own():
    """Length, notes, seed and what was not kept; the wish stands there once."""
    text = everything_in(takes_embed(takes(4)))

    for number in range(4):
        assert f"Take {number + 1}: 8 bars, 0:16 · {number} notes" in text
        assert f"seed {100 + number}" in text
        assert f"#{20 + number}" in text
    assert text.count("rock") == 1
    assert text.count("not kept: tempo") == 4
    assert "mean take 1" in text


def test_takes_that_keep_everything_say_so():
    checks = tuple(check for check in REPLY.checks if check.is_kept)
    assert "all promises kept" in everything_in(takes_embed(takes(2, checks=checks)))


def test_takes_of_an_edit_are_counted_each():
    changes = ("Bars changed: 5 (1 of 8) · notes: 9 kept, 1 new, 1 removed", "only track 1")
    text = everything_in(takes_embed(takes(2, changes=changes)))
    assert text.count("9 kept, 1 new, 1 removed") == 2


def test_four_takes_stay_within_discords_limits():
    embed = takes_embed(takes(4, chord_names=("C",) * 500))
    assert len(embed.fields) <= 25
    assert len(embed) <= 6000


def test_a_child_says_of_which_take_it_is():
    """Also when nobody picked one, so that the choice is seen."""
    child = replace(REVISION, revision_id=30, parent_ids=(12,))
    parent = replace(REVISION, take_number=2, num_takes=4)
    text = everything_in(reply_embed(replace(REPLY, revision=child, parents=(parent,))))

    assert "New piece #12, take 2 of 4" in text


def test_an_edit_says_what_it_changed_line_by_line():
    changes = ("Bars changed: 5-8 (4 of 16) · notes: 96 kept, 12 new, 9 removed", "only track 2")
    text = everything_in(reply_embed(replace(REPLY, changes=changes)))

    assert "96 kept, 12 new, 9 removed\nonly track 2" in text.replace("\\", "")


def test_the_take_that_a_server_may_like_is_marked():
    """Marked where it stands: takes keep their order, so that their buttons do."""
    embed = takes_embed(replace(takes(3), suggested=1))
    assert [field.name for field in embed.fields if field.name.startswith("Take")] == [
        "Take 1",
        "Take 2 · suggested first",
        "Take 3",
    ]
    assert "/vote learned" in embed.fields[-1].value
    assert "suggested" not in str(takes_embed(takes(3)).to_dict())
