"""The values of songs made together: rules, roles, licences, branches, and where a revision stands. They know no database.

People are named by Discord's numbers here, as everywhere in the services; owners of layers by our own, which outlive an erased name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.services.model import Author, Place, RevisionView, SongLine
from music.versions.layered import LayeredPiece

Role = Literal["host", "editor", "listener"]
ForkRule = Literal["host", "members", "anybody"]

LICENCES: Mapping[str, str] = {
    "all-rights": "All rights stay with those who made it; ask them before you use it elsewhere.",
    "cc-by": "Creative Commons Attribution 4.0: use it freely, name those who made it.",
    "cc-by-sa": "Creative Commons Attribution-ShareAlike 4.0: use it freely, name those who made it, share alike.",
    "cc-by-nc": "Creative Commons Attribution-NonCommercial 4.0: use it freely, not for money, name those who made it.",
    "cc0": "Creative Commons Zero 1.0: everybody may do everything with it.",
}
"""The licences that a host can choose, each in one sentence for whoever joins."""
THE_BOT = Author(user_id=-1, name="Tutti")
"""The bot as somebody who plays along; nobody on Discord has that number."""
DEFAULT_LICENCE = "all-rights"
MAX_LAYERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SongRules:
    """What the host of a song decides. Stored as JSON: a new field needs a default.

    ``is_open``: whoever can write in the thread may edit; else only invited people and ``editor_roles``. ``listener_roles`` only
    listen. ``turn_mode``: only whoever's turn it is may change the song. ``bot_plays``: the bot takes a turn that ran out.
    ``vote_threshold``: share of the ballots (0 to 1) that the winner must exceed; ``vote_quorum``: ballots that count at least;
    ``listeners_vote``: those who only listen vote, too.
    """

    max_layers: int = 16
    is_open: bool = True
    editor_roles: tuple[int, ...] = ()
    listener_roles: tuple[int, ...] = ()
    may_fork: ForkRule = "host"
    turn_mode: bool = False
    turn_minutes: int = 10
    claim_minutes: int = 30
    bot_plays: bool = True
    vote_threshold: float = 0.5
    vote_quorum: int = 2
    listeners_vote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchView:
    """A line of work. ``head_id`` is the newest revision on it."""

    branch_id: int
    name: str
    head_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSongView:
    """A shared song as it stands. ``branch`` is the one that the asker works on."""

    shared_song_id: int
    song_id: int
    place: Place
    host: Author
    title: str
    licence: str
    rules: SongRules
    branch: BranchView
    card_message_id: int | None
    created_at: datetime
    is_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SongChange:
    """What a quick change did: the new revision, its line, the states before and after, both settled."""

    revision: RevisionView
    line: SongLine
    before: LayeredPiece
    after: LayeredPiece
