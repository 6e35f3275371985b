"""The details of a result."""

from __future__ import annotations

from dataclasses import replace

from bot.services.options import GenerateOptions, RemixOptions
from bot.ui.embeds.details import details_embed
from tests.factories.shown import REVISION, everything_in


def test_everything_that_made_a_result_is_there():
    """Settings, seed, network, person, take, hash, and a link to its message."""
    text = everything_in(details_embed(replace(REVISION, piece_hash="ab" * 32, take_number=2, num_takes=4), []))

    for part in ('"genre":"rock"', '"num_bars":8', "77", "generator-0123456789ab", "Ada", "2 of 4", "ab" * 32):
        assert part in text
    assert "https://discord.com/channels/10/20/30" in text
    assert "Made from: nothing but the wishes" in text
    assert "second_genre" not in text  # left alone, so left out


def test_parents_are_linked_and_those_that_are_gone_are_named():
    child = replace(REVISION, revision_id=13, operation="remix", options=RemixOptions(), parent_ids=(12, 9))
    text = everything_in(details_embed(child, [REVISION]))

    assert "[New piece #12](https://discord.com/channels/10/20/30)" in text
    assert "#9, which was deleted" in text
    assert "Settings: as usual" in text


def test_the_longest_settings_stay_within_discords_limits():
    long = replace(REVISION, options=GenerateOptions(instruments=("piano`*_",) * 400))
    embed = details_embed(long, [])

    assert all(0 < len(field.value) <= 1024 for field in embed.fields)
    assert len(embed) <= 6000
