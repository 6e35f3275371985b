"""Routes about the bot itself and the server: users, application, gateway address, guild, members, DMs."""

from sandbox.announcer import Announcer
from sandbox.errors import RefusedError, bad_form
from sandbox.gateway import Gateway
from sandbox.model import User
from sandbox.place_wire import Json, user_json
from sandbox.rest.server import NO_CONTENT, Call, Route
from sandbox.state import World
from sandbox.wire import Wire


class ApplicationRoutes:
    """Who the bot is and where it is."""

    def __init__(self, world: World, wire: Wire, gateway: Gateway, announcer: Announcer) -> None:
        self._world = world
        self._wire = wire
        self._gateway = gateway
        self._announcer = announcer

    def routes(self) -> list[Route]:
        """Return the table of routes."""
        return [
            Route(method="GET", path="/users/@me", handler=self.me),
            Route(method="GET", path="/users/@me/guilds", handler=self.my_guilds),
            Route(method="POST", path="/users/@me/channels", handler=self.open_dm),
            Route(method="DELETE", path="/users/@me/guilds/{guild_id}", handler=self.leave),
            Route(method="GET", path="/users/{user_id}", handler=self.user),
            Route(method="GET", path="/applications/@me", handler=self.application),
            Route(method="GET", path="/oauth2/applications/@me", handler=self.application),
            Route(method="GET", path="/gateway", handler=self.gateway_address, needs_bot=False),
            Route(method="GET", path="/gateway/bot", handler=self.gateway_bot),
            Route(method="GET", path="/guilds/{guild_id}", handler=self.guild),
            Route(method="GET", path="/guilds/{guild_id}/channels", handler=self.guild_channels),
            Route(method="GET", path="/guilds/{guild_id}/roles", handler=self.guild_roles),
            Route(method="GET", path="/guilds/{guild_id}/roles/{role_id}", handler=self.guild_role),
            Route(method="GET", path="/guilds/{guild_id}/members", handler=self.members),
            Route(method="GET", path="/guilds/{guild_id}/members/{user_id}", handler=self.member),
            Route(method="GET", path="/guilds/{guild_id}/threads/active", handler=self.active_threads),
        ]

    def _user(self, user_id: str) -> User:
        user = self._world.users.get(user_id)
        if user is None:
            raise RefusedError(404, 10013, "Unknown User")
        return user

    def _check_guild(self, call: Call) -> None:
        if call.param("guild_id") != self._wire.guild_id or not self._world.is_bot_member:
            raise RefusedError(404, 10004, "Unknown Guild")

    async def me(self, _call: Call) -> Json:
        """Answer the bot's own user."""
        return user_json(self._world.bot) | {"verified": True, "mfa_enabled": True, "email": None, "locale": "en-US"}

    async def my_guilds(self, _call: Call) -> list[Json]:
        """Answer the one server, if the bot is in it."""
        if not self._world.is_bot_member:
            return []
        guild = self._wire.guild()
        return [
            {"id": guild["id"], "name": guild["name"], "icon": None, "owner": False, "permissions": "0", "features": []}
        ]

    async def leave(self, call: Call) -> object:
        """Leave the server."""
        self._check_guild(call)
        self._world.save_membership(is_bot_member=False)
        self._announcer.membership_changed()
        return NO_CONTENT

    async def open_dm(self, call: Call) -> Json:
        """Answer the DM with a person."""
        user = self._world.users.get(str(call.json.get("recipient_id")))
        if user is None or user.is_bot:
            raise bad_form(["recipient_id"], "Invalid Recipient(s)", "CHANNEL_RECIPIENT_REQUIRED")
        return self._wire.channel(self._world.dm_of(user.user_id))

    async def user(self, call: Call) -> Json:
        """Answer any user."""
        return user_json(self._user(call.param("user_id")))

    async def application(self, _call: Call) -> Json:
        """Answer the application."""
        bot = self._world.bot
        return {
            "id": bot.user_id,
            "name": bot.name,
            "icon": None,
            "description": "",
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": self._gateway.application_flags(),
            "owner": user_json(bot),
            "team": None,
            "hook": True,
            "bot": user_json(bot),
            "redirect_uris": [],
            "integration_types_config": {"0": {}},
        }

    async def gateway_address(self, _call: Call) -> Json:
        """Answer the gateway's address."""
        return {"url": "wss://gateway.discord.gg"}

    async def gateway_bot(self, _call: Call) -> Json:
        """Answer the gateway's address and how many shards to use."""
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return {"url": "wss://gateway.discord.gg", "shards": 1, "session_start_limit": limit}

    async def guild(self, call: Call) -> Json:
        """Answer the server."""
        self._check_guild(call)
        num_members = len(self._world.members())
        return self._wire.guild() | {"approximate_member_count": num_members, "approximate_presence_count": num_members}

    async def guild_channels(self, call: Call) -> list[Json]:
        """Answer the server's text channels and forums."""
        self._check_guild(call)
        return [self._wire.channel(channel) for channel in self._world.guild_channels()]

    async def guild_roles(self, call: Call) -> list[Json]:
        """Answer the roles."""
        self._check_guild(call)
        return self._wire.roles()

    async def guild_role(self, call: Call) -> Json:
        """Answer one role."""
        self._check_guild(call)
        for role in self._wire.roles():
            if role["id"] == call.param("role_id"):
                return role
        raise RefusedError(404, 10011, "Unknown Role")

    async def members(self, call: Call) -> list[Json]:
        """Answer the members, which needs the privileged members intent."""
        self._check_guild(call)
        if "members" not in self._world.limits.privileged_intents:
            raise RefusedError(403, 50001, "Missing Access")
        after = int(call.query("after") or 0)
        users = [user for user in self._world.members() if int(user.user_id) > after]
        return [self._wire.member(user) for user in users[: int(call.query("limit") or 1)]]

    async def member(self, call: Call) -> Json:
        """Answer one member; who left is none."""
        self._check_guild(call)
        user = self._world.users.get(call.param("user_id"))
        if user is None or not user.is_member:
            raise RefusedError(404, 10007, "Unknown Member")
        return self._wire.member(user)

    async def active_threads(self, call: Call) -> Json:
        """Answer the threads that are not archived."""
        self._check_guild(call)
        threads = [self._wire.channel(thread) for thread in self._world.threads() if not thread.is_archived]
        return {"threads": threads, "members": [], "has_more": False}
