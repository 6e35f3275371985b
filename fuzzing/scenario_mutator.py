"""Changes scenarios as JSON: events come and go, values become hostile ones. It knows no commands beyond those a scenario names."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from fuzzing.target import Mutate

_TEXTS = (
    "", " ", "0", "-1", "1-4", "9999-1", "@everyone", "<@999999999>", "**bold**", "`", "```", "x" * 300, "\u202e", "\u200b", "é🎵", "C minor", "H# phrygian", "rock", "piano, drums",
    "no piano", "1e309", "nan", "../../etc/passwd", "https://discord.com/channels/500/600/1300000000004194304", "https://discord.com/channels/@me/1/1", "https://evil.example/x.mid",
    "1300000000004194304", "18446744073709551616", "C | G | Am | F", "main", "half", "double", "up a third", "-2", "50%", "1", "2", "drums", "bass", "melody.mid", "band.mid", "junk.mid", "empty.mid",
    "karaoke", "film-frames-25", "tune.abc", "melody.musicxml", "page.html", "remix", "details", "listen", "sad jazz waltz", "again", "undo", "redo", "delete", "everything", "\n", "{}", "%s", "' OR 1=1",
)  # fmt: skip
_NUMBERS = (0, 1, -1, 2, 3, 4, 7, 16, 64, 256, 100, 1000, 2**31, 2**53, 2**63, -(2**63), 0.5, 1e300)
_NAMES = (
    "generate", "compose", "harmonize", "remix", "describe", "explain", "history", "favourites", "help", "hum", "tutorial", "undo", "redo", "delete", "arrange", "infill", "add", "continue",
    "score", "export", "Remix this", "Show score", "song new", "song join", "song leave", "song invite", "song settings", "layer add", "layer mix", "layer rename", "layer lock", "branch new",
    "branch merge", "vote start", "comment add", "turn pass", "mydata export", "mydata erase", "settings show",
)  # fmt: skip
_KINDS = ("command", "press", "form", "say")
_IDS = (
    "again",
    "remix",
    "more",
    "delete",
    "details",
    "listen",
    "edit",
    "cancel",
    "form:remix",
    "form:add",
    "form:arrange",
    "form:infill",
    "look",
    "merge",
    "vote",
    "comment",
    "edit-words",
    "take",
    "share",
)


def mutate_scenario(
    data: bytes, max_bytes: int, seed: int, mutate: Mutate, *, pool: Sequence[dict[str, Any]] = ()
) -> bytes:
    """Change one to three things in a scenario; rarely its bytes. ``pool`` holds sound events to put in, also changed."""
    dice = random.Random(seed)
    if dice.random() < 0.03:
        return mutate(data, max_bytes)
    try:
        events = json.loads(data)
    except (ValueError, RecursionError):
        events = []
    if not isinstance(events, list):
        events = []
    for _ in range(dice.randrange(1, 4)):
        events = _change(events, dice, mutate, pool)
    written = json.dumps(events, ensure_ascii=False).encode("utf-8", errors="replace")
    return written if len(written) <= max_bytes else data[:max_bytes]


def _change(events: list[Any], dice: random.Random, mutate: Mutate, pool: Sequence[dict[str, Any]]) -> list[Any]:
    doing = dice.random()
    if not events or doing < 0.15:
        at = dice.randrange(len(events) + 1)
        return [*events[:at], _event(dice, pool), *events[at:]][:6]
    at = dice.randrange(len(events))
    if doing < 0.22:
        return [*events[:at], *events[at + 1 :]]
    if doing < 0.28:
        return [*events, events[at]][:6]
    return [*events[:at], _changed(events[at], dice, mutate), *events[at + 1 :]]


def _event(dice: random.Random, pool: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if pool and dice.random() < 0.75:
        return dice.choice(pool) | {"who": dice.randrange(3), "where": dice.randrange(4)}
    kind = dice.choice(_KINDS)
    event: dict[str, Any] = {"do": kind, "who": dice.randrange(3), "where": dice.randrange(4)}
    if kind == "command":
        return event | {"name": dice.choice(_NAMES), "options": {}}
    if kind == "say":
        return event | {"text": dice.choice(_TEXTS)}
    named: Any = (
        dice.randrange(60)
        if dice.random() < 0.5
        else f"tutti:{dice.choice(_IDS)}:{dice.choice((1, 2, 3, 99, 2**63, -1))}"
    )
    return (
        event
        | {"id": named}
        | ({"fields": {dice.choice(_TEXTS[6:30]) or "x": dice.choice(_TEXTS)}} if kind == "form" else {})
    )


def _changed(value: Any, dice: random.Random, mutate: Mutate) -> Any:
    """Return a value with one part of it changed."""
    if isinstance(value, dict) and value:
        name = dice.choice([key for key in value if key != "do"] or list(value))
        if name == "name" and "do" in value and dice.random() < 0.8:
            return value | {"name": dice.choice(_NAMES)}
        if dice.random() < 0.08:
            return value | {
                dice.choice(
                    (
                        "who",
                        "where",
                        "forged",
                        "values",
                        "message",
                        "reply_to",
                        "files",
                        "complete",
                        "powerless",
                        "silent",
                    )
                ): _value(dice)
            }
        return value | {name: _changed(value[name], dice, mutate)}
    if isinstance(value, list) and value and dice.random() < 0.8:
        at = dice.randrange(len(value))
        return [*value[:at], _changed(value[at], dice, mutate), *value[at + 1 :]]
    if isinstance(value, str) and dice.random() < 0.4:
        return mutate(value.encode("utf-8", errors="replace"), len(value) + 40).decode("utf-8", errors="replace")
    return _value(dice)


def _value(dice: random.Random) -> Any:
    return dice.choice(
        (
            dice.choice(_TEXTS),
            dice.choice(_TEXTS),
            dice.choice(_NUMBERS),
            dice.choice((True, False, None)),
            [dice.choice(_TEXTS)],
            {"name": dice.choice(_TEXTS), "as": dice.choice(_TEXTS), "size": dice.choice(_NUMBERS)},
        )
    )
