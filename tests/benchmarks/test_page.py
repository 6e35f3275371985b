"""What a person saw is noted with the moment it was seen."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import ClientSession, WSMsgType, web
from aiohttp.test_utils import TestServer

from benchmarks.page import Person, buttons

CANCEL = {"components": [{"components": [{"type": 2, "label": "Cancel", "custom_id": "stop"}]}]}


def message(**changes: Any) -> dict[str, Any]:
    whole = {"id": "m", "is_thinking": False, "components": [], "attachments": [], "interaction_metadata": {"id": "7"}}
    return {"type": "message_update", "message": whole | changes}


STORY = (
    message(is_thinking=True),
    {"type": "interaction_acknowledged", "interaction_id": "7"},
    message(**CANCEL),
    message(attachments=[{"filename": "first-bars.ogg"}], **CANCEL),
    message(attachments=[{"filename": "all.ogg"}]),
)


def story_server() -> web.Application:
    """A page on which one interaction goes its way, told to everybody's tab before the request for it is answered."""
    sockets: list[web.WebSocketResponse] = []

    async def users(_request: web.Request) -> web.Response:
        return web.json_response({"id": "u"})

    async def events(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sockets.append(socket)
        async for raw in socket:
            assert raw.type is WSMsgType.TEXT
        return socket

    async def interactions(_request: web.Request) -> web.Response:
        for event in STORY:
            await sockets[0].send_str(json.dumps(event))
        await asyncio.sleep(0.01)
        return web.json_response({"interaction_id": "7"})

    app = web.Application()
    app.router.add_post("/api/users", users)
    app.router.add_get("/api/events", events)
    app.router.add_post("/api/interactions", interactions)
    return app


async def test_a_visit_knows_when_it_saw_what():
    """Acknowledged, progress, sound, end: in this order, although the page answered the request after all of them."""
    async with TestServer(story_server()) as server, ClientSession() as session:
        person = await Person.arrive(session, str(server.make_url("/")), "Ada")
        visit = await person.ask("channel", "generate", bars=4)
        await person.until(lambda: visit.finished_seconds is not None)
        await person.leave()

    seen = (visit.acknowledged_seconds, visit.progress_seconds, visit.audible_seconds, visit.finished_seconds)
    moments = [moment for moment in seen if moment is not None]
    assert len(moments) == 4
    assert moments == sorted(moments)
    assert len(set(moments)) == 4
    assert visit.asked_seconds < moments[0]
    assert visit.has_sound


def test_buttons_are_found_by_label():
    """Only those that can be pressed."""
    assert buttons(message(**CANCEL)["message"]) == {"Cancel": "stop"}
