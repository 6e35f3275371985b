"""Messages: written, edited, deleted, reacted to, by the bot and by people, after Discord's rules.

Knows permissions and content rules; knows nothing of HTTP. Every change is announced here and nowhere else.
"""

from dataclasses import dataclass, field

from sandbox import message_rules
from sandbox.announcer import Announcer
from sandbox.component_rules import check_message_components
from sandbox.errors import (
    RefusedError,
    bad_form,
    missing_access,
    missing_permissions,
    system_message,
    thread_is_archived,
    unknown_channel,
    unknown_message,
)
from sandbox.media_facts import clean_filename
from sandbox.model import (
    FLAG_COMPONENTS_V2,
    FLAG_EPHEMERAL,
    FLAG_LOADING,
    FLAG_SUPPRESS_EMBEDS,
    FLAG_SUPPRESS_NOTIFICATIONS,
    FLAG_VOICE_MESSAGE,
    MESSAGE_REPLY,
    Attachment,
    Channel,
    Message,
    User,
)
from sandbox.permissions import BITS
from sandbox.place_wire import Json
from sandbox.state import World
from sandbox.uploads import Upload, store_upload
from sandbox.wire import Wire

_SENDER_FLAGS = FLAG_SUPPRESS_EMBEDS | FLAG_SUPPRESS_NOTIFICATIONS | FLAG_VOICE_MESSAGE | FLAG_COMPONENTS_V2


@dataclass(slots=True, kw_only=True)
class Draft:
    """A message to be: Discord's JSON, its files, and where it comes from.

    The message that `opens_post` is the first in a new forum post, has its id, and the post is announced before it.
    """

    payload: Json
    files: dict[int, Upload] = field(default_factory=dict[int, Upload])
    kind: int = 0
    interaction: Json | None = None
    reply_to_id: str | None = None
    ephemeral_user_id: str | None = None
    is_loading: bool = False
    opens_post: bool = False
    points_to: dict[str, str] | None = None


