"""Files on their way in: multipart bodies read with limits, bytes kept, facts noted.

Both Discord's REST side and the page send files this way: `payload_json` and `files[n]`.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, hdrs, web

from sandbox.errors import RefusedError, too_large
from sandbox.media_facts import clean_filename, content_type_of, picture_size
from sandbox.model import Attachment
from sandbox.state import World

_FILE_FIELD = re.compile(r"files\[(\d+)\]")
_MAX_JSON_BYTES = 1024 * 1024
_CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class Upload:
    """One file of a request."""

    filename: str
    data: bytes


@dataclass(slots=True)
class Body:
    """What a request carries: JSON, and files by their number."""

    json: Any = None
    files: dict[int, Upload] = field(default_factory=dict[int, Upload])


async def read_body(request: web.Request, *, file_limit_bytes: int) -> Body:
    """Read a JSON or multipart body to its end. Raises: RefusedError for broken JSON or a file over the limit."""
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request, file_limit_bytes)
    text, is_whole = await _read_limited(request.content, _MAX_JSON_BYTES)
    if not is_whole:
        raise too_large()
    if not text:
        return Body()
    if request.content_type != "application/json":
        raise RefusedError(400, 50035, "Invalid Form Body: the body must be JSON or multipart")
    return Body(json=_parse(text))


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RefusedError(400, 50109, "The request body contains invalid JSON.") from error


async def _read_multipart(request: web.Request, file_limit_bytes: int) -> Body:
    body = Body()
    has_too_large = False
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise RefusedError(400, 50035, "Invalid Form Body: multipart inside multipart")
        match = _FILE_FIELD.fullmatch(part.name or "")
        limit = file_limit_bytes if match else _MAX_JSON_BYTES
        data, is_whole = await _read_part(part, limit)
        has_too_large |= not is_whole
        if match:
            body.files[int(match.group(1))] = Upload(part.filename or "unknown", data)
        elif part.name == "payload_json":
            body.json = _parse(data)
    if has_too_large:  # only after the last byte, so that the client reads the answer
        raise too_large()
    return body


async def _read_part(part: BodyPartReader, limit_bytes: int) -> tuple[bytes, bool]:
    data = bytearray()
    is_whole = True
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        if len(data) + len(chunk) > limit_bytes:
            is_whole = False
        elif is_whole:
            data += chunk
    return bytes(data), is_whole


async def _read_limited(content: Any, limit_bytes: int) -> tuple[bytes, bool]:
    data = bytearray()
    is_whole = True
    while chunk := await content.read(_CHUNK_BYTES):
        if len(data) + len(chunk) > limit_bytes:
            is_whole = False
        elif is_whole:
            data += chunk
    return bytes(data), is_whole


def store_upload(
    world: World, upload: Upload, *, channel_id: str, facts: dict[str, Any] | None = None, is_ephemeral: bool = False
) -> Attachment:
    """Keep a file's bytes and return its record; `facts` is what the sender says about it."""
    facts = facts or {}
    filename = clean_filename(str(facts.get("filename") or upload.filename))
    size = picture_size(upload.data)
    attachment = Attachment(
        attachment_id=world.ids.next_id(),
        channel_id=channel_id,
        filename=filename,
        content_type=content_type_of(filename),
        size_bytes=len(upload.data),
        description=facts.get("description"),
        width=size[0] if size else None,
        height=size[1] if size else None,
        duration_seconds=facts.get("duration_secs"),
        waveform=facts.get("waveform"),
        is_ephemeral=is_ephemeral,
    )
    world.database.write_file(attachment.attachment_id, upload.data)
    return attachment


def content_disposition(filename: str) -> dict[str, str]:
    """Return the header that lets a browser save a file under its name."""
    return {hdrs.CONTENT_DISPOSITION: f'inline; filename="{filename}"'}
