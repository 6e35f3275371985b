"""What people do in Discord: commands with any options, presses of any button, forms, menus, messages, files; through the real bot.

An input is JSON: a list of events, the scenario. What the bot then says must fit Discord and ping nobody; nothing may go wrong that is
not one of our declared errors, and everything must come to rest.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

from discord import app_commands

from fuzzing.bot_house import BotHouse
from fuzzing.discord_json import Json
from fuzzing.gateway_events import EventWriter
from fuzzing.midi_files import hard_files
from fuzzing.scenario_mutator import mutate_scenario
from fuzzing.target import Mutate, Target
from fuzzing.told import check_told
from fuzzing.verdicts import BrokenPromiseError
from music.midi import write_midi
from music.musicxml import write_musicxml
from tests.factories.pieces import make_band, make_melody

_MAX_BYTES = 4000
_MAX_EVENTS = 6
_OPENING: tuple[Json, ...] = (
    {"do": "command", "name": "generate", "options": {"genre": "rock", "bars": 4, "seed": 1}},
    {"do": "command", "name": "generate", "options": {"prompt": "sad waltz for piano", "takes": 2}, "who": 1},
    {"do": "command", "name": "compose", "options": {"prompt": "a rock song"}},
    {"do": "command", "name": "song new", "options": {"title": "Ours"}, "where": 1},
    {"do": "command", "name": "layer add", "options": {"instrument": "drums"}, "where": 1},
    {"do": "command", "name": "song join", "options": {}, "where": 1, "who": 1},
    {"do": "command", "name": "history", "options": {}},
    {"do": "command", "name": "settings show", "options": {}},
)
"""What happened before each scenario begins, so that there is something to press."""


@functools.cache
def house() -> tuple[BotHouse, EventWriter]:
    """Return the bot of this process, with some music in its channels."""
    opened = BotHouse()
    files = {
        name: data
        for name, data in hard_files()
        if name in {"plain", "extra-byte", "film-frames-25", "all-programs", "karaoke"}
    }
    files |= {
        "melody.mid": write_midi(make_melody()),
        "band.mid": write_midi(make_band(1)),
        "melody.musicxml": write_musicxml(make_melody()),
    }
    files |= {
        "junk.mid": b"MThd junk",
        "empty.mid": b"",
        "page.html": b"<html></html>",
        "tune.abc": b"X:1\nK:C\nCDEF|\n",
    }
    writer = EventWriter(opened.edge, opened.definitions, files)
    with opened.listening():
        for event in _OPENING:
            _play(opened, writer, event)
    opened.note_state()
    return opened, writer


def run(data: bytes) -> str:
    """Play a scenario from the same beginning."""
    try:
        events = json.loads(data)
    except (ValueError, RecursionError):
        return "no scenario"
    if not isinstance(events, list):
        return "no scenario"
    opened, writer = house()
    opened.renew()
    with opened.listening():
        for event in events[:_MAX_EVENTS]:
            if isinstance(event, dict):
                _play(opened, writer, event)
                _judge(opened)
    return f"{len(opened.edge.told)} answers"


def _play(opened: BotHouse, writer: EventWriter, event: Json) -> None:
    match event.get("do"):
        case "command":
            opened.send("INTERACTION_CREATE", writer.command(event))
        case "press":
            opened.send("INTERACTION_CREATE", writer.press(event, custom_id=_identifier(opened, event)))
        case "form":
            opened.send("INTERACTION_CREATE", writer.form(event, custom_id=_identifier(opened, event)))
        case "say":
            opened.send("MESSAGE_CREATE", writer.message(event))
        case _:
            return


def _identifier(opened: BotHouse, event: Json) -> str:
    """Return what was pressed: one of the shown by number, or any text, with a seal of ours unless it is ``forged``."""
    named = event.get("id")
    shown = opened.edge.shown_ids
    if isinstance(named, int) and not isinstance(named, bool):
        return shown[named % len(shown)] if shown else "tutti"
    text = str(named)
    return text if event.get("forged") else opened.seal(text[:80])


def _judge(opened: BotHouse) -> None:
    for trouble in opened.troubles:
        if isinstance(trouble, app_commands.CommandSignatureMismatch):
            continue  # an option that Discord would not send so; people are told to reload
        if isinstance(trouble, BaseException):
            raise trouble
        raise BrokenPromiseError(trouble)
    for payload in opened.edge.told:
        check_told(payload)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield each command alone, each button that is shown, forms and messages."""
    opened, _ = house()
    for name, definition in opened.definitions.items():
        for path, inner in _leaves(name, definition):
            options = {option["name"]: _example(option) for option in inner.get("options", ())}
            yield f"command-{path.replace(' ', '-')}", _scenario({"do": "command", "name": path, "options": options})
            required = {
                option["name"]: _example(option) for option in inner.get("options", ()) if option.get("required")
            }
            yield (
                f"bare-{path.replace(' ', '-')}",
                _scenario({"do": "command", "name": path, "options": required, "where": 1, "who": 1}),
            )
    for index in range(len(opened.edge.shown_ids)):
        yield f"press-{index}", _scenario({"do": "press", "id": index})
    actions = (
        "again",
        "remix",
        "more",
        "delete",
        "listen",
        "details",
        "edit",
        "cancel",
        "take:1",
        "look",
        "vote",
        "setting",
        "erase",
        "merge",
        "comment",
    )
    for action in actions:
        yield (
            f"id-{action.replace(':', '-')}",
            _scenario(
                {"do": "press", "id": f"tutti:{action}:1"},
                {"do": "press", "id": f"tutti:{action}:1", "values": ["remix"], "who": 2},
            ),
        )
    for form in ("remix", "add", "infill", "arrange"):
        fields = {
            "bars": "1-2",
            "tracks": "1",
            "share": "50",
            "change": "pitch",
            "instrument": "drums",
            "swap": "piano to strings",
        }
        yield f"form-{form}", _scenario({"do": "form", "id": f"tutti:form:{form}:1", "fields": fields})
    for index, text in enumerate(
        (
            "sad waltz",
            "again",
            "undo",
            "darker in bars 1-2",
            "as wav",
            "",
            "help",
            "what key is this?",
            "@everyone **x**",
        )
    ):
        yield (
            f"say-{index}",
            _scenario(
                {"do": "say", "text": text},
                {"do": "say", "text": text, "reply_to": 0, "files": ["melody.mid"], "where": 2},
            ),
        )


