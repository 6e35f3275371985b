"""What exists in the sandbox: people, channels, messages, attachments, interactions.

Plain records with string ids, as they are kept on disk. Knows nothing of Discord's JSON (`wire.py`) or of storage.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

FLAG_SUPPRESS_EMBEDS = 1 << 2
FLAG_HAS_THREAD = 1 << 5
FLAG_EPHEMERAL = 1 << 6
FLAG_LOADING = 1 << 7
FLAG_SUPPRESS_NOTIFICATIONS = 1 << 12
FLAG_VOICE_MESSAGE = 1 << 13
FLAG_COMPONENTS_V2 = 1 << 15

MESSAGE_DEFAULT = 0
MESSAGE_CHANNEL_RENAMED = 4
MESSAGE_PINNED = 6
MESSAGE_THREAD_CREATED = 18
MESSAGE_REPLY = 19
MESSAGE_SLASH_COMMAND = 20
MESSAGE_CONTEXT_MENU = 23
SYSTEM_MESSAGES = frozenset({MESSAGE_CHANNEL_RENAMED, MESSAGE_PINNED, MESSAGE_THREAD_CREATED})

INTERACTION_COMMAND = 2
INTERACTION_COMPONENT = 3
INTERACTION_AUTOCOMPLETE = 4
INTERACTION_MODAL = 5


@dataclass(slots=True, kw_only=True)
class User:
    """A person, or the bot; `role_ids` are the roles in the server beside `@everyone`.

    Who left is kept, because their messages are; `is_member` is of the server (the bot's own is `World.is_bot_member`).
    """

    user_id: str
    name: str
    is_bot: bool = False
    role_ids: list[str] = field(default_factory=list[str])
    is_member: bool = True
    joined_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Role:
    """A role of the server; its permissions are added to those of everyone."""

    role_id: str
    name: str
    color: int = 0
    permissions: int = 0
    is_mentionable: bool = False


@dataclass(slots=True, kw_only=True)
class Channel:
    """A text channel, a forum, a thread in either, or the DM of a person with the bot.

    `allow` and `deny` are the bot's own. A thread in a forum is a post; its first message has the thread's id.
    """

    channel_id: str
    kind: str
    name: str = ""
    topic: str | None = None
    parent_id: str | None = None
    user_id: str | None = None
    owner_id: str | None = None
    allow: int = 0
    deny: int = 0
    is_archived: bool = False
    is_locked: bool = False
    auto_archive_minutes: int = 1440
    last_message_id: str | None = None
    last_pin_at: float | None = None
    archive_changed_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Attachment:
    """A file that somebody sent; its bytes lie in the database's folder under the same id."""

    attachment_id: str
    channel_id: str
    filename: str
    content_type: str
    size_bytes: int
    description: str | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    waveform: str | None = None
    is_ephemeral: bool = False


@dataclass(slots=True, kw_only=True)
class Message:
    """A message; embeds and components are Discord's JSON with `attachment://` names still in them.

    `points_to` has the channel, and maybe the message, that a system message is about.
    """

    message_id: str
    channel_id: str
    author_id: str
    content: str
    created_at: float
    edited_at: float | None = None
    kind: int = MESSAGE_DEFAULT
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    embeds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    components: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    mention_ids: list[str] = field(default_factory=list[str])
    mention_role_ids: list[str] = field(default_factory=list[str])
    mentions_everyone: bool = False
    reply_to_id: str | None = None
    reactions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    is_pinned: bool = False
    pinned_at: float | None = None
    nonce: str | None = None
    interaction: dict[str, Any] | None = None
    ephemeral_user_id: str | None = None
    points_to: dict[str, str] | None = None

    @property
    def is_ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & FLAG_EPHEMERAL)

    @property
    def is_system(self) -> bool:
        """Whether Discord wrote it, to say what somebody did."""
        return self.kind in SYSTEM_MESSAGES

    @property
    def is_loading(self) -> bool:
        """Whether it is an acknowledgement without content yet."""
        return bool(self.flags & FLAG_LOADING)


@dataclass(slots=True, kw_only=True)
class Interaction:
    """A command, press, choice or form of a person, and how far the bot has answered it."""

    interaction_id: str
    token: str
    kind: int
    user_id: str
    channel_id: str
    created_at: float
    data: dict[str, Any]
    command_type: int | None = None
    name: str | None = None
    source_message_id: str | None = None
    is_answered: bool = False
    is_failed: bool = False
    response_type: int | None = None
    original_message_id: str | None = None
    modal: dict[str, Any] | None = None
    num_followups: int = 0


def message_from_record(record: dict[str, Any]) -> Message:
    """Rebuild a message from what `dataclasses.asdict` wrote."""
    attachments = [Attachment(**attachment) for attachment in record.pop("attachments")]
    return Message(**record, attachments=attachments)


def to_record(value: User | Role | Channel | Message | Attachment | Interaction) -> dict[str, Any]:
    """Return a value as JSON can hold it."""
    return asdict(value)
