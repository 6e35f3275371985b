"""Routes of interactions: the callback, and the webhook that each interaction has for fifteen minutes."""

from sandbox.interactions import DEFER, REPLY, UPDATE, Interactions
from sandbox.model import Interaction, Message
from sandbox.place_wire import Json
from sandbox.rest.server import NO_CONTENT, Call, Route
from sandbox.state import World
from sandbox.wire import Wire

_WEBHOOK = "/webhooks/{application_id}/{token}"
_MESSAGE = _WEBHOOK + "/messages/{message_id}"
_FIVE_IN_TWO_SECONDS = (5, 2.0)


class InteractionRoutes:
    """The bot's answers to interactions; the token in the address is the only key."""

    def __init__(self, world: World, wire: Wire, interactions: Interactions) -> None:
        self._world = world
        self._wire = wire
        self._interactions = interactions

    def routes(self) -> list[Route]:
        """Return the table of routes."""
        limit = _FIVE_IN_TWO_SECONDS
        callback = "/interactions/{interaction_id}/{token}/callback"
        return [
            Route(method="POST", path=callback, handler=self.respond, needs_bot=False, limit=None),
            Route(method="POST", path=_WEBHOOK, handler=self.follow_up, needs_bot=False, limit=limit),
            Route(method="GET", path=_MESSAGE, handler=self.fetch, needs_bot=False, limit=limit),
            Route(method="PATCH", path=_MESSAGE, handler=self.edit, needs_bot=False, limit=limit),
            Route(method="DELETE", path=_MESSAGE, handler=self.delete, needs_bot=False, limit=limit),
        ]

    def _interaction(self, call: Call) -> Interaction:
        return self._interactions.by_token(call.param("application_id"), call.param("token"))

    async def respond(self, call: Call) -> object:
        """Take the first answer; with `with_response` tell about the message."""
        interaction = self._interactions.respond(
            call.param("interaction_id"), call.param("token"), call.json, call.files
        )
        if (call.query("with_response") or "").lower() not in ("true", "1"):
            return NO_CONTENT
        told: Json = {"id": interaction.interaction_id, "type": interaction.kind}
        message = self._world.messages.get(interaction.original_message_id or "")
        if message is not None:
            told["response_message_id"] = message.message_id
            told["response_message_loading"] = message.is_loading
            told["response_message_ephemeral"] = message.is_ephemeral
        resource: Json = {"type": interaction.response_type}
        if message is not None and interaction.response_type in (REPLY, DEFER, UPDATE):
            resource["message"] = self._json(message)
        return {"interaction": told, "resource": resource}

    def _json(self, message: Message) -> Json:
        return self._wire.message(message)

    async def follow_up(self, call: Call) -> Json:
        """Write a further message."""
        return self._json(self._interactions.follow_up(self._interaction(call), call.json, call.files))

    async def fetch(self, call: Call) -> Json:
        """Answer `@original` or a follow-up."""
        return self._json(self._interactions.find_message(self._interaction(call), call.param("message_id")))

    async def edit(self, call: Call) -> Json:
        """Change `@original` or a follow-up."""
        interaction = self._interaction(call)
        return self._json(self._interactions.edit_message(interaction, call.param("message_id"), call.json, call.files))

    async def delete(self, call: Call) -> object:
        """Delete `@original` or a follow-up."""
        self._interactions.delete_message(self._interaction(call), call.param("message_id"))
        return NO_CONTENT
