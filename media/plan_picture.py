"""The plan of a song as a picture: sections as long as they last, who plays in each, and how loud it is. It knows no chat.

Each letter has a colour and stands in its section, so nothing is told by colour alone.
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from media.protocol import Picture
from media.roll_style import AXIS_COLOR, BACKGROUND, BLACK_KEY_ROW, MUTED_TEXT, TEXT, track_color
from music.forms.plan import FormPlan, SectionPlan
from music.names import instrument_name

_WIDTH, _LEFT, _MARGIN = 960, 190, 14
_HEAD_HEIGHT, _ROW_HEIGHT, _AXIS_HEIGHT = 46, 22, 24
_QUIET, _LOUD = 0.85, 1.1  # how loud sections can be planned
_MAX_ALT_TEXT = 1000


def draw_plan(plan: FormPlan) -> Picture:
    """Return the picture of a plan, with its description in words."""
    height = _HEAD_HEIGHT + _ROW_HEIGHT * len(plan.instruments) + _AXIS_HEIGHT + 2 * _MARGIN
    image = Image.new("RGB", (_WIDTH, height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    font, small = ImageFont.load_default(15), ImageFont.load_default(12)
    letters = list(dict.fromkeys(section.letter for section in plan.sections))

    for row, program in enumerate(plan.instruments):
        draw.text((_MARGIN, _row_top(row) + 3), instrument_name(program)[:24], fill=MUTED_TEXT, font=small)
    for section, first in zip(plan.sections, plan.first_bars(), strict=True):
        left, right = _x(plan, first), _x(plan, first + section.num_bars)
        color = track_color(letters.index(section.letter), velocity=127 if section.role == "section" else 50)
        _draw_head(draw, section, (left, right), color, font)
        for row, program in enumerate(plan.instruments):
            plays = program in section.instruments
            box = (left + 1, _row_top(row) + 2, right - 2, _row_top(row) + _ROW_HEIGHT - 3)
            draw.rectangle(box, fill=color if plays else BLACK_KEY_ROW)
        bottom = _row_top(len(plan.instruments))
        draw.line((left, _MARGIN, left, bottom + 6), fill=AXIS_COLOR)
        draw.text((left + 2, bottom + 6), str(first + 1), fill=MUTED_TEXT, font=small)

    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return Picture(png=buffer.getvalue(), alt_text=describe_plan(plan))


def describe_plan(plan: FormPlan) -> str:
    """Return what the picture shows, in words."""
    parts = [
        f"{section.name} {section.letter if section.role == 'section' else ''}".strip()
        + f", bars {first + 1} to {first + section.num_bars}, {len(section.instruments)} of {len(plan.instruments)} play"
        for section, first in zip(plan.sections, plan.first_bars(), strict=True)
    ]
    return f"Plan of a song of {plan.num_bars} bars: {'; '.join(parts)}."[:_MAX_ALT_TEXT]


def _draw_head(
    draw: ImageDraw.ImageDraw,
    section: SectionPlan,
    span: tuple[float, float],
    color: tuple[int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Draw a section's name over a block that is as high as it is loud."""
    left, right = span
    share = min(max((section.loudness - _QUIET) / (_LOUD - _QUIET), 0.15), 1.0)
    bottom = _MARGIN + _HEAD_HEIGHT - 6
    draw.rectangle((left + 1, bottom - round(14 * share), right - 2, bottom), fill=color)
    name = section.name if len(section.name) == 1 or section.role != "section" else f"{section.name} {section.letter}"
    while name and draw.textlength(name, font=font) > right - left - 4:
        name = name[:-1] if len(name) > 1 else ""
    draw.text((left + 3, _MARGIN), name, fill=TEXT, font=font)


def _x(plan: FormPlan, bar: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _MARGIN) * bar / max(plan.num_bars, 1)


def _row_top(row: int) -> int:
    return _MARGIN + _HEAD_HEIGHT + row * _ROW_HEIGHT
