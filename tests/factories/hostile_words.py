"""Words that want to ping, format, link, turn around or leave their place, and what a message may not show of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

PINGS = (
    "@everyone",
    "@here",
    "<@700>",
    "<@!70000000000000000>",
    "<@&4242424242424242>",
    "<#55>",
    "</generate:1>",
    "<t:0>",
)
MARKS = ("**loud**", "__under__", "||hidden||", "~~gone~~", "`code`", "```", "[click](https://evil.example)")
TURNS = ("\u202e", "\u2066", "\u2069", "\u200f", "\ufeff", "\u2060", "\u200b\u200b", "\x1b", "\x07")
HOSTILE = " ".join((*MARKS, *PINGS, "# head", *(f"a{turn}b" for turn in TURNS), "../../etc/passwd"))
VARIANTS = (
    HOSTILE,
    " ".join((*PINGS, *reversed(MARKS))),
    "```\n# head\n> quote\n- list\n-# small",
    "@everyone " * 400,
    "[" * 2000 + "](https://evil.example)",
)

_BLOCK = re.compile(r"```.*?```|(?<![\\`])`[^`\n]+`(?!`)", re.DOTALL)
_BREAKOUTS = [re.escape(each) for each in PINGS] + [
    r"(?<!\\)\*\*loud",
    r"(?<!\\)__under",
    r"(?<!\\)\|\|hidden",
    r"(?<!\\)~~gone",
    r"(?<!\\)`code",
    r"(?<!\\)\[click\]\(",
    r"(?m)^#{1,3} head",
    r"(?m)^> quote",
    r"(?m)^-# small",
]
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff\u2060\x00-\x08\x0b-\x1f\x7f]|\u200b\u200b")
_OF_THE_MACHINE = re.compile(
    r"/(?:home|opt|root|srv|tmp|usr|work)/|site-packages|Traceback|sqlalchemy|\.py\b", re.IGNORECASE
)
_LIMITS = {
    "content": 2000,
    "title": 256,
    "description": 4096,
    "name": 256,
    "value": 1024,
    "text": 2048,
    "label": 100,
    "placeholder": 150,
}


def faults_of(message: Json) -> Iterator[str]:
    """Return what is wrong with something that was sent to Discord: a message, an answer, a form."""
    data = message.get("data", message)
    if (data.get("content") or data.get("embeds")) and data.get("allowed_mentions", {}).get("parse") != []:
        yield f"mentions are not switched off: {data}"
    for path, text in _texts(data):
        if _UNSEEN.search(text):
            yield f"{path}: unseen signs in {text!r}"
        if _OF_THE_MACHINE.search(text):
            yield f"{path}: of the machine: {text!r}"
        if len(text) > _LIMITS.get(path[-1], 4096) and "components" not in path:
            yield f"{path}: {len(text)} characters"
        if _is_formatted(path):
            rest = _BLOCK.sub(" ", text)
            yield from (f"{path}: {found} in {text!r}" for found in _BREAKOUTS if re.search(found, rest))


def _is_formatted(path: tuple[str, ...]) -> bool:
    """Whether Discord formats what stands there: not in names of buttons and files, footers and forms."""
    if "components" in path or "footer" in path or "filenames" in path or "attachments" in path or "author" in path:
        return False
    return path[-1] in {"content", "title", "description"} or "fields" in path


def _texts(thing: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(thing, str):
        if (path and path[-1] not in {"custom_id", "url", "nonce", "value"}) or "fields" in path:
            yield path, thing
    elif isinstance(thing, dict):
        for name, each in thing.items():
            yield from _texts(each, (*path, str(name)))
    elif isinstance(thing, list):
        for each in thing:
            yield from _texts(each, path)
