"""The graph of a song made together: revisions newest first, branches as lanes, merges with both their parents. It knows no database.

Long graphs go on in further columns, like text in a newspaper. Heads, merges and candidates differ in shape, branches in their lane.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from media.graph_lanes import assign_lanes
from media.picture_font import fit_text, picture_font
from media.protocol import Picture
from media.roll_style import AXIS_COLOR, BACKGROUND, CHANGED_BAR, MUTED_TEXT, TEXT, track_color
from media.song_facts import GraphRevision
from media.song_words import clip

MAX_REVISIONS = 200
_ROWS_OF_COLUMN, _ROW_HEIGHT, _LANE_WIDTH, _MARGIN, _TOP = 40, 22, 14, 14, 46
_TEXT_WIDTH, _LONE_TEXT_WIDTH = 230, 460
_MAX_LANES_WIDTH = 140
_KEY_HEIGHT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    num_rows: int
    num_lanes: int

    @property
    def num_columns(self) -> int:
        return max(-(-self.num_rows // _ROWS_OF_COLUMN), 1)

    @property
    def rows_of_column(self) -> int:
        return -(-max(self.num_rows, 1) // self.num_columns)

    @property
    def lane_width(self) -> float:
        return min(_LANE_WIDTH, _MAX_LANES_WIDTH / max(self.num_lanes, 1))

    @property
    def text_width(self) -> int:
        return _LONE_TEXT_WIDTH if self.num_columns == 1 else _TEXT_WIDTH

    @property
    def column_width(self) -> int:
        return round(self.num_lanes * self.lane_width) + 10 + self.text_width

    @property
    def width(self) -> int:
        return 2 * _MARGIN + self.num_columns * self.column_width

    @property
    def height(self) -> int:
        return _TOP + self.rows_of_column * _ROW_HEIGHT + _KEY_HEIGHT + _MARGIN

    def place(self, row: int, lane: int) -> tuple[float, float]:
        """Return the middle of a revision's sign."""
        column, line = divmod(row, self.rows_of_column)
        x = _MARGIN + column * self.column_width + (lane + 0.5) * self.lane_width
        return x, _TOP + (line + 0.5) * _ROW_HEIGHT

    def text_left(self, row: int) -> float:
        column = row // self.rows_of_column
        return _MARGIN + column * self.column_width + self.num_lanes * self.lane_width + 6


def draw_graph(revisions: Sequence[GraphRevision], *, title: str = "") -> Picture:
    """Return the graph of the newest ``MAX_REVISIONS`` of ``revisions`` (newest first, children before parents), and it in words."""
    shown = tuple(revisions[:MAX_REVISIONS])
    lanes = assign_lanes(shown)
    layout = _Layout(num_rows=len(shown), num_lanes=max(lanes, default=0) + 1)
    image = Image.new("RGB", (layout.width, layout.height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    font = picture_font(16, is_bold=True)
    heading = f"Revisions of {title or 'Untitled'}" + (f", the newest {len(shown)}" if len(shown) > 1 else "")
    draw.text(
        (_MARGIN, 22), fit_text(draw, heading, font, layout.width - 2 * _MARGIN), font=font, fill=TEXT, anchor="lm"
    )

    rows = {revision.number: row for row, revision in enumerate(shown)}
    for row, revision in enumerate(shown):
        for number, parent in enumerate(revision.parents):
            _draw_edge(draw, layout, lanes, row, rows.get(parent), is_first=number == 0)
    for row, revision in enumerate(shown):
        _draw_sign(draw, layout.place(row, lanes[row]), revision, lane=lanes[row])
        _draw_words(draw, layout, row, revision, lane=lanes[row])
    _draw_key(draw, top=layout.height - _KEY_HEIGHT)

    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return Picture(png=buffer.getvalue(), alt_text=describe_graph(shown, title=title))


def describe_graph(revisions: Sequence[GraphRevision], *, title: str = "") -> str:
    """Return heads, tags, merges and candidates in words, at most 1,000 characters."""
    heads = [f"{name} at #{each.number}" for each in revisions for name in each.head_of]
    tags = [f"{name} at #{each.number}" for each in revisions for name in each.tags]
    merges = [
        f"#{each.number} of {' and '.join(f'#{parent}' for parent in each.parents)}"
        for each in revisions
        if len(each.parents) > 1
    ]
    candidates = [f"#{each.number}" for each in revisions if not each.branch]
    parts = [f"Graph of {len(revisions)} revisions of {title or 'Untitled'}, newest first."]
    for name, values in (("Heads", heads), ("Tags", tags), ("Merges", merges), ("On no branch", candidates)):
        if values:
            parts.append(f"{name}: {', '.join(values)}.")
    newest = [f"#{each.number} {each.label}" + (f" by {each.who}" if each.who else "") for each in revisions[:10]]
    parts.append(f"Newest: {'; '.join(newest)}." if newest else "")
    return clip(" ".join(part for part in parts if part))


def _draw_edge(
    draw: ImageDraw.ImageDraw, layout: _Layout, lanes: list[int], row: int, parent_row: int | None, *, is_first: bool
) -> None:
    """Draw the line to a parent: along the child's own lane, or, to what was merged, along the parent's."""
    stop_row = layout.num_rows if parent_row is None else parent_row
    child_lane = lanes[row]
    parent_lane = child_lane if parent_row is None else lanes[parent_row]
    long_lane = child_lane if is_first else parent_lane
    points: list[tuple[int, int]] = [(row, child_lane)]
    points += [(each, long_lane) for each in range(row + 1, stop_row)]
    if parent_row is not None:
        points.append((parent_row, parent_lane))
    color = track_color(long_lane, velocity=110)
    for (from_row, from_lane), (to_row, to_lane) in itertools.pairwise(points):
        start, stop = layout.place(from_row, from_lane), layout.place(to_row, to_lane)
        if stop[0] - start[0] > layout.column_width / 2:  # on into the next column: out below, in above
            draw.line((*start, start[0], start[1] + _ROW_HEIGHT / 2), fill=color, width=2)
            draw.line((stop[0], stop[1] - _ROW_HEIGHT / 2, *stop), fill=color, width=2)
        else:
            draw.line((*start, *stop), fill=color, width=2)
    if parent_row is None:  # it stands on something older than the picture
        x, y = layout.place(points[-1][0], points[-1][1])
        draw.line((x, y, x, y + _ROW_HEIGHT / 2), fill=color, width=2)


def _draw_sign(draw: ImageDraw.ImageDraw, place: tuple[float, float], revision: GraphRevision, *, lane: int) -> None:
    """Draw a revision: a dot; a diamond for a merge; empty for a candidate; in a ring for a head."""
    x, y = place
    color = track_color(lane, velocity=110)
    if len(revision.parents) > 1:
        draw.polygon(((x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)), fill=color, outline=BACKGROUND)
    elif not revision.branch:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=BACKGROUND, outline=color, width=2)
    else:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=color)
    if revision.head_of:
        draw.ellipse((x - 7, y - 7, x + 7, y + 7), outline=TEXT, width=1)


