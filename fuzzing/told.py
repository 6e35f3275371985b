"""What the bot may tell Discord: sizes that Discord takes, no ping, no path, no traceback. It knows no bot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fuzzing.verdicts import BrokenPromiseError, check_shown_code

_EVERYBODY = re.compile(r"@(?:everyone|here)\b")
_LIMITS = {
    "title": 256,
    "description": 4096,
    "content": 2000,
    "label": 80,
    "placeholder": 150,
    "custom_id": 100,
    "name": 256,
    "value": 4000,
}
_MAX_EMBED_LENGTH = 6000
_MAX_FIELDS, _MAX_FIELD_LENGTH = 25, 1024


def check_told(payload: dict[str, Any]) -> None:
    """Look at one request to Discord.

    Raises:
        BrokenPromiseError: for what Discord would refuse, or people should not see.
    """
    data = payload.get("data") if isinstance(payload.get("data"), dict) else payload
    assert isinstance(data, dict)
    for name, text in _texts(data):
        if not text and name in {"label", "custom_id"}:
            raise BrokenPromiseError(f"an empty {name}")
        if len(text) > _LIMITS.get(name, _MAX_EMBED_LENGTH):
            raise BrokenPromiseError(f"a {name} of {len(text)} characters")
        if name == "custom_id":
            continue
        check_shown_code(text)
        if name in {"content", "title", "description", "value", "name"} and _EVERYBODY.search(text):
            raise BrokenPromiseError(f"everybody is named in a {name}: {text[:100]!r}")
    pings = data.get("allowed_mentions")
    if ("content" in data or "embeds" in data) and pings is not None and pings.get("parse"):
        raise BrokenPromiseError("a message may ping")
    for embed in data.get("embeds") or ():
        _check_embed(embed)


def _check_embed(embed: dict[str, Any]) -> None:
    fields = embed.get("fields") or []
    if len(fields) > _MAX_FIELDS or any(
        not each["value"] or not each["name"] or len(each["value"]) > _MAX_FIELD_LENGTH for each in fields
    ):
        raise BrokenPromiseError("fields of an embed that Discord does not take")
    if sum(len(text) for _, text in _texts(embed)) > _MAX_EMBED_LENGTH:
        raise BrokenPromiseError("an embed of over 6,000 characters")


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in {"url", "type", "timestamp"}:
                yield from _texts(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, name)
