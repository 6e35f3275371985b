"""The letters in pictures of shared songs: names are people's, so more than English must be there. It knows nothing of pictures.

DejaVu Sans (Latin, Greek, Cyrillic, Arabic, Hebrew, signs of music) travels inside the matplotlib package, which music21 needs;
without it, Pillow's own font is used, which knows little beyond English.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=16)
def picture_font(size: int, *, is_bold: bool = False) -> Font:
    """Return the font at a size in pixels."""
    spec = find_spec("matplotlib")  # without importing it
    if spec is not None and spec.origin is not None:
        name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
        path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name
        if path.is_file():
            return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.load_default(size)


def fit_text(draw: ImageDraw.ImageDraw, text: str, font: Font, width: float) -> str:
    """Return as much of a text as fits on one line of ``width`` pixels, with an ellipsis where something is missing."""
    text = " ".join(text.split())
    if draw.textlength(text, font=font) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if draw.textlength(text[:middle].rstrip() + "…", font=font) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if low else ""
