"""The graph of a song's revisions as one picture: a small piano roll for each, lines from parents to children. It knows no chat.

Generations run to the right, branches downwards; after ``_NUM_COLUMNS`` generations the picture goes on in a band below, so it can
be read on a phone. What goes on in another band, or comes from another page, says so in words beside the line.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from media.protocol import HistoryNode, Picture
from media.roll_style import AXIS_COLOR, BACKGROUND, BAR_LINE, BLACK_KEY_ROW, CHANGED_BAR, MUTED_TEXT, TEXT, track_color
from music.codec import decode_piece
from music.piece import Piece
from music.time_grid import TimeGrid

_NUM_COLUMNS = 4
_CARD_WIDTH, _ROLL_HEIGHT, _CAPTION_HEIGHT = 184, 72, 40
_CARD_HEIGHT = _ROLL_HEIGHT + _CAPTION_HEIGHT
_GAP_X, _GAP_Y, _MARGIN = 44, 20, 16
_DRUM_SHARE = 0.2  # of the roll's height
_MAX_NOTES_DRAWN = 4000  # of one thumbnail: more would not be seen
_MAX_ALT_TEXT = 1000

Place = tuple[int, int]
"""Column and row of a card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Where a card is, in pixels."""

    left: int
    top: int

    @property
    def middle(self) -> int:
        return self.top + _ROLL_HEIGHT // 2

    @property
    def right(self) -> int:
        return self.left + _CARD_WIDTH


def draw_history(nodes: Sequence[HistoryNode]) -> Picture:
    """Return the graph of ``nodes`` (parents first), with its description in words."""
    places = place_cards(nodes)
    num_columns = max((column for column, _ in places), default=0) + 1
    num_rows = max((row for _, row in places), default=0) + 1
    width = 2 * _MARGIN + num_columns * (_CARD_WIDTH + _GAP_X)
    height = 2 * _MARGIN + num_rows * (_CARD_HEIGHT + _GAP_Y) - _GAP_Y
    image = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(image)

    frames = [
        _Frame(
            left=_MARGIN + _GAP_X // 2 + column * (_CARD_WIDTH + _GAP_X),
            top=_MARGIN + row * (_CARD_HEIGHT + _GAP_Y),
        )
        for column, row in places
    ]
    _draw_lines(draw, nodes, frames, places)
    for node, frame in zip(nodes, frames, strict=True):
        _draw_card(draw, node, frame)

    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return Picture(png=buffer.getvalue(), alt_text=describe_history(nodes))


def place_cards(nodes: Sequence[HistoryNode]) -> list[Place]:
    """Return column and row for each card; no two share a place, and a line of descent keeps its row within a band."""
    rows: dict[int, int] = {}  # by index: the line within the endless strip, before it is cut into bands
    depths: dict[int, int] = {}
    main_child = {node.parent_index: index for index, node in enumerate(nodes) if node.parent_index is not None}
    num_rows = 0
    for index, node in enumerate(nodes):
        parent = node.parent_index
        depths[index] = 0 if parent is None else depths[parent] + 1
        if parent is not None and main_child[parent] == index:
            rows[index] = rows[parent]
        else:
            rows[index] = num_rows
            num_rows += 1

    places: list[Place] = []
    bands = [depths[index] // _NUM_COLUMNS for index in range(len(nodes))]
    used = {band: sorted({rows[i] for i, b in enumerate(bands) if b == band}) for band in set(bands)}
    first_row_of_band: dict[int, int] = {}
    next_row = 0
    for band in sorted(used):
        first_row_of_band[band] = next_row
        next_row += len(used[band])
    for index in range(len(nodes)):
        band = bands[index]
        places.append((depths[index] % _NUM_COLUMNS, first_row_of_band[band] + used[band].index(rows[index])))
    return places


def describe_history(nodes: Sequence[HistoryNode]) -> str:
    """Return the graph in words, at most 1,000 characters (Discord takes 1,024)."""
    parts: list[str] = []
    for node in nodes:
        origin = f" from #{nodes[node.parent_index].number}" if node.parent_index is not None else ""
        parts.append(f"#{node.number} {node.label}{origin}" + (", starred" if node.is_starred else ""))
    text = f"The tree of {len(nodes)} results with small piano rolls: {'; '.join(parts)}."
    return text if len(text) <= _MAX_ALT_TEXT else text[: _MAX_ALT_TEXT - 1] + "…"


def _draw_lines(
    draw: ImageDraw.ImageDraw, nodes: Sequence[HistoryNode], frames: Sequence[_Frame], places: Sequence[Place]
) -> None:
    font = ImageFont.load_default(11)
    for index, node in enumerate(nodes):
        frame = frames[index]
        parent = node.parent_index
        if parent is not None and places[parent][0] < places[index][0]:
            start, bend = frames[parent], frame.left - _GAP_X // 2
            draw.line((start.right, start.middle, bend, start.middle), fill=MUTED_TEXT, width=2)
            draw.line((bend, start.middle, bend, frame.middle), fill=MUTED_TEXT, width=2)
            draw.line((bend, frame.middle, frame.left, frame.middle), fill=MUTED_TEXT, width=2)
            continue
        source = nodes[parent].number if parent is not None else node.source_number
        if source is None:
            continue
        draw.line((frame.left - _GAP_X // 2, frame.middle, frame.left, frame.middle), fill=MUTED_TEXT, width=2)
        draw.text((frame.left - 2, frame.middle - 10), f"#{source}", font=font, fill=MUTED_TEXT, anchor="rm")
        if parent is not None:
            start = frames[parent]
            draw.line((start.right, start.middle, start.right + 10, start.middle), fill=MUTED_TEXT, width=2)
            draw.text((start.right + 12, start.middle), f"#{node.number}", font=font, fill=MUTED_TEXT, anchor="lm")


def _draw_card(draw: ImageDraw.ImageDraw, node: HistoryNode, frame: _Frame) -> None:
    box = (frame.left, frame.top, frame.right, frame.top + _ROLL_HEIGHT)
    draw.rectangle(box, fill=BLACK_KEY_ROW, outline=CHANGED_BAR if node.is_newest else AXIS_COLOR, width=2)
    if node.piece:
        _draw_roll(draw, decode_piece(node.piece), frame)
    else:
        font = ImageFont.load_default(13)
        middle = (frame.left + _CARD_WIDTH // 2, frame.middle)
        draw.text(middle, "deleted", font=font, fill=MUTED_TEXT, anchor="mm")
    top = frame.top + _ROLL_HEIGHT + 10
    number = f"#{node.number}" + (" (newest)" if node.is_newest else "")
    draw.text((frame.left, top), number, font=ImageFont.load_default(14), fill=TEXT, anchor="lm")
    if node.is_starred:
        _draw_star(draw, frame.right - 9, top)
    font = ImageFont.load_default(12)
    draw.text((frame.left, top + 17), _fitting(draw, node.label, font), font=font, fill=MUTED_TEXT, anchor="lm")


def _draw_roll(draw: ImageDraw.ImageDraw, piece: Piece, frame: _Frame) -> None:
    """Draw the notes of a piece into a card: pitch upwards, drums in a strip below, a line at every fourth bar."""
    grid = TimeGrid(piece)
    length_ticks = max(grid.bar_start_ticks(grid.num_bars), 1)
    pitches = [note.pitch for track in piece.tracks if not track.is_drum for note in track.notes] or [60]
    low, high = min(pitches) - 1, max(pitches) + 1
    has_drums = any(track.is_drum and track.notes for track in piece.tracks)
    inner_left, inner_width = frame.left + 4, _CARD_WIDTH - 8
    roll_height = (_ROLL_HEIGHT - 8) * (1 - _DRUM_SHARE if has_drums else 1.0)

    for bar in range(0, grid.num_bars, 4):
        x = inner_left + grid.bar_start_ticks(bar) / length_ticks * inner_width
        draw.line((x, frame.top + 3, x, frame.top + _ROLL_HEIGHT - 3), fill=BAR_LINE)
    num_drawn = 0
    for index, track in enumerate(piece.tracks):
        for note in track.notes:
            num_drawn += 1
            if num_drawn > _MAX_NOTES_DRAWN:
                return
            left = inner_left + note.onset_ticks / length_ticks * inner_width
            right = left + max(1.0, note.duration_ticks / length_ticks * inner_width - 1)
            if track.is_drum:
                top = frame.top + 6 + roll_height + (note.pitch % 4) * 3
                right, bottom = left + 1, top + 2
            else:
                top = frame.top + 4 + (high - note.pitch) / (high - low) * (roll_height - 3)
                bottom = top + 2
            draw.rectangle((left, top, min(right, frame.right - 4), bottom), fill=track_color(index, velocity=100))


def _draw_star(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Draw a star of five rays; the alt text says it, too."""
    points = ((0, -8), (2, -3), (8, -2), (3, 2), (5, 8), (0, 4), (-5, 8), (-3, 2), (-8, -2), (-2, -3))
    draw.polygon([(x + dx, y + dy) for dx, dy in points], fill=CHANGED_BAR)


def _fitting(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return as much of a text as fits under a card."""
    while draw.textlength(text, font=font) > _CARD_WIDTH:
        text = text[:-2] + "…"
    return text
