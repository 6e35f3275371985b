"""Makes the card of a song made together: what it shows, its picture with the same facts as JSON, and how the song sounds.

Gathering takes a dozen queries, however many songs there are; music that was read once is not read again. It knows no Discord.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import File, Place
from bot.services.replies.sound import SoundOf, usual_sound
from bot.services.together.branches.forking import inspiration_of
from bot.services.together.card.json_form import card_to_json, name_instrument
from bot.services.together.card.model import (
    THE_BOT,
    Card,
    CardBranch,
    CardChanges,
    CardClaim,
    CardComment,
    CardFiles,
    CardRevision,
    CardTurn,
    CardVote,
    message_link,
)
from bot.services.together.model import Role
from bot.services.together.states import load_state
from bot.services.together.votes.model import paper_of, title_of_vote
from core.errors import LimitError, NotFoundError, RenderError
from db.engine import Database, unbroken
from db.repositories.cards import CardRepository
from db.shared_tables import Branch, SharedSong, Vote
from media.protocol import Picture, Rendering
from media.song_facts import ChangedCells, ClaimFacts, CommentFacts, GraphRevision, LayerFacts, SongFacts
from music.piece import Piece
from music.versions.change_words import changes_in_words
from music.versions.changes import compare_songs
from music.versions.layered import LayeredPiece
from music.versions.mixing import mix

_log = structlog.stdlib.get_logger(__name__)

PICTURE_NAME, GRAPH_NAME, SOUND_STEM = "song.png", "revisions.png", "song"
_MAX_SOUND_BYTES = 8 * 2**20  # what every server takes, the picture beside it
_MAX_KEPT_STATES = 12
_MAX_LINES = 8
ValueT = TypeVar("ValueT")


class CardMedia(Protocol):
    """What draws and plays songs."""

    async def draw_song(self, piece: Piece, facts: SongFacts, *, chunk: str = "") -> Picture:
        """Return the arrangement of a song."""
        ...

    async def draw_graph(self, revisions: Sequence[GraphRevision], *, title: str) -> Picture:
        """Return the graph of a song, newest revision first."""
        ...

    async def render(self, piece: Piece, *, size_limit_bytes: int, soundfont: str = "") -> Rendering:
        """Return the sound of a piece; ``soundfont``: the path of another than the usual one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathered:
    """A card that does not know yet what changed, and the state before."""

    card: Card
    parent: LayeredPiece | None


