"""What a server decided for itself, as a value, and how it bears on orders and limits. It knows no Discord and no SQL.

Defaults fill in what a person left out; limits only ever lower the operator's. Direct messages have no settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import structlog

from bot.services.house.pace import PaceLimits
from core.errors import InputError
from core.settings import LimitSettings
from media.protocol import AudioFormat
from music.names import parse_genre

_log = structlog.stdlib.get_logger(__name__)

AUDIO_FORMATS: tuple[AudioFormat, ...] = ("ogg", "mp3", "flac", "wav")
LANGUAGES: Mapping[str, str] = {"en": "English"}
"""What the bot can speak. The setting is stored per server; translations beyond English do not exist yet."""

MAX_RETENTION_DAYS = 3650
MAX_COMMANDS = 10_000
"""A minute, where the operator has no limit."""
MAX_ROLES = 25  # what Discord's own select takes


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """One server's choices; None and empty leave a thing as the operator has it.

    ``roles``: who may do what, by group or by "/command": the numbers of roles; a name that is missing is open to all who
    may by Discord's own rules. ``channel_ids``: the only channels where it answers; empty: all. ``retention_days``: results
    older than that lose their music; None: they are kept until somebody deletes them. ``learns``: votes of songs teach which takes to suggest.
    """

    genre: str | None = None
    soundfont: str | None = None
    audio_format: AudioFormat | None = None
    max_jobs_per_user: int | None = None
    max_bars: int | None = None
    max_commands_per_person: int | None = None
    max_commands_per_channel: int | None = None
    max_commands_per_server: int | None = None
    roles: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    channel_ids: tuple[int, ...] = ()
    language: str = "en"
    retention_days: int | None = None
    learns: bool = False


DEFAULTS = GuildSettings()


def settings_to_json(settings: GuildSettings) -> dict[str, Any]:
    """Return settings as plain JSON values, without what is at its default."""
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    usual: dict[str, Any] = msgspec.to_builtins(DEFAULTS)
    return {name: value for name, value in plain.items() if value != usual[name]}


def settings_from_json(data: Mapping[str, Any]) -> GuildSettings:
    """Return the settings that ``settings_to_json`` wrote; what this version does not know or take any more is left out."""
    kept: dict[str, Any] = {}
    for name, value in data.items():
        try:
            msgspec.convert({name: value}, GuildSettings)
        except msgspec.ValidationError:
            _log.warning("guild_setting_left_out", name=name)
        else:
            kept[name] = value
    return msgspec.convert(kept, GuildSettings)


def check_settings(settings: GuildSettings, *, soundfonts: Mapping[str, Any], limits: LimitSettings) -> GuildSettings:
    """Return settings with names spelled as we spell them.

    Raises:
        InputError: for what does not exist here, or is beyond the operator's limits, with what to choose instead.
    """
    genre = None if not settings.genre else parse_genre(settings.genre)
    if settings.soundfont is not None and settings.soundfont not in soundfonts:
        names = ", ".join(soundfonts) or "none"
        raise InputError(f"There is no SoundFont of that name on this machine. Choose one of: {names}.")
    if settings.audio_format is not None and settings.audio_format not in AUDIO_FORMATS:
        raise InputError(f"Sound comes as {', '.join(AUDIO_FORMATS)}. Choose one of them.")
    if settings.language not in LANGUAGES:
        raise InputError(f"I speak {', '.join(LANGUAGES.values())} only, for now.")
    _check_range("pieces in the making a person", settings.max_jobs_per_user, highest=limits.max_jobs_per_user)
    _check_range("bars", settings.max_bars, highest=limits.max_bars)
    for what, number, highest in (
        ("commands in a minute of one person", settings.max_commands_per_person, limits.max_commands_per_minute),
        (
            "commands in a minute in one channel",
            settings.max_commands_per_channel,
            limits.max_channel_commands_per_minute,
        ),
        (
            "commands in a minute on this server",
            settings.max_commands_per_server,
            limits.max_server_commands_per_minute,
        ),
    ):
        _check_range(what, number, highest=highest or MAX_COMMANDS)
    _check_range("days", settings.retention_days, highest=MAX_RETENTION_DAYS)
    return replace(settings, genre=genre)


def _check_range(what: str, number: int | None, *, highest: int) -> None:
    if number is not None and not 1 <= number <= highest:
        raise InputError(f"Choose from 1 to {highest} {what}: whoever runs me allows no more.")


def lowered_limits(limits: LimitSettings, settings: GuildSettings) -> LimitSettings:
    """Return the operator's limits, lowered where the server wants less; never raised."""
    changes: dict[str, int] = {}
    if settings.max_jobs_per_user is not None:
        changes["max_jobs_per_user"] = min(limits.max_jobs_per_user, settings.max_jobs_per_user)
    if settings.max_bars is not None:
        changes["max_bars"] = min(limits.max_bars, settings.max_bars)
    return limits.model_copy(update=changes)


def pace_limits(limits: LimitSettings, settings: GuildSettings) -> PaceLimits:
    """Return how many orders a minute pass from a place: the operator's limits, lowered where the server wants fewer."""
    return PaceLimits(
        person=limits.max_commands_per_minute,
        person_here=settings.max_commands_per_person or 0,
        channel=_fewer(limits.max_channel_commands_per_minute, settings.max_commands_per_channel),
        server=_fewer(limits.max_server_commands_per_minute, settings.max_commands_per_server),
    )


def _fewer(operators: int, servers: int | None) -> int:
    """Return the lower of two limits; 0 and None are none."""
    return min((number for number in (operators, servers) if number), default=0)
