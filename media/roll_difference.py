"""How an edit looks in a piano roll: kept, new and removed notes. It knows nothing of layout.

Three colours that keep apart under the common colour-vision deficiencies, and three textures, so that nothing is told by
colour alone: kept notes are plain and dim, new ones bright with a white border and hatching, removed ones dashed and empty.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import ImageDraw, ImageFont

from media.roll_style import BACKGROUND, CHANGED_BAR, MUTED_TEXT, TEXT, draw_start_mark
from music.difference import Difference, TrackNote
from music.piece import Note, Piece

Box = tuple[float, float, float, float]
BoxOf = Callable[[Note, bool], Box]
"""Returns left, top, right, bottom of a note; the flag tells drums."""

KEPT = (118, 126, 146)
NEW = (86, 200, 250)
REMOVED = (255, 130, 70)
_HATCH_STEP, _DASH, _GAP = 5, 4, 3
_MAX_NOTES_DRAWN = 60_000


def draw_difference(
    draw: ImageDraw.ImageDraw, difference: Difference, *, before: Piece, after: Piece, box_of: BoxOf
) -> None:
    """Draw the notes of both pieces: what was removed first, so that nothing of what is there now is hidden."""
    is_moved = bool(difference.moved_semitones) or difference.stretched != 1.0
    gone = difference.kept_before if is_moved else difference.removed
    for each in gone[:_MAX_NOTES_DRAWN]:
        draw_removed(draw, _box(each, before, box_of))
    for each in difference.kept[:_MAX_NOTES_DRAWN]:
        draw_kept(draw, _box(each, after, box_of), each.track)
    for each in difference.new[:_MAX_NOTES_DRAWN]:
        draw_new(draw, _box(each, after, box_of), each.track)


def draw_kept(draw: ImageDraw.ImageDraw, box: Box, track: int) -> None:
    """Draw a note that stayed."""
    draw.rectangle(box, fill=KEPT)
    draw_start_mark(draw, box, track)


def draw_new(draw: ImageDraw.ImageDraw, box: Box, track: int) -> None:
    """Draw a note that came: bright, hatched where there is room, with a white border."""
    left, top, right, bottom = box
    draw.rectangle(box, fill=NEW)
    height = bottom - top
    x = left + 2
    while x + height < right:
        draw.line((x, bottom, x + height, top), fill=BACKGROUND)
        x += _HATCH_STEP
    draw.rectangle(box, outline=TEXT, width=1)
    draw_start_mark(draw, box, track)


def draw_removed(draw: ImageDraw.ImageDraw, box: Box) -> None:
    """Draw where a note was: a dashed border and nothing in it."""
    left, top, right, bottom = box
    x = left
    while x < right:
        stop = min(x + _DASH, right)
        draw.line((x, top, stop, top), fill=REMOVED)
        draw.line((x, bottom, stop, bottom), fill=REMOVED)
        x += _DASH + _GAP
    draw.line((left, top, left, bottom), fill=REMOVED)
    draw.line((right, top, right, bottom), fill=REMOVED)


def draw_difference_key(draw: ImageDraw.ImageDraw, difference: Difference, *, left: float, top: float) -> float:
    """Say what the three looks mean and how many there are; return where that ends."""
    font = ImageFont.load_default(13)
    x = left
    is_moved = bool(difference.moved_semitones) or difference.stretched != 1.0
    entries = (
        (f"kept {len(difference.kept):,}", "kept"),
        (f"new {len(difference.new):,}", "new"),
        (
            f"{'was here' if is_moved else 'removed'} {len(difference.removed) or len(difference.kept) * is_moved:,}",
            "removed",
        ),
        ("changed bar", "bar"),
    )
    for text, look in entries:
        box = (x, top, x + 26, top + 11)
        if look == "kept":
            draw_kept(draw, box, 4)  # a track without a mark
        elif look == "new":
            draw_new(draw, box, 4)
        elif look == "removed":
            draw_removed(draw, box)
        else:
            draw.rectangle((x, top + 3, x + 26, top + 8), fill=CHANGED_BAR)
        draw.text((x + 32, top + 6), text, font=font, fill=TEXT, anchor="lm")
        x += 32 + draw.textlength(text, font=font) + 20
    draw.line((x - 8, top - 2, x - 8, top + 13), fill=MUTED_TEXT)
    return x + 4


def _box(each: TrackNote, piece: Piece, box_of: BoxOf) -> Box:
    return box_of(each.note, piece.tracks[each.track].is_drum)
