"""/settings by typed options: from what somebody typed to changes, answered with the panel. It knows nothing of who may."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import discord
from discord import app_commands

from bot.services.house.permissions import GROUPS, RESTRICTABLE
from bot.ui.desk import Desk, desk_of
from bot.ui.options import suggest
from bot.ui.settings_panel import Page, guild_of, show_settings
from core.errors import InputError

_TAKEN_BACK = {"none", "-", ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingWishes:
    """What was typed; None leaves a setting as it is, 0 and “none” take it back."""

    genre: str | None = None
    audio_format: str | None = None
    soundfont: str | None = None
    max_jobs_per_user: int | None = None
    max_bars: int | None = None
    max_commands_per_person: int | None = None
    max_commands_per_channel: int | None = None
    max_commands_per_server: int | None = None
    retention_days: int | None = None
    language: str | None = None
    learns: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return what changes, as settings have it."""
        typed = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _taken_back(value) for name, value in typed.items() if value is not None}


def _taken_back(value: str | int) -> str | int | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return None if value.strip().casefold() in _TAKEN_BACK else value.strip()
    return value or None


async def set_several(desk: Desk, interaction: discord.Interaction[Any], wishes: SettingWishes) -> None:
    """Change what was typed and show the panel."""
    changes = wishes.changes()
    if not changes:
        raise InputError("Choose at least one option to set, or look at everything with /settings show.")
    await desk.services.keeping.rules.change(guild_of(interaction), **changes)
    page: Page = "sound"
    if changes.keys() & {"max_jobs_per_user", "max_bars", "retention_days", "learns"}:
        page = "limits"
    elif any(name.startswith("max_commands_") for name in changes):
        page = "pace"
    await show_settings(desk, interaction, page)


async def set_role(
    desk: Desk,
    interaction: discord.Interaction[Any],
    *,
    role_id: int,
    is_given: bool,
    group: str | None,
    command: str | None,
) -> None:
    """Give a group of commands or one command to a role, or take it back."""
    name = _right(group, command)
    rules, guild_id = desk.services.keeping.rules, guild_of(interaction)
    roles = dict((await rules.of(guild_id)).roles)
    others = tuple(number for number in roles.pop(name, ()) if number != role_id)
    numbers = (*others, role_id) if is_given else others
    await rules.change(guild_id, roles=roles | ({name: numbers} if numbers else {}))
    await _show(desk, interaction, "roles")


async def set_channel(desk: Desk, interaction: discord.Interaction[Any], *, channel_id: int, is_answered: bool) -> None:
    """Add a channel to those where the bot answers, or take it out."""
    rules, guild_id = desk.services.keeping.rules, guild_of(interaction)
    others = tuple(number for number in (await rules.of(guild_id)).channel_ids if number != channel_id)
    await rules.change(guild_id, channel_ids=(*others, channel_id) if is_answered else others)
    await _show(desk, interaction, "channels")


async def suggest_soundfonts(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    """Suggest what is on this machine."""
    names = tuple(desk_of(interaction).services.keeping.rules.soundfonts)
    return [app_commands.Choice(name=name[:100], value=name[:100]) for name in suggest(current, (*names, "none"))]


async def _show(desk: Desk, interaction: discord.Interaction[Any], page: Page) -> None:
    await show_settings(desk, interaction, page)


def _right(group: str | None, command: str | None) -> str:
    """Return the name under which roles are stored.

    Raises:
        InputError: for neither or both, or a command that everybody must be able to use.
    """
    if (group is None) == (command is None):
        raise InputError("Name either a group of commands (what) or a single one (command).")
    if group is not None:
        if group not in GROUPS:
            raise InputError(f"There is no such group. Choose one of: {', '.join(GROUPS)}.")
        return group
    name = (command or "").strip().removeprefix("/")
    if name not in RESTRICTABLE:
        raise InputError(f"Roles can be set for these commands: {', '.join(RESTRICTABLE)}.")
    return f"/{name}"
