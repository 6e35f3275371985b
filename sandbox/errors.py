"""Refusals: what Discord answers when a request breaks its rules.

The numbers are Discord's own JSON error codes. Knows nothing of HTTP libraries.
"""

from collections.abc import Sequence
from typing import Any


class RefusedError(Exception):
    """A request that Discord refuses: HTTP status, JSON error code, text, and which fields were wrong."""

    def __init__(self, status: int, code: int, text: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status = status
        self.code = code
        self.text = text
        self.errors = errors

    def to_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        body: dict[str, Any] = {"message": self.text, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class RateLimitedError(Exception):
    """A request that comes too soon, by a limit that no header announces: seconds to wait, JSON error code, text."""

    def __init__(self, retry_after_seconds: float, code: int = 0, text: str = "You are being rate limited.") -> None:
        super().__init__(f"429 {code}: {text}")
        self.retry_after_seconds = retry_after_seconds
        self.code = code
        self.text = text


class PageRequestError(Exception):
    """A request of the page that Discord's own client would not have let through: status and one sentence."""

    def __init__(self, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def bad_form(path: Sequence[str | int], text: str, code: str = "BASE_TYPE_BAD") -> RefusedError:
    """Return error 50035 that names the wrong field by its path."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": text}]}
    for key in reversed(path):
        errors = {str(key): errors}
    return RefusedError(400, 50035, "Invalid Form Body", errors)


def too_long(path: Sequence[str | int], limit: int) -> RefusedError:
    """Return error 50035 for a text or list that is too long."""
    return bad_form(path, f"Must be {limit} or fewer in length.", "BASE_TYPE_MAX_LENGTH")


def unknown_message() -> RefusedError:
    """Return error 10008."""
    return RefusedError(404, 10008, "Unknown Message")


def unknown_channel() -> RefusedError:
    """Return error 10003."""
    return RefusedError(404, 10003, "Unknown Channel")


def missing_permissions() -> RefusedError:
    """Return error 50013."""
    return RefusedError(403, 50013, "Missing Permissions")


def missing_access() -> RefusedError:
    """Return error 50001: the channel cannot even be seen."""
    return RefusedError(403, 50001, "Missing Access")


def thread_is_archived() -> RefusedError:
    """Return error 50083: nothing but deleting messages and writing new ones happens in an archived thread."""
    return RefusedError(400, 50083, "Thread is archived")


def system_message() -> RefusedError:
    """Return error 50021: what Discord wrote itself cannot be edited, pinned or answered for."""
    return RefusedError(403, 50021, "Cannot execute action on a system message")


def too_large() -> RefusedError:
    """Return error 40005: a file is over the size limit."""
    return RefusedError(413, 40005, "Request entity too large")
