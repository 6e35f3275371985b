"""Several takes of one wish in one picture, one piano roll under the other, each under its name. It knows no sound."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from media.pianoroll import describe_roll, paint_roll
from media.protocol import Picture
from media.roll_style import BACKGROUND, TEXT
from media.roll_times import RollTimes, times_chunk
from music.piece import Piece

_HEADING_HEIGHT, _LEFT = 26, 12
_ROLL_HEIGHT = 160  # of the part with pitches: four of them still fit a phone's screen
_ALT_TEXT_LIMIT = 1000


def draw_takes(takes: Sequence[Piece], *, names: Sequence[str] = ()) -> Picture:
    """Return the piano rolls of ``takes`` under each other; without ``names`` they are called “Take 1” and so on."""
    names = names or [f"Take {number}" for number in range(1, len(takes) + 1)]
    rolls = [paint_roll(piece, max_roll_height=_ROLL_HEIGHT) for piece in takes]
    height = sum(_HEADING_HEIGHT + roll.height for roll, _ in rolls)
    image = Image.new("RGB", (max(roll.width for roll, _ in rolls), height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(17)
    top = 0
    times: list[RollTimes] = []
    for name, (roll, roll_times) in zip(names, rolls, strict=True):
        draw.text((_LEFT, top + _HEADING_HEIGHT / 2 + 2), name, font=font, fill=TEXT, anchor="lm")
        image.paste(roll, (0, top + _HEADING_HEIGHT))
        times.append(roll_times.moved_down(top + _HEADING_HEIGHT))
        top += _HEADING_HEIGHT + roll.height
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True, pnginfo=times_chunk(times, size=image.size))
    return Picture(png=buffer.getvalue(), alt_text=_describe(takes, names))


def _describe(takes: Sequence[Piece], names: Sequence[str]) -> str:
    share = _ALT_TEXT_LIMIT // len(takes) - 12
    texts = (f"{name}: {_clip(describe_roll(piece), share)}" for name, piece in zip(names, takes, strict=True))
    return " ".join(texts)


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
