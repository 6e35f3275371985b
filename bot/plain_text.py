"""Makes text that somebody typed harmless to show: one line, no formatting, no mention, not endless. Knows no message."""

from __future__ import annotations

import re

_JOINER = "\N{ZERO WIDTH SPACE}"
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
"""Signs that nobody sees but that turn text around, hide in names, or steer a terminal. Those that join letters and pictures
(U+200C, U+200D) belong to scripts and emoji, and stay."""
_SIGN = re.compile(
    r"(?P<link>(?:https?|steam)://[^\s<\[\]()*~|`\\]+)|[\\*_~`|\[]|^(?:>(?=(?:>>)?\s)|#(?=#{0,2}\s)|-(?=#?\s))"
)
"""What Discord formats by; the letters of a link are left as they are, and what formats a line counts only where one begins."""
_OPENINGS = ("<@", "<#", "<t:", "</", "<:", "<a:", "<id:", "@everyone", "@here")


def make_plain(text: str, *, limit: int = 1000) -> str:
    """Return ``text`` so that Discord shows it as it was typed, clipped to about ``limit`` characters."""
    line = clip(" ".join(seen(text).split()), limit)
    escaped = _SIGN.sub(lambda match: match[0] if match["link"] else f"\\{match[0]}", line)
    for opening in _OPENINGS:
        escaped = escaped.replace(opening, opening[0] + _JOINER + opening[1:])
    return escaped


def seen(text: str) -> str:
    """Return text without the signs that nobody sees, for places that Discord does not format: names, footers, entries of menus."""
    return _UNSEEN.sub("", text)


def clip(text: str, limit: int) -> str:
    """Return at most ``limit`` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
