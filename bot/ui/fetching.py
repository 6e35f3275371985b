"""Fetches attached files, and never more of one than we would take. It knows nothing of what is in them."""

from __future__ import annotations

import asyncio

import aiohttp
from discord.http import HTTPClient

from core.errors import InputError, UploadTooLargeError

_TIMEOUT_SECONDS = 8.0
_CHUNK_BYTES = 2**16


async def fetch(url: str, *, http: HTTPClient, max_bytes: int) -> bytes:
    """Return the bytes at an address of Discord's, over the connection and proxy of its client.

    discord.py reads whatever comes. What is stated beforehand may be wrong, so here the bytes are counted as they arrive.

    Raises:
        UploadTooLargeError: as soon as there are more than ``max_bytes``.
        InputError: when Discord does not give them in time.
    """
    try:
        async with (
            asyncio.timeout(_TIMEOUT_SECONDS),
            aiohttp.ClientSession(connector=http.connector, connector_owner=False, raise_for_status=True) as session,
            session.get(url, proxy=http.proxy, proxy_auth=http.proxy_auth) as response,
        ):
            data = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                data += chunk
                if len(data) > max_bytes:
                    raise UploadTooLargeError(what="bytes", limit=max_bytes)
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        raise InputError("I could not fetch that file from Discord. Attach it again.") from error
    return bytes(data)
