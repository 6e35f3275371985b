"""Discord's gateway, version 10: sessions that identify, are heard by heartbeats, lose a connection and resume.

Knows the protocol and who may hear what; what is worth an event is decided in `announcer.py`.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web

from sandbox import gateway_protocol as protocol
from sandbox.announcer import INTENT_GUILD_MEMBERS, INTENT_GUILDS, INTENT_MESSAGE_CONTENT, INTENT_PRESENCES, Announcer
from sandbox.disturbances import Disturbances
from sandbox.errors import PageRequestError
from sandbox.event_order import EventOrder
from sandbox.faults import FaultLog
from sandbox.gateway_protocol import CloseError, Connection
from sandbox.place_wire import Json, user_json
from sandbox.state import World
from sandbox.wire import Wire

_MAX_REPLAY_EVENTS = 2000
_SESSION_LIFE_SECONDS = 120.0
_ALL_INTENTS = (1 << 26) - 1
PRIVILEGED_INTENTS = {
    "members": INTENT_GUILD_MEMBERS,
    "presences": INTENT_PRESENCES,
    "message_content": INTENT_MESSAGE_CONTENT,
}


class Session:
    """One identified bot: what it wants to hear, and what it has been told lately."""

    def __init__(self, *, intents: int, shard: tuple[int, int]) -> None:
        self.session_id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.sent: deque[tuple[int, Json]] = deque(maxlen=_MAX_REPLAY_EVENTS)
        self.connection: Connection | None = None
        self.lost_at: float | None = None

    def dispatch(self, event: str, data: Json) -> None:
        """Send an event, or keep it for a resume."""
        self.sequence += 1
        payload = {"op": protocol.DISPATCH, "t": event, "s": self.sequence, "d": data}
        self.sent.append((self.sequence, payload))
        if self.connection is not None:
            self.connection.queue(payload)

    def can_replay_from(self, sequence: int) -> bool:
        """Tell whether everything after `sequence` is still known."""
        oldest = self.sent[0][0] if self.sent else self.sequence + 1
        return oldest - 1 <= sequence <= self.sequence


class Gateway:
    """Accepts connections of the bot and sends events to its sessions."""

    def __init__(self, world: World, wire: Wire, faults: FaultLog, disturbances: Disturbances) -> None:
        self._disturbances = disturbances
        self.heartbeat_interval_ms = protocol.HEARTBEAT_INTERVAL_MS  # told to whoever connects from now on
        self._world = world
        self._wire = wire
        self._faults = faults
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._events = EventOrder(disturbances)
        self.announcer: Announcer | None = None

    @property
    def is_bot_online(self) -> bool:
        """Whether a session of the bot is connected."""
        return any(session.connection is not None for session in self._sessions.values())

    # Sending

    def publish(
        self, event: str, data: Json, *, intent: int, hidden_data: Json | None = None, is_dm: bool = False
    ) -> None:
        """Send an event to sessions with this intent, without content to those that may not see it."""
        if not is_dm and not self._world.is_bot_member:
            return
        self._forget_lost_sessions()
        for session in self._sessions.values():
            if intent and not session.intents & intent:
                continue
            shard_id, num_shards = session.shard
            if shard_id != (0 if is_dm else (int(self._wire.guild_id) >> 22) % num_shards):
                continue
            is_hidden = hidden_data is not None and not session.intents & INTENT_MESSAGE_CONTENT
            told = hidden_data if is_hidden and hidden_data is not None else data
            self._events.tell(session, event, told)
        fate = self._disturbances.take_connection(event)
        if fate is not None:
            for connection in list(self._connections):
                self._disturb_one(connection, fate)

    def publish_membership(self, event: str) -> None:
        """Tell every session that its bot is in the server now (`GUILD_CREATE`), or no longer (`GUILD_DELETE`)."""
        self._forget_lost_sessions()
        for session in self._sessions.values():
            if not self._is_for(session):
                continue
            if event == "GUILD_CREATE":
                self._send_guild(session, is_new=True)
            else:
                session.dispatch(event, {"id": self._wire.guild_id})

    def _suffer_outage(self) -> None:
        """Let the server be unavailable for a moment: no bot has left it, and none may think so."""
        for session in self._sessions.values():
            if self._world.is_bot_member and self._is_for(session):
                session.dispatch("GUILD_DELETE", {"id": self._wire.guild_id, "unavailable": True})
                self._send_guild(session, is_new=False)

    def _is_for(self, session: Session) -> bool:
        shard_id, num_shards = session.shard
        return bool(session.intents & INTENT_GUILDS) and (int(self._wire.guild_id) >> 22) % num_shards == shard_id

    def _send_guild(self, session: Session, *, is_new: bool) -> None:
        guild = self._wire.guild_create(with_all_members=bool(session.intents & INTENT_GUILD_MEMBERS))
        if is_new:
            del guild["unavailable"]  # it is only there when the client knew of the server before
        session.dispatch("GUILD_CREATE", guild)

    def _forget_lost_sessions(self) -> None:
        now = self._world.clock.now()
        for session in list(self._sessions.values()):
            if session.lost_at is not None and now - session.lost_at > _SESSION_LIFE_SECONDS:
                del self._sessions[session.session_id]

    # Receiving

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection of the bot until it ends."""
        socket = web.WebSocketResponse(max_msg_size=0, compress=False, autoping=True, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(socket, compression=request.query.get("compress"))
        self._connections.add(connection)
        sender = asyncio.create_task(connection.send_queued())
        try:
            _check_query(request)
            connection.queue(
                {
                    "op": protocol.HELLO,
                    "s": None,
                    "t": None,
                    "d": {"heartbeat_interval": self.heartbeat_interval_ms},
                }
            )
            await self._receive_all(connection)
        except CloseError as error:
            self._faults.add("gateway", error.text, code=error.code)
            await connection.close(error.code, error.text)
        finally:
            self._connections.discard(connection)
            self._lose(connection)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sender
        return socket

    async def _receive_all(self, connection: Connection) -> None:
        while True:
            try:
                message = await connection.socket.receive(timeout=protocol.HEARTBEAT_TIMEOUT_SECONDS)
            except TimeoutError as error:
                raise CloseError(4009, "Session timed out: no heartbeat") from error
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            op, data = protocol.decode(message.data)
            connection.count_message()
            await self._handle(connection, op, data)

    async def _handle(self, connection: Connection, op: int, data: Any) -> None:
        if op == protocol.HEARTBEAT and self._disturbances.takes_heartbeat():
            return
        if op == protocol.HEARTBEAT:
            # A client notes when it sent a heartbeat only after sending; no real network answers sooner than that.
            acknowledgement = {"op": protocol.HEARTBEAT_ACK, "s": None, "t": None, "d": None}
            asyncio.get_running_loop().call_later(protocol.HEARTBEAT_ACK_SECONDS, connection.queue, acknowledgement)
        elif op == protocol.IDENTIFY:
            self._identify(connection, data)
        elif op == protocol.RESUME:
            self._resume(connection, data)
        elif connection.session_id is None:
            raise CloseError(4003, "Not authenticated")
        elif op == protocol.REQUEST_MEMBERS:
            self._send_members(self._sessions[connection.session_id], data)
        elif op not in (protocol.PRESENCE, protocol.VOICE_STATE):
            raise CloseError(4001, f"Unknown opcode {op}")

    def _identify(self, connection: Connection, data: Any) -> None:
        if connection.session_id is not None:
            raise CloseError(4005, "Already authenticated")
        if not isinstance(data, dict) or data.get("token") != self._world.identity.token:
            raise CloseError(4004, "Authentication failed")
        shard_id, num_shards = data.get("shard") or (0, 1)
        if not 0 <= shard_id < num_shards:
            raise CloseError(4010, "Invalid shard")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~_ALL_INTENTS:
            raise CloseError(4013, "Invalid intent(s)")
        for name, bit in PRIVILEGED_INTENTS.items():
            if intents & bit and name not in self._world.limits.privileged_intents:
                raise CloseError(4014, "Disallowed intent(s)")

        session = Session(intents=intents, shard=(shard_id, num_shards))
        self._sessions[session.session_id] = session
        self._attach(connection, session)
        session.dispatch("READY", self._ready(session))
        if self._world.is_bot_member and self._is_for(session):
            self._send_guild(session, is_new=False)
        self._announce_presence()

    def _ready(self, session: Session) -> Json:
        identity = self._world.identity
        return {
            "v": 10,
            "user": user_json(self._world.bot) | {"verified": True, "mfa_enabled": True, "email": None},
            "guilds": [{"id": identity.guild_id, "unavailable": True}] if self._world.is_bot_member else [],
            "session_id": session.session_id,
            "session_type": "normal",
            "resume_gateway_url": "wss://gateway.discord.gg",
            "shard": list(session.shard),
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "application": {"id": identity.application_id, "flags": self.application_flags()},
        }

    def application_flags(self) -> int:
        """Return the application's flags: which privileged intents it was granted, and that it has slash commands."""
        limited = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}
        return (1 << 23) | sum(limited[name] for name in self._world.limits.privileged_intents)

    def _resume(self, connection: Connection, data: Any) -> None:
        self._forget_lost_sessions()
        if not isinstance(data, dict) or data.get("token") != self._world.identity.token:
            raise CloseError(4004, "Authentication failed")
        session = self._sessions.get(str(data.get("session_id")))
        sequence = data.get("seq")
        if session is None or not isinstance(sequence, int) or not session.can_replay_from(sequence):
            connection.queue({"op": protocol.INVALIDATE_SESSION, "s": None, "t": None, "d": False})
            return
        missed = [payload for number, payload in session.sent if number > sequence]
        self._attach(connection, session)
        for payload in missed:
            connection.queue(payload)
        session.dispatch("RESUMED", {"_trace": []})
        self._announce_presence()

    def _attach(self, connection: Connection, session: Session) -> None:
        if session.connection is not None:
            session.connection.session_id = None
        connection.session_id = session.session_id
        session.connection = connection
        session.lost_at = None

    def _lose(self, connection: Connection) -> None:
        session = self._sessions.get(connection.session_id or "")
        if session is None or session.connection is not connection:
            return
        session.connection = None
        session.lost_at = self._world.clock.now()
        if connection.socket.close_code in (1000, 1001) and not connection.is_closed_by_us:
            del self._sessions[session.session_id]  # the bot said goodbye: Discord forgets the session
        self._announce_presence()

    def _announce_presence(self) -> None:
        if self.announcer is not None:
            self.announcer.to_everyone({"type": "bot_presence", "online": self.is_bot_online})

    def _send_members(self, session: Session, data: Json) -> None:
        users = self._world.members()
        asked_ids = data.get("user_ids")
        missing: list[str] = []
        if asked_ids is not None:
            wanted = [str(each) for each in (asked_ids if isinstance(asked_ids, list) else [asked_ids])]
            users = [user for user in users if user.user_id in wanted]
            missing = [user_id for user_id in wanted if all(user.user_id != user_id for user in users)]
        else:
            query = str(data.get("query") or "").lower()
            if not query and not session.intents & INTENT_GUILD_MEMBERS:
                raise CloseError(4014, "Disallowed intent(s): all members need the members intent")
            users = [user for user in users if user.name.lower().startswith(query)]
            limit = int(data.get("limit") or 0)
            users = users[:limit] if limit else users
        chunk = {
            "guild_id": self._wire.guild_id,
            "members": [self._wire.member(user) for user in users],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": missing,
            "nonce": data.get("nonce"),
        }
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    # What Discord does now and then

    async def disturb(self, action: str, code: int | None) -> None:
        """Do to all connections what Discord does now and then. Raises: PageRequestError for an unknown action."""
        actions = ("reconnect", "invalidate", "invalidate_resumable", "drop", "close", "outage")
        if action not in actions:
            raise PageRequestError(f"action must be one of {', '.join(actions)}")
        if action == "outage":
            self._suffer_outage()
            return
        for connection in list(self._connections):
            if action == "close":
                await connection.close(code or 4000, "closed by the sandbox")
            else:
                self._disturb_one(connection, action)

    def _disturb_one(self, connection: Connection, action: str) -> None:
        if action == "reconnect":
            connection.queue({"op": protocol.RECONNECT, "s": None, "t": None, "d": None})
        elif action == "invalidate_resumable":
            connection.queue({"op": protocol.INVALIDATE_SESSION, "s": None, "t": None, "d": True})
        elif action == "invalidate":
            self._sessions.pop(connection.session_id or "", None)
            connection.session_id = None
            connection.queue({"op": protocol.INVALIDATE_SESSION, "s": None, "t": None, "d": False})
        else:
            connection.drop()

    async def close(self) -> None:
        """Close all connections, as at an orderly end."""
        for connection in list(self._connections):
            await connection.close(1001, "the sandbox ends")


def _check_query(request: web.Request) -> None:
    if request.query.get("v") != "10":
        raise CloseError(4012, "Invalid API version")
    compression = request.query.get("compress")
    if compression not in (None, "zlib-stream"):
        raise CloseError(4000, f"compression {compression} is not part of this sandbox")
