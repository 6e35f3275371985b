"""What people see and hear of a conflict before they decide: both sides drawn under each other, and each side's sound.

It knows no database and no message. A bar on either side is heard, too, so that one hears what each would go with.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from bot.services.model import File
from bot.services.ports import MediaMaker
from bot.services.replies.fitting import room_bytes
from bot.services.replies.library import ReplyParts, slug
from bot.services.replies.reply_sounds import ReplySounds
from bot.services.together.merging.service import MergeQuestion
from core.errors import RenderError
from media.protocol import DrawConflict
from media.song_facts import ConflictSide
from music.constraints import BarRange
from music.piece import Piece
from music.time_grid import TimeGrid
from music.transform import slice_bars
from music.versions.conflicts import Conflict
from music.versions.layered import LayeredPiece
from music.versions.mixing import mix

_log = structlog.stdlib.get_logger(__name__)

_BARS_AROUND = 1
_MOST_BARS = 8  # of a conflict that is about a whole layer or song


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictShow:
    """A conflict as files. What could not be made is None, and a remark says so."""

    picture: File | None
    alt_text: str
    ours: File | None
    theirs: File | None
    remarks: tuple[str, ...] = ()


class MergePictures:
    """Makes the files of questions."""

    def __init__(self, media: MediaMaker, *, parts: ReplyParts | None = None) -> None:
        self._media = media
        self._parts = parts or ReplyParts()
        self._sounds = ReplySounds(media, audio_format=self._parts.audio_format, sound_of=self._parts.sound_of)

    async def show(self, question: MergeQuestion, *, guild_id: int | None, size_limit_bytes: int) -> ConflictShow:
        """Return picture and sounds of the conflict that is asked now."""
        plan, conflict = question.plan, question.conflict
        name = f"merge-{question.draft_id}-{question.number}"
        half_bytes = room_bytes(size_limit_bytes) // 3
        (picture, alt_text, remarks), ours, theirs = await asyncio.gather(
            self._draw(name, question),
            self._sounds.make(
                f"{name}-{slug(plan.task.ours_name) or 'ours'}",
                heard_part(plan.ours, conflict),
                comparison=None,
                guild_id=guild_id,
                size_limit_bytes=half_bytes,
            ),
            self._sounds.make(
                f"{name}-{slug(plan.task.theirs_name) or 'theirs'}",
                heard_part(plan.theirs, conflict),
                comparison=None,
                guild_id=guild_id,
                size_limit_bytes=half_bytes,
            ),
        )
        return ConflictShow(
            picture=picture,
            alt_text=alt_text,
            ours=ours.after,
            theirs=theirs.after,
            remarks=(*remarks, *dict.fromkeys((*ours.remarks, *theirs.remarks))),
        )

    async def _draw(self, name: str, question: MergeQuestion) -> tuple[File | None, str, tuple[str, ...]]:
        if not self._parts.has_picture or not question.conflict.layer_id:
            return None, "", ()  # tempos, keys, chords and metres are no notes: there is nothing to draw
        try:
            picture = await self._media.draw_conflict(_drawing(question))
        except RenderError as error:
            _log.warning("conflict_not_drawn", draft_id=question.draft_id, error=str(error))
            return None, "", ("The picture could not be drawn.",)
        return File(filename=f"{name}.png", data=picture.png), picture.alt_text, ()


def heard_part(song: LayeredPiece, conflict: Conflict) -> Piece:
    """Return what is played of a side: the bars of a conflict and one on either side, as the layers stand."""
    piece, num_bars = mix(song), max(TimeGrid(song.piece).num_bars, 1)
    start_bar, stop_bar = _bars_of(song, conflict)
    start_bar = min(max(start_bar - _BARS_AROUND, 0), num_bars - 1)
    stop_bar = max(min(stop_bar + _BARS_AROUND, num_bars), start_bar + 1)
    return slice_bars(piece, BarRange(start_bar, stop_bar))


def _bars_of(song: LayeredPiece, conflict: Conflict) -> tuple[int, int]:
    """Return the bars that a conflict is about; the first ones with notes of its layer if it is about no bars."""
    if conflict.stop_bar > conflict.start_bar:
        return conflict.start_bar, conflict.stop_bar
    place = song.index_of(conflict.layer_id)
    notes = () if place is None else song.piece.tracks[place].notes
    start_bar = TimeGrid(song.piece).bar_of_tick(notes[0].onset_ticks) if notes else 0
    return start_bar, start_bar + _MOST_BARS


def _drawing(question: MergeQuestion) -> DrawConflict:
    plan, conflict = question.plan, question.conflict
    start_bar, stop_bar = _bars_of(
        plan.ours if plan.ours.index_of(conflict.layer_id) is not None else plan.theirs, conflict
    )
    num_bars = max(TimeGrid(song.piece).num_bars for song in (plan.ours, plan.theirs))
    return DrawConflict(
        layer_name=conflict.layer_name,
        start_bar=min(start_bar, num_bars - 1),
        stop_bar=max(min(stop_bar, num_bars), start_bar + 1),
        ours=plan.ours.piece,
        theirs=plan.theirs.piece,
        base=plan.base.piece,
        ours_track=plan.ours.index_of(conflict.layer_id),
        theirs_track=plan.theirs.index_of(conflict.layer_id),
        base_track=plan.base.index_of(conflict.layer_id),
        sides=(
            ConflictSide(
                heading="Ours",
                who=question.who_ours,
                revision_number=plan.task.ours_id,
                branch=plan.task.ours_name,
            ),
            ConflictSide(
                heading="Theirs",
                who=question.who_theirs,
                revision_number=plan.task.theirs_id,
                branch=plan.task.theirs_name,
            ),
        ),
    )
