"""One small server as Discord's JSON: its people, channels, messages and roles. It knows no bot and no HTTP."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

APPLICATION_ID, BOT_ID, GUILD_ID = 9001, 9001, 500
CHANNEL_ID, PRIVATE_CHANNEL_ID, DM_CHANNEL_ID, THREAD_ID = 600, 601, 602, 603
ALL_RIGHTS = 2**46 - 1
_MODERATION = 0x8 | 0x20 | 0x2000  # administrator, manage server, manage messages
MEMBER_RIGHTS = ALL_RIGHTS & ~_MODERATION
_VIEW_CHANNEL = 0x400
_MOMENT = "2026-11-23T00:00:00+00:00"
_NO_COLOURS = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}


def user_json(user_id: int, *, name: str, is_bot: bool = False) -> Json:
    """Return a user as Discord tells of one."""
    return {
        "id": str(user_id),
        "username": name[:32],
        "discriminator": "0",
        "global_name": name,
        "avatar": None,
        "bot": is_bot,
    }


def message_json(message_id: int, *, channel_id: int, author: Json, content: str = "") -> Json:
    """Return a message as Discord tells of one."""
    return {
        "id": str(message_id), "channel_id": str(channel_id), "author": author, "content": content, "timestamp": _MOMENT,
        "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": False, "type": 0, "components": [], "flags": 0,
    }  # fmt: skip


def thread_json(thread_id: int, *, parent_id: int, name: str) -> Json:
    """Return a thread as Discord tells of one."""
    times = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": _MOMENT, "locked": False}
    return {
        "id": str(thread_id), "guild_id": str(GUILD_ID), "parent_id": str(parent_id), "owner_id": str(BOT_ID), "type": 11,
        "name": name or "thread", "message_count": 0, "member_count": 1, "rate_limit_per_user": 0, "flags": 0,
        "total_message_sent": 0, "last_message_id": None, "thread_metadata": times,
    }  # fmt: skip


def role_json() -> Json:
    """Return the role that everybody has."""
    return {
        "id": str(GUILD_ID), "name": "@everyone", "permissions": str(MEMBER_RIGHTS), "position": 0, "color": 0, "colors": _NO_COLOURS,
        "hoist": False, "managed": False, "mentionable": False, "flags": 0,
    }  # fmt: skip


def guild_json(owner_id: int) -> Json:
    """Return the server as Discord tells of it when the bot connects."""
    hidden = {"id": str(GUILD_ID), "type": 0, "allow": "0", "deny": str(_VIEW_CHANNEL)}
    channels = (_channel_json(CHANNEL_ID, "music", []), _channel_json(PRIVATE_CHANNEL_ID, "hidden", [hidden]))
    return {
        "id": str(GUILD_ID), "name": "Server", "owner_id": str(owner_id), "roles": [role_json()], "channels": list(channels),
        "threads": [thread_json(THREAD_ID, parent_id=CHANNEL_ID, name="song")], "member_count": 3, "joined_at": _MOMENT,
        "emojis": [], "stickers": [], "features": [], "members": [], "presences": [], "voice_states": [], "stage_instances": [],
        "guild_scheduled_events": [], "soundboard_sounds": [],
        **dict.fromkeys(("verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level"), 0),
        **dict.fromkeys(("premium_tier", "premium_subscription_count", "system_channel_flags", "nsfw_level"), 0),
        **dict.fromkeys(("afk_channel_id", "system_channel_id", "rules_channel_id", "public_updates_channel_id", "icon"), None),
        **dict.fromkeys(("splash", "banner", "description", "vanity_url_code", "discovery_splash", "application_id"), None),
        **dict.fromkeys(("widget_enabled", "large", "unavailable", "premium_progress_bar_enabled"), False),
        "afk_timeout": 300, "preferred_locale": "en-US", "max_members": 1000,
    }  # fmt: skip


def _channel_json(channel_id: int, name: str, overwrites: list[Json]) -> Json:
    return {
        "id": str(channel_id), "name": name, "type": 0, "position": 0, "permission_overwrites": overwrites, "nsfw": False,
        "parent_id": None, "topic": None, "rate_limit_per_user": 0, "last_message_id": None, "guild_id": str(GUILD_ID), "flags": 0,
    }  # fmt: skip
