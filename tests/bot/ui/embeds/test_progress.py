"""What a running job looks like."""

from __future__ import annotations

from bot.services.model import ProgressView
from bot.ui.embeds.progress import progress_embed
from tests.factories.shown import JOB


def test_progress_shows_real_numbers():
    """Bars done of bars asked, and the place in the queue while waiting."""
    writing = progress_embed(JOB, ProgressView(stage="writing", num_done=4, num_total=16, eta_seconds=12.2))
    waiting = progress_embed(JOB, ProgressView(stage="waiting", queue_place=3))
    rendering = progress_embed(JOB, ProgressView(stage="rendering"))

    assert "bar 4 of 16" in writing.description
    assert "25%" in writing.description
    assert "12 s" in writing.description
    assert "place 3" in waiting.description
    assert "sound and picture" in rendering.description
