"""Routes of application commands: all at once or one by one, global or for the one server."""

from typing import Any

from sandbox.announcer import Announcer
from sandbox.command_rules import keep_commands
from sandbox.errors import RefusedError, bad_form
from sandbox.rest.server import NO_CONTENT, Call, Route
from sandbox.state import World

Json = dict[str, Any]
_APPLICATION = "/applications/{application_id}"
_SCOPES = {"global": _APPLICATION + "/commands", "guild": _APPLICATION + "/guilds/{guild_id}/commands"}


class CommandRoutes:
    """The bot's slash commands and menus."""

    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._announcer = announcer

    def routes(self) -> list[Route]:
        """Return the table of routes."""
        table: list[Route] = []
        for path in _SCOPES.values():
            one = path + "/{command_id}"
            table += [
                Route(method="GET", path=path, handler=self.list_all),
                Route(method="PUT", path=path, handler=self.replace_all),
                Route(method="POST", path=path, handler=self.add),
                Route(method="GET", path=one, handler=self.fetch),
                Route(method="PATCH", path=one, handler=self.change),
                Route(method="DELETE", path=one, handler=self.delete),
            ]
        return table

    def _scope(self, call: Call) -> str:
        if call.param("application_id") != self._world.identity.application_id:
            raise RefusedError(403, 20012, "You are not authorized to perform this action on this application")
        guild_id = call.request.match_info.get("guild_id")
        if guild_id is None:
            return "global"
        if guild_id != self._world.identity.guild_id or not self._world.is_bot_member:
            raise RefusedError(403, 50001, "Missing Access")
        return "guild"

    def _find(self, call: Call, scope: str) -> Json:
        for command in self._world.commands[scope]:
            if command["id"] == call.param("command_id"):
                return command
        raise RefusedError(404, 10063, "Unknown application command")

    def _save(self, scope: str, payloads: list[Json]) -> list[Json]:
        kept = keep_commands(self._world, payloads, scope=scope, old=self._world.commands[scope])
        self._world.save_commands(scope, kept)
        self._announcer.commands_updated()
        return kept

    async def list_all(self, call: Call) -> list[Json]:
        """Answer all commands of a scope."""
        return self._world.commands[self._scope(call)]

    async def replace_all(self, call: Call) -> list[Json]:
        """Put a new list in place of the old one."""
        scope = self._scope(call)
        payloads = call.body.json
        if not isinstance(payloads, list):
            raise bad_form([], "Only iterables may be used in a ListType", "LIST_TYPE_CONVERT")
        return self._save(scope, payloads)

    async def add(self, call: Call) -> Json:
        """Add a command, or replace the one of this name."""
        scope, payload = self._scope(call), call.json
        key = (payload.get("type", 1), payload.get("name"))
        others = [each for each in self._world.commands[scope] if (each["type"], each["name"]) != key]
        return self._save(scope, [*others, payload])[-1]

    async def fetch(self, call: Call) -> Json:
        """Answer one command."""
        return self._find(call, self._scope(call))

    async def change(self, call: Call) -> Json:
        """Change parts of a command."""
        scope = self._scope(call)
        command = self._find(call, scope)
        changed = command | call.json
        kept = self._save(scope, [changed if each is command else each for each in self._world.commands[scope]])
        return next(each for each in kept if each["name"] == changed["name"] and each["type"] == changed["type"])

    async def delete(self, call: Call) -> object:
        """Delete a command."""
        scope = self._scope(call)
        command = self._find(call, scope)
        self._save(scope, [each for each in self._world.commands[scope] if each is not command])
        return NO_CONTENT
