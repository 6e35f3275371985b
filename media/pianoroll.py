"""Pieces as piano-roll pictures with a text for those who cannot see them. It knows nothing of sound.

Time runs to the right in bars, pitch upwards; drums have lanes of their own beneath. Tracks differ by colour and by
the mark at each note's start, so nothing is told by colour alone. With ``before``, kept, new and removed notes have
a look of their own (``roll_difference``), and changed bars are marked above.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from media.protocol import Picture
from media.roll_difference import KEPT, draw_difference, draw_difference_key
from media.roll_style import (
    AXIS_COLOR,
    BACKGROUND,
    BAR_LINE,
    BEAT_LINE,
    BLACK_KEY_ROW,
    CHANGED_BAR,
    DRUM_NAMES,
    MUTED_TEXT,
    TEXT,
    draw_start_mark,
    track_color,
)
from media.roll_times import RollTimes, measure_times, times_chunk
from music.difference import Difference, compare
from music.names import instrument_name, pitch_name
from music.piece import Note, Piece, Track
from music.time_grid import TimeGrid
from music.transform import scale_ticks

_WIDTH, _LEFT, _RIGHT, _TOP, _LEGEND_HEIGHT, _BOTTOM = 1280, 56, 16, 34, 30, 10
_MAX_ROLL_HEIGHT, _DRUM_LANE_HEIGHT, _FLAT_DRUM_LANE_HEIGHT = 420, 9, 5
_MAX_NOTES_DRAWN = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where things are, in pixels."""

    ticks_per_pixel: float
    low_pitch: int
    high_pitch: int
    row_height: int
    drum_pitches: tuple[int, ...]
    drum_lane_height: int

    @property
    def drums_top(self) -> int:
        return _TOP + (self.high_pitch - self.low_pitch + 1) * self.row_height + (8 if self.drum_pitches else 0)

    @property
    def height(self) -> int:
        return self.drums_top + len(self.drum_pitches) * self.drum_lane_height + _LEGEND_HEIGHT + _BOTTOM

    @property
    def legend_top(self) -> float:
        return self.height - _LEGEND_HEIGHT - _BOTTOM / 2 + 10

    def x(self, tick: int) -> float:
        return _LEFT + tick / self.ticks_per_pixel

    def box(self, note: Note, *, is_drum: bool) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom of a note; drums are drawn as short as they sound."""
        left = self.x(note.onset_ticks)
        if is_drum:
            top = self.drums_top + self.drum_pitches.index(note.pitch) * self.drum_lane_height
            return left, top + 1, left + 5, top + self.drum_lane_height - 2
        top = _TOP + (self.high_pitch - note.pitch) * self.row_height
        return left, top, max(left + 2, self.x(note.stop_ticks) - 1), top + self.row_height - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """An edit as it is drawn; ``before`` counts time as the piece after does. ``bars``: those that changed, in the picture."""

    difference: Difference
    before: Piece
    bars: tuple[int, ...]

    @classmethod
    def between(cls, before: Piece, after: Piece) -> _Change:
        scaled = scale_ticks(before, ticks_per_quarter=after.ticks_per_quarter)
        difference = compare(scaled, after)
        num_bars = TimeGrid(after).num_bars
        bars = tuple(bar for bar in difference.changed_bars if bar < num_bars)
        return cls(difference=difference, before=scaled, bars=bars)

    @property
    def counts(self) -> str:
        """How many notes stayed, came and went, in words."""
        difference = self.difference
        if difference.is_nothing:
            return "nothing changed"
        return (
            f"{len(difference.kept)} notes kept (plain), {len(difference.new)} new (hatched), "
            f"{len(difference.removed)} removed (dashed)"
        )


def draw_piano_roll(piece: Piece, *, before: Piece | None = None, first_bar: int = 0) -> Picture:
    """Return the piano roll of ``piece``, with the differences from ``before`` marked if it is given.

    ``first_bar``: what the first bar is counted as (from 0), when ``piece`` is a part of a longer one.
    """
    change = None if before is None else _Change.between(before, piece)
    layout = _lay_out(piece, None if change is None else change.before)
    image = _paint(layout, piece, change, first_bar=first_bar)
    changed = () if change is None else tuple(bar + first_bar for bar in change.bars)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True, pnginfo=times_chunk([_times(layout, piece)], size=image.size))
    alt_text = describe_roll(piece, changed_bars=changed, counts="" if change is None else change.counts)
    return Picture(png=buffer.getvalue(), alt_text=alt_text)


def paint_roll(piece: Piece, *, max_roll_height: int) -> tuple[Image.Image, RollTimes]:
    """Return the piano roll of ``piece`` as a part of a larger picture, its pitches at most about so many pixels high."""
    layout = _lay_out(piece, None, max_roll_height=max_roll_height, drum_lane_height=_FLAT_DRUM_LANE_HEIGHT)
    return _paint(layout, piece, None), _times(layout, piece)


def _times(layout: _Layout, piece: Piece) -> RollTimes:
    bottom = layout.height - _LEGEND_HEIGHT - _BOTTOM
    return measure_times(TimeGrid(piece), layout.x, top=_TOP, bottom=bottom)


def describe_roll(piece: Piece, *, changed_bars: tuple[int, ...] = (), counts: str = "") -> str:
    """Return the picture in words, at most 1,000 characters (Discord takes 1,024)."""
    grid = TimeGrid(piece)
    pitched = [note.pitch for track in piece.tracks if not track.is_drum for note in track.notes]
    parts = [f"{_track_name(track)} ({len(track.notes)} notes)" for track in piece.tracks if track.notes]
    text = f"Piano roll of {grid.num_bars} bars in {piece.time_signatures[0].name} at {piece.tempos[0].bpm:.0f} bpm"
    text += f": {', '.join(parts)}." if parts else ": no notes."
    if pitched:
        text += f" Pitches from {pitch_name(min(pitched))} to {pitch_name(max(pitched))}."
    if counts:
        text += f" Against what was before: {counts}."
    if changed_bars:
        text += f" Changed bars: {', '.join(str(bar + 1) for bar in changed_bars)}."
    return text if len(text) <= 1000 else text[:997] + "..."


def _paint(layout: _Layout, piece: Piece, change: _Change | None, *, first_bar: int = 0) -> Image.Image:
    image = Image.new("RGB", (_WIDTH, layout.height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    grid = TimeGrid(piece)
    _draw_rows(draw, layout)
    _draw_bars(draw, layout, piece, grid, first_bar=first_bar)
    for bar in () if change is None else change.bars:
        start, stop = layout.x(grid.bar_start_ticks(bar)), layout.x(grid.bar_start_ticks(bar + 1))
        draw.rectangle(
            (start, _TOP - 6, max(start, stop - 2), _TOP - 3), fill=CHANGED_BAR
        )  # bars may be thin as a hair
    legend_left = float(_LEFT)
    if change is None:
        _draw_notes(draw, layout, piece)
    else:
        draw_difference(
            draw,
            change.difference,
            before=change.before,
            after=piece,
            box_of=lambda note, is_drum: layout.box(note, is_drum=is_drum),
        )
        legend_left = draw_difference_key(draw, change.difference, left=legend_left, top=layout.legend_top)
    _draw_legend(draw, layout, piece, left=legend_left, is_plain=change is not None)
    return image


def _track_name(track: Track) -> str:
    return "Drums" if track.is_drum else instrument_name(track.program)


def _lay_out(
    piece: Piece,
    before: Piece | None,
    *,
    max_roll_height: int = _MAX_ROLL_HEIGHT,
    drum_lane_height: int = _DRUM_LANE_HEIGHT,
) -> _Layout:
    pieces = [piece] if before is None else [piece, before]
    pitched = [n.pitch for p in pieces for t in p.tracks if not t.is_drum for n in t.notes] or [60]
    drums = tuple(sorted({n.pitch for p in pieces for t in p.tracks if t.is_drum for n in t.notes}, reverse=True))
    low, high = max(0, min(pitched) - 2), min(127, max(pitched) + 2)
    if high - low < 23:  # at least two octaves, so a single line is not blown up
        middle = (low + high) // 2
        low, high = max(0, middle - 12), min(127, middle + 12)
    grid = TimeGrid(piece)
    length_ticks = max(grid.bar_start_ticks(grid.num_bars), *(p.length_ticks for p in pieces), 1)
    return _Layout(
        ticks_per_pixel=length_ticks / (_WIDTH - _LEFT - _RIGHT),
        low_pitch=low,
        high_pitch=high,
        row_height=max(3, min(10, max_roll_height // (high - low + 1))),
        drum_pitches=drums,
        drum_lane_height=drum_lane_height,
    )


def _draw_rows(draw: ImageDraw.ImageDraw, layout: _Layout) -> None:
    font = ImageFont.load_default(11)
    for pitch in range(layout.low_pitch, layout.high_pitch + 1):
        top = _TOP + (layout.high_pitch - pitch) * layout.row_height
        if pitch % 12 in (1, 3, 6, 8, 10):
            draw.rectangle((_LEFT, top, _WIDTH - _RIGHT, top + layout.row_height - 1), fill=BLACK_KEY_ROW)
        if pitch % 12 == 0:
            draw.line((_LEFT, top + layout.row_height, _WIDTH - _RIGHT, top + layout.row_height), fill=AXIS_COLOR)
            label_y = top + layout.row_height / 2
            draw.text((_LEFT - 6, label_y), pitch_name(pitch), font=font, fill=MUTED_TEXT, anchor="rm")
    small = ImageFont.load_default(9)
    is_flat = layout.drum_lane_height < _DRUM_LANE_HEIGHT  # too flat for a name each
    for row, pitch in enumerate(layout.drum_pitches):
        y = layout.drums_top + row * layout.drum_lane_height
        draw.line((_LEFT, y, _WIDTH - _RIGHT, y), fill=BLACK_KEY_ROW)
        if not is_flat:
            name = DRUM_NAMES.get(pitch, str(pitch))
            draw.text((_LEFT - 6, y + layout.drum_lane_height / 2), name, font=small, fill=MUTED_TEXT, anchor="rm")
    if is_flat and layout.drum_pitches:
        middle = layout.drums_top + len(layout.drum_pitches) * layout.drum_lane_height / 2
        draw.text((_LEFT - 6, middle), "drums", font=small, fill=MUTED_TEXT, anchor="rm")


def _draw_bars(draw: ImageDraw.ImageDraw, layout: _Layout, piece: Piece, grid: TimeGrid, *, first_bar: int) -> None:
    font = ImageFont.load_default(11)
    bottom = layout.height - _LEGEND_HEIGHT - _BOTTOM
    bar_width = (_WIDTH - _LEFT - _RIGHT) / max(1, grid.num_bars)
    label_every = max(1, round(36 / bar_width)) if bar_width < 36 else 1
    for bar in range(grid.num_bars):
        x = layout.x(grid.bar_start_ticks(bar))
        if bar_width > 60:
            for beat_tick in range(
                grid.bar_start_ticks(bar), grid.bar_start_ticks(bar + 1), max(1, piece.ticks_per_quarter)
            ):
                draw.line((layout.x(beat_tick), _TOP, layout.x(beat_tick), bottom), fill=BEAT_LINE)
        if bar % label_every == 0:
            draw.line((x, _TOP, x, bottom), fill=BAR_LINE)
            draw.text((x + 3, 8), str(first_bar + bar + 1), font=font, fill=MUTED_TEXT)


def _draw_notes(draw: ImageDraw.ImageDraw, layout: _Layout, piece: Piece) -> None:
    num_drawn = 0
    for index, track in enumerate(piece.tracks):
        for note in track.notes:
            num_drawn += 1
            if num_drawn > _MAX_NOTES_DRAWN:
                return
            box = layout.box(note, is_drum=track.is_drum)
            draw.rectangle(box, fill=track_color(index, velocity=note.velocity))
            draw_start_mark(draw, box, index)


def _draw_legend(draw: ImageDraw.ImageDraw, layout: _Layout, piece: Piece, *, left: float, is_plain: bool) -> None:
    """Name the tracks by their marks and, unless ``is_plain``, by their colours."""
    font = ImageFont.load_default(13)
    x, y = left, layout.legend_top
    for index, track in enumerate(piece.tracks):
        name = _track_name(track)
        width = draw.textlength(name, font=font) + 40
        if x + width > _WIDTH - _RIGHT - 24:
            draw.text((x, y + 6), "...", font=font, fill=MUTED_TEXT, anchor="lm")
            return
        box = (x, y, x + 18, y + 11)
        draw.rectangle(box, fill=KEPT if is_plain else track_color(index, velocity=110))
        draw_start_mark(draw, box, index)
        draw.text((x + 24, y + 6), name, font=font, fill=TEXT, anchor="lm")
        x += width
