"""The arrangement of a song made together: layers as rows, bars as columns, with all that people set, claimed and said.

It knows no people, only names, and no database: whoever asks gives the facts, and the JSON that travels inside the picture.
"""

from __future__ import annotations

import io
from itertools import chain, groupby

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from media.picture_font import fit_text, picture_font
from media.protocol import Picture
from media.roll_style import AXIS_COLOR, BACKGROUND, BAR_LINE, BLACK_KEY_ROW, MUTED_TEXT, TEXT, track_color
from media.song_facts import SONG_CHUNK_NAME, ClaimFacts, LayerFacts, SongFacts
from media.song_layout import AXIS_HEIGHT, LABEL_WIDTH, MARGIN, Run, SongLayout, lay_out
from media.song_signs import (
    draw_changed,
    draw_claimer,
    draw_comment,
    draw_hatching,
    draw_key,
    draw_signs,
)
from media.song_words import describe_song, head_line, label_line
from music.piece import Piece, Track
from music.time_grid import TimeGrid

_PLAYED_CELL = (44, 47, 55)
_NOTE_HEIGHT = 3
_PNG_LEVEL = 3  # Pillow's usual 6 takes a third longer for a seventh less


def draw_song(piece: Piece, facts: SongFacts, *, chunk: str = "") -> Picture:
    """Return the arrangement of ``piece``, a layer for each of its tracks, with its description in words.

    ``chunk``: JSON that the file carries for whoever can do more with it than look; empty for none.
    """
    assert len(facts.layers) == len(piece.tracks)
    grid = TimeGrid(piece)
    layout = lay_out(num_layers=len(piece.tracks), num_bars=max(grid.num_bars, 1))
    image = Image.new("RGB", (layout.width, layout.height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    bar_starts_ticks = np.array([grid.bar_start_ticks(bar) for bar in range(layout.num_bars + 1)], dtype=np.float64)
    has_solo = any(layer.is_solo for layer in facts.layers)

    _draw_header(draw, layout, piece, facts)
    for index, (track, layer) in enumerate(zip(piece.tracks, facts.layers, strict=True)):
        is_heard = not layer.is_muted and (layer.is_solo or not has_solo)
        color = track_color(index, velocity=110) if is_heard else AXIS_COLOR
        _draw_cells(draw, layout, index, track, bar_starts_ticks)
        _draw_notes(image, layout, index, track, bar_starts_ticks, color)
    _draw_grid(draw, layout)
    for index, layer in enumerate(facts.layers):
        for system in range(layout.num_systems):
            _draw_label(draw, layout, system, index, layer)
    _draw_marks(draw, layout, facts)
    draw_key(draw, left=MARGIN, top=layout.legend_top + 8)

    info = PngInfo()
    if chunk:
        info.add_itxt(SONG_CHUNK_NAME, chunk, zip=True)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL, pnginfo=info)
    return Picture(png=buffer.getvalue(), alt_text=describe_song(piece, facts))


def _draw_header(draw: ImageDraw.ImageDraw, layout: SongLayout, piece: Piece, facts: SongFacts) -> None:
    width = layout.width - 2 * MARGIN
    title_font, font = picture_font(20, is_bold=True), picture_font(13)
    turn = fit_text(draw, facts.turn, font, width / 2)
    turn_width = draw.textlength(turn, font=font)
    draw.text((layout.width - MARGIN, 22), turn, font=font, fill=TEXT, anchor="rm")
    title = fit_text(draw, facts.title or "Untitled", title_font, width - turn_width - 16)
    draw.text((MARGIN, 22), title, font=title_font, fill=TEXT, anchor="lm")
    line = fit_text(draw, head_line(piece, facts), font, width)
    draw.text((MARGIN, 46), line, font=font, fill=MUTED_TEXT, anchor="lm")


def _draw_cells(
    draw: ImageDraw.ImageDraw, layout: SongLayout, index: int, track: Track, bar_starts_ticks: npt.NDArray[np.float64]
) -> None:
    """Lay a layer's ground: lighter where it plays."""
    onsets_ticks = np.fromiter((note.onset_ticks for note in track.notes), dtype=np.float64, count=len(track.notes))
    bars = np.searchsorted(bar_starts_ticks, onsets_ticks, side="right") - 1
    plays = np.isin(np.arange(layout.num_bars), bars).tolist()
    for does_play, group in groupby(range(layout.num_bars), key=plays.__getitem__):
        neighbours = list(group)
        for run in layout.runs(neighbours[0], neighbours[-1] + 1):
            top = layout.row_top(run.system, index)
            box = (run.left, top + 1, run.right - 1, top + layout.row_height - 2)
            draw.rectangle(box, fill=_PLAYED_CELL if does_play else BLACK_KEY_ROW)


def _draw_notes(
    image: Image.Image,
    layout: SongLayout,
    index: int,
    track: Track,
    bar_starts_ticks: npt.NDArray[np.float64],
    color: tuple[int, int, int],
) -> None:
    """Draw a layer's notes as a small piano roll in its row, from its lowest pitch to its highest; drums by their sounds.

    All notes of a layer are painted at once, as if its bars were in one line: rectangles one by one would take twice as long.
    """
    if not track.notes:
        return
    values = np.fromiter(chain.from_iterable(track.notes), dtype=np.float64, count=4 * len(track.notes))
    onsets_ticks, pitches, durations_ticks, _ = values.reshape(-1, 4).T
    places = np.arange(layout.num_bars + 1, dtype=np.float64) * layout.cell_width
    # A drum sounds for as long as it does; where notes touch, a pixel between them keeps them apart.
    stops_ticks = onsets_ticks + (1.0 if track.is_drum else durations_ticks)
    lefts = np.interp(onsets_ticks, bar_starts_ticks, places).astype(int)
    rights = np.maximum((np.interp(stops_ticks, bar_starts_ticks, places) - 0.5).astype(int), lefts + 1 + track.is_drum)
    sounds, ranks = np.unique(pitches, return_inverse=True)
    heights = ranks / max(len(sounds) - 1, 1) if track.is_drum else _share(pitches)
    room = layout.row_height - 11
    rows = np.round((1 - heights) * room).astype(int) if len(sounds) > 1 else np.full(len(pitches), room // 2)

    edges = np.zeros((room + _NOTE_HEIGHT, layout.offset(layout.num_bars) + 3), dtype=np.int32)
    np.add.at(edges, (rows, lefts), 1)
    np.add.at(edges, (rows, rights), -1)
    lines = np.cumsum(edges, axis=1) > 0
    painted = lines.copy()
    for step in range(1, _NOTE_HEIGHT):
        painted[step:] |= lines[:-step]
    for run in layout.runs(0, layout.num_bars):
        start = layout.offset(run.start_bar)
        mask = Image.fromarray(painted[:, start : start + run.right - run.left].astype(np.uint8) * 255)
        image.paste(color, (run.left, layout.row_top(run.system, index) + 4), mask)


def _share(pitches: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return where pitches lie between the lowest and the highest, at least an octave apart; 0 to 1."""
    low, high = float(pitches.min()), float(pitches.max())
    spare = max(12.0 - (high - low), 0.0) / 2
    return (pitches - low + spare) / (high - low + 2 * spare)


def _draw_grid(draw: ImageDraw.ImageDraw, layout: SongLayout) -> None:
    """Draw bar lines, every fourth one stronger, and their numbers."""
    font = picture_font(11)
    step = next(step for step in (1, 2, 4, 8, 16, 32, 64, 4096) if step * layout.cell_width >= 26)
    for run in layout.runs(0, layout.num_bars):
        top = layout.row_top(run.system, 0)
        bottom = top + layout.num_layers * layout.row_height
        for bar in range(run.start_bar, run.stop_bar + 1):
            x = run.left + layout.offset(bar) - layout.offset(run.start_bar)
            is_strong = (bar - run.start_bar) % max(4, step) == 0
            if is_strong or layout.cell_width >= 8:
                draw.line((x, top, x, bottom - 1), fill=BAR_LINE if is_strong else AXIS_COLOR)
            if bar < run.stop_bar and (bar - run.start_bar) % step == 0:
                draw.text((x + 2, top - AXIS_HEIGHT // 2), str(bar + 1), font=font, fill=MUTED_TEXT, anchor="lm")


def _draw_label(draw: ImageDraw.ImageDraw, layout: SongLayout, system: int, index: int, layer: LayerFacts) -> None:
    """Write number, name and signs, beneath them instrument, owner, level and place."""
    top = layout.row_top(system, index)
    right = layout.left - 8
    name_font, font = picture_font(13, is_bold=True), picture_font(11)
    middle = top + layout.row_height // 2
    draw.rectangle((MARGIN, top + 2, MARGIN + 4, top + layout.row_height - 4), fill=track_color(index, velocity=110))
    signs_left = draw_signs(draw, layer, right=right, y=middle - 15)
    left = MARGIN + 10
    name = fit_text(draw, f"{index + 1} {layer.name}", name_font, signs_left - left - 4)
    draw.text((left, middle - 8), name, font=name_font, fill=TEXT, anchor="lm")
    line = fit_text(draw, label_line(layer), font, LABEL_WIDTH - 18)
    draw.text((left, middle + 8), line, font=font, fill=MUTED_TEXT, anchor="lm")


def _draw_marks(draw: ImageDraw.ImageDraw, layout: SongLayout, facts: SongFacts) -> None:
    """Draw claims, then changes, then names and comments: what is small lies above what is large."""
    claimed = [(claim, box) for claim in facts.claims for box in _claimed_boxes(layout, claim)]
    for _, box in claimed:
        draw_hatching(draw, box)
    for changed in facts.changed_cells:
        for _, group in groupby(enumerate(changed.bars), key=lambda pair: pair[1] - pair[0]):
            bars = [bar for _, bar in group]
            for run in layout.runs(bars[0] - 1, bars[-1]):
                draw_changed(draw, _row_box(layout, run, changed.layer_number - 1))
    for claim, box in claimed:
        draw_claimer(draw, box, claim.who)
    for comment in facts.comments:
        for run in layout.runs(comment.bar - 1, comment.bar):
            layer = 0 if comment.layer_number is None else comment.layer_number - 1
            y = layout.row_top(run.system, layer) + (-9 if comment.layer_number is None else layout.row_height - 14)
            draw_comment(draw, max((run.left + run.right) / 2, run.left + 7), y, comment.number)


def _claimed_boxes(layout: SongLayout, claim: ClaimFacts) -> list[tuple[int, int, int, int]]:
    start_bar, stop_bar = (0, layout.num_bars) if claim.bars is None else (claim.bars[0] - 1, claim.bars[1])
    boxes: list[tuple[int, int, int, int]] = []
    for run in layout.runs(start_bar, stop_bar):
        if claim.layer_number is not None:
            boxes.append(_row_box(layout, run, claim.layer_number - 1))
        else:
            top = layout.row_top(run.system, 0)
            boxes.append((run.left, top, run.right, top + layout.num_layers * layout.row_height))
    return boxes


def _row_box(layout: SongLayout, run: Run, layer: int) -> tuple[int, int, int, int]:
    top = layout.row_top(run.system, layer)
    return run.left, top, run.right, top + layout.row_height - 1
