"""Discord's JSON of what exists in the sandbox, as REST answers and gateway events carry it.

Knows the state and how Discord writes it; of who asks it knows only whether it has the message content privilege.
"""

import copy
from typing import Any

from sandbox.clock import DISCORD_EPOCH_SECONDS, isoformat
from sandbox.links import MEDIA_HOST, LinkMaker
from sandbox.model import FLAG_COMPONENTS_V2, Attachment, Channel, Message, User
from sandbox.permissions import DIRECT_MESSAGES, EVERYONE
from sandbox.state import World

Json = dict[str, Any]

CHANNEL_TYPES = {"text": 0, "dm": 1, "thread": 11}
GUILD_NAME = "Tutti sandbox"


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
    return isoformat((int(snowflake) >> 22) / 1000 + DISCORD_EPOCH_SECONDS)


class Wire:
    """Writes Discord's JSON from the world."""

    def __init__(self, world: World, links: LinkMaker) -> None:
        self._world = world
        self._links = links

    @property
    def guild_id(self) -> str:
        """The one server's id."""
        return self._world.identity.guild_id

    # People and places

    def bot_permissions(self, channel: Channel) -> int:
        """Return what the bot may do in a channel; a thread has the permissions of its parent."""
        if channel.kind == "dm":
            return DIRECT_MESSAGES
        place = self._world.channels[channel.parent_id] if channel.parent_id else channel
        return (EVERYONE & ~place.deny) | place.allow

    def person_permissions(self, channel: Channel) -> int:
        """Return what a person may do in a channel."""
        return DIRECT_MESSAGES if channel.kind == "dm" else EVERYONE

    def member(self, user: User, *, with_user: bool = True) -> Json:
        """Return a member object of the server."""
        member: Json = {
            "nick": None,
            "avatar": None,
            "roles": [],
            "joined_at": created_iso(user.user_id),
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
        if channel.kind == "dm":
            person = self._world.users[channel.user_id or ""]
            return {**body, "recipients": [user_json(person)]}
        body |= {"guild_id": self.guild_id, "name": channel.name, "rate_limit_per_user": 0}
        if channel.kind == "thread":
            return body | self._thread_fields(channel)
        return body | {
            "topic": channel.topic,
            "position": 0,
            "nsfw": False,
            "parent_id": None,
            "permission_overwrites": self._overwrites(channel),
        }

    def _overwrites(self, channel: Channel) -> list[Json]:
        if not channel.allow and not channel.deny:
            return []
        bot_id = self._world.identity.application_id
        return [{"id": bot_id, "type": 1, "allow": str(channel.allow), "deny": str(channel.deny)}]

    def _thread_fields(self, thread: Channel) -> Json:
        num_messages = len(self._world.messages_in(thread.channel_id))
        created_at = created_iso(thread.channel_id)
        return {
            "parent_id": thread.parent_id,
            "owner_id": thread.owner_id,
            "message_count": num_messages,
            "total_message_sent": num_messages,
            "member_count": 1,
            "thread_metadata": {
                "archived": thread.is_archived,
                "locked": thread.is_locked,
                "auto_archive_duration": thread.auto_archive_minutes,
                "archive_timestamp": created_at,
                "create_timestamp": created_at,
            },
            "member": {
                "id": thread.channel_id,
                "user_id": self._world.identity.application_id,
                "join_timestamp": created_at,
                "flags": 0,
            },
        }

    def role_everyone(self) -> Json:
        """Return the role that everyone has."""
        return {
            "id": self.guild_id,
            "name": "@everyone",
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": 0,
            "permissions": str(EVERYONE),
            "managed": False,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }

    def guild(self) -> Json:
        """Return the server as REST answers it."""
        world = self._world
        people = [user for user in world.users.values() if not user.is_bot]
        return {
            "id": self.guild_id,
            "name": GUILD_NAME,
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "banner": None,
            "description": None,
            "owner_id": people[0].user_id if people else world.bot.user_id,
            "region": None,
            "afk_channel_id": None,
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "roles": [self.role_everyone()],
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

    def guild_create(self, *, with_all_members: bool) -> Json:
        """Return the server as the gateway sends it after READY."""
        world = self._world
        members = [user for user in world.users.values() if with_all_members or user.is_bot]
        return self.guild() | {
            "joined_at": created_iso(self.guild_id),
            "large": False,
            "unavailable": False,
            "member_count": len(world.users),
            "members": [self.member(user) for user in members],
            "channels": [self.channel(channel) for channel in world.text_channels()],
            "threads": [self.channel(thread) for thread in world.threads() if not thread.is_archived],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    # Messages

    def attachment(self, attachment: Attachment) -> Json:
        """Return an attachment object with fresh addresses."""
        body: Json = {
            "id": attachment.attachment_id,
            "filename": attachment.filename,
            "size": attachment.size_bytes,
            "url": self._links.url(attachment),
            "proxy_url": self._links.url(attachment, host=MEDIA_HOST),
            "content_type": attachment.content_type,
            "content_scan_version": 0,
            "placeholder_version": 1,
        }
        optional = {
            "description": attachment.description,
            "width": attachment.width,
            "height": attachment.height,
            "duration_secs": attachment.duration_seconds,
            "waveform": attachment.waveform,
        }
        body |= {name: value for name, value in optional.items() if value is not None}
        if attachment.is_ephemeral:
            body["ephemeral"] = True
        return body

    def is_content_public(self, message: Message) -> bool:
        """Tell whether any bot may see the content: its own, one that mentions it, or one in its DMs."""
        bot_id = self._world.identity.application_id
        is_dm = self._world.channels[message.channel_id].kind == "dm"
        return is_dm or message.author_id == bot_id or bot_id in message.mention_ids

    def message(self, message: Message, *, is_privileged: bool = True, with_reference: bool = True) -> Json:
        """Return a message object; without the message content privilege some messages come without their content."""
        world = self._world
        body: Json = {
            "id": message.message_id,
            "channel_id": message.channel_id,
            "author": user_json(world.users[message.author_id]),
            "content": message.content,
            "timestamp": isoformat(message.created_at),
            "edited_timestamp": isoformat(message.edited_at) if message.edited_at else None,
            "tts": False,
            "mention_everyone": message.mentions_everyone,
            "mentions": [user_json(world.users[user_id]) for user_id in message.mention_ids if user_id in world.users],
            "mention_roles": [],
            "pinned": message.is_pinned,
            "type": message.kind,
            "flags": message.flags,
            "reactions": self._reactions(message),
            **self._contents(message),
        }
        if not is_privileged and not self.is_content_public(message):
            body |= {"content": "", "attachments": [], "embeds": [], "components": []}
        if message.nonce is not None:
            body["nonce"] = message.nonce
        body |= self._origin(message)
        if with_reference:
            body |= self._reference(message, is_privileged=is_privileged)
        thread = world.channels.get(message.message_id)
        if thread:
            body["thread"] = self.channel(thread)
        return body

    def _reactions(self, message: Message) -> list[Json]:
        bot_id = self._world.identity.application_id
        return [
            {
                "emoji": {"id": None, "name": reaction["emoji"]},
                "count": len(reaction["user_ids"]),
                "count_details": {"burst": 0, "normal": len(reaction["user_ids"])},
                "me": bot_id in reaction["user_ids"],
                "me_burst": False,
                "burst_colors": [],
            }
            for reaction in message.reactions
        ]

    def _contents(self, message: Message) -> Json:
        """Resolve `attachment://` names; files that an embed shows are not listed again, as on Discord."""
        by_name = {attachment.filename: attachment for attachment in message.attachments}
        shown: set[str] = set()
        embeds = [self._resolve(embed, by_name, shown) for embed in copy.deepcopy(message.embeds)]
        hidden = set() if message.flags & FLAG_COMPONENTS_V2 else set(shown)
        components = [self._resolve(component, by_name, shown) for component in copy.deepcopy(message.components)]
        attachments = [self.attachment(each) for each in message.attachments if each.filename not in hidden]
        return {"attachments": attachments, "embeds": embeds, "components": components}

    def _resolve(self, node: Any, by_name: dict[str, Attachment], shown: set[str]) -> Any:
        if isinstance(node, list):
            return [self._resolve(child, by_name, shown) for child in node]
        if not isinstance(node, dict):
            return node
        for key, value in list(node.items()):
            if isinstance(value, str) and value.startswith("attachment://") and key in ("url", "icon_url"):
                attachment = by_name.get(value.removeprefix("attachment://"))
                if attachment is None:
                    continue
                shown.add(attachment.filename)
                node[key] = self._links.url(attachment)
                node["proxy_" + key] = self._links.url(attachment, host=MEDIA_HOST)
                if key == "url":
                    facts = self.attachment(attachment)
                    node |= {
                        name: facts[name]
                        for name in ("width", "height", "content_type", "description")
                        if name in facts
                    }
            else:
                node[key] = self._resolve(value, by_name, shown)
        return node

    def _origin(self, message: Message) -> Json:
        origin = message.interaction
        if origin is None:
            return {}
        application_id = self._world.identity.application_id
        user = user_json(self._world.users[origin["user_id"]])
        metadata: Json = {
            "id": origin["id"],
            "type": origin["type"],
            "user": user,
            "authorizing_integration_owners": {"0": self.guild_id},
        }
        for key in (
            "name",
            "command_type",
            "target_message_id",
            "interacted_message_id",
            "original_response_message_id",
        ):
            if origin.get(key) is not None:
                metadata[key] = origin[key]
        body: Json = {"application_id": application_id, "webhook_id": application_id, "interaction_metadata": metadata}
        if origin.get("name"):
            body["interaction"] = {"id": origin["id"], "type": origin["type"], "name": origin["name"], "user": user}
        return body

    def _reference(self, message: Message, *, is_privileged: bool) -> Json:
        if message.reply_to_id is None:
            return {}
        target = self._world.messages.get(message.reply_to_id)
        reference: Json = {"type": 0, "message_id": message.reply_to_id, "channel_id": message.channel_id}
        channel = self._world.channels[message.channel_id]
        if channel.kind != "dm":
            reference["guild_id"] = self.guild_id
        referenced = None
        if target is not None:
            referenced = self.message(target, is_privileged=is_privileged, with_reference=False)
        return {"message_reference": reference, "referenced_message": referenced}
