"""``benchmarks/tab.py``: a tab hears every event that concerns it, sends what a form takes, and tells what the page refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from benchmarks.tab import Attached, OpenTab


class Listener(OpenTab):
    """Keeps everything but the affairs of others."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.heard: list[str] = []

    def _concerns(self, text: str) -> bool:
        return "others" not in text

    def _note(self, event: dict[str, Any]) -> None:
        self.heard.append(event["type"])


def page(taken: list[tuple[dict[str, Any], dict[str, bytes]]]) -> web.Application:
    async def users(request: web.Request) -> web.Response:
        return web.json_response({"id": (await request.json())["name"].lower()})

    async def events(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for kind in ("first", "others", request.query["user_id"]):
            await socket.send_str(json.dumps({"type": kind}))
        async for _ in socket:
            pass
        return socket

    async def interactions(request: web.Request) -> web.Response:
        body, files = {}, {}
        if request.content_type == "application/json":
            body = await request.json()
        else:
            form = await request.post()
            body = json.loads(form["payload_json"])
            files = {each.filename: each.file.read() for name, each in form.items() if name.startswith("files[")}
        taken.append((body, files))
        if body.get("command") == "nonsense":
            return web.Response(status=400, text="no such command")
        return web.json_response({"interaction_id": len(taken)})

    app = web.Application(client_max_size=2**23)
    app.router.add_post("/api/users", users)
    app.router.add_get("/api/events", events)
    app.router.add_post("/api/interactions", interactions)
    return app


async def test_a_tab_hears_sends_and_is_refused():
    taken: list[tuple[dict[str, Any], dict[str, bytes]]] = []
    async with TestServer(page(taken)) as server, ClientSession() as session:
        ada = await Listener.arrive(session, str(server.make_url("/")), "Ada")
        await ada.until(lambda: "ada" in ada.heard, seconds=30)
        assert ada.heard == ["first", "ada"]
        assert await ada.interact("5", {"command": "help"}) == "1"
        files = (Attached("a.mid", b"one"), Attached("b.mid", b"two" * 10**6))
        assert await ada.interact("5", {"command": "remix"}, files) == "2"
        with pytest.raises(RuntimeError, match="no such command"):
            await ada.interact("5", {"command": "nonsense"})
        with pytest.raises(TimeoutError):
            await ada.until(lambda: False, seconds=0)
        await ada.leave()
    assert taken[0] == ({"user_id": "ada", "channel_id": "5", "command": "help"}, {})
    assert taken[1][1] == {file.filename: file.data for file in files}
