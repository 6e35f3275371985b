"""The gateway: identify, resume with replay, lost sessions, close codes; by real clients and by hand."""

import asyncio
import json
import zlib

import aiohttp
import discord
import pytest

from tests.sandbox.conftest import make_connector


async def test_presence_is_shown_to_people(sandbox, ada, start_bot):
    """People see the bot come and go."""
    bot = await start_bot()
    await ada.hear("bot_presence", lambda event: event["online"])
    await bot.close()
    await ada.hear("bot_presence", lambda event: not event["online"])
    _, state = await ada.request("GET", "api/state")
    bot_id = sandbox.addresses.application_id
    assert state["bot"] == {"id": bot_id, "name": "Tutti", "online": False, "is_member": True}


@pytest.mark.parametrize(
    "disturbance",
    [{"action": "reconnect"}, {"action": "invalidate_resumable"}, {"action": "drop"}, {"action": "close", "code": 4000},
     {"action": "close", "code": 1012}],
    ids=["reconnect", "invalidate_resumable", "drop", "close 4000", "close 1012"],
)  # fmt: skip
async def test_client_resumes_and_misses_nothing(sandbox, ada, start_bot, disturbance):
    """After each disturbance that allows it the client resumes, and events of the meantime are replayed in order."""
    bot = await start_bot()
    texts: asyncio.Queue[str] = asyncio.Queue()

    async def on_message(message):
        await texts.put(message.content.split()[-1])

    bot.on_message = on_message
    resumed = bot.wait_for("resumed", timeout=20)
    status, _ = await ada.request("POST", "api/gateway", **disturbance)
    assert status == 204
    for number in range(3):
        await ada.write(sandbox.addresses.channel_id, f"<@{bot.user.id}> {number}")
    await resumed
    async with asyncio.timeout(20):
        assert [await texts.get() for _ in range(3)] == ["0", "1", "2"]
    assert bot.heard.count("READY") == 1


async def test_lost_session_is_identified_again(sandbox, ada, start_bot):
    """After a session is lost for good the client identifies anew and works on."""
    bot = await start_bot()
    ready = bot.wait_for("ready", timeout=15)
    await ada.request("POST", "api/gateway", action="invalidate")
    await ready
    assert bot.heard.count("READY") == 2
    waiting = bot.wait_for("message", timeout=20)
    await ada.write(sandbox.addresses.channel_id, f"<@{bot.user.id}> hello")
    assert (await waiting).content.endswith("hello")


async def test_ungranted_privilege_ends_the_client(sandbox, start_bot):
    """Asking for a privileged intent that was not granted is close code 4014."""
    intents = discord.Intents.default()
    intents.message_content = True
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await start_bot(intents=intents)
    assert [fault["code"] for fault in sandbox.faults.all()] == [4014]


async def test_members_are_chunked(sandbox, ada, start_bot):
    """With the members intent a client knows everybody; without it it asks by name."""
    await ada.request("POST", "api/settings", privileged_intents=["members"])
    intents = discord.Intents.default()
    intents.members = True
    bot = await start_bot(intents=intents)
    guild = bot.guilds[0]
    assert {member.name for member in guild.members} == {"tutti", "Ada"}
    waiting = bot.wait_for("member_join", timeout=20)
    await ada.request("POST", "api/users", name="Grace")
    assert (await waiting).display_name == "Grace"
    assert [member.name for member in await guild.query_members("gra")] == ["Grace"]
    assert [member.name for member in await guild.query_members(user_ids=[int(ada.user_id), 1])] == ["Ada"]


class RawGateway:
    """A hand on the gateway without a client, to break its rules."""

    def __init__(self, sandbox, socket):
        self.sandbox = sandbox
        self.socket = socket
        self.inflater = zlib.decompressobj()

    async def receive(self):
        message = await self.socket.receive(timeout=20)
        if message.type is aiohttp.WSMsgType.BINARY:
            assert message.data.endswith(b"\x00\x00\xff\xff")
            return json.loads(self.inflater.decompress(message.data))
        if message.type is aiohttp.WSMsgType.TEXT:
            return json.loads(message.data)
        return self.socket.close_code

    async def identify(self, **changes):
        data = {"token": self.sandbox.addresses.token, "intents": 1, "properties": {}} | changes
        await self.socket.send_json({"op": 2, "d": data})


@pytest.fixture
async def gateway(sandbox):
    async with aiohttp.ClientSession(connector=make_connector(sandbox)) as session:
        url = "wss://gateway.discord.gg/?v=10&encoding=json&compress=zlib-stream"
        async with session.ws_connect(url, proxy=sandbox.addresses.proxy_url) as socket:
            raw = RawGateway(sandbox, socket)
            assert (await raw.receive())["op"] == 10
            yield raw


async def test_heartbeat_is_answered(gateway):
    """Heartbeats are acknowledged even before identifying."""
    await gateway.socket.send_json({"op": 1, "d": None})
    assert (await gateway.receive())["op"] == 11


async def test_heartbeat_stays_without_an_answer_when_ordered(ada, gateway):
    """As many as were ordered; the next one is acknowledged: one answer comes for two heartbeats, before READY."""
    status, _ = await ada.request("POST", "api/disturbances", action="heartbeat", times=1)
    assert status == 204
    await gateway.socket.send_json({"op": 1, "d": None})
    await gateway.socket.send_json({"op": 1, "d": None})
    await asyncio.sleep(0.2)
    await gateway.identify()
    received = [await gateway.receive() for _ in range(2)]
    assert [(each["op"], each["t"]) for each in received] == [(11, None), (0, "READY")]


