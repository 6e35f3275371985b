"""What two people made of the same bars of one layer: two piano rolls under each other, on one axis of bars. It knows no database.

Against the state from which both set out, notes are kept, new or removed with the looks of ``roll_difference``; the other layers
stand pale behind them, and two bars around, so that one sees what each would go with.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from media.picture_font import fit_text, picture_font
from media.protocol import DrawConflict, Picture
from media.roll_difference import Box, draw_difference, draw_kept, draw_new, draw_removed
from media.roll_style import (
    AXIS_COLOR,
    BACKGROUND,
    BAR_LINE,
    BLACK_KEY_ROW,
    CHANGED_BAR,
    DRUM_NAMES,
    MUTED_TEXT,
    TEXT,
)
from media.song_facts import ConflictSide
from media.song_words import clip, say_bars
from music.difference import Difference, TrackNote, compare
from music.names import pitch_name
from music.piece import Note, Piece, Track
from music.time_grid import TimeGrid
from music.transform import scale_ticks

_WIDTH, _LEFT, _RIGHT, _TITLE_HEIGHT, _HEADING_HEIGHT, _AXIS_HEIGHT, _KEY_HEIGHT = 1100, 60, 14, 36, 24, 20, 32
_PALE = (66, 69, 80)
_OUTSIDE = (98, 104, 120)
_CONFLICT_GROUND = (40, 43, 52)
_NUM_BARS_AROUND = 2
_MAX_ROLL_HEIGHT = 240
_NO_MARK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One side as it is drawn: the whole piece, its layer's notes, and what they are against the base."""

    facts: ConflictSide
    piece: Piece
    track_index: int | None
    grid: TimeGrid
    difference: Difference
    before: Piece
    after: Piece

    @property
    def layer_notes(self) -> tuple[Note, ...]:
        return () if self.track_index is None else self.piece.tracks[self.track_index].notes

    def counts(self) -> str:
        """How many notes stayed, came and went, in words."""
        if self.track_index is None:
            return "the layer is removed"
        found = self.difference
        if found.moved_semitones:
            direction = "up" if found.moved_semitones > 0 else "down"
            steps = abs(found.moved_semitones)
            words = f"{steps} semitone{'s' if steps > 1 else ''}"
            return f"all {len(found.kept)} notes moved {direction} by {words} (dashed where they were)"
        return f"{len(found.kept)} notes kept (plain), {len(found.new)} new (hatched), {len(found.removed)} removed (dashed)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Bars ``start_bar`` to ``stop_bar`` as columns, sounds as rows; the highest sound comes first."""

    start_bar: int
    stop_bar: int
    sounds: tuple[int, ...]
    row_height: int
    is_drum: bool

    @property
    def panel_height(self) -> int:
        return _HEADING_HEIGHT + _AXIS_HEIGHT + len(self.sounds) * self.row_height + 14

    def x(self, bar: float) -> float:
        return _LEFT + (bar - self.start_bar) / (self.stop_bar - self.start_bar) * (_WIDTH - _LEFT - _RIGHT)

    def box(self, note: Note, grid: TimeGrid, top: int) -> Box | None:
        """Return where a note is in a panel whose rows begin at ``top``; None if it is outside."""
        if note.pitch not in self.sounds:
            return None
        start, stop = _bar_place(grid, note.onset_ticks), _bar_place(grid, note.stop_ticks)
        if stop <= self.start_bar or start >= self.stop_bar:
            return None
        y = top + self.sounds.index(note.pitch) * self.row_height
        left = self.x(max(start, self.start_bar))
        right = left + 5 if self.is_drum else max(self.x(min(stop, self.stop_bar)) - 1, left + 2)
        return left, y, right, y + self.row_height - 1


