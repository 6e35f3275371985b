"""Draws what simulated people send: commands, buttons and plain words, from a seed. It knows their form, not their effect."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from soak.commands.tab import Attached, Json, Tab, buttons_of

_FORMS = ("Edit…", "Name…", "Comment…", "Branch here")  # these open a form, and whoever leaves it sends nothing
_WEIGHTS = {
    "generate": 14,
    "arrange": 13,
    "remix": 5,
    "harmonize": 4,
    "describe": 12,
    "history": 12,
    "help": 6,
    "explain": 3,
    "favourites": 4,
    "undo": 2,
    "layer mix": 10,
    "layer list": 4,
    "song members": 3,
    "comment add": 2,
    "comment list": 2,
    "bad link": 3,
    "mention": 5,
    "press": 8,
}
_PUBLIC = {"generate", "arrange", "remix", "harmonize", "undo", "layer mix", "comment add", "describe", "bad link"}
_BAD_LINK = "https://discord.com/channels/1/2/3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something to send. ``body`` None: plain words, which ``content`` has."""

    name: str
    channel_id: str
    body: Json | None = None
    content: str = ""
    files: tuple[Attached, ...] = ()
    answers_publicly: bool = False


@dataclass(slots=True, kw_only=True)
class Places:
    """Where people are: channels, and threads of songs, which may vanish."""

    channels: list[str] = field(default_factory=list[str])
    threads: list[str] = field(default_factory=list[str])
    bot_id: str = ""


def draw(dice: random.Random, places: Places, tab: Tab) -> Wish:
    """Return the next wish of a person."""
    name = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    channel_id = dice.choice(places.channels)
    if name == "press":
        return _press(dice, tab) or _command("history", channel_id)
    if name == "mention":
        words = dice.choice(("flute in E minor, 2 bars", "which key is this?", "help", "sad piano waltz, 2 bars"))
        content = f"<@{places.bot_id}> {words}"
        return Wish(name=name, channel_id=channel_id, content=content, answers_publicly=True)
    if name.startswith(("layer", "song", "comment")):
        place = dice.choice(places.threads) if places.threads else channel_id
        return _command(name, place, _options(dice, name))
    is_in_song = places.threads and dice.random() < 0.2
    return _command(name, dice.choice(places.threads) if is_in_song else channel_id, _options(dice, name))


def _options(dice: random.Random, name: str) -> dict[str, Any]:  # noqa: PLR0911 - a table that needs the dice
    seed = dice.randrange(1000)
    match name:
        case "generate":
            return {"bars": dice.choice((1, 2)), "seed": seed, "instruments": dice.choice(("piano", "piano, bass"))}
        case "arrange":
            return {"transpose": dice.choice(("up 2", "-2", "up a third")), "seed": seed}
        case "remix":
            return {"share": dice.choice((20, 50)), "seed": seed}
        case "harmonize":
            return {"style": "chorale", "seed": seed}
        case "layer mix":
            return {"layer": "1", "pan": dice.randrange(-100, 101)}
        case "comment add":
            return {"text": f"What about bar one? ({seed})", "bar": 1}
        case "bad link":
            return {"message": _BAD_LINK}
        case _:
            return {}


def _command(name: str, channel_id: str, options: dict[str, Any] | None = None) -> Wish:
    command, _, sub = ("remix" if name == "bad link" else name).partition(" ")
    body: Json = {"kind": "command", "command": command, "options": options or {}}
    if sub:
        body["path"] = [sub]
    return Wish(name=name, channel_id=channel_id, body=body, answers_publicly=name in _PUBLIC)


def _press(dice: random.Random, tab: Tab) -> Wish | None:
    """Press something under a result of one's own."""
    if not tab.results:
        return None
    message = dice.choice(tab.results)
    buttons = [each for each in buttons_of(message) if each["label"] not in _FORMS]
    if not buttons:
        return None
    custom_id = dice.choice(buttons)["custom_id"]
    body: Json = {"kind": "component", "message_id": message["id"], "custom_id": custom_id}
    return Wish(name="press", channel_id=message["channel_id"], body=body)