class Cards:
    """Gathers, draws and plays the cards of songs."""

    def __init__(
        self,
        database: Database,
        *,
        media: CardMedia,
        title_of: Callable[[str], str] = str.capitalize,
        sound_of: SoundOf = usual_sound,
    ) -> None:
        """Read from a database; ``title_of`` returns how people call an operation, ``sound_of`` how servers want to hear."""
        self._database = database
        self._media = media
        self._title_of = title_of
        self._sound_of = sound_of
        self._states: OrderedDict[int, LayeredPiece] = OrderedDict()
        self._changes: OrderedDict[int, CardChanges] = OrderedDict()

    async def gather(self, shared_song_id: int) -> Card:
        """Return everything that the card of a song shows now.

        Raises:
            NotFoundError: when there is no such song.
        """
        gathered = await self._read(shared_song_id)
        card = gathered.card
        changes = self._changes.get(card.head_id)
        if changes is None and card.song is not None:
            changes = await asyncio.to_thread(_find_changes, card, gathered.parent)
            _keep(self._changes, card.head_id, changes)
        return replace(card, changes=changes or card.changes)

    async def draw(self, card: Card) -> CardFiles:
        """Return the picture of a card; a song whose music is gone has none.

        Raises:
            RenderError: when it cannot be drawn.
        """
        if card.song is None:
            return CardFiles()
        facts, chunk = await asyncio.to_thread(lambda: (facts_of(card), card_to_json(card)))
        picture = await self._media.draw_song(card.song.piece, facts, chunk=chunk)
        return CardFiles(picture=File(filename=PICTURE_NAME, data=picture.png), alt_text=picture.alt_text)

    async def draw_graph(self, card: Card) -> CardFiles:
        """Return the graph of a song's newest revisions.

        Raises:
            RenderError: if it cannot be drawn.
        """
        heads: dict[int, tuple[str, ...]] = {}
        tags: dict[int, tuple[str, ...]] = {}
        for branch in card.branches:
            heads[branch.head_id] = (*heads.get(branch.head_id, ()), branch.name)
        for name, revision_id in card.tags:
            tags[revision_id] = (*tags.get(revision_id, ()), name)
        revisions = [
            GraphRevision(
                number=each.revision_id,
                label=each.operation,
                who=each.who,
                parents=each.parent_ids,
                branch=each.branch or "",
                tags=tags.get(each.revision_id, ()),
                head_of=heads.get(each.revision_id, ()),
            )
            for each in card.revisions
        ]
        picture = await self._media.draw_graph(revisions, title=card.title)
        return CardFiles(picture=File(filename=GRAPH_NAME, data=picture.png), alt_text=picture.alt_text)

    async def play(self, card: Card) -> File | None:
        """Return how the song sounds with its layers as they are set; None where there is nothing to hear, or no way to."""
        if card.song is None:
            return None
        mixed = await asyncio.to_thread(mix, card.song)
        if not mixed.num_notes:
            return None
        wishes = await self._sound_of(card.place.guild_id)
        try:
            rendering = await self._media.render(mixed, size_limit_bytes=_MAX_SOUND_BYTES, soundfont=wishes.soundfont)
        except (RenderError, LimitError) as error:
            _log.info("card_not_played", shared_song_id=card.shared_song_id, error=str(error))
            return None
        return File(filename=SOUND_STEM + rendering.filename_suffix, data=rendering.audio)

    # --- reading ---------------------------------------------------------------------------------------------------

    @unbroken
    async def _read(self, shared_song_id: int) -> _Gathered:
        async with self._database.reading() as session:
            cards = CardRepository(session)
            found = await cards.song(shared_song_id)
            if found is None:
                raise NotFoundError(what="song", identifier=str(shared_song_id))
            song, host = found
            branches = await cards.branches(song.id)
            main = branches[0]
            state = await self._state(session, main.head_id)
            card = await self._card(cards, song, host.name, branches, state)
            origin = await inspiration_of(session, song.id)
            card = card if origin is None else replace(card, inspiration=origin.words)
            parent_id = None if main.head_id in self._changes else await cards.first_parent(main.head_id)
            parent = None if parent_id is None else await self._state(session, parent_id)
        return _Gathered(card=card, parent=parent)

    async def _card(
        self,
        cards: CardRepository,
        song: SharedSong,
        host: str,
        branches: Sequence[Branch],
        state: LayeredPiece | None,
    ) -> Card:
        place = Place(guild_id=song.guild_id, channel_id=song.channel_id)
        turns, members = await cards.turns(song.id), await cards.members(song.id)
        head_messages = await cards.messages([branch.head_id for branch in branches])
        owner_ids = [] if state is None else [layer.owner_id for layer in state.layers]
        return Card(
            shared_song_id=song.id,
            place=place,
            title=song.title,
            licence=song.licence,
            host=host,
            is_closed=song.closed_at is not None,
            members=tuple((name, cast("Role", role)) for name, role, _ in members),
            workplaces=tuple((name, branch) for name, _, branch in members if branch is not None),
            branch=branches[0].name,
            head_id=branches[0].head_id,
            song=state,
            owners=await cards.names(owner_ids),
            turn=next(
                (CardTurn(who=name or THE_BOT, until=turn.ends_at) for turn, name in turns if turn.started_at), None
            ),
            queue=tuple(name or THE_BOT for turn, name in turns if not turn.started_at),
            claims=tuple(
                CardClaim(
                    who=name or THE_BOT,
                    layer_id=claim.layer_id,
                    bars=None
                    if claim.start_bar is None or claim.stop_bar is None
                    else (claim.start_bar + 1, claim.stop_bar),
                    until=claim.expires_at,
                )
                for claim, name in await cards.claims(song.id)
            ),
            votes=tuple(
                CardVote(vote_id=vote.id, title=_title_of_vote(vote), message_id=vote.message_id)
                for vote in await cards.votes(song.id)
            ),
            comments=tuple(
                CardComment(
                    comment_id=comment.id,
                    number=number,
                    who=name,
                    bar=comment.bar + 1,
                    layer_id=comment.layer_id,
                    text=comment.text,
                    message_id=comment.message_id,
                )
                for number, (comment, name) in enumerate(await cards.comments(song.id), start=1)
            ),
            branches=tuple(
                CardBranch(name=branch.name, head_id=branch.head_id, message_id=head_messages.get(branch.head_id))
                for branch in branches
            ),
            tags=tuple((tag.name, tag.revision_id) for tag in await cards.tags(song.id)),
            revisions=tuple(
                CardRevision(
                    revision_id=row.revision_id,
                    parent_ids=row.parent_ids,
                    operation=self._title_of(row.operation),
                    who=row.author,
                    branch=row.branch,
                    link=None
                    if row.message_id is None
                    else message_link(replace(place, channel_id=row.channel_id), row.message_id),
                )
                for row in await cards.revisions(song.id)
            ),
            changes=CardChanges(revision_id=branches[0].head_id),
        )

    async def _state(self, session: AsyncSession, revision_id: int) -> LayeredPiece | None:
        """Return the state of a revision, None for a deleted one. States never change, so they are kept."""
        if revision_id in self._states:
            self._states.move_to_end(revision_id)
            return self._states[revision_id]
        try:
            state = await load_state(session, revision_id)
        except NotFoundError:
            return None
        _keep(self._states, revision_id, state)
        return state


