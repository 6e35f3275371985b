"""The page's routes of places: channels and forums, threads that people start and change, pins, direct messages."""

from typing import Any

from aiohttp import web

from sandbox.announcer import Announcer
from sandbox.errors import PageRequestError
from sandbox.messages import Draft
from sandbox.model import Channel, Message, User
from sandbox.page_view import PageView
from sandbox.pins import Pins
from sandbox.rest.server import json_response
from sandbox.state import World
from sandbox.threads import Threads
from sandbox.uploads import Body, read_body

_KINDS = ("text", "forum")

Json = dict[str, Any]


class PagePlaces:
    """What people do to places."""

    def __init__(self, world: World, view: PageView, announcer: Announcer, *, threads: Threads, pins: Pins) -> None:
        self._world = world
        self._view = view
        self._announcer = announcer
        self._threads = threads
        self._pins = pins

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the routes of places."""
        router.add_post("/api/channels", self.add_channel)
        router.add_patch("/api/channels/{channel_id}", self.change_thread)
        router.add_delete("/api/channels/{channel_id}", self.delete_channel)
        router.add_get("/api/channels/{channel_id}/pins", self.pins)
        router.add_put("/api/messages/{message_id}/pin", self.pin)
        router.add_delete("/api/messages/{message_id}/pin", self.unpin)
        router.add_post("/api/threads", self.add_thread)
        router.add_post("/api/dms", self.open_dm)

    async def _body(self, request: web.Request) -> Body:
        body = await read_body(request, file_limit_bytes=self._world.limits.attachment_size_limit_bytes)
        if not isinstance(body.json, dict):
            raise PageRequestError("The body must be a JSON object.")
        return body

    def _user(self, user_id: Any) -> User:
        user = self._world.users.get(str(user_id))
        if user is None or user.is_bot:
            raise PageRequestError("There is no such person; POST /api/users first.", status=404)
        if not user.is_member:
            raise PageRequestError("You have left this server.", status=403)
        return user

    def _guild_channel(self, channel_id: Any) -> Channel:
        channel = self._world.channels.get(str(channel_id))
        if channel is None or channel.kind == "dm":
            raise PageRequestError("There is no such channel.", status=404)
        return channel

    async def add_channel(self, request: web.Request) -> web.Response:
        """Add a text channel, or a forum."""
        body = (await self._body(request)).json
        name = str(body.get("name") or "").strip().lower().replace(" ", "-").lstrip("#")
        kind = body.get("kind", "text")
        if not 1 <= len(name) <= 100:
            raise PageRequestError("A channel's name has 1 to 100 characters.")
        if kind not in _KINDS:
            raise PageRequestError(f"kind is one of {', '.join(_KINDS)}.")
        channel = Channel(channel_id=self._world.ids.next_id(), kind=kind, name=name)
        self._world.save_channel(channel)
        self._announcer.channel_created(channel)
        return json_response(self._view.channel(channel), status=201)

    async def delete_channel(self, request: web.Request) -> web.Response:
        """Delete a channel, forum or thread with all that is in it; the first channel stays."""
        user = self._user(request.query.get("user_id"))
        channel = self._guild_channel(request.match_info["channel_id"])
        is_own_thread = channel.kind == "thread" and channel.owner_id == user.user_id
        needed = "manage_threads" if channel.kind == "thread" else "manage_channels"
        if not is_own_thread and not self._view.may(user, needed):
            raise PageRequestError(f"You have no permission to delete #{channel.name}.", status=403)
        if channel in self._world.text_channels()[:1]:
            raise PageRequestError("The first channel stays.")
        self._announcer.channel_deleted(channel)
        self._world.remove_channel(channel)
        return web.Response(status=204)

    async def change_thread(self, request: web.Request) -> web.Response:
        """Rename, archive, wake or lock a thread."""
        body = (await self._body(request)).json
        user = self._user(body.pop("user_id", None))
        thread = self._guild_channel(request.match_info["channel_id"])
        if thread.kind != "thread":
            raise PageRequestError("Only threads can be changed here.")
        self._threads.change(thread, body, user, is_manager=self._view.may(user, "manage_threads"))
        return json_response(self._view.channel(thread))

    async def pins(self, request: web.Request) -> web.Response:
        """Answer the pinned messages of a channel, the one that was pinned last first."""
        channel = self._world.channels.get(request.match_info["channel_id"])
        if channel is None or (channel.kind == "dm" and channel.user_id != request.query.get("user_id")):
            raise PageRequestError("There is no such channel.", status=404)
        return json_response({"messages": [self._view.message(each) for each in self._pins.pinned_in(channel)]})

    async def pin(self, request: web.Request) -> web.Response:
        """Pin a message."""
        self._pins.pin(*await self._pinned(request))
        return web.Response(status=204)

    async def unpin(self, request: web.Request) -> web.Response:
        """Take a pin out."""
        self._pins.unpin(*await self._pinned(request))
        return web.Response(status=204)

    async def _pinned(self, request: web.Request) -> tuple[Message, User]:
        user = self._user((await self._body(request)).json.get("user_id"))
        message = self._world.messages.get(request.match_info["message_id"])
        if message is None or message.is_ephemeral:
            raise PageRequestError("There is no such message.", status=404)
        if self._world.channels[message.channel_id].user_id not in (None, user.user_id):
            raise PageRequestError("There is no such message.", status=404)
        return message, user

    async def add_thread(self, request: web.Request) -> web.Response:
        """Start a thread in a channel, at a message if there is `message_id`, or a post with its text in a forum."""
        body = await self._body(request)
        user = self._user(body.json.get("user_id"))
        parent = self._guild_channel(body.json.get("channel_id"))
        name = str(body.json.get("name") or "").strip()
        if parent.kind == "forum":
            draft = Draft(payload={"content": body.json.get("content") or ""}, files=body.files)
            thread, _ = self._threads.start_post(parent, user, draft, name=name)
        elif body.json.get("message_id"):
            message = self._world.messages.get(str(body.json["message_id"]))
            if message is None or message.channel_id != parent.channel_id or message.is_ephemeral:
                raise PageRequestError("There is no such message.", status=404)
            thread = self._threads.start_at(message, user, name=name)
        else:
            thread = self._threads.start(parent, user, name=name)
        return json_response(self._view.channel(thread), status=201)

    async def open_dm(self, request: web.Request) -> web.Response:
        """Answer a person's DM with the bot."""
        user = self._user((await self._body(request)).json.get("user_id"))
        return json_response(self._view.channel(self._world.dm_of(user.user_id)))
