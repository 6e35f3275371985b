"""The CDN: bytes of attachments at signed addresses, and the default avatars."""

import asyncio
import struct
import zlib

from aiohttp import web

from sandbox.disturbances import CDN_PATH, Disturbances
from sandbox.faults import FaultLog
from sandbox.links import LinkMaker
from sandbox.model import Attachment
from sandbox.state import World

_AVATAR_COLORS = (0x5865F2, 0x757E8A, 0x3BA55C, 0xFAA61A, 0xED4245, 0xEB459F)


def file_response(world: World, attachment: Attachment) -> web.FileResponse:
    """Answer the bytes of an attachment; byte ranges are understood."""
    headers = {
        "Content-Type": attachment.content_type,
        "Content-Disposition": f'attachment; filename="{attachment.filename}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    return web.FileResponse(world.database.file_path(attachment.attachment_id), headers=headers)


def find_file(world: World, request: web.Request) -> Attachment | None:
    """Return the attachment that an address names."""
    parts = request.match_info
    is_upload = parts["folder"] == "ephemeral-attachments"
    attachment = (world.uploads if is_upload else world.attachments).get(parts["attachment_id"])
    if attachment is None or attachment.filename != parts["filename"]:
        return None
    return attachment if is_upload or attachment.channel_id == parts["channel_id"] else None


class CDN:
    """Serves cdn.discordapp.com and media.discordapp.net."""

    def __init__(self, world: World, links: LinkMaker, faults: FaultLog, disturbances: Disturbances) -> None:
        self._disturbances = disturbances
        self._world = world
        self._links = links
        self._faults = faults

    def build(self) -> web.Application:
        """Return the web application of the CDN."""
        app = web.Application()
        path = "/{folder:attachments|ephemeral-attachments}/{channel_id}/{attachment_id}/{filename}"
        app.router.add_get(path, self.attachment)
        app.router.add_get(r"/embed/avatars/{number:\d+}.png", self.avatar)
        app.router.add_route("*", "/{path:.*}", self.unknown)
        return app

    async def attachment(self, request: web.Request) -> web.StreamResponse:
        """Answer an attachment; an unsigned or old address finds nothing."""
        disturbance = self._disturbances.take("GET", CDN_PATH)
        if disturbance is not None:
            await asyncio.sleep(disturbance.delay_seconds)
            if disturbance.action == "drop" and request.transport is not None:
                request.transport.abort()
            if disturbance.action != "delay":
                return web.Response(status=disturbance.status)
        attachment = find_file(self._world, request)
        if attachment is None or not self._links.is_good(request.path, request.query):
            text = "This content is no longer available."
            self._faults.add("refused", text, method="GET", path=request.path, status=404)
            return web.Response(status=404, text=text)
        return file_response(self._world, attachment)

    async def avatar(self, request: web.Request) -> web.Response:
        """Answer a default avatar: a picture of one colour."""
        color = _AVATAR_COLORS[int(request.match_info["number"]) % len(_AVATAR_COLORS)]
        return web.Response(body=_plain_png(color), headers={"Content-Type": "image/png"})

    async def unknown(self, request: web.Request) -> web.Response:
        """Note an address that the CDN does not have."""
        self._faults.add("unknown_route", "no such file", method=request.method, path=request.path, status=404)
        return web.Response(status=404)


def _plain_png(color: int, side: int = 64) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + color.to_bytes(3, "big") * side) * side
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