def _draw_words(draw: ImageDraw.ImageDraw, layout: _Layout, row: int, revision: GraphRevision, *, lane: int) -> None:
    font, small = picture_font(12), picture_font(11)
    _, y = layout.place(row, 0)
    x, stop = layout.text_left(row), layout.text_left(row) + layout.text_width - 12
    for name in revision.head_of:
        x = _draw_pill(draw, (x, y), name, limit=stop - 60, color=track_color(lane, velocity=110), is_filled=True)
    for name in revision.tags:
        x = _draw_pill(draw, (x, y), name, limit=stop - 60, color=CHANGED_BAR, is_filled=False)
    number = f"#{revision.number} "
    draw.text((x, y), number, font=font, fill=TEXT, anchor="lm")
    x += draw.textlength(number, font=font)
    words = revision.label + (f" · {revision.who}" if revision.who else "")
    draw.text((x, y), fit_text(draw, words, small, stop - x), font=small, fill=MUTED_TEXT, anchor="lm")


def _draw_pill(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    *,
    limit: float,
    color: tuple[int, int, int],
    is_filled: bool,
) -> float:
    """Draw a name in a box; return where it ends. What does not fit before ``limit`` is left out: the words below say it."""
    x, y = place
    font = picture_font(11, is_bold=True)
    text = fit_text(draw, text, font, limit - x - 10)
    if not text:
        return x
    width = draw.textlength(text, font=font) + 10
    box = (x, y - 8, x + width, y + 8)
    draw.rounded_rectangle(box, radius=7 if is_filled else 0, fill=color if is_filled else None, outline=color)
    draw.text((x + 5, y), text, font=font, fill=BACKGROUND if is_filled else color, anchor="lm")
    return x + width + 5


def _draw_key(draw: ImageDraw.ImageDraw, *, top: float) -> None:
    font = picture_font(12)
    x, y = float(_MARGIN), top + 8
    draw.line((x, top - 6, x + 60, top - 6), fill=AXIS_COLOR)
    samples = (
        ("revision", GraphRevision(number=0, label="", branch="x")),
        ("merge", GraphRevision(number=0, label="", parents=(1, 2), branch="x")),
        ("on no branch", GraphRevision(number=0, label="")),
        ("head", GraphRevision(number=0, label="", branch="x", head_of=("x",))),
    )
    for text, sample in samples:
        _draw_sign(draw, (x + 8, y), sample, lane=0)
        draw.text((x + 20, y), text, font=font, fill=MUTED_TEXT, anchor="lm")
        x += 20 + draw.textlength(text, font=font) + 18
    _draw_pill(draw, (x, y), "tag", limit=x + 100, color=CHANGED_BAR, is_filled=False)
