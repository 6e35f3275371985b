"""Threads and forum posts: started by the bot or by people, renamed, locked, archived, and archived by themselves at rest.

Knows who may hear of it through `announcer.py`; who may do it is asked by the routes that call this.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.announcer import Announcer
from sandbox.clock import created_at
from sandbox.errors import RefusedError, bad_form, missing_permissions, thread_is_archived
from sandbox.messages import Draft, Messages
from sandbox.model import (
    FLAG_HAS_THREAD,
    MESSAGE_CHANNEL_RENAMED,
    MESSAGE_THREAD_CREATED,
    Channel,
    Message,
    User,
)
from sandbox.state import World

_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


class Threads:
    """Starts threads and tells everyone."""

    def __init__(self, world: World, messages: Messages, announcer: Announcer) -> None:
        self._world = world
        self._messages = messages
        self._announcer = announcer
        world.clock.on_advance(self._archive_idle_ones)

    def start(self, parent: Channel, owner: User, *, name: object, archive_minutes: object = None) -> Channel:
        """Start a public thread without a first message; a notice in its channel leads there. Raises: RefusedError."""
        _check_kind(parent, "text")
        thread = self._make(parent, owner, self._world.ids.next_id(), name, archive_minutes)
        self._announcer.channel_created(thread)
        target = {"channel_id": thread.channel_id}
        notice = Draft(payload={"content": thread.name}, kind=MESSAGE_THREAD_CREATED, points_to=target)
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

    def change(self, thread: Channel, changes: Mapping[str, Any], actor: User, *, is_manager: bool) -> None:
        """Rename, archive, wake or lock a thread, as Discord's documentation allows it. Raises: RefusedError.

        Who started it may do all of that but lock; everybody may wake one that is not locked. An archived thread is
        woken first, or in the same request.
        """
        is_woken = changes.get("archived") is False
        if thread.is_archived and not is_woken:
            if set(changes) - {"archived"}:
                raise thread_is_archived()
            return
        own = {"name", "auto_archive_duration"} | (set() if is_woken else {"archived"})
        needs_manager = "locked" in changes or (is_woken and thread.is_locked)
        needs_owner = bool(own & set(changes))
        if not is_manager and (needs_manager or (needs_owner and thread.owner_id != actor.user_id)):
            raise missing_permissions()

        name = checked_name(changes.get("name", thread.name))
        minutes = checked_minutes(changes.get("auto_archive_duration", thread.auto_archive_minutes))
        is_archived = bool(changes.get("archived", thread.is_archived))
        if is_archived != thread.is_archived or minutes != thread.auto_archive_minutes:
            thread.archive_changed_at = self._world.clock.now()
        is_renamed = name != thread.name
        thread.name, thread.auto_archive_minutes, thread.is_archived = name, minutes, is_archived
        thread.is_locked = bool(changes.get("locked", thread.is_locked))
        self._world.save_channel(thread)
        self._announcer.channel_updated(thread)
        if is_renamed and not is_archived:
            self._messages.create(thread, actor, Draft(payload={"content": name}, kind=MESSAGE_CHANNEL_RENAMED))

    def wake_for(self, thread: Channel, *, is_manager: bool) -> None:
        """Wake a thread for somebody who acts in it, as Discord's own client does. Raises: RefusedError when it is locked."""
        if thread.is_locked and not is_manager:
            raise RefusedError(403, 160005, "Thread is locked")
        self._messages.wake(thread)

    def archived_in(self, parent: Channel) -> list[Channel]:
        """Return the archived threads of a channel, the one that was archived last first."""
        archived = [each for each in self._world.threads() if each.is_archived and each.parent_id == parent.channel_id]
        return sorted(archived, key=lambda each: each.archive_changed_at or 0.0, reverse=True)

    def _archive_idle_ones(self) -> None:
        """Archive the threads in which nothing has happened for their time; asked whenever the clock was moved on."""
        now = self._world.clock.now()
        for thread in self._world.threads():
            last = self._world.messages.get(thread.last_message_id or "")
            moments = (last.created_at if last else 0.0, thread.archive_changed_at or 0.0)
            is_idle = now - max(*moments, created_at(thread.channel_id)) > thread.auto_archive_minutes * 60
            if is_idle and not thread.is_archived:
                thread.is_archived, thread.archive_changed_at = True, now
                self._world.save_channel(thread)
                self._announcer.channel_updated(thread)

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
