"""Threads and forum posts: started by the bot or by people, at a message, without one, or as a post with its first message.

Knows who may hear of it through `announcer.py`; who may do it is asked by the routes that call this.
"""

from dataclasses import replace

from sandbox.announcer import Announcer
from sandbox.errors import RefusedError, bad_form
from sandbox.messages import Draft, Messages
from sandbox.model import FLAG_HAS_THREAD, MESSAGE_THREAD_CREATED, Channel, Message, User
from sandbox.state import World

_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


class Threads:
    """Starts threads and tells everyone."""

    def __init__(self, world: World, messages: Messages, announcer: Announcer) -> None:
        self._world = world
        self._messages = messages
        self._announcer = announcer

    def start(self, parent: Channel, owner: User, *, name: object, archive_minutes: object = None) -> Channel:
        """Start a public thread without a first message; a notice in its channel leads there. Raises: RefusedError."""
        _check_kind(parent, "text")
        thread = self._make(parent, owner, self._world.ids.next_id(), name, archive_minutes)
        self._announcer.channel_created(thread)
        notice = Draft(payload={"content": thread.name}, kind=MESSAGE_THREAD_CREATED)
        self._messages.create(parent, owner, notice)
        return thread

    def start_at(self, message: Message, owner: User, *, name: object, archive_minutes: object = None) -> Channel:
        """Start a public thread at a message; it has the message's id. Raises: RefusedError."""
        if message.message_id in self._world.channels:
            raise RefusedError(400, 160004, "A thread has already been created for this message")
        parent = self._world.channels[message.channel_id]
        _check_kind(parent, "text")
        thread = self._make(parent, owner, message.message_id, name, archive_minutes)
        self._announcer.channel_created(thread)
        message.flags |= FLAG_HAS_THREAD
        self._world.save_message(message)
        self._announcer.message_updated(message)
        return thread

    def start_post(
        self, forum: Channel, owner: User, draft: Draft, *, name: object, archive_minutes: object = None
    ) -> tuple[Channel, Message]:
        """Start a post in a forum with its first message, which has the post's id. Raises: RefusedError."""
        _check_kind(forum, "forum")
        post = self._make(forum, owner, self._world.ids.next_id(), name, archive_minutes)
        try:
            first = self._messages.create(post, owner, replace(draft, opens_post=True))
        except RefusedError:
            self._world.remove_channel(post)
            raise
        return post, first

    def _make(self, parent: Channel, owner: User, thread_id: str, name: object, archive_minutes: object) -> Channel:
        thread = Channel(
            channel_id=thread_id,
            kind="thread",
            name=checked_name(name),
            parent_id=parent.channel_id,
            owner_id=owner.user_id,
            auto_archive_minutes=checked_minutes(1440 if archive_minutes is None else archive_minutes),
        )
        self._world.save_channel(thread)
        return thread


def _check_kind(parent: Channel, kind: str) -> None:
    if parent.kind != kind:
        raise RefusedError(400, 50024, "Cannot execute action on this channel type")


def checked_name(name: object) -> str:
    """Return the name of a channel or thread. Raises: RefusedError unless it has 1 to 100 characters."""
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise bad_form(["name"], "Must be between 1 and 100 in length.", "BASE_TYPE_BAD_LENGTH")
    return name


def checked_minutes(minutes: object) -> int:
    """Return after how many minutes of rest a thread is archived. Raises: RefusedError for other numbers than Discord's."""
    if not isinstance(minutes, int) or minutes not in _ARCHIVE_MINUTES:
        text = f"Value must be one of {_ARCHIVE_MINUTES}."
        raise bad_form(["auto_archive_duration"], text, "BASE_TYPE_CHOICES")
    return minutes
