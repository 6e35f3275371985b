"""The page's own API: what people see and do, as docs/sandbox.md describes it.

Translates requests to the parts that do the work. Settings and disturbances for tests are in `page_control.py`.
"""

import unicodedata
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.announcer import Announcer
from sandbox.emoji import is_emoji
from sandbox.errors import PageRequestError
from sandbox.gateway import Gateway
from sandbox.interactions import Interactions
from sandbox.invocation import Invocations
from sandbox.messages import Draft, Messages
from sandbox.model import (
    INTERACTION_AUTOCOMPLETE,
    INTERACTION_COMMAND,
    INTERACTION_COMPONENT,
    INTERACTION_MODAL,
    Channel,
    Interaction,
    Message,
    User,
)
from sandbox.page_events import PageEvents
from sandbox.page_view import PageView
from sandbox.rest.cdn import file_response, find_file
from sandbox.rest.server import json_response
from sandbox.state import World
from sandbox.threads import Threads
from sandbox.uploads import Body, read_body

WEB_FOLDER = Path(__file__).parent / "web"
_MAX_NAME_LENGTH = 32

Json = dict[str, Any]


class PageAPI:
    """Routes for people."""

    def __init__(
        self,
        world: World,
        view: PageView,
        announcer: Announcer,
        *,
        messages: Messages,
        interactions: Interactions,
        invocations: Invocations,
        gateway: Gateway,
        events: PageEvents,
        threads: Threads,
    ) -> None:
        self._world = world
        self._view = view
        self._announcer = announcer
        self._messages = messages
        self._interactions = interactions
        self._invocations = invocations
        self._gateway = gateway
        self._events = events
        self._threads = threads

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the routes for people."""
        router.add_get("/api/state", self.state)
        router.add_post("/api/users", self.add_user)
        router.add_get("/api/channels/{channel_id}/messages", self.history)
        router.add_post("/api/channels/{channel_id}/messages", self.write)
        router.add_get("/api/messages/{message_id}", self.fetch)
        router.add_patch("/api/messages/{message_id}", self.edit)
        router.add_delete("/api/messages/{message_id}", self.delete)
        router.add_put("/api/messages/{message_id}/reactions", self.react)
        router.add_delete("/api/messages/{message_id}/reactions", self.unreact)
        router.add_post("/api/typing", self.typing)
        router.add_post("/api/interactions", self.interact)
        router.add_get("/api/events", self.listen)
        router.add_get(
            "/cdn/{folder:attachments|ephemeral-attachments}/{channel_id}/{attachment_id}/{filename}", self.file
        )
        router.add_get("/", self.page)
        router.add_get("/{path:.+}", self.page)

    # Finding what a request means

    async def _body(self, request: web.Request) -> Body:
        body = await read_body(request, file_limit_bytes=self._world.limits.attachment_size_limit_bytes)
        if body.json is None:
            body.json = {}
        if not isinstance(body.json, dict):
            raise PageRequestError("The body must be a JSON object.")
        return body

    def _user(self, user_id: Any) -> User:
        user = self._world.users.get(str(user_id))
        if user is None or user.is_bot:
            raise PageRequestError("There is no such person; POST /api/users first.", status=404)
        return user

    def _active(self, user_id: Any, channel_id: Any) -> tuple[User, Channel]:
        """Return somebody who acts and where; a thread is woken for them. Raises: PageRequestError, RefusedError."""
        user = self._user(user_id)
        channel = self._channel(channel_id, user)
        _refuse_forum(channel)
        if channel.kind != "dm" and not user.is_member:
            raise PageRequestError("You have left this server.", status=403)
        if channel.kind == "thread":
            self._threads.wake_for(channel, is_manager=self._view.may(user, "manage_threads"))
        return user, channel

    def _channel(self, channel_id: Any, user: User | None = None) -> Channel:
        channel = self._world.channels.get(str(channel_id))
        if channel is None or (channel.kind == "dm" and (user is None or channel.user_id != user.user_id)):
            raise PageRequestError("There is no such channel.", status=404)
        return channel

    def _message(self, message_id: Any, user: User | None) -> Message:
        message = self._world.messages.get(str(message_id))
        if message is None or (message.is_ephemeral and (user is None or message.ephemeral_user_id != user.user_id)):
            raise PageRequestError("There is no such message.", status=404)
        self._channel(message.channel_id, user)
        return message

    # People and channels

    async def state(self, request: web.Request) -> web.Response:
        """Answer everything a page needs to start with."""
        return json_response(self._view.state(request.query.get("user_id"), is_bot_online=self._gateway.is_bot_online))

    async def add_user(self, request: web.Request) -> web.Response:
        """Add a person, or answer the one of this name."""
        name = " ".join(str((await self._body(request)).json.get("name") or "").split())
        if not 1 <= len(name) <= _MAX_NAME_LENGTH or any(unicodedata.category(letter) == "Cc" for letter in name):
            raise PageRequestError(f"A name has 1 to {_MAX_NAME_LENGTH} characters.")
        user = self._world.user_named(name)
        if user is not None:
            return json_response(self._view.user(user))
        user = User(user_id=self._world.ids.next_id(), name=name)
        self._world.save_user(user)
        self._announcer.user_created(user)
        return json_response(self._view.user(user), status=201)

    async def typing(self, request: web.Request) -> web.Response:
        """Show that a person types."""
        body = (await self._body(request)).json
        user = self._user(body.get("user_id"))
        self._announcer.typing(self._channel(body.get("channel_id"), user), user)
        return web.Response(status=204)

    # Messages

    async def history(self, request: web.Request) -> web.Response:
        """Answer a channel's newest messages, or those before one, oldest first."""
        reader = self._world.users.get(request.query.get("user_id", ""))
        channel = self._channel(request.match_info["channel_id"], reader)
        reader_id = reader.user_id if reader else None
        try:
            limit, before = int(request.query.get("limit") or 50), int(request.query.get("before") or 0)
        except ValueError as error:
            raise PageRequestError("limit and before are whole numbers.") from error
        seen = [
            each
            for each in self._world.messages_in(channel.channel_id)
            if (not each.is_ephemeral or each.ephemeral_user_id == reader_id)
            and (not before or int(each.message_id) < before)
        ]
        return json_response({"messages": [self._view.message(each) for each in seen[-max(1, min(limit, 200)) :]]})

    async def fetch(self, request: web.Request) -> web.Response:
        """Answer one message."""
        reader = self._world.users.get(request.query.get("user_id", ""))
        return json_response(self._view.message(self._message(request.match_info["message_id"], reader)))

    async def write(self, request: web.Request) -> web.Response:
        """Write a message as a person."""
        body = await self._body(request)
        user, channel = self._active(body.json.get("user_id"), request.match_info["channel_id"])
        payload: Json = {"content": body.json.get("content") or ""}
        if body.json.get("reply_to"):
            payload["message_reference"] = {"message_id": str(body.json["reply_to"])}
        message = self._messages.create(channel, user, Draft(payload=payload, files=body.files))
        return json_response(self._view.message(message), status=201)

    async def edit(self, request: web.Request) -> web.Response:
        """Change a person's own message."""
        body = (await self._body(request)).json
        user = self._user(body.get("user_id"))
        message = self._message(request.match_info["message_id"], user)
        if message.author_id != user.user_id:
            raise PageRequestError("Only the author changes a message.", status=403)
        self._refuse_outsider(user, message)
        edited = self._messages.edit(message, {"content": body.get("content") or ""}, {})
        return json_response(self._view.message(edited))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a person's own message, one that a moderator takes away, or dismiss one that only this person sees."""
        user = self._user(request.query.get("user_id"))
        message = self._message(request.match_info["message_id"], user)
        channel = self._world.channels[message.channel_id]
        may_all = channel.kind != "dm" and self._view.may(user, "manage_messages")
        if user.user_id not in (message.author_id, message.ephemeral_user_id) and not may_all:
            raise PageRequestError("Only the author, or who may manage messages, deletes a message.", status=403)
        self._messages.delete(message)
        return web.Response(status=204)

    async def react(self, request: web.Request) -> web.Response:
        """React as a person."""
        message, user, emoji = await self._reaction(request)
        self._messages.react(message, user, emoji)
        return web.Response(status=204)

    async def unreact(self, request: web.Request) -> web.Response:
        """Take a person's reaction back."""
        message, user, emoji = await self._reaction(request)
        self._messages.unreact(message, user, emoji)
        return web.Response(status=204)

    async def _reaction(self, request: web.Request) -> tuple[Message, User, str]:
        body = (await self._body(request)).json
        user = self._user(body.get("user_id"))
        emoji = str(body.get("emoji") or "")
        if not is_emoji(emoji):
            raise PageRequestError("A reaction is one emoji.")
        message = self._message(request.match_info["message_id"], user)
        self._refuse_outsider(user, message)
        return message, user, emoji

    def _refuse_outsider(self, user: User, message: Message) -> None:
        if not user.is_member and self._world.channels[message.channel_id].kind != "dm":
            raise PageRequestError("You have left this server.", status=403)

    # Interactions

    async def interact(self, request: web.Request) -> web.Response:
        """Send a command, press, choice or form to the bot."""
        body = await self._body(request)
        user, channel = self._active(body.json.get("user_id"), body.json.get("channel_id"))
        if not self._world.is_bot_member:
            raise PageRequestError(f"{self._world.bot.name} is not in this server.", status=403)
        interaction = self._send(body.json.get("kind"), user, channel, body)
        return json_response({"interaction_id": interaction.interaction_id}, status=201)

    def _send(self, kind: Any, user: User, channel: Channel, body: Body) -> Interaction:
        is_online = self._gateway.is_bot_online
        if kind in ("command", "autocomplete"):
            is_autocomplete = kind == "autocomplete"
            data = self._invocations.slash_data(body.json, channel, user, body.files, is_autocomplete=is_autocomplete)
            number = INTERACTION_AUTOCOMPLETE if is_autocomplete else INTERACTION_COMMAND
            name = " ".join([data["name"], *(str(part) for part in body.json.get("path") or [])])
            return self._interactions.send(
                user, channel.channel_id, kind=number, data=data, command_type=1, name=name, is_bot_online=is_online
            )
        if kind in ("message_menu", "user_menu"):
            target = self._menu_target(kind, body.json.get("target_id"), user)
            data = self._invocations.menu_data(body.json, channel, user, target)
            return self._interactions.send(
                user,
                channel.channel_id,
                kind=INTERACTION_COMMAND,
                data=data,
                command_type=data["type"],
                name=data["name"],
                is_bot_online=is_online,
            )
        if kind == "component":
            message = self._message(body.json.get("message_id"), user)
            if message.author_id != self._world.bot.user_id or message.channel_id != channel.channel_id:
                raise PageRequestError("This message has no such button or menu.", status=404)
            data = self._invocations.component_data(body.json, channel, user, message)
            return self._interactions.send(
                user, channel.channel_id, kind=INTERACTION_COMPONENT, data=data, source=message, is_bot_online=is_online
            )
        if kind == "modal":
            opened_by = self._world.interactions.get(str(body.json.get("modal_id")))
            if opened_by is None or opened_by.user_id != user.user_id:
                raise PageRequestError("There is no such form.", status=404)
            data = self._invocations.modal_data(body.json, channel, opened_by, body.files)
            source = self._world.messages.get(opened_by.source_message_id or "")
            return self._interactions.send(
                user, channel.channel_id, kind=INTERACTION_MODAL, data=data, source=source, is_bot_online=is_online
            )
        raise PageRequestError("kind must be command, autocomplete, message_menu, user_menu, component or modal.")

    def _menu_target(self, kind: str, target_id: Any, user: User) -> Message | User:
        if kind == "message_menu":
            return self._message(target_id, user)
        target = self._world.users.get(str(target_id))
        if target is None:
            raise PageRequestError("There is no such user.", status=404)
        return target

    # Sockets and files

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a socket of events."""
        return await self._events.serve(request, self._user(request.query.get("user_id")).user_id)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Answer the bytes of an attachment."""
        attachment = find_file(self._world, request)
        if attachment is None:
            raise PageRequestError("There is no such file.", status=404)
        return file_response(self._world, attachment)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer a file of the page."""
        path = (WEB_FOLDER / (request.match_info.get("path") or "index.html")).resolve()
        if not path.is_relative_to(WEB_FOLDER.resolve()) or not path.is_file():
            raise PageRequestError("There is no such file.", status=404)
        return web.FileResponse(path)


def _refuse_forum(channel: Channel) -> None:
    if channel.kind == "forum":
        raise PageRequestError("A forum holds posts: open one, or make one.")
