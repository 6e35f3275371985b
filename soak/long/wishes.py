"""Draws what people of the long run send: all that `soak.commands` knows, and files good and bad, exports, votes, whole songs."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from soak.commands.tab import Attached, Tab
from soak.commands.wishes import Places, Wish
from soak.commands.wishes import draw as draw_usual

_SHARE_USUAL = 0.6
_WEIGHTS = {
    "generate long": 8,
    "harmonize file": 8,
    "describe file": 6,
    "remix file": 4,
    "arrange file": 4,
    "bad file": 8,
    "continue": 4,
    "export": 5,
    "score": 3,
    "mydata export": 2,
    "vote start": 2,
    "vote list": 2,
    "compose": 1,
    "layer add": 3,
    "layer copy": 2,
    "song graph": 2,
    "song credits": 2,
    "song card": 1,
    "menu": 8,
}
_PRIVATE = {"describe file", "mydata export", "vote list", "song graph", "song credits", "song card"}
_MENU = 3  # the type of a menu of texts among components
_NOT_FROM_THE_MENU = ("delete",)  # a result that its own person takes away would look like one that was lost
_IN_A_SONG = ("vote", "layer", "song")

_COMMANDS = {
    "generate long": "generate",
    "harmonize file": "harmonize",
    "describe file": "describe",
    "remix file": "remix",
    "arrange file": "arrange",
    "bad file": "arrange",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What people have at hand: small pieces, sopranos without their other voices, and things that are no music."""

    pieces: tuple[Attached, ...]
    sopranos: tuple[Attached, ...]
    bad: tuple[Attached, ...]


def bad_files(piece: Attached) -> tuple[Attached, ...]:
    """Return files that must be refused with a sentence, made of a good MIDI file."""
    return (
        Attached(filename="cut.mid", data=piece.data[: len(piece.data) // 2]),
        Attached(filename="words.mid", data=b"Dear bot, this is a letter. " * 200),
        Attached(filename="empty.mid", data=b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x01\xe0"),
        Attached(filename="noise.mid", data=random.Random(7).randbytes(40_000)),
        Attached(filename="open.musicxml", data=b"<?xml version='1.0'?><score-partwise><part id='P1'>"),
        Attached(filename="odd.mxl", data=b"PK\x03\x04" + random.Random(8).randbytes(2_000)),
        Attached(filename="picture.png", data=b"\x89PNG\r\n\x1a\n" + random.Random(9).randbytes(2_000)),
    )


def draw(dice: random.Random, places: Places, tab: Tab, files: Files) -> Wish:
    """Return the next wish of a person."""
    if dice.random() < _SHARE_USUAL:
        return draw_usual(dice, places, tab)
    name = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    if name == "menu":
        return _menu(dice, tab) or draw_usual(dice, places, tab)
    is_in_song = bool(places.threads) and (name.startswith(_IN_A_SONG) or dice.random() < 0.2)
    options, attached = _options(dice, name, files)
    command, *path = _COMMANDS.get(name, name).split()
    body: dict[str, Any] = {"kind": "command", "command": command, "options": options}
    if path:
        body["path"] = path
    return Wish(
        name=name,
        channel_id=dice.choice(places.threads if is_in_song else places.channels),
        body=body,
        files=attached,
        answers_publicly=name not in _PRIVATE,
    )


def _menu(dice: random.Random, tab: Tab) -> Wish | None:
    """Choose something from the menu under a result of one's own; the forms that some entries open are closed unsent."""
    if not tab.results:
        return None
    message = dice.choice(tab.results)
    rows = message.get("components") or []
    menus = [item for row in rows for item in row.get("components", []) if item["type"] == _MENU]
    values = [entry["value"] for menu in menus for entry in menu["options"] if entry["value"] not in _NOT_FROM_THE_MENU]
    if not values:
        return None
    body: dict[str, Any] = {
        "kind": "component",
        "message_id": message["id"],
        "custom_id": menus[0]["custom_id"],
        "values": [dice.choice(values)],
    }
    return Wish(name="menu", channel_id=message["channel_id"], body=body)


def _options(dice: random.Random, name: str, files: Files) -> tuple[dict[str, Any], tuple[Attached, ...]]:
    seed = dice.randrange(1000)
    chosen = {
        "harmonize file": files.sopranos,
        "describe file": files.pieces,
        "remix file": files.pieces,
        "arrange file": files.pieces,
        "bad file": files.bad,
        "layer add": files.sopranos,
    }.get(name, ())
    attached = (dice.choice(chosen),) if chosen else ()
    options: dict[str, Any] = {"file": {"file": 0}} if attached else {}
    match name:
        case "generate long":
            instruments = dice.choice(("piano", "piano, bass, drums", "strings, flute"))
            options |= {"bars": dice.choice((4, 8, 16)), "instruments": instruments, "seed": seed}
        case "harmonize file":
            options |= {"style": dice.choice(("chorale", "chords", "piano", "band")), "seed": seed}
        case "remix file":
            options |= {"share": dice.choice((20, 50)), "seed": seed}
        case "arrange file" | "bad file":
            options |= {"transpose": "up 2", "seed": seed}
        case "continue":
            options |= {"bars": dice.choice((1, 2)), "seed": seed}
        case "compose":
            options |= {"length": "8 bars", "plan_first": False, "instruments": "piano, bass", "seed": seed}
        case _:
            options |= _options_without_file(dice, name)
    return options, attached


def _options_without_file(dice: random.Random, name: str) -> dict[str, Any]:
    match name:
        case "layer copy":
            return {"layer": "1"}
        case "export":
            return {"what": dice.choice(("midi", "ogg", "mp3", "stems", "score", "credits", "everything"))}
        case "score":
            return {"format": dice.choice(("png", "pdf", "musicxml"))}
        case "vote start":
            return {"over": "takes", "minutes": dice.choice((1, 3))}
        case _:
            return {}
