"""Brings up a message of every kind that has buttons or menus, each with the person who is to press there.

A kind that the bot gets anew needs an entry here; a test holds the kinds that were seen against those that the bot knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from soak.promises.visitor import Json, Outcome, Visitor, is_apology

RUNNING, SETTINGS = "running", "settings"
_NUM_BARS = 2
_PIANO: dict[str, Any] = {"bars": _NUM_BARS, "instruments": "piano"}
_BAND = "piano, steel guitar, bass, strings, drums"  # a song that takes some seconds
_LONG = 6 * 24 * 60  # minutes that a vote is open: longer than any time that passes here
_ROOMS = ("edit", "tutorial", "delete")
"""What is about the newest result of its channel."""
_SONGS = "tutti:songs"  # the menu that leads from a list to a song
_LAST = ("Delete", "Delete all", "Delete them for good", "Erase me for good", "Give up", "Cancel", "Leave it")
"""What ends a message, pressed after everything else on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A message with something to press, by its name, and who presses."""

    name: str
    visitor: Visitor
    message_id: str

    @property
    def message(self) -> Json:
        """The message as it stands."""
        return self.visitor.messages[self.message_id]


@dataclass(slots=True, kw_only=True)
class People:
    """Who hangs the gallery: Ada owns the server, Ben is a guest, Zoe will be erased."""

    ada: Visitor
    ben: Visitor
    zoe: Visitor


async def hang(people: People, *, name: str) -> list[Exhibit]:
    """Bring everything up in a channel and songs of this name.

    Raises:
        TimeoutError: when something is not answered.
        RuntimeError: when something that is needed is refused.
    """
    ada, ben, zoe = people.ada, people.ben, people.zoe
    channel = (await ada.call("POST", "/api/channels", {"name": name}))["id"]
    rooms = {title: (await ada.call("POST", "/api/channels", {"name": f"{name}-{title}"}))["id"] for title in _ROOMS}
    result = await _made(ada, channel, "generate", _PIANO | {"seed": 1})
    for room in rooms.values():  # each with a newest result of its own, which nobody deletes meanwhile
        await _made(ada, room, "generate", _PIANO | {"seed": 7})
    edited = await _made(ada, rooms["edit"], "remix", {"seed": 1})
    takes = await _made(ada, channel, "generate", _PIANO | {"takes": 2, "seed": 2})
    plan = await _made(ada, channel, "compose", {"genre": "pop", "length": "8 bars", "seed": 3})
    other_plan = await _made(ada, channel, "compose", {"genre": "pop", "length": "8 bars", "seed": 4})
    stage = await _pressed(ada, other_plan, "Stage by stage")
    exhibits = {"result": result, "edit": edited, "takes": takes, "plan": plan, "stage": stage}
    await _made(ada, rooms["delete"], "generate", _PIANO | {"seed": 8})
    await _pressed(ada, result, "Star")
    for title, place, command, options in (
        ("history", channel, "history", {}),
        ("favourites", channel, "favourites", {}),
        ("tutorial", rooms["tutorial"], "tutorial", {}),
        (SETTINGS, channel, "settings show", {}),
        ("delete", rooms["delete"], "delete", {"newest": 2}),
    ):
        exhibits[title] = await _made(ada, place, command, options)
    found = [Exhibit(name=title, visitor=ada, message_id=each.message["id"]) for title, each in exhibits.items()]
    await _made(zoe, channel, "generate", _PIANO | {"seed": 6})
    erase = await _made(zoe, channel, "mydata erase", {})
    found.append(Exhibit(name="mydata", visitor=zoe, message_id=erase.message["id"]))
    for part in (_hang_song, _hang_lines, _hang_votes):
        found += await part(ada, ben, channel)
    return found


async def hang_running(people: People, *, name: str) -> Exhibit:
    """Bring up a job at work, which can be cancelled.

    Raises:
        TimeoutError: when it does not begin.
    """
    ada = people.ada
    channel = (await ada.call("POST", "/api/channels", {"name": f"{name}-running"}))["id"]
    number = await ada.begin(channel, "generate", {"bars": 64, "seed": 1, "instruments": _BAND})

    def running() -> list[Json]:
        own = [each for each in ada.messages.values() if (each.get("interaction_metadata") or {}).get("id") == number]
        return [each for each in own if labels_of(each)]

    await ada.until(lambda: bool(running()))
    return Exhibit(name=RUNNING, visitor=ada, message_id=running()[0]["id"])


def labels_of(message: Json) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what can be pressed or chosen in a message: label, identifier, values; what ends the message comes last."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for row in message.get("components") or ():
        for item in row.get("components", []):
            custom_id = item.get("custom_id")
            if not custom_id or item.get("disabled"):
                continue
            if item["type"] == 2:
                found.append((str(item.get("label")), custom_id, ()))
            elif item["type"] == 3:
                entries = [(str(each["label"]), custom_id, (each["value"],)) for each in item["options"]]
                is_by_age = custom_id.startswith(_SONGS)  # this gallery's own are the newest; one choice leads away
                found += entries if is_by_age else reversed(entries)  # a usual setting comes first, and shall stay
    return sorted(found, key=lambda each: each[0] in _LAST)


async def _hang_song(ada: Visitor, ben: Visitor, channel: str) -> list[Exhibit]:
    """A result inside a song, a comment, and a change that came late."""
    thread = await _begin_song(ada, channel)
    first = await _made(ada, thread, "generate", _PIANO | {"bars": 4, "seed": 1})
    early = await _made(ada, thread, "arrange", {"transpose": "up 2", "bars": "1"})
    link = await _link(ada, first)
    late = await _made(ben, thread, "arrange", {"transpose": "up 2", "bars": "4", "message": link})
    comment = await _made(ada, thread, "comment add", {"text": "Louder?", "bar": 1})
    return [
        Exhibit(name="result in a song", visitor=ada, message_id=early.message["id"]),
        Exhibit(name="late change", visitor=ben, message_id=late.message["id"]),
        Exhibit(name="comment", visitor=ada, message_id=comment.message["id"]),
    ]


async def _hang_lines(ada: Visitor, ben: Visitor, channel: str) -> list[Exhibit]:
    """A merge with conflicts to decide."""
    thread = await _begin_song(ada, channel)
    await _made(ada, thread, "generate", _PIANO | {"bars": 4, "seed": 3})
    await _made(ben, thread, "branch new", {"name": "low end"})
    await _made(ben, thread, "arrange", {"transpose": "up 5", "bars": "1"})
    await _made(ada, thread, "arrange", {"transpose": "down 5", "bars": "1"})
    asked = await _made(ada, thread, "branch merge", {"from": "low end"})
    return [Exhibit(name="merge", visitor=ada, message_id=asked.message["id"])]


async def _hang_votes(ada: Visitor, ben: Visitor, channel: str) -> list[Exhibit]:
    """Takes in a song, an open vote, and one over branches that is decided."""
    thread = await _begin_song(ada, channel)
    await _made(ada, thread, "generate", _PIANO | {"bars": 4, "seed": 3})
    await _made(ada, thread, "song tag", {"name": "calm"})
    await _made(ben, thread, "arrange", {"transpose": "up 2"})
    await _made(ben, thread, "song tag", {"name": "high"})
    vote = await _made(ben, thread, "vote start", {"over": "revisions", "names": "calm, high", "minutes": _LONG})
    other = await _begin_song(ada, channel)
    await _made(ada, other, "generate", _PIANO | {"bars": 4, "seed": 3})
    for name in ("high", "higher"):  # either may be B: the letters are drawn
        await _made(ben, other, "branch new", {"name": name})
        await _made(ben, other, "arrange", {"transpose": "up 2", "bars": "1-2"})
    decided = await _made(ada, other, "vote start", {"over": "branches", "names": "high, higher", "minutes": _LONG})
    await _made(ada, other, "vote close", {"winner": "B"})
    await ada.until(
        lambda: any(label.startswith("Merge") for label, *_ in labels_of(ada.messages[decided.message["id"]]))
    )
    third = await _begin_song(ada, channel)
    await _made(ada, third, "generate", _PIANO | {"seed": 3})
    takes = await _made(ada, third, "remix", {"takes": 2, "seed": 5})
    return [
        Exhibit(name="vote", visitor=ada, message_id=vote.message["id"]),
        Exhibit(name="decided vote", visitor=ada, message_id=decided.message["id"]),
        Exhibit(name="takes in a song", visitor=ada, message_id=takes.message["id"]),
    ]


async def _begin_song(ada: Visitor, channel: str) -> str:
    begun = await _made(ada, channel, "song new", {"title": "Our tune", "bars": 4})
    return begun.text.partition("<#")[2].partition(">")[0]


async def _link(visitor: Visitor, outcome: Outcome) -> str:
    guild_id = (await visitor.call("GET", "/api/state"))["guild"]["id"]
    return f"https://discord.com/channels/{guild_id}/{outcome.message['channel_id']}/{outcome.message['id']}"


async def _pressed(visitor: Visitor, outcome: Outcome, wanted: str) -> Outcome:
    """Press what is called so, or choose it."""
    found = {label: (custom_id, values) for label, custom_id, values in labels_of(outcome.message)}
    if wanted not in found:
        raise RuntimeError(f"nothing is called “{wanted}” in: {outcome.text}")
    custom_id, values = found[wanted]
    return _taken(f"“{wanted}”", await visitor.press(outcome.message, custom_id, values))


async def _made(visitor: Visitor, channel: str, command: str, options: dict[str, Any]) -> Outcome:
    return _taken(f"/{command}", await visitor.ask(channel, command, options))


def _taken(what: str, outcome: Outcome) -> Outcome:
    """Return what came of a request that must not fail, or all that hangs after it would be something else."""
    if outcome.failure or is_apology(outcome.text):
        raise RuntimeError(f"{what} failed: {outcome.failure or outcome.text}")
    return outcome
