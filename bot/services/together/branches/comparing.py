"""Two states of a song side by side: in words by layer and bar, as a picture, and as sounds before and after. It knows no message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import File, Place
from bot.services.ports import MediaMaker
from bot.services.replies.comparison import Comparison, compare_edit
from bot.services.replies.fitting import room_for_sounds
from bot.services.replies.library import ReplyParts
from bot.services.replies.reply_sounds import ReplySounds
from bot.services.together.branches.pointing import NamedState, find_state, graph_around
from bot.services.together.service import song_here
from bot.services.together.states import load_state
from core.errors import InputError, RenderError
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong
from music.versions.ancestry import ancestors_of
from music.versions.change_words import changes_in_words
from music.versions.changes import Changes, compare_songs
from music.versions.layered import LayeredPiece
from music.versions.mixing import mix

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SongComparison:
    """What lies between two states. ``lines`` hold names that people chose, not escaped.

    ``num_steps``: revisions of the second that the first does not have; 0 where it is the older one or the same.
    """

    title: str
    before: NamedState
    after: NamedState
    lines: tuple[str, ...]
    num_steps: int
    picture: File | None
    alt_text: str
    sound_before: File | None
    sound_after: File | None
    remarks: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[File, ...]:
        """Sounds, then the picture."""
        return tuple(file for file in (self.sound_before, self.sound_after, self.picture) if file is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    title: str
    named: tuple[NamedState, NamedState]
    states: tuple[LayeredPiece, LayeredPiece]
    names: dict[int, str]
    num_steps: int


class Comparing:
    """Compares states of a song."""

    def __init__(self, database: Database, media: MediaMaker, *, parts: ReplyParts | None = None) -> None:
        self._database = database
        self._media = media
        self._parts = parts or ReplyParts()
        self._sounds = ReplySounds(media, audio_format=self._parts.audio_format, sound_of=self._parts.sound_of)

    async def compare(self, place: Place, *, before: str, after: str, size_limit_bytes: int) -> SongComparison:
        """Return what lies between two named states of the song that lives in a place.

        Raises:
            InputError: when no song lives here, or a name means nothing in it.
            NotFoundError: when one of the states was deleted.
        """
        pair = await self._load(place, before, after)
        changes, comparison = await asyncio.to_thread(_compare, *pair.states)
        lines = changes_in_words(changes, person=lambda number: pair.names.get(number, "somebody"))
        stem = f"compare-{pair.named[0].revision_id}-{pair.named[1].revision_id}"
        if changes.is_nothing:
            return _comparison(pair, lines)
        picture, alt_text, remarks = await self._draw(stem, comparison)
        sounds = await self._sounds.make(
            stem,
            mix(pair.states[1]),
            comparison=comparison,
            guild_id=place.guild_id,
            size_limit_bytes=room_for_sounds((picture,), size_limit_bytes=size_limit_bytes, num_sounds=2),
        )
        return _comparison(
            pair,
            lines,
            picture=picture,
            alt_text=alt_text,
            sounds=(sounds.before, sounds.after),
            remarks=(*remarks, *sounds.remarks),
        )

    @unbroken
    async def _load(self, place: Place, before: str, after: str) -> _Pair:
        async with self._database.reading() as session:
            song = await song_here(session, place)
            named = (await _find_here(session, song, before), await _find_here(session, song, after))
            first = await load_state(session, named[0].revision_id)
            second = await load_state(session, named[1].revision_id)
            graph = await graph_around(session, *(each.revision_id for each in named))
            steps = ancestors_of(graph, named[1].revision_id) - ancestors_of(graph, named[0].revision_id)
            owners = {layer.owner_id for state in (first, second) for layer in state.layers}
            names = {number: user.name for number, user in (await UserRepository(session).get(owners)).items()}
            return _Pair(title=song.title, named=named, states=(first, second), names=names, num_steps=len(steps))

    async def _draw(self, stem: str, comparison: Comparison | None) -> tuple[File | None, str, tuple[str, ...]]:
        if comparison is None or not self._parts.has_picture:
            return None, "", ()
        try:
            picture = await self._media.draw_piano_roll(
                comparison.heard_after,
                before=comparison.heard_before,
                first_bar=0 if comparison.window is None else comparison.window.start_bar,
            )
        except RenderError as error:
            _log.warning("comparison_not_drawn", error=str(error))
            return None, "", ("The picture could not be drawn.",)
        return File(filename=f"{stem}.png", data=picture.png), picture.alt_text, ()


async def _find_here(session: AsyncSession, song: SharedSong, text: str) -> NamedState:
    """Return a state of this song, or of what it came from.

    Raises:
        InputError: for a state of something else.
    """
    named = await find_state(session, song, text)
    if named.shared_song_id == song.id:
        return named
    heads = [branch.head_id for branch in await SharedSongRepository(session).branches(song.id, with_closed=True)]
    graph = await graph_around(session, *heads)
    if named.revision_id in graph and await _is_visible_from(session, song, named):
        return named
    raise InputError(f"{named.name} is no state of this song. Name a branch, a tag or one of its results.")


async def _is_visible_from(session: AsyncSession, song: SharedSong, named: NamedState) -> bool:
    """Whether a state before the song's beginning may be shown here: it was made in the same server."""
    revision = await SongRepository(session).find(named.revision_id)
    return revision is not None and song.guild_id is not None and revision.guild_id == song.guild_id


def _compare(before: LayeredPiece, after: LayeredPiece) -> tuple[Changes, Comparison | None]:
    return compare_songs(before, after), compare_edit("compare", mix(before), mix(after))


def _comparison(
    pair: _Pair,
    lines: list[str],
    *,
    picture: File | None = None,
    alt_text: str = "",
    sounds: tuple[File | None, File | None] = (None, None),
    remarks: tuple[str, ...] = (),
) -> SongComparison:
    return SongComparison(
        title=pair.title,
        before=pair.named[0],
        after=pair.named[1],
        lines=tuple(lines),
        num_steps=pair.num_steps,
        picture=picture,
        alt_text=alt_text,
        sound_before=sounds[0],
        sound_after=sounds[1],
        remarks=remarks,
    )