class Messages:
    """Changes messages and tells everyone."""

    def __init__(self, world: World, wire: Wire, announcer: Announcer) -> None:
        self._world = world
        self._wire = wire
        self._announcer = announcer

    # Finding, with the bot's eyes

    def require_permissions(self, channel: Channel, *names: str) -> None:
        """Raises: RefusedError when the bot cannot see the channel (50001) or lacks one of these permissions (50013)."""
        permissions = self._wire.bot_permissions(channel)
        if not permissions & BITS["view_channel"]:
            raise missing_access()
        for name in names:
            if not permissions & BITS[name]:
                raise missing_permissions()

    def bot_channel(self, channel_id: str) -> Channel:
        """Return a channel that the bot can see. Raises: RefusedError."""
        channel = self._world.channels.get(channel_id)
        if channel is None:
            raise unknown_channel()
        self.require_permissions(channel)
        return channel

    def bot_message(self, channel_id: str, message_id: str) -> Message:
        """Return a message that the bot can see through its channel; ephemeral ones are not there. Raises: RefusedError."""
        channel = self.bot_channel(channel_id)
        message = self._world.messages.get(message_id)
        if message is None or message.channel_id != channel.channel_id or message.is_ephemeral:
            raise unknown_message()
        return message

    def bot_history(
        self, channel: Channel, *, limit: int, before: str | None, after: str | None, around: str | None
    ) -> list[Message]:
        """Return messages of a channel, newest first; none when the bot may not read the history."""
        if not self._wire.bot_permissions(channel) & BITS["read_message_history"]:
            return []
        seen = [each for each in self._world.messages_in(channel.channel_id) if not each.is_ephemeral]
        if after:
            return [each for each in seen if int(each.message_id) > int(after)][:limit][::-1]
        if around:
            half = limit // 2
            older = [each for each in seen if int(each.message_id) <= int(around)][-half - 1 :]
            newer = [each for each in seen if int(each.message_id) > int(around)][:half]
            return (older + newer)[::-1][:limit]
        if before:
            seen = [each for each in seen if int(each.message_id) < int(before)]
        return seen[-limit:][::-1]

    def history_json(self, message: Message, *, has_content_privilege: bool) -> Json:
        """Return a message as the bot may see it over REST."""
        return self._wire.message(message, is_privileged=has_content_privilege)

    # Writing

    def check_bot_may_send(self, channel: Channel, payload: Json, *, num_files: int) -> None:
        """Raises: RefusedError when the bot lacks a permission for this message, or this is no place for messages."""
        if channel.kind == "forum":
            raise RefusedError(400, 50008, "Cannot send messages in a non-text channel")
        person = self._world.users.get(channel.user_id or "")
        if person is not None and not (self._world.is_bot_member and person.is_member):
            raise RefusedError(403, 50007, "Cannot send messages to this user")
        self.require_permissions(channel, "send_messages_in_threads" if channel.kind == "thread" else "send_messages")
        self.check_extras(channel, payload, num_files=num_files)
        may_read = self._wire.bot_permissions(channel) & BITS["read_message_history"]
        if payload.get("message_reference") and not may_read:
            raise RefusedError(403, 160002, "Cannot reply without permission to read message history")
        if channel.is_locked and not self._wire.bot_permissions(channel) & BITS["manage_threads"]:
            raise RefusedError(403, 160005, "Thread is locked")

    def check_extras(self, channel: Channel, payload: Json, *, num_files: int) -> None:
        """Raises: RefusedError when the bot may not attach files or embed links here, also in answers to interactions."""
        permissions = self._wire.bot_permissions(channel)
        if num_files and not permissions & BITS["attach_files"]:
            raise missing_permissions()
        if payload.get("embeds") and not permissions & BITS["embed_links"]:
            raise missing_permissions()

    def create(self, channel: Channel, author: User, draft: Draft) -> Message:
        """Write a message and announce it. Raises: RefusedError when it breaks a rule."""
        payload = draft.payload
        flags = int(payload.get("flags") or 0) & _SENDER_FLAGS
        if draft.ephemeral_user_id:
            flags |= FLAG_EPHEMERAL
        if draft.is_loading:
            flags |= FLAG_LOADING
        reply_to_id = draft.reply_to_id or self._reply_target(channel, payload.get("message_reference"))
        message = Message(
            message_id=channel.channel_id if draft.opens_post else self._world.ids.next_id(),
            channel_id=channel.channel_id,
            author_id=author.user_id,
            content="",
            created_at=self._world.clock.now(),
            kind=MESSAGE_REPLY if reply_to_id and not draft.kind else draft.kind,
            flags=flags,
            reply_to_id=reply_to_id,
            interaction=draft.interaction,
            ephemeral_user_id=draft.ephemeral_user_id,
            nonce=message_rules.check_nonce(payload.get("nonce")),
            points_to=draft.points_to,
        )
        self._fill(message, payload, draft.files)
        if not draft.is_loading and not message.is_system:
            self._refuse_empty(message)
        if not message.is_ephemeral:
            self.wake(channel)
        self._world.save_message(message)
        if draft.opens_post:
            self._announcer.channel_created(channel)
        self._announcer.message_created(message)
        return message

    def wake(self, channel: Channel) -> None:
        """Take a thread out of the archive, as a new message in it does."""
        if not channel.is_archived:
            return
        channel.is_archived = False
        channel.archive_changed_at = self._world.clock.now()
        self._world.save_channel(channel)
        self._announcer.channel_updated(channel)

    def refuse_archived(self, message: Message) -> None:
        """Raises: RefusedError when the message is in an archived thread, where it may only be deleted."""
        if self._world.channels[message.channel_id].is_archived:
            raise thread_is_archived()

    def edit(self, message: Message, payload: Json, files: dict[int, Upload]) -> Message:
        """Change a message and announce it; it is no longer loading. Raises: RefusedError when it breaks a rule."""
        self.refuse_archived(message)
        if message.is_system:
            raise system_message()
        before = message.flags
        if (
            message.flags & FLAG_COMPONENTS_V2
            and "flags" in payload
            and not int(payload["flags"] or 0) & FLAG_COMPONENTS_V2
        ):
            raise bad_form(
                ["flags"],
                "The components V2 flag cannot be taken off a message.",
                "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG",
            )
        wanted = int(payload["flags"] or 0) if "flags" in payload else before
        edited = Message(**{name: getattr(message, name) for name in Message.__slots__})
        edited.flags = (before & ~_SENDER_FLAGS & ~FLAG_LOADING) | (wanted & _SENDER_FLAGS)
        self._fill(edited, payload, files)
        self._refuse_empty(edited)
        if not message.is_loading:
            edited.edited_at = self._world.clock.now()
        self._forget_files(message, edited)
        self._world.save_message(edited)
        self._announcer.message_updated(edited)
        return edited

    def _forget_files(self, before: Message, after: Message) -> None:
        kept_ids = {attachment.attachment_id for attachment in after.attachments}
        for attachment in before.attachments:
            if attachment.attachment_id not in kept_ids:
                self._world.database.remove_file(attachment.attachment_id)

    def _reply_target(self, channel: Channel, reference: Json | None) -> str | None:
        if not reference:
            return None
        if reference.get("type", 0) != 0:
            raise bad_form(["message_reference", "type"], "Forwarding is not part of this sandbox.")
        target = self._world.messages.get(str(reference.get("message_id")))
        if target is None or target.channel_id != channel.channel_id or target.is_ephemeral:
            if reference.get("fail_if_not_exists", True):
                raise bad_form(["message_reference"], "Unknown message", "REPLIES_UNKNOWN_MESSAGE")
            return None
        return target.message_id

    def _fill(self, message: Message, payload: Json, files: dict[int, Upload]) -> None:
        """Check and take over what the payload names; what it does not name stays."""
        if "content" in payload:
            message.content = message_rules.check_content(payload["content"])
        embeds = payload.get("embeds", message.embeds)
        names = self._filenames(message, payload, files)
        message.embeds = message_rules.check_embeds(embeds, filenames=names)
        is_v2 = bool(message.flags & FLAG_COMPONENTS_V2)
        if "components" in payload:
            message.components = check_message_components(payload["components"], is_v2=is_v2, filenames=names)
        if is_v2 and (message.content or message.embeds):
            text = "The 'content' and 'embeds' fields cannot be used with components V2"
            raise bad_form(["flags"], text, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2")
        message.attachments = self._attachments(message, payload, files)
        if "content" in payload or message.reply_to_id:
            self._find_mentions(message, payload)

    def _filenames(self, message: Message, payload: Json, files: dict[int, Upload]) -> set[str]:
        listed = {str(entry.get("id")): entry for entry in payload.get("attachments") or []}
        new = {
            clean_filename(str((listed.get(str(n)) or {}).get("filename") or file.filename))
            for n, file in files.items()
        }
        return new | {attachment.filename for attachment in message.attachments}

    def _attachments(self, message: Message, payload: Json, files: dict[int, Upload]) -> list[Attachment]:
        """Keep what is listed or still shown by an embed, describe it anew, and add the new files in their order."""
        message_rules.check_facts(payload.get("attachments") or [])
        listed: dict[str, Json] = {str(entry.get("id")): entry for entry in payload.get("attachments") or []}
        kept = list(message.attachments)
        if payload.get("attachments") is not None:
            shown = str(message.embeds) + str(message.components)
            kept = [each for each in kept if each.attachment_id in listed or f"attachment://{each.filename}'" in shown]
        for attachment in kept:
            described = listed.get(attachment.attachment_id) or {}
            attachment.description = described.get("description", attachment.description)
        message_rules.check_num_files(len(kept) + len(files))
        new = [
            store_upload(self._world, file, channel_id=message.channel_id, facts=listed.get(str(number)))
            for number, file in sorted(files.items())
        ]
        return kept + new

    def _find_mentions(self, message: Message, payload: Json) -> None:
        channel = self._world.channels[message.channel_id]
        is_bot = message.author_id == self._world.identity.application_id
        if is_bot:
            permissions = self._wire.bot_permissions(channel)
        else:
            permissions = self._wire.person_permissions(channel, self._world.users[message.author_id])
        target = self._world.messages.get(message.reply_to_id or "")
        message.mention_ids, message.mentions_everyone = message_rules.find_mentions(
            message.content,
            payload.get("allowed_mentions"),
            may_mention_everyone=bool(permissions & BITS["mention_everyone"]),
            replied_user_id=target.author_id if target else None,
        )
        may_mention_all = bool(permissions & BITS["mention_everyone"])
        message.mention_role_ids = message_rules.find_role_mentions(
            message.content,
            payload.get("allowed_mentions"),
            mentionable_ids=[
                role.role_id for role in self._world.roles.values() if role.is_mentionable or may_mention_all
            ],
        )

    def _refuse_empty(self, message: Message) -> None:
        if not (message.content or message.embeds or message.attachments or message.components):
            raise RefusedError(400, 50006, "Cannot send an empty message")

    # Deleting and reacting

    def delete(self, message: Message) -> None:
        """Delete a message and announce it."""
        self._world.remove_message(message)
        self._announcer.message_deleted(message)

    def delete_many(self, channel: Channel, messages: list[Message]) -> None:
        """Delete several messages of one channel at once; the bot hears of it in one event."""
        for message in messages:
            self._world.remove_message(message)
        self._announcer.messages_deleted(channel, messages)

    def react(self, message: Message, user: User, emoji: str) -> None:
        """Add a reaction, once for each person, and announce it. Raises: RefusedError."""
        self.refuse_archived(message)
        entry = next((each for each in message.reactions if each["emoji"] == emoji), None)
        if entry is None:
            if len(message.reactions) >= 20:
                raise RefusedError(400, 30010, "Maximum number of reactions reached (20)")
            entry = {"emoji": emoji, "user_ids": []}
            message.reactions.append(entry)
        if user.user_id in entry["user_ids"]:
            return
        entry["user_ids"].append(user.user_id)
        self._world.save_message(message)
        self._announcer.reaction_changed(message, user=user, emoji=emoji, is_added=True)

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        """Take a reaction back and announce it. Raises: RefusedError when there is none."""
        self.refuse_archived(message)
        entry = next((each for each in message.reactions if each["emoji"] == emoji), None)
        if entry is None or user.user_id not in entry["user_ids"]:
            raise RefusedError(404, 10014, "Unknown Emoji")
        entry["user_ids"].remove(user.user_id)
        if not entry["user_ids"]:
            message.reactions.remove(entry)
        self._world.save_message(message)
        self._announcer.reaction_changed(message, user=user, emoji=emoji, is_added=False)
