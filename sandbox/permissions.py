"""Discord's permission bits by name, and what the members of the sandbox's server may do at first."""

from collections.abc import Iterable

BITS: dict[str, int] = {
    "create_instant_invite": 1 << 0,
    "kick_members": 1 << 1,
    "ban_members": 1 << 2,
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "send_tts_messages": 1 << 12,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "connect": 1 << 20,
    "speak": 1 << 21,
    "change_nickname": 1 << 26,
    "manage_nicknames": 1 << 27,
    "manage_roles": 1 << 28,
    "manage_webhooks": 1 << 29,
    "use_application_commands": 1 << 31,
    "manage_threads": 1 << 34,
    "create_public_threads": 1 << 35,
    "create_private_threads": 1 << 36,
    "use_external_stickers": 1 << 37,
    "send_messages_in_threads": 1 << 38,
    "send_voice_messages": 1 << 46,
    "send_polls": 1 << 49,
    "use_external_apps": 1 << 50,
    "pin_messages": 1 << 51,
}


ALL = sum(BITS.values())
"""What the owner of a server and administrators may do."""


def names_of(mask: int) -> list[str]:
    """Return the names of the permissions in a mask."""
    return [name for name, bit in BITS.items() if mask & bit]


def mask_of(names: Iterable[str]) -> int:
    """Return the bits of these permissions. Raises: KeyError for an unknown name."""
    mask = 0
    for name in names:
        mask |= BITS[name]
    return mask


EVERYONE = mask_of(
    [
        "create_instant_invite",
        "add_reactions",
        "view_channel",
        "send_messages",
        "embed_links",
        "attach_files",
        "read_message_history",
        "mention_everyone",
        "use_external_emojis",
        "connect",
        "speak",
        "change_nickname",
        "use_application_commands",
        "create_public_threads",
        "create_private_threads",
        "use_external_stickers",
        "send_messages_in_threads",
        "send_voice_messages",
        "send_polls",
        "use_external_apps",
    ]
)
INVITATION = mask_of(["pin_messages"])
"""What the bot's invitation asks for beyond what everyone may: Discord gives it a role of its own with these."""

DIRECT_MESSAGES = mask_of(
    [
        "view_channel",
        "send_messages",
        "embed_links",
        "attach_files",
        "read_message_history",
        "add_reactions",
        "use_external_emojis",
    ]
)
