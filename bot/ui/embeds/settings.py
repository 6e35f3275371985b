"""What a server's settings look like. It sends nothing."""

from __future__ import annotations

import discord

from bot.services.house.guild_settings import LANGUAGES, GuildSettings, pace_limits
from bot.services.house.permissions import GROUP_WORDS, GROUPS, Group
from bot.ui.embeds.style import BLUE, FIELD_LIMIT
from core.settings import LimitSettings

_NOBODY_ELSE: dict[Group, str] = {
    "generate": "everybody",
    "edit": "everybody",
    "delete": "those with “Manage Messages” (everybody may remove their own)",
    "settings": "those with “Manage Server”",
}


def settings_embed(settings: GuildSettings, *, limits: LimitSettings) -> discord.Embed:
    """Show everything that a server can set, as it stands. ``limits`` are the operator's."""
    embed = discord.Embed(
        title="Settings of this server",
        description="Choose below; it holds at once. People with “Manage Server” may always do everything.",
        colour=BLUE,
    )
    jobs = settings.max_jobs_per_user or limits.max_jobs_per_user
    bars = settings.max_bars or limits.max_bars
    kept = (
        "for ever"
        if settings.retention_days is None
        else f"{settings.retention_days} days, then their music goes; open songs stay"
    )
    channels = ", ".join(f"<#{number}>" for number in settings.channel_ids) or "all channels"
    language = f"{LANGUAGES.get(settings.language, settings.language)}. Others are not translated yet."
    for name, value in (
        ("Default genre", settings.genre or "none"),
        (
            "Sound",
            f"{settings.audio_format or 'the usual format (ogg)'}, {settings.soundfont or 'the usual SoundFont'}",
        ),
        (
            "Limits",
            f"{min(jobs, limits.max_jobs_per_user)} pieces in the making a person, {min(bars, limits.max_bars)} bars",
        ),
        ("How often", _pace(settings, limits)),
        ("Results are kept", kept),
        ("I answer in", channels),
        ("Language", language),
        ("Learning from votes", "on: /vote learned tells what" if settings.learns else "off"),
    ):
        embed.add_field(name=name, value=value[:FIELD_LIMIT], inline=True)
    embed.add_field(name="Who may", value=_role_lines(settings)[:FIELD_LIMIT], inline=False)
    return embed


def _pace(settings: GuildSettings, limits: LimitSettings) -> str:
    """Return the commands a minute that pass; with no number where there is no limit."""
    pace = pace_limits(limits, settings)
    person = min((number for number in (pace.person, pace.person_here) if number), default=0)
    words = (("a person", person), ("a channel", pace.channel), ("the server", pace.server))
    return "Commands a minute: " + ", ".join(f"{who} {number or 'any'}" for who, number in words)


def _role_lines(settings: GuildSettings) -> str:
    lines: list[str] = []
    for group in GROUPS:
        roles = _roles(settings.roles.get(group, ()))
        lines.append(f"**{GROUP_WORDS[group]}**: {roles or _NOBODY_ELSE[group]}")
    commands = {name: numbers for name, numbers in settings.roles.items() if name.startswith("/")}
    lines += [f"**{name}**: {_roles(numbers)}" for name, numbers in sorted(commands.items())]
    return "\n".join(lines)


def _roles(numbers: tuple[int, ...]) -> str:
    return ", ".join(f"<@&{number}>" for number in numbers)
