"""What is timed as a status card is a whole one."""

from __future__ import annotations

import io
import json

from PIL import Image

from benchmarks.song_cards import CardBench


def test_the_measured_card_holds_everything_that_was_promised():
    """Sixteen layers of 128 bars, the whole history, claims, comments, and what changed last."""
    bench = CardBench(num_revisions=5)
    try:
        image = Image.open(io.BytesIO(bench.show()))
        image.load()
    finally:
        bench.close()
    song = json.loads(image.text["tutti-song"])
    assert (len(song["layers"]), len(song["bars"]), len(song["revisions"])) == (16, 128, 5)
    assert (len(song["claims"]), len(song["comments"])) == (10, 10)
    assert list(song["changes"]["cells"].values()) == [[1, 2, 3, 4]]
