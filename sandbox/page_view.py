"""What the page is told: users, channels and messages in the form that docs/sandbox.md describes.

A message is Discord's own object with addresses of this server in place of the CDN's.
"""

import hashlib
from typing import Any

from sandbox.links import CDN_HOST, MEDIA_HOST
from sandbox.model import Channel, Message, Role, User
from sandbox.permissions import BITS, EVERYONE, names_of
from sandbox.place_wire import Json
from sandbox.state import World
from sandbox.wire import Wire

_CDN_PREFIXES = (f"https://{CDN_HOST}/", f"https://{MEDIA_HOST}/")


def user_color(user_id: str) -> str:
    """Return a colour `#rrggbb` for a user, always the same, of middling lightness."""
    digest = hashlib.sha256(user_id.encode()).digest()
    return "#" + "".join(f"{96 + byte % 112:02x}" for byte in digest[:3])


class PageView:
    """Writes the page's JSON from the world."""

    def __init__(self, world: World, wire: Wire) -> None:
        self._world = world
        self._wire = wire

    def user(self, user: User) -> Json:
        """Return a user, and what they may do in the server."""
        owner = self._world.owner
        return {
            "id": user.user_id,
            "name": user.name,
            "is_bot": user.is_bot,
            "color": user_color(user.user_id),
            "role_ids": list(user.role_ids),
            "is_member": user.is_member,
            "is_owner": owner is not None and owner.user_id == user.user_id,
            "permissions": str(self._wire.guild_permissions(user)),
        }

    def may(self, user: User, permission: str) -> bool:
        """Tell whether a person has a permission in the server."""
        return bool(self._wire.guild_permissions(user) & BITS[permission])

    def role(self, role: Role) -> Json:
        """Return a role."""
        return {
            "id": role.role_id,
            "name": role.name,
            "color": f"#{role.color:06x}" if role.color else None,
            "permissions": names_of(role.permissions),
            "is_mentionable": role.is_mentionable,
        }

    def people(self) -> Json:
        """Return all roles and users: a change of a role changes what its members may do."""
        everyone = Role(role_id=self._wire.guild_id, name="@everyone", permissions=EVERYONE)
        return {
            "roles": [self.role(each) for each in (everyone, *self._world.roles.values())],
            "users": [self.user(user) for user in self._world.users.values()],
        }

    def commands(self) -> list[Json]:
        """Return the bot's commands, as long as it is in the server."""
        return self._world.all_commands() if self._world.is_bot_member else []

    def channel(self, channel: Channel) -> Json:
        """Return a channel."""
        return {
            "id": channel.channel_id,
            "kind": channel.kind,
            "name": channel.name or self._world.bot.name,
            "topic": channel.topic,
            "parent_id": channel.parent_id,
            "user_id": channel.user_id,
            "owner_id": channel.owner_id,
            "is_archived": channel.is_archived,
            "is_locked": channel.is_locked,
            "bot_allow": names_of(channel.allow),
            "bot_deny": names_of(channel.deny),
        }

    def message(self, message: Message) -> Json:
        """Return a message."""
        body = self._localize(self._wire.message(message))
        body["author"] = self.user(self._world.users[message.author_id])
        body["mentions"] = [
            self.user(self._world.users[each]) for each in message.mention_ids if each in self._world.users
        ]
        body["is_ephemeral"] = message.is_ephemeral
        body["is_thinking"] = message.is_loading
        body["reactions"] = [
            {"emoji": each["emoji"], "count": len(each["user_ids"]), "user_ids": each["user_ids"]}
            for each in message.reactions
        ]
        body.pop("interaction", None)
        metadata = body.get("interaction_metadata")
        if metadata is not None:
            person = self._world.users[metadata["user"]["id"]]
            body["interaction_metadata"] = {
                "id": metadata["id"],
                "type": metadata["type"],
                "name": metadata.get("name"),
                "user": self.user(person),
            }
        referenced = body.get("referenced_message")
        if referenced is not None:
            referenced["author"] = self.user(self._world.users[referenced["author"]["id"]])
        if "thread" in body:
            body["thread"] = self.channel(self._world.channels[message.message_id])
        return body

    def _localize(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._localize(child) for child in node]
        if not isinstance(node, dict):
            return node
        local: Json = {}
        for key, value in node.items():
            if key.endswith("url") and isinstance(value, str) and value.startswith(_CDN_PREFIXES):
                local[key] = "/cdn/" + value.split("/", 3)[3].split("?", 1)[0]
            elif not key.startswith("proxy_"):
                local[key] = self._localize(value)
        return local

    def state(self, user_id: str | None, *, is_bot_online: bool) -> Json:
        """Return everything a page needs to start with."""
        world = self._world
        me = world.users.get(user_id or "")
        places = [*world.guild_channels(), *world.threads()]
        if me is not None:
            places += [channel for channel in world.channels.values() if channel.user_id == me.user_id]
        return {
            "me": self.user(me) if me else None,
            **self.people(),
            "guild": {"id": self._wire.guild_id, "name": self._wire.guild()["name"]},
            "channels": [self.channel(channel) for channel in places],
            "commands": self.commands(),
            "bot": {
                "id": world.bot.user_id,
                "name": world.bot.name,
                "online": is_bot_online,
                "is_member": world.is_bot_member,
            },
            "limits": {
                "attachment_size_limit": world.limits.attachment_size_limit_bytes,
                "max_files": 10,
                "max_content_length": 2000,
            },
        }
