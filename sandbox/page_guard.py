"""Who may speak to the page's address: this machine's own page and tests, and no web page from elsewhere.

A foreign page could otherwise reach a loopback server through the visitor's browser, also by a rebound name.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.errors import PageRequestError, RefusedError
from sandbox.rest.server import json_response

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]", "::1")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _is_loopback(address: str) -> bool:
    return urlsplit(f"//{address}").hostname in _LOOPBACK_NAMES


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse foreign hosts and origins, answer refusals in JSON, and send the page's safety headers."""
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and urlsplit(origin).netloc != request.host
    if not _is_loopback(request.host) or is_foreign:
        return json_response({"error": "This address is for this machine's own page only."}, status=403)
    try:
        response = await handler(request)
    except PageRequestError as error:
        return json_response({"error": error.text}, status=error.status)
    except RefusedError as error:
        return json_response({"error": error.text, **error.to_json()}, status=error.status)
    except web.HTTPException as error:
        return json_response({"error": f"{error.status} {error.reason}"}, status=error.status)
    if not response.prepared:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
