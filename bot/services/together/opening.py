"""Everything about songs made together, opened at once: one value for the desk. It holds no logic of its own."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.together.credits import SongCredits
from bot.services.together.members import SongMembers
from bot.services.together.service import SharedSongs
from core.settings import LimitSettings
from db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The services of songs made together."""

    songs: SharedSongs
    members: SongMembers
    credits: SongCredits


def open_together(database: Database, *, limits: LimitSettings) -> Together:
    """Return the services on one database."""
    return Together(
        songs=SharedSongs(database, limits=limits), members=SongMembers(database), credits=SongCredits(database)
    )
