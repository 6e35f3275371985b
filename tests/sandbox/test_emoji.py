"""What Discord takes for an emoji."""

import pytest

from sandbox.emoji import is_emoji


@pytest.mark.parametrize("text", ["🎵", "⭐", "▶️", "✔️", "👍🏽", "👩‍🎤", "🇩🇪", "4️⃣", "↩️", "❤️", "🥁"])
def test_pictures_are_emoji(text):
    assert is_emoji(text)


@pytest.mark.parametrize("text", ["", "x", "★", "✓", "♪", "4", "♯", "note", "🎵x", ":note:", "→"])
def test_letters_and_dingbats_are_none(text):
    assert not is_emoji(text)
