"""Everything about songs made together, opened at once: one value for the desk. It holds no logic of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.services.ports import MediaMaker
from bot.services.replies.library import ReplyParts
from bot.services.replies.sound import SoundOf, usual_sound
from bot.services.together.branches.branching import Branching
from bot.services.together.branches.comparing import Comparing
from bot.services.together.branches.forking import Forking
from bot.services.together.card.making import Cards
from bot.services.together.claims.service import Claims
from bot.services.together.comments import Comments
from bot.services.together.credits.service import SongCredits
from bot.services.together.looking import SongViews
from bot.services.together.members import SongMembers
from bot.services.together.merging.pictures import MergePictures
from bot.services.together.merging.service import Merging
from bot.services.together.service import SharedSongs
from bot.services.together.turns.clockwork import Clockwork
from bot.services.together.turns.service import Turns
from bot.services.together.votes.files import VoteFileMaker
from bot.services.together.votes.rankers import Rankers
from bot.services.together.votes.service import Votes
from core.settings import LimitSettings
from db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The services of songs made together."""

    songs: SharedSongs
    members: SongMembers
    claims: Claims
    turns: Turns
    clockwork: Clockwork
    comments: Comments
    credits: SongCredits
    votes: Votes
    vote_files: VoteFileMaker
    rankers: Rankers
    branching: Branching
    merging: Merging
    merge_pictures: MergePictures
    comparing: Comparing
    forking: Forking
    cards: Cards
    views: SongViews


def open_together(
    database: Database,
    *,
    limits: LimitSettings,
    media: MediaMaker,
    rankers: Rankers,
    sound_of: SoundOf = usual_sound,
    title_of: Callable[[str], str] = str.capitalize,
) -> Together:
    """Return the services on one database; ``sound_of``: how servers want to hear, ``title_of``: how people call an operation."""
    clockwork = Clockwork(database)
    cards = Cards(database, media=media, title_of=title_of, sound_of=sound_of)
    songs, parts = SharedSongs(database, limits=limits), ReplyParts(sound_of=sound_of)
    return Together(
        songs=songs,
        members=SongMembers(database),
        claims=Claims(database, on_change=clockwork.kick),
        turns=Turns(database, on_change=clockwork.kick),
        clockwork=clockwork,
        comments=Comments(database, media=media, sound_of=sound_of),
        credits=SongCredits(database),
        votes=Votes(database),
        vote_files=VoteFileMaker(database, media=media, sound_of=sound_of),
        rankers=rankers,
        branching=Branching(database),
        merging=Merging(database),
        merge_pictures=MergePictures(media, parts=parts),
        comparing=Comparing(database, media, parts=parts),
        forking=Forking(database, songs),
        cards=cards,
        views=SongViews(database, cards=cards),
    )
