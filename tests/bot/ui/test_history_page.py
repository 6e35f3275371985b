"""Looks that travel in the identifiers of buttons."""

from __future__ import annotations

import pytest

from bot.services.house.seals import SEAL_LENGTH
from bot.services.songs.history import Look
from bot.services.songs.searching import MAX_WORDS_LENGTH, Wanted
from bot.ui.history_page import LookButton, decode_look, encode_look
from bot.ui.wording.registry import WORDINGS
from music.names import GENRES, all_key_names

LONGEST = Wanted(
    words="w" * MAX_WORDS_LENGTH,
    key=max(all_key_names(), key=len),
    genre=max(GENRES, key=len),
    operation=max(WORDINGS, key=len),
    user_id=2**64 - 1,
)


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(kind="song", index=2**60, part=12),
        Look(kind="stars", index=3),
        Look(kind="found", is_mine=True, index=7, wanted=Wanted(words="a: b", key="C minor")),
        Look(kind="found", index=9999, part=0, wanted=LONGEST),
    ],
)
def test_a_look_comes_back_from_a_button(look):
    """Whole, and within Discord's hundred characters."""
    button = LookButton("Older", look)

    assert len(button.custom_id) <= 100 - SEAL_LENGTH
    assert decode_look(encode_look(look)) == look


def test_buttons_of_before_there_were_seals_still_lead_there():
    """They live for ever, and wrote keys out."""
    wanted = Wanted(words="a b", key="F# minor", genre="jazz", operation="remix", user_id=36)

    assert decode_look("fm3.0:F# minor:jazz:remix:10:a b") == Look(kind="found", is_mine=True, index=3, wanted=wanted)


@pytest.mark.parametrize("key", all_key_names())
def test_every_key_comes_back(key):
    """In its short form, too."""
    look = Look(kind="found", wanted=Wanted(key=key))

    assert decode_look(encode_look(look)) == look


@pytest.mark.parametrize("text", ["", "x", "t-1.0", "q-0.0:::::", "t-99999999999999999999.0:::::"])
def test_what_nobody_wrote_is_no_look(text):
    """A tampered identifier does no harm."""
    assert decode_look(text) is None
