"""Discord's JSON of messages, and through `place_wire.py` of everything else, as REST and the gateway carry it.

Knows the state and how Discord writes it; of who asks it knows only whether it has the message content privilege.
"""

import copy
import re
from typing import Any

from sandbox.clock import isoformat
from sandbox.links import MEDIA_HOST, LinkMaker
from sandbox.model import FLAG_COMPONENTS_V2, Attachment, Message
from sandbox.place_wire import Json, PlaceWire, user_json
from sandbox.state import World

_CDN_ADDRESS = re.compile(r"https://(?:cdn\.discordapp\.com|media\.discordapp\.net)/attachments/\d+/(\d+)/")


class Wire(PlaceWire):
    """Writes Discord's JSON from the world."""

    def __init__(self, world: World, links: LinkMaker) -> None:
        super().__init__(world)
        self._links = links

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
            "mention_roles": message.mention_role_ids,
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
        if thread and thread.channel_id != message.channel_id:  # a forum post's first message is in it
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
            if key in ("url", "icon_url") and isinstance(value, str):
                attachment = self._named_file(value, by_name, shown)
                if attachment is not None:
                    node |= self._media_fields(key, attachment)
            else:
                node[key] = self._resolve(value, by_name, shown)
        return node

    def _named_file(self, url: str, by_name: dict[str, Attachment], shown: set[str]) -> Attachment | None:
        """Return the file that an address in an embed or component names.

        Only `attachment://` hides it from the list. An address that was fetched and sent back names it too, but then it
        is shown twice, as on Discord (discord-api-docs issue 4809).
        """
        if url.startswith("attachment://"):
            attachment = by_name.get(url.removeprefix("attachment://"))
            if attachment is not None:
                shown.add(attachment.filename)
            return attachment
        match = _CDN_ADDRESS.match(url)
        return self._world.attachments.get(match.group(1)) if match else None

    def _media_fields(self, key: str, attachment: Attachment) -> Json:
        fields: Json = {key: self._links.url(attachment), "proxy_" + key: self._links.url(attachment, host=MEDIA_HOST)}
        if key == "url":
            facts = self.attachment(attachment)
            fields |= {
                name: facts[name] for name in ("width", "height", "content_type", "description") if name in facts
            }
        return fields

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
        if message.points_to is not None:
            return {"message_reference": {"type": 0, **message.points_to, "guild_id": self.guild_id}}
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
