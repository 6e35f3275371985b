"""Interactions from the moment a person acts until the bot has answered, with Discord's clock running.

Enforces: three seconds to acknowledge, one acknowledgement only, which answers fit which interaction, and tokens that
die after fifteen minutes. What a person may send is checked in `invocation.py`; HTTP is elsewhere.
"""

import asyncio
import secrets
from typing import Any

from sandbox.announcer import Announcer
from sandbox.component_rules import check_modal
from sandbox.errors import RefusedError, bad_form, unknown_channel, unknown_message
from sandbox.faults import FaultLog
from sandbox.messages import Draft, Messages
from sandbox.model import (
    FLAG_EPHEMERAL,
    INTERACTION_AUTOCOMPLETE,
    INTERACTION_COMMAND,
    INTERACTION_COMPONENT,
    INTERACTION_MODAL,
    MESSAGE_CONTEXT_MENU,
    MESSAGE_REPLY,
    MESSAGE_SLASH_COMMAND,
    Channel,
    Interaction,
    Message,
    User,
)
from sandbox.place_wire import Json
from sandbox.state import INTERACTION_LIFE_SECONDS, World
from sandbox.uploads import Upload
from sandbox.wire import Wire

ACKNOWLEDGE_SECONDS = 3.0
OFFLINE_SECONDS = 0.5
REPLY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
RESPONSE_NAMES = {
    REPLY: "message",
    DEFER: "thinking",
    DEFER_UPDATE: "deferred_update",
    UPDATE: "update",
    CHOICES: "choices",
    MODAL: "modal",
}