def draw_conflict(wish: DrawConflict) -> Picture:
    """Return the picture of a conflict with its description in words."""
    sides = [
        _side(wish, wish.ours, wish.ours_track, wish.sides[0]),
        _side(wish, wish.theirs, wish.theirs_track, wish.sides[1]),
    ]
    frame = _find_frame(wish, sides)
    height = _TITLE_HEIGHT + 2 * frame.panel_height + _KEY_HEIGHT
    image = Image.new("RGB", (_WIDTH, height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    title = f"{wish.layer_name}, {_bars_of(wish)}"
    font = picture_font(16, is_bold=True)
    draw.text((14, 20), fit_text(draw, title, font, _WIDTH - 28), font=font, fill=TEXT, anchor="lm")
    for number, side in enumerate(sides):
        _draw_panel(draw, frame, side, wish, top=_TITLE_HEIGHT + number * frame.panel_height)
    _draw_key(draw, top=height - _KEY_HEIGHT + 8)

    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return Picture(png=buffer.getvalue(), alt_text=_describe(wish, sides))


def _side(wish: DrawConflict, piece: Piece, track_index: int | None, facts: ConflictSide) -> _Side:
    base = scale_ticks(wish.base, ticks_per_quarter=piece.ticks_per_quarter) if wish.base is not None else None
    after = _only_bars(piece, track_index, wish)
    before = _only_bars(base, wish.base_track, wish) if base is not None else replace(after, tracks=(Track(),))
    return _Side(
        facts=facts,
        piece=piece,
        track_index=track_index,
        grid=TimeGrid(piece),
        difference=compare(before, after),
        before=before,
        after=after,
    )


def _only_bars(piece: Piece, track_index: int | None, wish: DrawConflict) -> Piece:
    """Return the piece with nothing but the notes of one track that begin in the conflict's bars."""
    if track_index is None:
        return piece.with_tracks((Track(),))
    grid, track = TimeGrid(piece), piece.tracks[track_index]
    start_ticks, stop_ticks = grid.bar_start_ticks(wish.start_bar), grid.bar_start_ticks(wish.stop_bar)
    notes = tuple(note for note in track.notes if start_ticks <= note.onset_ticks < stop_ticks)
    return piece.with_tracks((Track(notes=notes, program=track.program, is_drum=track.is_drum),))


def _find_frame(wish: DrawConflict, sides: list[_Side]) -> _Frame:
    """Return bars and sounds that hold the layer's notes of both sides and of the base, with a little room."""
    start_bar = max(wish.start_bar - _NUM_BARS_AROUND, 0)
    num_bars = max(wish.stop_bar, *(side.grid.num_bars for side in sides))
    stop_bar = min(wish.stop_bar + _NUM_BARS_AROUND, num_bars)
    pitches = {note.pitch for side in sides for track in side.before.tracks for note in track.notes}
    is_drum = False
    for side in sides:
        if side.track_index is not None:
            is_drum = is_drum or side.piece.tracks[side.track_index].is_drum
        pitches |= {
            note.pitch for note in side.layer_notes if start_bar <= _bar_place(side.grid, note.onset_ticks) < stop_bar
        }
    if is_drum:
        sounds = tuple(sorted(pitches or {36}, reverse=True))
    else:
        low, high = min(pitches, default=60) - 3, max(pitches, default=60) + 3
        spare = max(24 - (high - low), 0) // 2
        sounds = tuple(range(min(high + spare, 127), max(low - spare, 0) - 1, -1))
    row_height = max(3, min(12 if is_drum else 8, _MAX_ROLL_HEIGHT // len(sounds)))
    return _Frame(start_bar=start_bar, stop_bar=stop_bar, sounds=sounds, row_height=row_height, is_drum=is_drum)


def _draw_panel(draw: ImageDraw.ImageDraw, frame: _Frame, side: _Side, wish: DrawConflict, *, top: int) -> None:
    font = picture_font(13)
    heading = f"{_name(side.facts)}: {side.counts()}"
    draw.text((14, top + 11), fit_text(draw, heading, font, _WIDTH - 28), font=font, fill=TEXT, anchor="lm")
    rows_top = top + _HEADING_HEIGHT + _AXIS_HEIGHT
    bottom = rows_top + len(frame.sounds) * frame.row_height
    _draw_ground(draw, frame, wish, rows_top, bottom)

    for index, track in enumerate(side.piece.tracks):
        if index != side.track_index and track.is_drum == frame.is_drum:
            _draw_plain(draw, frame, side, track.notes, rows_top, _PALE)
    around = (
        note
        for note in side.layer_notes
        if not wish.start_bar <= side.grid.bar_of_tick(note.onset_ticks) < wish.stop_bar
    )
    _draw_plain(draw, frame, side, tuple(around), rows_top, _OUTSIDE)
    seen = replace(
        side.difference,
        **{
            name: tuple(each for each in getattr(side.difference, name) if frame.box(each.note, side.grid, 0))
            for name in ("kept", "kept_before", "new", "removed")
        },
    )

    def box_of(note: Note, _: bool) -> Box:  # noqa: FBT001 - the form that roll_difference calls
        return frame.box(note, side.grid, rows_top) or (0, 0, 0, 0)

    draw_difference(draw, _unmarked(seen), before=side.before, after=side.after, box_of=box_of)


def _unmarked(difference: Difference) -> Difference:
    """Return the same with one track only: there is one layer here, and marks would tell nothing."""

    def flat(notes: tuple[TrackNote, ...]) -> tuple[TrackNote, ...]:
        return tuple(TrackNote(0, each.note) for each in notes)

    return replace(
        difference,
        kept=flat(difference.kept),
        kept_before=flat(difference.kept_before),
        new=flat(difference.new),
        removed=flat(difference.removed),
    )


def _draw_ground(draw: ImageDraw.ImageDraw, frame: _Frame, wish: DrawConflict, top: int, bottom: int) -> None:
    """Draw rows, bar lines with numbers, and the conflict's bars lighter, under a stroke."""
    left, right = frame.x(wish.start_bar), frame.x(min(wish.stop_bar, frame.stop_bar))
    draw.rectangle((left, top, right, bottom), fill=_CONFLICT_GROUND)
    font = picture_font(10)
    for row, sound in enumerate(frame.sounds):
        y = top + row * frame.row_height
        name = DRUM_NAMES.get(sound, str(sound)) if frame.is_drum else pitch_name(sound) if sound % 12 == 0 else ""
        if name:
            draw.line((_LEFT, y + frame.row_height, _WIDTH - _RIGHT, y + frame.row_height), fill=BLACK_KEY_ROW)
            draw.text((_LEFT - 6, y + frame.row_height / 2), name, font=font, fill=MUTED_TEXT, anchor="rm")
    step = next(step for step in (1, 2, 4, 8, 16, 64, 4096) if step * (frame.x(1) - frame.x(0)) >= 26)
    for bar in range(frame.start_bar, frame.stop_bar + 1):
        is_border = bar in (wish.start_bar, wish.stop_bar)
        draw.line((frame.x(bar), top, frame.x(bar), bottom), fill=BAR_LINE if is_border else AXIS_COLOR)
        if bar < frame.stop_bar and (bar - frame.start_bar) % step == 0:
            draw.text((frame.x(bar) + 3, top - 11), str(bar + 1), font=font, fill=MUTED_TEXT, anchor="lm")
    draw.rectangle((left, top - 4, right - 1, top - 2), fill=CHANGED_BAR)


def _draw_plain(
    draw: ImageDraw.ImageDraw,
    frame: _Frame,
    side: _Side,
    notes: tuple[Note, ...],
    top: int,
    color: tuple[int, int, int],
) -> None:
    for note in notes:
        if (box := frame.box(note, side.grid, top)) is not None:
            draw.rectangle(box, fill=color)


def _draw_key(draw: ImageDraw.ImageDraw, *, top: int) -> None:
    """Say what the looks mean."""
    font = picture_font(12)
    x = 14.0
    for text in ("kept", "new", "removed", "same layer around", "other layers", "bars in conflict"):
        box = (x, top, x + 26, top + 11)
        match text:
            case "kept":
                draw_kept(draw, box, _NO_MARK)
            case "new":
                draw_new(draw, box, _NO_MARK)
            case "removed":
                draw_removed(draw, box)
            case "bars in conflict":
                draw.rectangle((x, top + 4, x + 26, top + 7), fill=CHANGED_BAR)
            case _:
                draw.rectangle(box, fill=_PALE if text == "other layers" else _OUTSIDE)
        draw.text((x + 32, top + 6), text, font=font, fill=MUTED_TEXT, anchor="lm")
        x += 32 + draw.textlength(text, font=font) + 20


def _describe(wish: DrawConflict, sides: list[_Side]) -> str:
    told = (f"{_name(side.facts)}: {side.counts()}." for side in sides)
    return clip(f"Conflict in layer {wish.layer_name}, {_bars_of(wish)}, as two piano rolls. {' '.join(told)}")


def _name(side: ConflictSide) -> str:
    branch = f" on {side.branch}" if side.branch else ""
    return f"{side.heading}: {side.who}, #{side.revision_number}{branch}"


def _bars_of(wish: DrawConflict) -> str:
    return say_bars(range(wish.start_bar + 1, wish.stop_bar + 1))


def _bar_place(grid: TimeGrid, ticks: int) -> float:
    """Return a moment in bars, as a fraction inside its bar."""
    bar = grid.bar_of_tick(ticks)
    start_ticks = grid.bar_start_ticks(bar)
    return bar + (ticks - start_ticks) / (grid.bar_start_ticks(bar + 1) - start_ticks)
