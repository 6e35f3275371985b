"""What a finished result looks like, as Discord would take it."""

from __future__ import annotations

from dataclasses import replace

from bot.services.model import Author, ChordSheet, Fact
from bot.services.options import GenerateOptions, RemixOptions
from bot.services.songs.history import HistoryEntry, HistoryPage, Look
from bot.ui.embeds.history import history_embed
from bot.ui.embeds.replies import reply_embed
from tests.factories.shown import REPLY, REVISION, everything_in


def test_a_reply_says_who_asked_what_and_what_was_checked():
    """Author, wishes, checks, seed and checkpoint are all there."""
    text = everything_in(reply_embed(REPLY))

    for part in ("Ada", "rock", "8 bars", "piano, drums", "seed 77", "generator-0123456789ab", "#12", "C minor"):
        assert part in text
    assert "✓ bars: 8, kept" in text
    assert "✗ tempo: 120, not kept (90)" in text


def test_a_child_links_to_its_parent():
    """One click leads to what it was made from."""
    child = replace(REVISION, revision_id=13, operation="remix", parent_ids=(12,), options=RemixOptions(bars=(5, 8)))
    text = everything_in(reply_embed(replace(REPLY, revision=child, parents=(REVISION,))))

    assert "https://discord.com/channels/10/20/30" in text
    assert "bars 5-8" in text


def test_a_reply_without_sound_and_picture_says_why():
    """The text always arrives."""
    embed = reply_embed(replace(REPLY, audio=None, picture=None, remarks=("The sound could not be made.",)))

    assert "The sound could not be made." in everything_in(embed)


def test_names_that_try_to_ping_or_format_are_harmless():
    """Escaped in replies, parents, history and file names."""
    nasty = Author(user_id=2, name="@everyone <@&5> [x](http://y) **b**")
    upload = replace(REVISION, revision_id=11, operation="upload", author=nasty, title="@here\n# big.mid", options=None)
    reply = replace(REPLY, revision=replace(REVISION, author=nasty, parent_ids=(11,)), parents=(upload,))
    texts = [
        everything_in(reply_embed(reply)),
        everything_in(
            history_embed(
                HistoryPage(look=Look(), entries=(HistoryEntry(revision=reply.revision), HistoryEntry(revision=upload)))
            )
        ),
    ]

    for text in texts:
        assert "@everyone" not in text
        assert "<@&5>" not in text
        assert "@here" not in text
        assert "**b**" not in text
        assert "\n# big" not in text


def test_the_fullest_reply_stays_within_discords_limits():
    """Long lists are clipped, never refused."""
    reply = replace(
        REPLY,
        chord_names=("Cmaj7",) * 500,
        chord_sheet=ChordSheet(chart="Cmaj7 | " * 500, numerals="I | " * 500, key="C major"),
        checks=REPLY.checks * 40,
        facts=(Fact(name="n" * 300, value="v" * 2000),) * 2,
        revision=replace(REVISION, options=GenerateOptions(instruments=("piano",) * 400)),
    )
    embed = reply_embed(reply)

    assert len(embed.fields) <= 25
    assert all(len(field.name) <= 256 and 0 < len(field.value) <= 1024 for field in embed.fields)
    assert len(embed) <= 6000


def test_chords_are_shown_bar_by_bar():
    """By name and as degrees; without bars, one after the other."""
    sheet = ChordSheet(chart="Dm7 | G7 | Cmaj7", numerals="ii7 | V7 | Imaj7", key="C major")
    text = everything_in(reply_embed(replace(REPLY, chord_sheet=sheet, chord_names=("Dm7", "G7", "Cmaj7"))))

    assert "Chords: Dm7 \\| G7 \\| Cmaj7" in text
    assert "Degrees in C major: ii7 \\| V7 \\| Imaj7" in text
    assert "Chords: C · G" in everything_in(reply_embed(replace(REPLY, chord_names=("C", "G"))))
