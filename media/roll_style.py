"""Colours, marks and drum names of the piano roll. It knows nothing of layout.

The colours keep apart under the common colour-vision deficiencies (they follow the palette of Okabe and Ito 2008,
"Color Universal Design", lightened for the dark ground); each track has its own start mark as well.
"""

from __future__ import annotations

from PIL import ImageDraw

BACKGROUND = (30, 31, 36)
BLACK_KEY_ROW = (36, 38, 44)
BEAT_LINE = (44, 46, 53)
BAR_LINE = (72, 75, 86)
AXIS_COLOR = (56, 59, 68)
TEXT = (236, 238, 243)
MUTED_TEXT = (165, 170, 183)
CHANGED_BAR = (240, 228, 66)

_TRACK_COLORS = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 178, 130),
    (224, 140, 190),
    (240, 228, 66),
    (235, 120, 60),
    (120, 140, 240),
    (190, 190, 190),
)

DRUM_NAMES = {
    35: "kick",
    36: "kick",
    37: "stick",
    38: "snare",
    39: "clap",
    40: "snare 2",
    41: "tom 1",
    42: "hat",
    43: "tom 2",
    44: "pedal",
    45: "tom 3",
    46: "open hat",
    47: "tom 4",
    48: "tom 5",
    49: "crash",
    50: "tom 6",
    51: "ride",
    52: "china",
    53: "bell",
    54: "tamb.",
    55: "splash",
    56: "cowbell",
    57: "crash 2",
    59: "ride 2",
    69: "cabasa",
    70: "maracas",
    75: "claves",
}


def track_color(index: int, *, velocity: int) -> tuple[int, int, int]:
    """Return the colour of a track's note; soft notes are dimmer, never below readable."""
    red, green, blue = _TRACK_COLORS[index % len(_TRACK_COLORS)]
    light = 0.6 + 0.4 * min(velocity, 127) / 127
    return int(red * light), int(green * light), int(blue * light)


def draw_start_mark(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], index: int) -> None:
    """Mark the start of a note with the sign of its track: bar, dot, slash, double bar, plain, ..."""
    left, top, right, bottom = box
    if right - left < 5 or bottom - top < 4:
        return
    middle = (top + bottom) / 2
    match index % 5:
        case 0:
            draw.line((left + 1, top, left + 1, bottom), fill=BACKGROUND)
        case 1:
            draw.ellipse((left + 1, middle - 1.5, left + 4, middle + 1.5), fill=BACKGROUND)
        case 2:
            draw.line((left + 1, bottom, left + 4, top), fill=BACKGROUND)
        case 3:
            draw.line((left + 1, top, left + 1, bottom), fill=BACKGROUND)
            draw.line((left + 3, top, left + 3, bottom), fill=BACKGROUND)
        case _:
            pass
