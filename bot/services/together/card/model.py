"""What the card of a song made together shows, as values: names are plain text, bars count from 1. They know no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.services.model import File, Place
from bot.services.together.model import Role
from core.errors import TuttiError
from music.versions.layered import LayeredPiece

THE_BOT = "Tutti"


class CardPausedError(TuttiError):
    """A card cannot be changed until somebody opens its thread again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTurn:
    """Whose turn it is, and until when (None: open)."""

    who: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardClaim:
    """Who keeps what: without a layer all layers, without bars (first and last) all bars."""

    who: str
    layer_id: str | None
    bars: tuple[int, int] | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardVote:
    """An open vote, and the message in which people vote."""

    vote_id: int
    title: str
    message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardComment:
    """An open comment; ``number`` (from 1) is what its mark in the picture says."""

    comment_id: int
    number: int
    who: str
    bar: int
    layer_id: str | None
    text: str
    message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBranch:
    """A branch, its newest revision, and the message that shows that."""

    name: str
    head_id: int
    message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRevision:
    """One revision of the graph; ``branch`` is None for a candidate."""

    revision_id: int
    parent_ids: tuple[int, ...]
    operation: str
    who: str
    branch: str | None
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChanges:
    """What the newest revision of the branch changed: lines for people, and changed bars (from 1) by layer."""

    revision_id: int
    lines: tuple[str, ...] = ()
    cells: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything that a card shows. ``song`` is the settled state of main's head, None where that was deleted.

    ``owners`` are the names of the layers' owners by their numbers.
    """

    shared_song_id: int
    place: Place
    title: str
    licence: str
    host: str
    is_closed: bool
    members: tuple[tuple[str, Role], ...]
    branch: str
    head_id: int
    song: LayeredPiece | None
    owners: dict[int, str]
    turn: CardTurn | None
    queue: tuple[str, ...]
    claims: tuple[CardClaim, ...]
    votes: tuple[CardVote, ...]
    comments: tuple[CardComment, ...]
    branches: tuple[CardBranch, ...]
    tags: tuple[tuple[str, int], ...]
    revisions: tuple[CardRevision, ...]
    changes: CardChanges
    workplaces: tuple[tuple[str, str], ...] = ()  # names of members who chose a branch, with its name
    inspiration: str = ""  # the credit of a fork in words, such as “inspired by “Ours” (Ada, cc-by)”

    def link_to(self, message_id: int | None) -> str | None:
        """Return Discord's link to a message in the song's thread."""
        return None if message_id is None else message_link(self.place, message_id)

    def layer_name(self, layer_id: str | None) -> str:
        """Return the name of a layer, of one that is gone too."""
        if layer_id is None:
            return "all layers"
        layers = () if self.song is None else self.song.layers
        return next((layer.name for layer in layers if layer.layer_id == layer_id), "a removed layer")


def message_link(place: Place, message_id: int) -> str:
    """Return Discord's link to a message."""
    return f"https://discord.com/channels/{place.guild_id or '@me'}/{place.channel_id}/{message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFiles:
    """What hangs on a card; None where it could not be made."""

    picture: File | None = None
    alt_text: str = ""
    sound: File | None = None


class CardPresenter(Protocol):
    """Shows cards. All of it may be repeated.

    Its methods raise NotFoundError (``what``: message or channel), PermissionDeniedError, CardPausedError, or another TuttiError
    for what may pass.
    """

    async def post(self, card: Card, files: CardFiles, *, nonce: str, notes: tuple[str, ...]) -> int:
        """Show a card in a new message and return its id; the same nonce makes no second one."""
        ...

    async def edit(self, card: Card, files: CardFiles | None, *, message_id: int, notes: tuple[str, ...]) -> bool:
        """Show a card in its message, which keeps its files where ``files`` is None; return whether the message is pinned."""
        ...

    async def pin(self, place: Place, message_id: int) -> None:
        """Pin a card."""
        ...
