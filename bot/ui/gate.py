"""Who stands at the gate: from Discord's interactions and messages to visitors, each let in once. What may be done is decided in the services."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import discord
import structlog

from bot.services.house.permissions import Visitor
from core.errors import LimitError
from core.metrics import Metrics, NullMetrics

_log = structlog.stdlib.get_logger(__name__)

_NUM_REMEMBERED = 4096
_PRESS_WINDOW_SECONDS = 3.0


class Repeats:
    """Knows again what Discord tells twice: an interaction or a message, by its number."""

    def __init__(self, *, num_remembered: int = _NUM_REMEMBERED) -> None:
        self._num_remembered = num_remembered
        self._numbers: dict[int, None] = {}  # in the order in which they came

    def is_repeat(self, number: int) -> bool:
        """Note a number, and return whether it came before."""
        if number in self._numbers:
            _log.info("told_twice")
            return True
        self._numbers[number] = None
        if len(self._numbers) > self._num_remembered:
            del self._numbers[next(iter(self._numbers))]
        return False


class PressGuard:
    """Takes a person's press of a button once, even when it is pressed twice in a hurry."""

    def __init__(
        self,
        *,
        window_seconds: float = _PRESS_WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        metrics: Metrics | None = None,
    ) -> None:
        self._window_seconds = window_seconds
        self._clock = clock
        self._metrics = metrics or NullMetrics()
        self._taken_at: dict[tuple[int, str], float] = {}

    def admit(self, user_id: int, custom_id: str) -> None:
        """Note a press.

        Raises:
            LimitError: when the same person pressed the same button a moment ago.
        """
        now = self._clock()
        self._taken_at = {key: at for key, at in self._taken_at.items() if now - at < self._window_seconds}
        if (user_id, custom_id) in self._taken_at:
            self._metrics.count_refusal(limit="double_press")
            raise LimitError("I already took that press; there is no need to press twice.")
        self._taken_at[user_id, custom_id] = now


def visitor_of(interaction: discord.Interaction[Any]) -> Visitor:
    """Return who sends an interaction, with the rights and roles that Discord names in it."""
    return _visitor(
        interaction.user,
        interaction.guild_id,
        interaction.guild,
        channel_ids=(interaction.channel_id or 0, getattr(interaction.channel, "parent_id", None) or 0),
        rights=interaction.permissions,
    )


def visitor_of_message(message: discord.Message) -> Visitor:
    """Return who wrote a message to us, with the rights and roles that Discord names in it."""
    channel, author, guild = message.channel, message.author, message.guild
    rights = discord.Permissions.none()
    if isinstance(author, discord.Member) and isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        rights = channel.permissions_for(author)
    return _visitor(
        author,
        None if guild is None else guild.id,
        guild,
        channel_ids=(channel.id, getattr(channel, "parent_id", None) or 0),
        rights=rights,
    )


def role_ids_of(user: discord.User | discord.Member) -> frozenset[int]:
    """Return the roles that somebody has on the server in question; none that we know of while its own list is away in an outage."""
    if not isinstance(user, discord.Member):
        return frozenset()
    guild = cast("discord.Guild | None", user.guild)  # somebody named in a command may come without one
    return frozenset() if guild is None else frozenset(role.id for role in user.roles)


def doing_of(interaction: discord.Interaction[Any]) -> str:
    """Return the name of the command that an interaction calls; of a group, the group's."""
    data: Any = interaction.data or {}
    return str(data.get("name", ""))


def doing_of_press(custom_id: str) -> str:
    """Return what a button does, by its identifier."""
    parts = custom_id.split(":")
    if len(parts) > 3 and parts[1] == "more":  # an entry of the menu under results
        return parts[3]
    return parts[1] if len(parts) > 1 else custom_id


def _visitor(
    user: discord.User | discord.Member,
    guild_id: int | None,
    guild: discord.Guild | None,
    *,
    channel_ids: tuple[int, int],
    rights: discord.Permissions,
) -> Visitor:
    """``guild`` may be unknown to us, for instance in an outage, where ``guild_id`` is not: its rules hold all the same."""

    def name_of(number: int) -> str:
        if guild is None:
            return str(number)
        if (role := guild.get_role(number)) is not None:
            return f"“{role.name}”"
        place = guild.get_channel_or_thread(number)
        return f"#{place.name}" if place is not None else "one that was deleted"

    return Visitor(
        user_id=user.id,
        guild_id=guild_id,
        channel_ids=tuple(number for number in channel_ids if number),
        role_ids=role_ids_of(user),
        manages=rights.manage_guild or rights.administrator,
        name_of=name_of,
    )
