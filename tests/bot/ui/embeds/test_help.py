"""What help looks like."""

from __future__ import annotations

from bot.services.genres import GenreCounts
from bot.ui.embeds.help import help_embed
from music.vocabulary import GENRES


def test_help_marks_the_genres_that_were_hardly_learned():
    counts = dict.fromkeys(GENRES, 200) | {"funk": 29}
    fields = {field.name: field.value for field in help_embed([], [], genres=GenreCounts(num_pieces=counts)).fields}
    assert "funk (weak)" in fields["Genres"]
    assert "rock (weak)" not in fields["Genres"]
    assert "fewer than 30 pieces" in fields["Genres"]
