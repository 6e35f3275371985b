"""Looking back: trees of songs, what somebody searches, favourites. It shows; it changes nothing. It knows no Discord and no SQL.

A *look* says what somebody sees: which list, which page of it, what they search. It is small enough to travel in the identifier of
a button, so paging works for ever. Nobody sees what was made in a channel that they may not read, unless it is their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Author, File, Place, RevisionView
from bot.services.ports import MediaMaker
from bot.services.songs.graph import piece_data, view_revisions
from bot.services.songs.history_tree import TreeRow, lay_out_tree, num_pages_of, rows_of_page
from bot.services.songs.searching import Wanted, find_matches
from core.errors import NotFoundError, RenderError
from db.engine import Database, unbroken
from db.repositories.favourites import FavouriteRepository
from db.repositories.search import GraphNode, RevisionFilter, SearchRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from media.protocol import HistoryNode

_log = structlog.stdlib.get_logger(__name__)

LookKind = Literal["tree", "song", "found", "stars"]
Sees = Callable[[GraphNode, int], bool]
"""Tells whether somebody, by our own number, may see a revision."""
RESULTS_PER_PAGE = 8
MAX_INDEX = 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What somebody looks at.

    ``kind``: the songs of a place one by one (tree), one song (song: ``index`` is its number), search results (found) or favourites
    (stars). ``index`` counts songs or pages from 0, ``part`` the pages of a large tree. ``is_mine``: one's own from everywhere.
    """

    kind: LookKind = "tree"
    index: int = 0
    part: int = 0
    is_mine: bool = False
    wanted: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One line: a revision, deleted or not. ``prefix`` draws the tree; ``tree_parent_id``: the line that it stands on."""

    revision: RevisionView
    prefix: str = ""
    tree_parent_id: int | None = None
    is_starred: bool = False
    is_newest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """A look with what it shows. ``number`` of ``num_pages``; ``before`` and ``after`` lead on, None at the ends."""

    look: Look
    entries: tuple[HistoryEntry, ...] = ()
    number: int = 1
    num_pages: int = 1
    before: Look | None = None
    after: Look | None = None
    song_ids: tuple[int, ...] = ()  # of the entries, each once
    picture: File | None = None
    alt_text: str = ""


@dataclass(slots=True, kw_only=True)
class _Found:
    """A page on its way."""

    rows: Sequence[TreeRow] = ()
    number: int = 1
    num_pages: int = 1
    before: Look | None = None
    after: Look | None = None
    newest_id: int = 0


class HistoryService:
    """Shows what there is."""

    def __init__(
        self, database: Database, *, media: MediaMaker, title_of: Callable[[str], str] = str.capitalize
    ) -> None:
        """``title_of`` returns how people call an operation; it stands in the picture."""
        self._database = database
        self._media = media
        self._title_of = title_of

    async def look(
        self, look: Look, *, viewer: Author, place: Place, may_read: Callable[[int], bool] = lambda _: False
    ) -> HistoryPage:
        """Return what a look shows, with its picture; without one where it cannot be drawn.

        ``may_read`` tells of another channel of this server whether the viewer sees it: then a tree shows what was made there, too.
        """

        def sees(node: GraphNode, my_id: int) -> bool:
            return node.channel_id == place.channel_id or node.author_id == my_id or may_read(node.channel_id)

        page, pieces = await self._read(look, viewer=viewer, place=place, sees=sees)
        if not page.entries:
            return page
        try:
            picture = await self._media.draw_history(_nodes(page.entries, pieces, self._title_of))
        except RenderError as error:
            _log.warning("picture_left_out", error=str(error))
            return page
        file = File(filename="tutti-history.png", data=picture.png)
        return replace(page, picture=file, alt_text=picture.alt_text)

    @unbroken
    async def song_of(self, revision_id: int) -> int:
        """Return the song that a revision belongs to.

        Raises:
            NotFoundError: when it never was.
        """
        async with self._database.reading() as session:
            revision = await SongRepository(session).find(revision_id)
            if revision is None:
                raise NotFoundError(what="result", identifier=str(revision_id))
            return revision.song_id

    @unbroken
    async def _read(
        self, look: Look, *, viewer: Author, place: Place, sees: Sees
    ) -> tuple[HistoryPage, dict[int, bytes]]:
        """Return a page without its picture, and the pieces of its entries by revision."""
        async with self._database.reading() as session:
            me = await UserRepository(session).find(viewer.user_id)
            my_id = 0 if me is None else me.id
            match look.kind:
                case "tree":
                    found = await _read_nth_song(session, look, my_id=my_id, place=place, sees=sees)
                case "song":
                    found = await _read_song(session, look, song_id=look.index, my_id=my_id, sees=sees)
                case "found":
                    found = await _read_matches(session, look, my_id=my_id, place=place)
                case "stars":
                    found = await _read_stars(session, look, my_id=my_id)
            entries, pieces = await _entries(session, found, my_id=my_id)
        page = HistoryPage(
            look=look,
            entries=entries,
            number=found.number,
            num_pages=found.num_pages,
            before=found.before,
            after=found.after,
            song_ids=tuple(dict.fromkeys(entry.revision.song_id for entry in entries)),
        )
        return page, pieces


def _scope(look: Look, *, my_id: int, place: Place) -> RevisionFilter:
    return RevisionFilter(author_id=my_id) if look.is_mine else RevisionFilter(channel_id=place.channel_id)


async def _read_nth_song(session: AsyncSession, look: Look, *, my_id: int, place: Place, sees: Sees) -> _Found:
    """Read the tree of the song that comes ``look.index``-th, that with the newest result first."""
    search, where = SearchRepository(session), _scope(look, my_id=my_id, place=place)
    num_songs = await search.num_songs(where)
    if num_songs == 0:
        return _Found()
    index = min(look.index, num_songs - 1)
    (song_id,) = await search.song_ids(where, offset=index, limit=1)
    found = await _read_song(session, look, song_id=song_id, my_id=my_id, sees=sees)
    here = replace(look, index=index)
    if found.before is None and index > 0:
        found.before = replace(here, index=index - 1, part=0)
    if found.after is None and index + 1 < num_songs:
        found.after = replace(here, index=index + 1, part=0)
    found.number, found.num_pages = index + 1, num_songs
    return found


async def _read_song(session: AsyncSession, look: Look, *, song_id: int, my_id: int, sees: Sees) -> _Found:
    graph = _visible(await SearchRepository(session).graph(song_id), my_id=my_id, sees=sees)
    rows = lay_out_tree({node.revision_id: node.parent_ids for node in graph})
    if not rows:
        return _Found()
    num_parts = num_pages_of(len(rows))
    part = min(look.part, num_parts - 1)
    return _Found(
        rows=rows_of_page(rows, part),
        number=part + 1,
        num_pages=num_parts,
        before=replace(look, part=part - 1) if part > 0 else None,
        after=replace(look, part=part + 1) if part + 1 < num_parts else None,
        newest_id=max(node.revision_id for node in graph if not node.is_deleted),
    )


async def _read_matches(session: AsyncSession, look: Look, *, my_id: int, place: Place) -> _Found:
    where = _scope(look, my_id=my_id, place=place)
    matches = await find_matches(
        session, look.wanted, where, offset=look.index * RESULTS_PER_PAGE, limit=RESULTS_PER_PAGE + 1
    )
    return _list_page(look, matches)


async def _read_stars(session: AsyncSession, look: Look, *, my_id: int) -> _Found:
    offset = look.index * RESULTS_PER_PAGE
    rows = await FavouriteRepository(session).of(my_id, offset=offset, limit=RESULTS_PER_PAGE + 1)
    return _list_page(look, [row.id for row in rows])


def _list_page(look: Look, revision_ids: Sequence[int]) -> _Found:
    """Return a page of a list, of which one more than fits was read to know whether it goes on."""
    shown = revision_ids[:RESULTS_PER_PAGE]
    has_more = len(revision_ids) > RESULTS_PER_PAGE and look.index < MAX_INDEX
    return _Found(
        rows=[TreeRow(revision_id=revision_id, prefix="", tree_parent_id=None) for revision_id in shown],
        number=look.index + 1,
        num_pages=look.index + 2 if has_more else look.index + 1,
        before=replace(look, index=look.index - 1) if look.index > 0 else None,
        after=replace(look, index=look.index + 1) if has_more else None,
    )


def _visible(graph: Sequence[GraphNode], *, my_id: int, sees: Sees) -> tuple[GraphNode, ...]:
    """Return what somebody may see of a song; deleted steps only where something follows."""
    seen = {node.revision_id: node for node in graph if sees(node, my_id)}
    is_followed: set[int] = set()
    for revision_id in sorted(seen, reverse=True):
        node = seen[revision_id]
        if node.is_deleted and revision_id not in is_followed:
            del seen[revision_id]
        else:
            is_followed.update(node.parent_ids)
    return tuple(seen.values())


async def _entries(
    session: AsyncSession, found: _Found, *, my_id: int
) -> tuple[tuple[HistoryEntry, ...], dict[int, bytes]]:
    ids = [row.revision_id for row in found.rows]
    revisions = await SearchRepository(session).revisions(ids)
    starred = await FavouriteRepository(session).starred(user_id=my_id, revision_ids=ids)
    ordered = [revisions[revision_id] for revision_id in ids]
    views = await view_revisions(session, ordered)
    entries = tuple(
        HistoryEntry(
            revision=view,
            prefix=row.prefix,
            tree_parent_id=row.tree_parent_id,
            is_starred=view.revision_id in starred,
            is_newest=view.revision_id == found.newest_id,
        )
        for row, view in zip(found.rows, views, strict=True)
    )
    return entries, {row.id: data for row in ordered if (data := await piece_data(session, row))}


def _nodes(
    entries: Sequence[HistoryEntry], pieces: dict[int, bytes], title_of: Callable[[str], str]
) -> tuple[HistoryNode, ...]:
    """Return what the picture shows: each entry, standing on the one it was made from if that is in the picture."""
    place = {entry.revision.revision_id: index for index, entry in enumerate(entries)}
    nodes: list[HistoryNode] = []
    for entry in entries:
        revision = entry.revision
        parent_id = entry.tree_parent_id or next(iter(revision.parent_ids), None)
        parent_index = place.get(parent_id) if parent_id is not None else None
        if parent_index is not None and parent_index >= len(nodes):  # lists run newest first
            parent_index = None
        nodes.append(
            HistoryNode(
                number=revision.revision_id,
                label=f"{title_of(revision.operation)}, {revision.num_bars} bars",
                piece=pieces.get(revision.revision_id, b""),
                parent_index=parent_index,
                source_number=parent_id if parent_index is None else None,
                is_starred=entry.is_starred,
                is_newest=entry.is_newest,
            )
        )
    return tuple(nodes)
