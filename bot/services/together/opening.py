"""Everything about songs made together, opened at once: one value for the desk. It holds no logic of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.services.ports import MediaMaker
from bot.services.replies.sound import SoundOf, usual_sound
from bot.services.together.card import Cards
from bot.services.together.credits import SongCredits
from bot.services.together.looking import SongViews
from bot.services.together.members import SongMembers
from bot.services.together.service import SharedSongs
from bot.services.together.votes import Votes
from bot.services.together.votes_files import VoteFileMaker
from core.settings import LimitSettings
from db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The services of songs made together."""

    songs: SharedSongs
    members: SongMembers
    credits: SongCredits
    votes: Votes
    vote_files: VoteFileMaker
    cards: Cards
    views: SongViews


def open_together(
    database: Database,
    *,
    limits: LimitSettings,
    media: MediaMaker,
    sound_of: SoundOf = usual_sound,
    title_of: Callable[[str], str] = str.capitalize,
) -> Together:
    """Return the services on one database; ``sound_of``: how servers want to hear, ``title_of``: how people call an operation."""
    cards = Cards(database, media=media, title_of=title_of, sound_of=sound_of)
    return Together(
        songs=SharedSongs(database, limits=limits),
        members=SongMembers(database),
        credits=SongCredits(database),
        votes=Votes(database),
        vote_files=VoteFileMaker(database, media=media, sound_of=sound_of),
        cards=cards,
        views=SongViews(database, cards=cards),
    )
