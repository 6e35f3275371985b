"""Everything about what is kept and who may do what, opened together: one value for the desk. It holds no logic of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.services.composing import ComposingService
from bot.services.house.house_rules import HouseRules
from bot.services.house.permissions import Gate
from bot.services.people.mydata import MyDataService
from bot.services.people.privacy import PrivacyService
from bot.services.people.retention import RetentionService
from bot.services.ports import MediaMaker
from bot.services.songs.favourites import FavouriteService
from bot.services.songs.history import HistoryService
from bot.services.songs.undoing import UndoService
from core.metrics import Metrics
from db.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """The services for looking back, for people's own things, and for a server's rules."""

    history: HistoryService
    undoing: UndoService
    favourites: FavouriteService
    rules: HouseRules
    gate: Gate
    composing: ComposingService
    mydata: MyDataService
    privacy: PrivacyService
    retention: RetentionService


def open_keeping(
    database: Database,
    *,
    media: MediaMaker,
    rules: HouseRules,
    title_of: Callable[[str], str] = str.capitalize,
    metrics: Metrics | None = None,
) -> Keeping:
    """Return the services on one database; ``title_of`` returns how people call an operation."""
    return Keeping(
        history=HistoryService(database, media=media, title_of=title_of),
        undoing=UndoService(database),
        favourites=FavouriteService(database),
        rules=rules,
        gate=Gate(rules, limits=rules.limits, metrics=metrics),
        composing=ComposingService(database, media=media),
        mydata=MyDataService(database, media=media),
        privacy=PrivacyService(database),
        retention=RetentionService(database, rules=rules),
    )
