"""The page's routes of the server itself: its roles, who has them, and whether the bot is in it.

Like `page_control.py`, these are for whoever tries things out: they ask for no permission.
"""

import re
from typing import Any

from aiohttp import web

from sandbox.announcer import Announcer
from sandbox.errors import PageRequestError
from sandbox.model import Role, User
from sandbox.page_view import PageView
from sandbox.permissions import mask_of
from sandbox.rest.server import json_response
from sandbox.state import World
from sandbox.uploads import read_body

_MAX_ROLES = 250
_MAX_JSON_BYTES = 1 << 16
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")

Json = dict[str, Any]


class PageServer:
    """What an owner does to their server."""

    def __init__(self, world: World, view: PageView, announcer: Announcer) -> None:
        self._world = world
        self._view = view
        self._announcer = announcer

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the server."""
        router.add_post("/api/roles", self.add_role)
        router.add_patch("/api/roles/{role_id}", self.change_role)
        router.add_delete("/api/roles/{role_id}", self.delete_role)
        router.add_put("/api/roles/{role_id}/members/{user_id}", self.give_role)
        router.add_delete("/api/roles/{role_id}/members/{user_id}", self.take_role)
        router.add_post("/api/bot", self.move_bot)
        router.add_post("/api/members", self.move_member)

    async def _json(self, request: web.Request) -> Json:
        body = (await read_body(request, file_limit_bytes=_MAX_JSON_BYTES)).json or {}
        if not isinstance(body, dict):
            raise PageRequestError("The body must be a JSON object.")
        return body

    def _role(self, request: web.Request) -> Role:
        role = self._world.roles.get(request.match_info["role_id"])
        if role is None:
            raise PageRequestError("There is no such role.", status=404)
        return role

    def _user(self, request: web.Request) -> User:
        user = self._world.users.get(request.match_info["user_id"])
        if user is None:
            raise PageRequestError("There is no such user.", status=404)
        return user

    def _fill(self, role: Role, body: Json) -> None:
        name = str(body.get("name", role.name)).strip()
        if not 1 <= len(name) <= 100:
            raise PageRequestError("A role's name has 1 to 100 characters.")
        color = body.get("color")
        if color is not None and not _COLOR.fullmatch(str(color)):
            raise PageRequestError("A role's color is written #rrggbb.")
        if "permissions" in body:
            try:
                role.permissions = mask_of(body["permissions"] or [])
            except KeyError as error:
                raise PageRequestError(f"There is no permission {error}.") from error
        role.name = name
        role.color = int(color[1:], 16) if color else role.color
        role.is_mentionable = bool(body.get("is_mentionable", role.is_mentionable))

    async def add_role(self, request: web.Request) -> web.Response:
        """Add a role."""
        if len(self._world.roles) >= _MAX_ROLES:
            raise PageRequestError(f"A server has at most {_MAX_ROLES} roles.")
        role = Role(role_id=self._world.ids.next_id(), name="")
        self._fill(role, await self._json(request))
        self._world.save_role(role)
        self._announcer.role_changed("GUILD_ROLE_CREATE", role)
        return json_response(self._view.role(role), status=201)

    async def change_role(self, request: web.Request) -> web.Response:
        """Change a role's name, color or permissions."""
        role = self._role(request)
        self._fill(role, await self._json(request))
        self._world.save_role(role)
        self._announcer.role_changed("GUILD_ROLE_UPDATE", role)
        return json_response(self._view.role(role))

    async def delete_role(self, request: web.Request) -> web.Response:
        """Delete a role; nobody has it any longer."""
        role = self._role(request)
        self._world.remove_role(role)
        self._announcer.role_changed("GUILD_ROLE_DELETE", role)
        return web.Response(status=204)

    async def give_role(self, request: web.Request) -> web.Response:
        """Give somebody a role."""
        role, user = self._role(request), self._user(request)
        if role.role_id not in user.role_ids:
            user.role_ids.append(role.role_id)
            self._world.save_user(user)
            self._announcer.member_updated(user)
        return web.Response(status=204)

    async def take_role(self, request: web.Request) -> web.Response:
        """Take a role from somebody."""
        role, user = self._role(request), self._user(request)
        if role.role_id in user.role_ids:
            user.role_ids.remove(role.role_id)
            self._world.save_user(user)
            self._announcer.member_updated(user)
        return web.Response(status=204)

    async def move_bot(self, request: web.Request) -> web.Response:
        """Remove the bot from the server, or invite it again."""
        action = (await self._json(request)).get("action")
        if action not in ("remove", "invite"):
            raise PageRequestError("action is remove or invite.")
        is_member = action == "invite"
        if is_member != self._world.is_bot_member:
            self._world.save_membership(is_bot_member=is_member)
            self._announcer.membership_changed()
        return web.Response(status=204)

    async def move_member(self, request: web.Request) -> web.Response:
        """Let a person leave the server, with the loss of their roles, or come back."""
        body = await self._json(request)
        user = self._world.users.get(str(body.get("user_id")))
        if user is None or user.is_bot:
            raise PageRequestError("There is no such person.", status=404)
        if body.get("action") not in ("leave", "join"):
            raise PageRequestError("action is leave or join.")
        is_member = body["action"] == "join"
        if is_member == user.is_member:
            return json_response(self._view.user(user))
        owner = self._world.owner
        user.is_member = is_member
        user.role_ids.clear()
        user.joined_at = self._world.clock.now()
        self._world.save_user(user)
        if is_member:
            self._announcer.user_created(user)
        else:
            self._announcer.user_left(user)
        if self._world.owner is not owner:
            self._announcer.guild_updated()
        return json_response(self._view.user(user))
