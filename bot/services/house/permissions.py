"""Who may do what, where, and how often: the one gate that every command, menu, button and mention passes before any work.

It knows people by numbers and things to do by the names of commands and buttons; nothing of Discord's types or of SQL. A
person who manages the server may always do everything; nobody can be kept from erasing what is their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from bot.services.house.guild_settings import DEFAULTS, GuildSettings, pace_limits
from bot.services.house.pace import ORDER_COST, QUICK_COST, Asker, Pace, PaceLimits
from core.errors import LimitError, PermissionDeniedError
from core.metrics import Metrics, NullMetrics
from core.settings import LimitSettings

Group = Literal["generate", "edit", "delete", "settings"]
"""What roles are given for. ``delete``: removing other people's results; everybody may remove their own."""
GROUPS: tuple[Group, ...] = get_args(Group)
GROUP_WORDS: Mapping[Group, str] = {
    "generate": "write new music here",
    "edit": "change music here",
    "delete": "remove other people's results here",
    "settings": "change my settings here",
}

_COMMANDS: Mapping[Group | None, tuple[str, ...]] = {
    "generate": ("compose", "generate", "hum", "tutorial"),
    "edit": (
        "add",
        "arrange",
        "branch",
        "continue",
        "harmonize",
        "infill",
        "layer",
        "redo",
        "remix",
        "song",
        "turn",
        "undo",
        "vote",
    ),
    "settings": ("settings",),
    None: ("comment", "delete", "describe", "explain", "export", "favourites", "help", "history", "mydata", "score"),
}
"""Every command by its group; an entry of the Apps menu such as “Remix this” belongs to the command of that name. None: open to
all, because it shows or erases only what is one's own to see. A test walks all commands: one that is missing does not pass."""
_BUTTONS: Mapping[Group | None, tuple[str, ...]] = {
    "edit": ("add-to-song", "again", "anew", "edit", "make-song", "pick", "remix-form", "revert", "vary"),
    "generate": ("stage",),
    None: (
        "ballot",
        "cancel",
        "comment-reopen",
        "comment-resolve",
        "details",
        "listen",
        "look",
        "songs",
        "star",
        "stems",
        "tree",
    ),
}
"""Buttons and menus that bear no command's name. What is not listed counts as an edit."""
GROUP_OF: Mapping[str, Group | None] = {
    name: group for table in (_COMMANDS, _BUTTONS) for group, names in table.items() for name in names
}
COMMANDS: frozenset[str] = frozenset(name for names in _COMMANDS.values() for name in names)

ALWAYS_ANSWERED: frozenset[str] = frozenset({"cancel", "delete", "help", "mydata", "settings"})
"""Answered in every channel, so that nobody is locked out of their own data, or of the settings that lock them out."""
RESTRICTABLE: tuple[str, ...] = tuple(sorted(COMMANDS - ALWAYS_ANSWERED))
"""What a server may keep for some roles command by command."""

QUICK: frozenset[str] = frozenset(
    {
        "ballot",
        "cancel",
        "comment",
        "comment-reopen",
        "comment-resolve",
        "delete",
        "details",
        "favourites",
        "help",
        "history",
    }
    | {"look", "settings", "songs", "star", "tree", "turn"}
)
"""What reads or writes some rows and makes no music, sound or picture: at the gate it counts as half an order."""

_SUGGESTIONS_PER_COMMAND = 10
"""A person who types sees words offered about so often for each command."""
_MAX_REFUSALS_TOLD = 5
"""A minute, to those who write faster than we answer: each costs a message, and Discord counts ours."""

_CLOSED_AT_FIRST: frozenset[Group] = frozenset({"delete", "settings"})
"""Groups that nobody has by default but those who hold Discord's own rights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who acts where. ``channel_ids``: the channel, and for a thread also its parent. ``manages``: has Manage Server.

    ``name_of`` returns how people call a role or channel of this server by its number.
    """

    user_id: int
    guild_id: int | None
    channel_ids: tuple[int, ...]
    role_ids: frozenset[int] = frozenset()
    manages: bool = False
    name_of: Callable[[int], str] = str


class SettingsSource(Protocol):
    """Knows what each server decided."""

    async def of(self, guild_id: int | None) -> GuildSettings:
        """Return a server's settings; the defaults for direct messages."""
        ...


