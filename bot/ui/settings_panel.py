"""The panel of /settings: what a server has set, and menus that change it at once. It knows nothing of who may.

Identifiers say what a menu sets, so the panel works after a restart; the message shows the new state when something was chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, cast

import discord

from bot.plain_text import clip
from bot.services.house.guild_settings import AUDIO_FORMATS, LANGUAGES, MAX_ROLES, GuildSettings
from bot.services.house.house_rules import HouseRules
from bot.services.house.permissions import GROUP_WORDS, GROUPS
from bot.ui.courier import NO_PINGS, send_again
from bot.ui.desk import Desk, desk_of
from bot.ui.embeds.settings import settings_embed
from bot.ui.seals import SealedItem, plain_id_of
from core.errors import InputError
from core.whole_numbers import read_whole_number
from music.vocabulary import GENRES

Page = Literal["sound", "limits", "pace", "roles", "channels"]
PAGES: Mapping[Page, str] = {
    "sound": "Music and sound",
    "limits": "Limits and keeping",
    "pace": "How often",
    "roles": "Who may what",
    "channels": "Channels",
}
NOTHING = "-"
"""The value of an entry that takes a setting back."""
_YES = "yes"
_COMMANDS = (1, 2, 3, 5, 10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 300, 450, 600)
_RETENTION_DAYS = (7, 30, 90, 180, 365)
_BARS = (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def settings_view(settings: GuildSettings, rules: HouseRules, page: Page) -> discord.ui.View:
    """Return the menus of one page of the panel, and buttons to the others."""
    view = discord.ui.View(timeout=None)
    for select in _SELECTS[page](settings, rules):
        view.add_item(SettingMenu(select))
    for name, label in PAGES.items():
        if name != page:
            view.add_item(SettingsButton(name, label))
    return view


def _sound_selects(settings: GuildSettings, rules: HouseRules) -> list[discord.ui.Select[Any]]:
    return [
        _menu("genre", "Default genre of new pieces", GENRES, chosen=settings.genre, none="no default genre"),
        _menu("audio_format", "Sound as", AUDIO_FORMATS, chosen=settings.audio_format, none="Sound: the usual format"),
        _menu(
            "soundfont", "Played with", tuple(rules.soundfonts), chosen=settings.soundfont, none="the usual SoundFont"
        ),
        _menu("language", "I speak", tuple(LANGUAGES), chosen=settings.language, names=LANGUAGES),
    ]


def _limit_selects(settings: GuildSettings, rules: HouseRules) -> list[discord.ui.Select[Any]]:
    jobs = tuple(str(number) for number in range(1, min(rules.limits.max_jobs_per_user, 24) + 1))
    bars = tuple(str(number) for number in _BARS if number <= rules.limits.max_bars)
    days = tuple(str(number) for number in _RETENTION_DAYS)
    return [
        _menu("max_jobs_per_user", "Pieces in the making a person:", jobs, chosen=settings.max_jobs_per_user),
        _menu("max_bars", "Bars at most:", bars, chosen=settings.max_bars),
        _menu(
            "retention_days", "Results are kept, in days:", days, chosen=settings.retention_days, none="kept for ever"
        ),
        _menu(
            "learns",
            "Votes in songs teach me which takes to suggest:",
            (_YES,),
            chosen=_YES if settings.learns else None,
            none="Votes teach me nothing (what they taught is forgotten)",
        ),
    ]


def _pace_selects(settings: GuildSettings, rules: HouseRules) -> list[discord.ui.Select[Any]]:
    limits = rules.limits
    return [
        _menu(field, words, tuple(str(number) for number in _COMMANDS if number <= (most or number)), chosen=chosen)
        for field, words, most, chosen in (
            (
                "max_commands_per_person",
                "Commands of one person in a minute:",
                limits.max_commands_per_minute,
                settings.max_commands_per_person,
            ),
            (
                "max_commands_per_channel",
                "Commands in one channel in a minute:",
                limits.max_channel_commands_per_minute,
                settings.max_commands_per_channel,
            ),
            (
                "max_commands_per_server",
                "Commands on this server in a minute:",
                limits.max_server_commands_per_minute,
                settings.max_commands_per_server,
            ),
        )
    ]


def _role_selects(settings: GuildSettings, _rules: HouseRules) -> list[discord.ui.RoleSelect[Any]]:
    return [
        discord.ui.RoleSelect(
            custom_id=f"tutti:settings:set:{group}",
            placeholder=clip(f"Roles that may {GROUP_WORDS[group]}", 150),
            min_values=0,
            max_values=MAX_ROLES,
            default_values=[discord.Object(number) for number in settings.roles.get(group, ())],
        )
        for group in GROUPS
    ]


def _channel_selects(settings: GuildSettings, _rules: HouseRules) -> list[discord.ui.ChannelSelect[Any]]:
    return [
        discord.ui.ChannelSelect(
            custom_id="tutti:settings:set:channel_ids",
            placeholder="Answer only in these channels (none chosen: in all)",
            min_values=0,
            max_values=25,
            channel_types=[discord.ChannelType.text, discord.ChannelType.forum, discord.ChannelType.news],
            default_values=[discord.Object(number) for number in settings.channel_ids],
        )
    ]


_SELECTS: Mapping[Page, Callable[[GuildSettings, HouseRules], Sequence[Any]]] = {
    "sound": _sound_selects,
    "limits": _limit_selects,
    "pace": _pace_selects,
    "roles": _role_selects,
    "channels": _channel_selects,
}
_PAGE_OF: Mapping[str, Page] = {
    "genre": "sound",
    "audio_format": "sound",
    "soundfont": "sound",
    "language": "sound",
    "max_jobs_per_user": "limits",
    "max_bars": "limits",
    "retention_days": "limits",
    "learns": "limits",
    "max_commands_per_person": "pace",
    "max_commands_per_channel": "pace",
    "max_commands_per_server": "pace",
    **dict.fromkeys(GROUPS, cast("Page", "roles")),
    "channel_ids": "channels",
}
_NUMBERS = frozenset(
    {"max_jobs_per_user", "max_bars", "retention_days"}
    | {"max_commands_per_person", "max_commands_per_channel", "max_commands_per_server"}
)


def _menu(
    field: str,
    words: str,
    values: Sequence[str],
    *,
    chosen: object,
    none: str = "as many as whoever runs me allows",
    names: Mapping[str, str] | None = None,
) -> discord.ui.Select[Any]:
    """Return a menu of values with the chosen one marked; the first entry takes the setting back, except for the language."""
    current = None if chosen is None else str(chosen)
    entries = [] if names else [discord.SelectOption(label=clip(none, 100), value=NOTHING, default=current is None)]
    wanted: dict[str, None] = dict.fromkeys(values) | ({current: None} if current else {})
    for value in wanted:
        label = clip(f"{words} {(names or {}).get(value, value)}", 100)
        entries.append(discord.SelectOption(label=label, value=value, default=value == current))
    return discord.ui.Select(custom_id=f"tutti:settings:set:{field}", options=entries[:25])


@dataclass(frozen=True, slots=True)
class _Choice:
    """What was chosen in a menu."""

    field: str
    values: tuple[str, ...]


async def show_settings(desk: Desk, interaction: discord.Interaction[Any], page: Page = "sound") -> None:
    """Answer a command with the panel, for the person alone.

    Raises:
        InputError: in direct messages.
    """
    guild_id = guild_of(interaction)
    rules = desk.services.keeping.rules
    settings = await rules.of(guild_id)
    await interaction.response.send_message(
        embed=settings_embed(settings, limits=rules.limits),
        view=settings_view(settings, rules, page),
        ephemeral=True,
        allowed_mentions=NO_PINGS,
    )


def guild_of(interaction: discord.Interaction[Any]) -> int:
    """Return the server that settings are about.

    Raises:
        InputError: in direct messages.
    """
    if interaction.guild_id is None:
        raise InputError("Settings belong to a server. Use /settings there.")
    return interaction.guild_id


async def _turn(desk: Desk, interaction: discord.Interaction[Any], page: Page, choice: _Choice | None) -> None:
    guild_id, rules = guild_of(interaction), desk.services.keeping.rules
    if choice is not None:
        await rules.change(guild_id, **await _changes(choice, rules, guild_id))
    settings = await rules.of(guild_id)
    embed, view = settings_embed(settings, limits=rules.limits), settings_view(settings, rules, page)

    async def edit() -> None:
        if not interaction.response.is_done():
            await interaction.response.edit_message(embed=embed, view=view, allowed_mentions=NO_PINGS)

    await send_again(edit)


async def _changes(choice: _Choice, rules: HouseRules, guild_id: int) -> dict[str, Any]:
    """Return what a choice changes, as settings have it."""
    numbers = tuple(number for value in choice.values if (number := read_whole_number(value)) is not None)
    if choice.field in GROUPS:
        roles = dict((await rules.of(guild_id)).roles)
        roles.pop(choice.field, None)
        return {"roles": roles | ({choice.field: numbers} if numbers else {})}
    if choice.field == "channel_ids":
        return {"channel_ids": numbers}
    value = choice.values[0] if choice.values and choice.values[0] != NOTHING else None
    if choice.field == "learns":
        return {"learns": value == _YES}
    return {choice.field: int(value) if value is not None and choice.field in _NUMBERS else value}


class SettingMenu(SealedItem[Any], template=r"tutti:settings:set:(?P<field>[a-z_]+)"):
    """Sets something as soon as it is chosen."""

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        """Wrap the menu as it stands in the message."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Set what was chosen and show the panel anew."""
        field = plain_id_of(interaction).rsplit(":", 1)[1]
        if field not in _PAGE_OF:  # of a later version of ours
            return
        data = cast("dict[str, Any]", interaction.data or {})
        choice = _Choice(field, tuple(str(value) for value in data.get("values") or ()))
        desk = desk_of(interaction)
        custom_id = f"{self.custom_id}:{','.join(choice.values)}"
        await desk.guarded(interaction, lambda: _turn(desk, interaction, _PAGE_OF[field], choice), custom_id=custom_id)


class SettingsButton(SealedItem[discord.ui.Button[Any]], template=r"tutti:settings:to:(?P<page>[a-z]+)"):
    """Leads to another page of the panel."""

    def __init__(self, page: str, label: str = "") -> None:
        shown = discord.ui.Button[Any](
            label=label or page, style=discord.ButtonStyle.secondary, custom_id=f"tutti:settings:to:{page}", row=4
        )
        super().__init__(shown)
        self._page = page

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button anew from its identifier."""
        return cls(match["page"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page."""
        if self._page not in PAGES:
            return
        page, desk = cast("Page", self._page), desk_of(interaction)
        await desk.guarded(interaction, lambda: _turn(desk, interaction, page, None), custom_id=self.custom_id)