async def test_ready_comes_before_the_server(gateway):
    """After identify: READY with a resume address, then the server."""
    await gateway.identify()
    ready, guild = await gateway.receive(), await gateway.receive()
    assert (ready["t"], ready["s"], ready["d"]["resume_gateway_url"]) == ("READY", 1, "wss://gateway.discord.gg")
    assert ready["d"]["guilds"][0]["unavailable"]
    assert (guild["t"], [channel["name"] for channel in guild["d"]["channels"]]) == ("GUILD_CREATE", ["music"])


@pytest.mark.parametrize("shard_id", [0, 1])
async def test_server_is_on_one_shard(sandbox, ada, gateway, shard_id):
    """With two shards only the one that Discord's formula names hears of the server; DMs are on shard 0."""
    await gateway.identify(shard=[shard_id, 2], intents=1 | 1 << 9 | 1 << 12)
    assert (await gateway.receive())["d"]["shard"] == [shard_id, 2]
    is_home = (int(sandbox.addresses.guild_id) >> 22) % 2 == shard_id
    _, dm = await ada.request("POST", "api/dms", user_id=ada.user_id)
    await ada.write(sandbox.addresses.channel_id, "server")
    await ada.write(dm["id"], "direct")
    await gateway.socket.send_json({"op": 1, "d": None})
    events = []
    while (event := await gateway.receive())["op"] == 0:
        events.append(event["t"] if event["t"] == "GUILD_CREATE" else event["d"].get("guild_id", "dm"))
    expected = ["GUILD_CREATE", sandbox.addresses.guild_id] if is_home else []
    assert events == expected + (["dm"] if shard_id == 0 else [])


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("not json", 4002),
        ('{"op": 1, "d": "' + "x" * 5000 + '"}', 4002),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "wrong", "intents": 1}}', 4004),
        ('{"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}', 4004),
    ],
)
async def test_broken_rules_close_the_connection(gateway, payload, code):
    """Each broken rule has its close code and is noted as a fault."""
    await gateway.socket.send_str(payload)
    assert await gateway.receive() == code
    assert [fault["code"] for fault in gateway.sandbox.faults.all()] == [code]


@pytest.mark.parametrize(
    ("changes", "code"), [({"shard": [2, 2]}, 4010), ({"intents": 1 << 40}, 4013), ({"intents": 1 << 15}, 4014)]
)
async def test_wrong_identify_closes_the_connection(gateway, changes, code):
    """Shards and intents are checked."""
    await gateway.identify(**changes)
    assert await gateway.receive() == code


async def test_identifying_twice_closes_the_connection(gateway):
    """A session identifies once: 4005."""
    await gateway.identify()
    await gateway.receive()
    await gateway.receive()
    await gateway.identify()
    assert await gateway.receive() == 4005


async def test_unknown_opcode_closes_the_connection(gateway):
    """An opcode that does not exist: 4001."""
    await gateway.identify()
    await gateway.receive()
    await gateway.receive()
    await gateway.socket.send_json({"op": 77, "d": None})
    assert await gateway.receive() == 4001


async def test_too_many_messages_close_the_connection(gateway):
    """More than 120 messages in a minute: 4008."""
    for _ in range(121):
        await gateway.socket.send_json({"op": 1, "d": None})
    answers = [await gateway.receive() for _ in range(121)]
    assert answers[-1] == 4008


async def test_unknown_session_cannot_resume(gateway):
    """Resuming what never was gets an invalid session, not to be resumed."""
    data = {"token": gateway.sandbox.addresses.token, "session_id": "x", "seq": 1}
    await gateway.socket.send_json({"op": 6, "d": data})
    answer = await gateway.receive()
    assert (answer["op"], answer["d"]) == (9, False)


async def test_old_session_cannot_resume(sandbox, gateway):
    """A session that was away for minutes is forgotten."""
    await gateway.identify()
    session_id = (await gateway.receive())["d"]["session_id"]
    await gateway.socket.close(code=4000)
    sandbox.clock.advance(600)
    async with aiohttp.ClientSession(connector=make_connector(sandbox)) as session:
        url = "wss://gateway.discord.gg/?v=10&encoding=json"
        async with session.ws_connect(url, proxy=sandbox.addresses.proxy_url) as socket:
            raw = RawGateway(sandbox, socket)
            await raw.receive()
            data = {"token": sandbox.addresses.token, "session_id": session_id, "seq": 2}
            await socket.send_json({"op": 6, "d": data})
            answer = await raw.receive()
    assert (answer["op"], answer["d"]) == (9, False)


@pytest.mark.parametrize(("query", "code"), [("v=9", 4012), ("v=10&compress=zstd-stream", 4000)])
async def test_other_versions_are_refused(sandbox, query, code):
    """Only version 10, plain or zlib-stream."""
    async with aiohttp.ClientSession(connector=make_connector(sandbox)) as session:
        url = f"wss://gateway.discord.gg/?{query}"
        async with session.ws_connect(url, proxy=sandbox.addresses.proxy_url) as socket:
            await socket.receive(timeout=20)
            assert socket.close_code == code


async def test_unknown_disturbance_is_refused(ada):
    """Tests hear of their own mistakes."""
    status, answer = await ada.request("POST", "api/gateway", action="explode")
    assert status == 400
    assert "action must be one of" in answer["error"]