@functools.cache
def _pool() -> tuple[Json, ...]:
    """Return the events of all seeds, for the mutator to put in."""
    return tuple(event for _, data in seeds() for event in json.loads(data))


def _mutate(data: bytes, max_bytes: int, seed: int, mutate: Mutate) -> bytes:
    return mutate_scenario(data, max_bytes, seed, mutate, pool=_pool())


def _leaves(name: str, definition: Json) -> Iterator[tuple[str, Json]]:
    inner = [option for option in definition.get("options", ()) if option["type"] in {1, 2}]
    if not inner:
        yield name, definition
    for option in inner:
        yield from _leaves(f"{name} {option['name']}", option)


def _example(option: Json) -> Any:
    if option.get("choices"):
        return option["choices"][0]["value"]
    by_name = {
        "bars": "1-2",
        "key": "C minor",
        "instruments": "piano, drums",
        "instrument": "drums",
        "message": "",
        "tempo": 90,
        "file": "melody.mid",
    }
    return {
        3: by_name.get(option["name"], "rock"),
        4: option.get("min_value", 1),
        10: option.get("min_value", 1),
        5: True,
        11: "melody.mid",
    }.get(option["type"], 1)


def _scenario(*events: Json) -> bytes:
    return json.dumps(list(events)).encode()


TARGET = Target(name="interactions", run=run, most_kept=30, seeds=seeds, max_bytes=_MAX_BYTES, mutate=_mutate)
