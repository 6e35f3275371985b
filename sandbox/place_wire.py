"""Discord's JSON of people and places: users, members, roles, channels, threads and the server.

Also tells what the bot and people may do in a channel. Messages are in `wire.py`.
"""

import copy
from typing import Any

from sandbox.clock import created_at, isoformat
from sandbox.model import Channel, Role, User
from sandbox.permissions import ALL, BITS, DIRECT_MESSAGES, EVERYONE, INVITATION
from sandbox.state import World

Json = dict[str, Any]

CHANNEL_TYPES = {"text": 0, "dm": 1, "thread": 11, "forum": 15}
GUILD_NAME = "Tutti sandbox"
_GUILD_CONSTANTS: Json = {
    "icon": None,
    "splash": None,
    "discovery_splash": None,
    "banner": None,
    "description": None,
    "region": None,
    "afk_channel_id": None,
    "afk_timeout": 300,
    "verification_level": 0,
    "default_message_notifications": 1,
    "explicit_content_filter": 0,
    "emojis": [],
    "stickers": [],
    "features": [],
    "mfa_level": 0,
    "application_id": None,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "rules_channel_id": None,
    "public_updates_channel_id": None,
    "safety_alerts_channel_id": None,
    "vanity_url_code": None,
    "premium_tier": 0,
    "premium_subscription_count": 0,
    "premium_progress_bar_enabled": False,
    "preferred_locale": "en-US",
    "nsfw_level": 0,
    "nsfw": False,
    "max_members": 500_000,
    "max_presences": None,
    "max_video_channel_users": 25,
    "widget_enabled": False,
}
_FORUM_CONSTANTS: Json = {
    "available_tags": [],
    "default_reaction_emoji": None,
    "default_sort_order": None,
    "default_forum_layout": 0,
    "default_thread_rate_limit_per_user": 0,
}


def user_json(user: User) -> Json:
    """Return a user object."""
    return {
        "id": user.user_id,
        "username": user.name if not user.is_bot else user.name.lower(),
        "global_name": None if user.is_bot else user.name,
        "discriminator": "0000" if user.is_bot else "0",
        "avatar": None,
        "bot": user.is_bot,
        "public_flags": 0,
        "flags": 0,
    }


def created_iso(snowflake: str) -> str:
    """Return when an id was made."""
    return isoformat(created_at(snowflake))


class PlaceWire:
    """Writes Discord's JSON of people and places from the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def guild_id(self) -> str:
        """The one server's id."""
        return self._world.identity.guild_id

    def bot_permissions(self, channel: Channel) -> int:
        """Return what the bot may do in a channel; a thread has the permissions of its parent.

        Nothing in a server that it has left.
        """
        if channel.kind == "dm":
            return DIRECT_MESSAGES
        if not self._world.is_bot_member:
            return 0
        place = self._world.channels[channel.parent_id] if channel.parent_id else channel
        permissions = self.guild_permissions(self._world.bot)
        if permissions & BITS["administrator"]:
            return permissions
        return (permissions & ~place.deny) | place.allow

    def guild_permissions(self, user: User) -> int:
        """Return what somebody may do in the server: everything for its owner and administrators."""
        owner = self._world.owner
        if owner is not None and user.user_id == owner.user_id:
            return ALL
        permissions = EVERYONE | (INVITATION if user.is_bot else 0)
        for role_id in user.role_ids:
            permissions |= self._world.roles[role_id].permissions
        return ALL if permissions & BITS["administrator"] else permissions

    def person_permissions(self, channel: Channel, user: User) -> int:
        """Return what a person may do in a channel."""
        return DIRECT_MESSAGES if channel.kind == "dm" else self.guild_permissions(user)

    def member(self, user: User, *, with_user: bool = True) -> Json:
        """Return a member object of the server."""
        member: Json = {
            "nick": None,
            "avatar": None,
            "roles": list(user.role_ids),
            "joined_at": isoformat(user.joined_at) if user.joined_at else created_iso(user.user_id),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": None,
        }
        if with_user:
            member["user"] = user_json(user)
        return member

    def channel(self, channel: Channel) -> Json:
        """Return a channel or thread object."""
        body: Json = {
            "id": channel.channel_id,
            "type": CHANNEL_TYPES[channel.kind],
            "last_message_id": channel.last_message_id,
            "flags": 0,
        }
        if channel.last_pin_at:
            body["last_pin_timestamp"] = isoformat(channel.last_pin_at)
        if channel.kind == "dm":
            person = self._world.users[channel.user_id or ""]
            return {**body, "recipients": [user_json(person)]}
        body |= {"guild_id": self.guild_id, "name": channel.name, "rate_limit_per_user": 0}
        if channel.kind == "thread":
            return body | self._thread_fields(channel)
        body |= {
            "topic": channel.topic,
            "position": 0,
            "nsfw": False,
            "parent_id": None,
            "permission_overwrites": self._overwrites(channel),
        }
        return body | copy.deepcopy(_FORUM_CONSTANTS) if channel.kind == "forum" else body

    def _overwrites(self, channel: Channel) -> list[Json]:
        if not channel.allow and not channel.deny:
            return []
        bot_id = self._world.identity.application_id
        return [{"id": bot_id, "type": 1, "allow": str(channel.allow), "deny": str(channel.deny)}]

    def _thread_fields(self, thread: Channel) -> Json:
        num_messages = len(self._world.messages_in(thread.channel_id))
        started_at = created_iso(thread.channel_id)
        changed_at = isoformat(thread.archive_changed_at) if thread.archive_changed_at else started_at
        return {
            "parent_id": thread.parent_id,
            "owner_id": thread.owner_id,
            "message_count": num_messages,
            "total_message_sent": num_messages,
            "member_count": 1,
            "applied_tags": [],
            "thread_metadata": {
                "archived": thread.is_archived,
                "locked": thread.is_locked,
                "auto_archive_duration": thread.auto_archive_minutes,
                "archive_timestamp": changed_at,
                "create_timestamp": started_at,
            },
            "member": {
                "id": thread.channel_id,
                "user_id": self._world.identity.application_id,
                "join_timestamp": started_at,
                "flags": 0,
            },
        }

    def roles(self) -> list[Json]:
        """Return the server's roles, `@everyone` first; the later, the higher."""
        everyone = Role(role_id=self.guild_id, name="@everyone", permissions=EVERYONE)
        return [self.role(each) for each in (everyone, *self._world.roles.values())]

    def role(self, role: Role) -> Json:
        """Return a role object."""
        return {
            "id": role.role_id,
            "name": role.name,
            "color": role.color,
            "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": 0 if role.role_id == self.guild_id else 1 + list(self._world.roles).index(role.role_id),
            "permissions": str(role.permissions),
            "managed": False,
            "mentionable": role.is_mentionable,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }

    def guild(self) -> Json:
        """Return the server as REST answers it."""
        world = self._world
        return {
            "id": self.guild_id,
            "name": GUILD_NAME,
            "owner_id": (world.owner or world.bot).user_id,
            "roles": self.roles(),
            **copy.deepcopy(_GUILD_CONSTANTS),
        }

    def guild_create(self, *, with_all_members: bool) -> Json:
        """Return the server as the gateway sends it after READY."""
        world = self._world
        members = [user for user in world.members() if with_all_members or user.is_bot]
        return self.guild() | {
            "joined_at": created_iso(self.guild_id),
            "large": False,
            "unavailable": False,
            "member_count": len(world.members()),
            "members": [self.member(user) for user in members],
            "channels": [self.channel(channel) for channel in world.guild_channels()],
            "threads": [self.channel(thread) for thread in world.threads() if not thread.is_archived],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