class Interactions:
    """Sends interactions to the bot and takes its answers."""

    def __init__(self, world: World, wire: Wire, announcer: Announcer, messages: Messages, faults: FaultLog) -> None:
        self._world = world
        self._wire = wire
        self._announcer = announcer
        self._messages = messages
        self._faults = faults
        self._timers: dict[str, asyncio.TimerHandle] = {}
        world.clock.on_advance(self._fail_late_ones)

    # From a person to the bot

    def send(
        self,
        user: User,
        channel_id: str,
        *,
        kind: int,
        data: Json,
        command_type: int | None = None,
        name: str | None = None,
        source: Message | None = None,
        is_bot_online: bool,
    ) -> Interaction:
        """Send an interaction to the bot and start its clock."""
        self._world.forget_old_interactions()
        interaction = Interaction(
            interaction_id=self._world.ids.next_id(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            user_id=user.user_id,
            channel_id=channel_id,
            created_at=self._world.clock.now(),
            data=data,
            command_type=command_type,
            name=name,
            source_message_id=source.message_id if source else None,
        )
        self._world.save_interaction(interaction)
        loop = asyncio.get_running_loop()
        delay = ACKNOWLEDGE_SECONDS if is_bot_online else OFFLINE_SECONDS
        handle = loop.call_later(delay, self._fail, interaction.interaction_id, is_bot_online)
        self._timers[interaction.interaction_id] = handle
        is_dm = self._world.channels[channel_id].kind == "dm"
        if is_bot_online:
            self._announcer.interaction_sent(self._event(interaction, user, source), is_dm=is_dm)
        return interaction

    def _event(self, interaction: Interaction, user: User, source: Message | None) -> Json:
        world, channel = self._world, self._world.channels[interaction.channel_id]
        is_dm = channel.kind == "dm"
        guild_id = self._wire.guild_id
        channel_json = self._wire.channel(channel) | {"permissions": str(self._wire.person_permissions(channel, user))}
        event: Json = {
            "id": interaction.interaction_id,
            "application_id": world.identity.application_id,
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": channel.channel_id,
            "channel": channel_json,
            "app_permissions": str(self._wire.bot_permissions(channel)),
            "locale": "en-US",
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {"0": "0" if is_dm else guild_id},
            "context": 1 if is_dm else 0,
            "attachment_size_limit": world.limits.attachment_size_limit_bytes,
        }
        if is_dm:
            event["user"] = self._announcer.user_json(user)
        else:
            member = self._announcer.member_json(user)
            member["permissions"] = str(self._wire.person_permissions(channel, user))
            guild = {"id": guild_id, "locale": "en-US", "features": []}
            event |= {"guild_id": guild_id, "guild": guild, "guild_locale": "en-US", "member": member}
        if source is not None:
            event["message"] = self._wire.message(source)
        return event

    def _fail_late_ones(self) -> None:
        now = self._world.clock.now()
        for interaction_id in list(self._timers):
            if now - self._world.interactions[interaction_id].created_at >= ACKNOWLEDGE_SECONDS:
                self._fail(interaction_id, True)

    def _fail(self, interaction_id: str, was_bot_online: bool) -> None:  # noqa: FBT001 -- called by a timer, which passes no names
        timer = self._timers.pop(interaction_id, None)
        if timer:
            timer.cancel()
        interaction = self._world.interactions.get(interaction_id)
        if interaction is None or interaction.is_answered:
            return
        interaction.is_failed = True
        self._world.save_interaction(interaction)
        text = "The application did not respond"
        if was_bot_online:
            self._faults.add(
                "no_answer", f"{text} within {ACKNOWLEDGE_SECONDS:g} s to {interaction.name or 'a component'}"
            )
        reason = "no_answer" if was_bot_online else "bot_offline"
        event = {"type": "interaction_failed", "interaction_id": interaction_id, "reason": reason, "text": text}
        self._announcer.to_person(interaction.user_id, event)

    def forget_timers(self) -> None:
        """Stop all clocks, at the end or at a reset."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # The bot's first answer

    def respond(self, interaction_id: str, token: str, payload: Json, files: dict[int, Upload]) -> Interaction:
        """Take the acknowledgement. Raises: RefusedError when late (10062), doubled (40060) or unfit (50035)."""
        interaction = self._world.interactions.get(interaction_id)
        if interaction is None or interaction.token != token or interaction.is_failed:
            raise RefusedError(404, 10062, "Unknown interaction")
        if interaction.is_answered:
            raise RefusedError(400, 40060, "Interaction has already been acknowledged.")
        if self._world.clock.now() - interaction.created_at > ACKNOWLEDGE_SECONDS:
            self._fail(interaction_id, True)
            raise RefusedError(404, 10062, "Unknown interaction")
        response = payload.get("type")
        if response not in self._fitting_responses(interaction):
            raise bad_form(["type"], 'Value of field "type" does not fit this interaction.', "BASE_TYPE_CHOICES")

        data = payload.get("data") or {}
        extra_events = self._apply(interaction, int(response), data, files)
        interaction.is_answered = True
        interaction.response_type = int(response)
        self._world.save_interaction(interaction)
        timer = self._timers.pop(interaction_id, None)
        if timer:
            timer.cancel()
        event = {
            "type": "interaction_acknowledged",
            "interaction_id": interaction_id,
            "response": RESPONSE_NAMES[interaction.response_type],
            "message_id": interaction.original_message_id,
        }
        for each in [event, *extra_events]:
            self._announcer.to_person(interaction.user_id, each)
        return interaction

    def _fitting_responses(self, interaction: Interaction) -> tuple[int, ...]:
        if interaction.kind == INTERACTION_AUTOCOMPLETE:
            return (CHOICES,)
        if interaction.kind == INTERACTION_COMMAND:
            return (REPLY, DEFER, MODAL)
        if interaction.kind == INTERACTION_COMPONENT:
            return (REPLY, DEFER, DEFER_UPDATE, UPDATE, MODAL)
        return (REPLY, DEFER, DEFER_UPDATE, UPDATE) if interaction.source_message_id else (REPLY, DEFER, DEFER_UPDATE)

    def _apply(self, interaction: Interaction, response: int, data: Json, files: dict[int, Upload]) -> list[Json]:
        """Do what the answer says; return further events for the person."""
        if response in (REPLY, DEFER):
            message = self._write(interaction, data, files, is_loading=response == DEFER)
            interaction.original_message_id = message.message_id
        elif response in (DEFER_UPDATE, UPDATE):
            interaction.original_message_id = interaction.source_message_id
            if response == UPDATE:
                source = self._message(interaction.source_message_id)
                self._check_extras(interaction, data, files)
                self._messages.edit(source, data, files)
        elif response == CHOICES:
            return [self._choices(interaction, data)]
        else:
            modal = check_modal(data)
            interaction.modal = modal
            return [{"type": "modal_open", "interaction_id": interaction.interaction_id, "modal": modal}]
        return []

    def _choices(self, interaction: Interaction, data: Json) -> Json:
        choices = data.get("choices") or []
        if len(choices) > 25:
            raise bad_form(["data", "choices"], "Must be 25 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
        for index, choice in enumerate(choices):
            for key in ("name", "value"):
                text = choice.get(key)
                if not 1 <= len(str(text)) <= 100:
                    path = ["data", "choices", index, key]
                    raise bad_form(path, "Must be between 1 and 100 in length.", "BASE_TYPE_BAD_LENGTH")
        shown = [{"name": choice["name"], "value": choice["value"]} for choice in choices]
        return {"type": "autocomplete_choices", "interaction_id": interaction.interaction_id, "choices": shown}

    # Messages that answer

    def _check_extras(self, interaction: Interaction, data: Json, files: dict[int, Upload]) -> None:
        self._messages.check_extras(self._channel(interaction), data, num_files=len(files))

    def _channel(self, interaction: Interaction) -> Channel:
        channel = self._world.channels.get(interaction.channel_id)
        if channel is None:
            raise unknown_channel()
        return channel

    def _write(
        self,
        interaction: Interaction,
        data: Json,
        files: dict[int, Upload],
        *,
        is_loading: bool = False,
        is_followup: bool = False,
    ) -> Message:
        self._check_extras(interaction, data, files)
        is_ephemeral = bool(int(data.get("flags") or 0) & FLAG_EPHEMERAL)
        reply_to_id = interaction.original_message_id if is_followup else None
        kind = MESSAGE_REPLY if is_followup else MESSAGE_SLASH_COMMAND
        if interaction.kind != INTERACTION_COMMAND:
            kind = MESSAGE_REPLY
            reply_to_id = reply_to_id or interaction.source_message_id
        elif interaction.command_type != 1 and not is_followup:
            kind = MESSAGE_CONTEXT_MENU
        if reply_to_id not in self._world.messages:
            reply_to_id, kind = None, 0 if kind == MESSAGE_REPLY else kind
        draft = Draft(
            payload={} if is_loading else data,
            files=files,
            kind=kind,
            interaction=self._origin(interaction),
            reply_to_id=reply_to_id,
            ephemeral_user_id=interaction.user_id if is_ephemeral else None,
            is_loading=is_loading,
        )
        return self._messages.create(self._channel(interaction), self._world.bot, draft)

    def _origin(self, interaction: Interaction) -> Json:
        origin: dict[str, Any] = {
            "id": interaction.interaction_id,
            "type": interaction.kind,
            "user_id": interaction.user_id,
            "name": interaction.name,
            "command_type": interaction.command_type,
        }
        if interaction.command_type == 3:
            origin["target_message_id"] = interaction.data.get("target_id")
        if interaction.kind in (INTERACTION_COMPONENT, INTERACTION_MODAL):
            origin["interacted_message_id"] = interaction.source_message_id
        return origin

    def _message(self, message_id: str | None) -> Message:
        message = self._world.messages.get(message_id or "")
        if message is None:
            raise unknown_message()
        return message

    # The webhook of an interaction: its messages until the token dies

    def by_token(self, application_id: str, token: str) -> Interaction:
        """Return an answered interaction. Raises: RefusedError when the token is wrong, dead (50027) or not answered yet (10015)."""
        interaction_id = self._world.interaction_ids_by_token.get(token)
        if interaction_id is None or application_id != self._world.identity.application_id:
            raise RefusedError(401, 50027, "Invalid Webhook Token")
        interaction = self._world.interactions[interaction_id]
        if self._world.clock.now() - interaction.created_at > INTERACTION_LIFE_SECONDS:
            raise RefusedError(401, 50027, "Invalid Webhook Token")
        if not interaction.is_answered:
            raise RefusedError(404, 10015, "Unknown Webhook")
        return interaction

    def find_message(self, interaction: Interaction, message_id: str) -> Message:
        """Return `@original` or a message that this interaction wrote. Raises: RefusedError."""
        if message_id == "@original":
            return self._message(interaction.original_message_id)
        message = self._message(message_id)
        is_own = message.interaction is not None and message.interaction["id"] == interaction.interaction_id
        if not is_own and message_id != interaction.source_message_id:
            raise unknown_message()
        return message

    def edit_message(
        self, interaction: Interaction, message_id: str, payload: Json, files: dict[int, Upload]
    ) -> Message:
        """Edit `@original` or a follow-up. Raises: RefusedError."""
        message = self.find_message(interaction, message_id)
        self._check_extras(interaction, payload, files)
        return self._messages.edit(message, payload, files)

    def follow_up(self, interaction: Interaction, payload: Json, files: dict[int, Upload]) -> Message:
        """Write a further message; the first one after "thinking…" takes its place, as on Discord. Raises: RefusedError."""
        original = self._world.messages.get(interaction.original_message_id or "")
        if interaction.response_type == DEFER and original is not None and original.is_loading:
            self._check_extras(interaction, payload, files)
            return self._messages.edit(original, {**payload, "flags": int(payload.get("flags") or 0)}, files)
        interaction.num_followups += 1
        self._world.save_interaction(interaction)
        return self._write(interaction, payload, files, is_followup=True)

    def delete_message(self, interaction: Interaction, message_id: str) -> None:
        """Delete `@original` or a follow-up. Raises: RefusedError."""
        self._messages.delete(self.find_message(interaction, message_id))