class Gate:
    """Lets people in, or says in one sentence why not and who may."""

    def __init__(
        self,
        settings: SettingsSource,
        *,
        limits: LimitSettings,
        pace: Pace | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._pace = pace or Pace()
        self._beside = Pace()  # of what is no order: words offered, refusals told
        self._metrics = metrics or NullMetrics()

    async def admit(self, visitor: Visitor, doing: str) -> None:
        """Check one request before anything else is done for it; ``doing`` is a command's or a button's name.

        Raises:
            core.errors.LimitError: when the person, the channel or the server asks too often; it says how long to wait.
            core.errors.PermissionDeniedError: when it is not for them or not for this channel; it says who may, or where.
        """
        settings = await self._settings.of(visitor.guild_id)
        is_correcting = name_of_doing(doing) == "settings" and may(settings, visitor, doing)
        own = DEFAULTS if is_correcting else settings  # a pace that was set too low can be set right at once
        self._keep_pace(visitor, doing, pace_limits(self._limits, own))
        if visitor.guild_id is None or visitor.manages:
            return
        if not speaks_in(settings, visitor.channel_ids) and doing not in ALWAYS_ANSWERED:
            places = _names(visitor, settings.channel_ids)
            self._metrics.count_refusal(limit="permission")
            raise PermissionDeniedError(f"I am asked to answer only in {places}. Go there, and ask again.")
        refusal = _refusal(settings, visitor, doing)
        if refusal:
            self._metrics.count_refusal(limit="permission")
            raise PermissionDeniedError(refusal)

    def offers_words(self, visitor: Visitor) -> bool:
        """Tell whether words may be offered to somebody who types: Discord asks at every key."""
        most = self._limits.max_commands_per_minute * _SUGGESTIONS_PER_COMMAND
        return self._beside.decide(_asker(visitor, channel_id=0), PaceLimits(person=most)).is_admitted

    def tells_refusal(self, visitor: Visitor) -> bool:
        """Tell whether somebody who wrote too often is to be told once more; beyond some a minute we keep silent."""
        asker = _asker(visitor, channel_id=visitor.user_id)  # a window beside that of the words
        return self._beside.decide(asker, PaceLimits(channel=_MAX_REFUSALS_TOLD)).is_admitted

    def _keep_pace(self, visitor: Visitor, doing: str, limits: PaceLimits) -> None:
        asker = _asker(visitor, channel_id=visitor.channel_ids[0] if visitor.channel_ids else 0)
        cost = QUICK_COST if name_of_doing(doing) in QUICK else ORDER_COST
        decision = self._pace.decide(asker, limits, cost=cost)
        if decision.limit is not None:
            self._metrics.count_refusal(limit=decision.limit)
            raise LimitError(decision.sentence, retry_after_seconds=decision.wait_seconds)

    async def moderates(self, visitor: Visitor) -> bool:
        """Tell whether somebody may remove other people's results by a role that this server gave them."""
        settings = await self._settings.of(visitor.guild_id)
        return bool(visitor.role_ids.intersection(settings.roles.get("delete", ())))


def _asker(visitor: Visitor, *, channel_id: int) -> Asker:
    return Asker(user_id=visitor.user_id, channel_id=channel_id, guild_id=visitor.guild_id)


def name_of_doing(name: str) -> str:
    """Return the command that a name stands for: “Remix this” is a remix, “Show score” a score."""
    return name.removesuffix(" this").casefold().removeprefix("show ")


def group_of(doing: str) -> Group | None:
    """Return the group of a command or button; what nobody has named counts as an edit."""
    return GROUP_OF.get(name_of_doing(doing), "edit")


def speaks_in(settings: GuildSettings, channel_ids: tuple[int, ...]) -> bool:
    """Tell whether the bot may answer in a channel, or in a thread of it."""
    return not settings.channel_ids or not set(channel_ids).isdisjoint(settings.channel_ids)


def may(settings: GuildSettings, visitor: Visitor, doing: str) -> bool:
    """Tell whether roles allow somebody to do something."""
    return not _refusal(settings, visitor, doing)


def _refusal(settings: GuildSettings, visitor: Visitor, doing: str) -> str:
    """Return why not, naming who may; empty when they may."""
    if visitor.manages or visitor.guild_id is None:
        return ""
    doing, group = name_of_doing(doing), group_of(doing)
    by_command = settings.roles.get(f"/{doing}") if doing in RESTRICTABLE else None
    if by_command is not None:
        allowed, what = by_command, f"use /{doing} here"
    elif group is None:
        return ""
    else:
        allowed, what = settings.roles.get(group, ()), GROUP_WORDS[group]
        if not allowed and group not in _CLOSED_AT_FIRST:
            return ""
    if visitor.role_ids.intersection(allowed):
        return ""
    roles = (
        f"people with the role {_names(visitor, allowed, last='or')}, and those who hold" if allowed else "people with"
    )
    return f"Only {roles} the right “Manage Server” may {what}. Ask one of them."


def _names(visitor: Visitor, numbers: tuple[int, ...], *, last: str = "and") -> str:
    """Return places or roles by their names."""
    shown = [visitor.name_of(number) for number in numbers]
    return f" {last} ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