def facts_of(card: Card) -> SongFacts:
    """Return what the picture of a card shows beside the notes."""
    assert card.song is not None
    numbers = {layer.layer_id: number for number, layer in enumerate(card.song.layers, start=1)}

    def is_there(layer_id: str | None) -> bool:
        return layer_id is None or layer_id in numbers

    def number_of(layer_id: str | None) -> int | None:
        return None if layer_id is None else numbers[layer_id]

    return SongFacts(
        title=card.title,
        branch=card.branch,
        head_number=card.head_id,
        layers=tuple(
            LayerFacts(
                name=layer.name,
                instrument=name_instrument(track),
                owner=card.owners.get(layer.owner_id, ""),
                is_locked=layer.is_locked,
                is_muted=layer.is_muted,
                is_solo=layer.is_solo,
                level_db=layer.level_db,
                pan=layer.pan,
            )
            for layer, track, _ in card.song.parts()
        ),
        turn=_turn_in_words(card),
        claims=tuple(
            ClaimFacts(who=claim.who, layer_number=number_of(claim.layer_id), bars=claim.bars)
            for claim in card.claims
            if is_there(claim.layer_id)
        ),
        comments=tuple(
            CommentFacts(number=comment.number, bar=comment.bar, layer_number=number_of(comment.layer_id))
            for comment in card.comments
            if is_there(comment.layer_id)
        ),
        changed_cells=tuple(
            ChangedCells(layer_number=numbers[layer_id], bars=bars)
            for layer_id, bars in card.changes.cells
            if layer_id in numbers
        ),
    )


def _turn_in_words(card: Card) -> str:
    """Return whose turn it is; no times, which a picture would tell for too long."""
    if card.turn is None:
        return f"Waiting to play: {', '.join(card.queue)}" if card.queue else ""
    return f"{card.turn.who}'s turn" + (f", then {', '.join(card.queue[:3])}" if card.queue else "")


def _title_of_vote(vote: Vote) -> str:
    return title_of_vote(vote.id, vote.kind, len(paper_of(vote.options).choices))


def _find_changes(card: Card, parent: LayeredPiece | None) -> CardChanges:
    """Return what lies between a revision and what it was made from; only layers that differ are looked at closely."""
    assert card.song is not None
    if parent is None:
        return CardChanges(revision_id=card.head_id)
    changes = compare_songs(*_differing(parent, card.song))
    lines = [] if changes.is_nothing else changes_in_words(changes, person=lambda owner: card.owners.get(owner, ""))
    return CardChanges(
        revision_id=card.head_id,
        lines=tuple(lines[:_MAX_LINES]),
        cells=tuple((layer_id, tuple(bar + 1 for bar in bars)) for layer_id, bars in changes.changed_cells().items()),
    )


def _differing(before: LayeredPiece, after: LayeredPiece) -> tuple[LayeredPiece, LayeredPiece]:
    """Return both songs without the layers that are the same in them: comparing is ten times as quick then."""
    if before.piece.ticks_per_quarter != after.piece.ticks_per_quarter:
        return before, after
    was = {layer.layer_id: (layer, track) for layer, track, _ in before.parts()}
    same = {layer.layer_id for layer, track, _ in after.parts() if was.get(layer.layer_id) == (layer, track)}
    return _without(before, same), _without(after, same)


def _without(song: LayeredPiece, layer_ids: set[str]) -> LayeredPiece:
    parts = [part for part in song.parts() if part[0].layer_id not in layer_ids]
    return LayeredPiece(
        piece=song.piece.with_tracks(tuple(track for _, track, _ in parts)),
        layers=tuple(layer for layer, _, _ in parts),
        origins=tuple(origins for _, _, origins in parts),
    )


def _keep(kept: OrderedDict[int, ValueT], key: int, value: ValueT) -> None:
    kept[key] = value
    while len(kept) > _MAX_KEPT_STATES:
        kept.popitem(last=False)
