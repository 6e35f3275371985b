"""The signs of an arrangement: locked, muted, solo, level, place, claimed, commented, changed. They know nothing of layout.

Each differs from the others in shape; colours only help.
"""

from __future__ import annotations

from PIL import ImageDraw

from media.picture_font import fit_text, picture_font
from media.roll_style import AXIS_COLOR, BACKGROUND, CHANGED_BAR, MUTED_TEXT, TEXT
from media.song_facts import LayerFacts

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are not inside."""
CLAIM = (224, 140, 190)
COMMENT = (86, 180, 233)
SIGN = (230, 159, 0)
_HATCH_STEP = 9
SIGN_WIDTH = 15


def draw_lock(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Draw a padlock, ten pixels wide; (x, y) is its left top."""
    draw.arc((x + 2, y, x + 8, y + 8), 180, 360, fill=SIGN, width=2)
    draw.rectangle((x, y + 5, x + 10, y + 12), fill=SIGN)
    draw.rectangle((x + 4, y + 7, x + 6, y + 10), fill=BACKGROUND)


def draw_letter(draw: ImageDraw.ImageDraw, x: int, y: int, letter: str, *, is_filled: bool) -> None:
    """Draw a letter in a box: filled for solo, empty for muted."""
    box = (x, y, x + 12, y + 12)
    draw.rectangle(box, fill=SIGN if is_filled else None, outline=SIGN)
    font = picture_font(10, is_bold=True)
    draw.text((x + 6.5, y + 6.5), letter, font=font, fill=BACKGROUND if is_filled else SIGN, anchor="mm")


def draw_signs(draw: ImageDraw.ImageDraw, layer: LayerFacts, *, right: int, y: int) -> int:
    """Draw what is set on a layer, ending at ``right``; return where it begins."""
    x = right
    if layer.is_solo:
        x -= SIGN_WIDTH
        draw_letter(draw, x, y, "S", is_filled=True)
    if layer.is_muted:
        x -= SIGN_WIDTH
        draw_letter(draw, x, y, "M", is_filled=False)
    if layer.is_locked:
        x -= SIGN_WIDTH
        draw_lock(draw, x, y)
    return x


def describe_mixer(layer: LayerFacts) -> str:
    """Return level and place as short as a mixing desk says them, empty for what is as it was made."""
    parts: list[str] = []
    if layer.level_db:
        parts.append(f"{layer.level_db:+.3g} dB".replace("-", "\N{MINUS SIGN}"))
    if layer.pan:
        parts.append(f"{'L' if layer.pan < 0 else 'R'}{abs(layer.pan)}")
    return " ".join(parts)


def draw_hatching(draw: ImageDraw.ImageDraw, box: Box) -> None:
    """Fill a box with slanted lines, and border it."""
    left, top, right, bottom = box
    height = bottom - top
    # Lines begin at multiples of the step, so that neighbouring boxes look like one surface.
    for x in range((left - height) // _HATCH_STEP * _HATCH_STEP, right, _HATCH_STEP):
        first, last = max(x, left), min(x + height - 1, right - 1)
        if first <= last:
            draw.line((first, bottom - 1 - (first - x), last, bottom - 1 - (last - x)), fill=CLAIM)
    draw.rectangle((left, top, right - 1, bottom - 1), outline=CLAIM)


def draw_claimer(draw: ImageDraw.ImageDraw, box: Box, who: str) -> None:
    """Write who claimed a box into it, on a ground of its own."""
    left, top, right, _ = box
    font = picture_font(11)
    name = fit_text(draw, who, font, right - left - 8)
    if not name:
        return
    width = draw.textlength(name, font=font)
    draw.rectangle((left + 1, top + 1, left + 6 + width, top + 14), fill=BACKGROUND)
    draw.text((left + 4, top + 8), name, font=font, fill=CLAIM, anchor="lm")


def draw_comment(draw: ImageDraw.ImageDraw, x: float, y: float, number: int) -> None:
    """Draw a comment's mark: a bubble with its number; (x, y) is its middle."""
    font = picture_font(10, is_bold=True)
    half = max(7.0, draw.textlength(str(number), font=font) / 2 + 3)
    draw.rounded_rectangle((x - half, y - 7, x + half, y + 6), radius=6, fill=COMMENT, outline=BACKGROUND)
    draw.polygon(((x - 3, y + 5), (x + 3, y + 5), (x - 4, y + 10)), fill=COMMENT)
    draw.text((x, y), str(number), font=font, fill=BACKGROUND, anchor="mm")


def draw_changed(draw: ImageDraw.ImageDraw, box: Box) -> None:
    """Outline what the last change changed, twice as thick as a bar line, with a filled corner."""
    left, top, right, bottom = box
    draw.rectangle((left, top, right - 1, bottom - 1), outline=CHANGED_BAR, width=2)
    draw.polygon(((right - 8, top), (right - 1, top), (right - 1, top + 7)), fill=CHANGED_BAR)


def draw_key(draw: ImageDraw.ImageDraw, *, left: int, top: int) -> None:
    """Say what the signs mean."""
    font = picture_font(12)
    x, middle = float(left), top + 7
    for text in ("notes", "claimed", "last change", "comment", "locked", "muted", "solo"):
        start = round(x)
        width = 26
        match text:
            case "notes":
                draw.rectangle((start, top, start + 25, top + 13), fill=AXIS_COLOR)
                draw.rectangle((start + 3, top + 8, start + 12, top + 9), fill=TEXT)
                draw.rectangle((start + 13, top + 4, start + 22, top + 5), fill=TEXT)
            case "claimed":
                draw_hatching(draw, (start, top, start + 26, top + 14))
            case "last change":
                draw_changed(draw, (start, top, start + 26, top + 14))
            case "comment":
                draw_comment(draw, start + 8, top + 6, 1)
                width = 16
            case "locked":
                draw_lock(draw, start, top)
                width = 11
            case _:
                draw_letter(draw, start, top, text[0].upper(), is_filled=text == "solo")
                width = 13
        draw.text((start + width + 6, middle), text, font=font, fill=MUTED_TEXT, anchor="lm")
        x = start + width + 6 + draw.textlength(text, font=font) + 18
