"""Everything that the bot says to people who gave hostile words wherever they could: commands, names, files, forms, buttons."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace

import pytest

from bot.services.house.seals import plain_text
from bot.services.model import Author, JobOrder, Place, Upload
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.founding import FoundOptions
from bot.ui.courier import ReplyAddress
from core.errors import InferenceError
from music.midi import write_midi
from tests.factories.commanding import every_command, payload_of
from tests.factories.doors import StandInMedia, StandInWriter, melody
from tests.factories.hostile_words import HOSTILE, VARIANTS, faults_of
from tests.factories.pressing import BOT_ID, BUTTON, CHANNEL_ID, GUILD_ID, PERSON_ID, SELECT, Pressed, open_stage

NAME = "**loud** a\u202eb\u2066 @everyone"
SONG, PLAIN = CHANNEL_ID, CHANNEL_ID + 1
EVERYTHING = (1 << 50) - 1
ENDING = {"settings", "mydata", "delete", "song close", "song leave", "turn mode", "vote forget"}


class Media(StandInMedia):
    """The stand-in, which draws graphs, too."""

    async def draw_graph(self, revisions, *, title):
        return await self.draw_history(revisions)

    async def draw_song(self, piece, facts, *, chunk=""):
        return await self.draw_history(())


class Writer(StandInWriter):
    """The stand-in, without the network that guesses genres."""

    async def submit(self, request, *, user_id, guild_id):
        if not hasattr(request, "seed"):
            raise InferenceError
        async for message in super().submit(request, user_id=user_id, guild_id=guild_id):
            yield message


@pytest.fixture
async def stage(database, tmp_path):
    """A bot in a server with a song and a result, both full of hostile names."""
    media, writer = Media(), Writer()
    async with open_stage(database, tmp_path, media=media, writer=writer, is_full=False) as opened:
        yield opened


def who(channel_id: int) -> Pressed:
    return Pressed(custom_id="", channel_id=channel_id, user_name=NAME, rights=EVERYTHING)


def upload(words: str) -> Upload:
    piece = melody(title=words)
    track = replace(piece.tracks[0], name=words)
    return Upload(filename=f"{words[:180]}.mid", data=write_midi(replace(piece, tracks=(track,))))


async def order(stage, words: str, channel_id: int):
    address = ReplyAddress(
        channel_id=channel_id,
        message_id=1234,
        application_id=BOT_ID,
        interaction_token="token",
        acknowledged_at=time.time(),
    )
    made = JobOrder(
        author=Author(user_id=PERSON_ID, name=NAME),
        place=Place(guild_id=GUILD_ID, channel_id=channel_id),
        options=ArrangeOptions(transpose_semitones=2),
        source=upload(words),
        reply_token=address.encode(),
    )
    return await stage.after(lambda: asyncio.ensure_future(stage.bot.services.jobs.submit(made)))


def presses_in(message, channel_id: int):
    """Everything that can be pressed in a message, sealed as it came."""
    data = message.get("data", message)
    for row in data.get("components") or ():
        for item in row.get("components") or ():
            if item["type"] == BUTTON:
                yield replace(who(channel_id), custom_id=item["custom_id"])
            for option in item.get("options") or ():
                yield replace(who(channel_id), custom_id=item["custom_id"], kind=SELECT, values=(option["value"],))


def form_in(message, words: str, channel_id: int):
    """A form that was opened, filled with hostile words."""
    if message.get("type") != 9:
        return None
    names = [item["custom_id"] for row in message["data"]["components"] for item in row["components"]]
    return replace(
        who(channel_id), custom_id=message["data"]["custom_id"], is_form=True, typed=dict.fromkeys(names, words)
    )


async def walk(stage, words: str, channel_id: int, *, fitting=None, ends=False):
    """Send every command, or (``ends``) those after which little works, and return all that was sent."""
    sent = []
    for names, command in every_command(stage.bot.tree):
        if (names[0] in ENDING or " ".join(names) in ENDING) is not ends:
            continue
        payload = payload_of(who(channel_id), names, command, words=words, fitting=fitting)
        sent += [(" ".join(names), message) for message in await stage.tell(payload)]
    return sent


async def press_all(stage, shown, words: str, channel_id: int):
    """Press everything in what was shown once, fill its forms, and return all that was sent."""
    pressed = {}
    for source, message in shown:
        for press in presses_in(message, channel_id):
            kind = press.custom_id.split(":")[1]
            if kind in ENDING:
                continue
            alike = re.sub("[0-9]+", "0", plain_text(press.custom_id)), "".join(press.values) if kind == "more" else ""
            pressed.setdefault(alike, (source, press))
    sent = []
    for source, press in pressed.values():
        name = f"{source} → {press.custom_id} {','.join(press.values)}"
        for message in await stage.press(press):
            sent.append((name, message))
            if (form := form_in(message, words, channel_id)) is not None:
                sent += [(f"{name} → form", answer) for answer in await stage.press(form)]
    return sent


async def found_song(stage):
    """Begin a song with a result that has a hostile title, and return the name of its layer."""
    songs, place = stage.bot.services.together.songs, Place(guild_id=GUILD_ID, channel_id=SONG)
    founder = Author(user_id=PERSON_ID, name=NAME)
    newest = await stage.bot.services.songs.newest_in_channel(place)
    song = await songs.found(founder, place, FoundOptions(title=HOSTILE[:80]), from_revision_id=newest.revision_id)
    return (await songs.state_of(song.branch.head_id)).layers[0].name


@pytest.mark.parametrize("channel_id", [SONG, PLAIN], ids=["in a song", "beside"])
async def test_nothing_that_people_gave_escapes_from_what_the_bot_says(stage, channel_id):
    """No ping, no format, no link in disguise, no turned text, nothing of the machine, nothing longer than Discord takes."""
    sent = [("result", message) for words in VARIANTS for message in await order(stage, words, channel_id)]
    fitting = {"bars": "1-2", "bar": "1", "before": "main", "after": "main"}
    if channel_id == SONG:
        fitting["layer"] = await found_song(stage)
    sent += await walk(stage, HOSTILE, channel_id)
    sent += await walk(stage, VARIANTS[1], channel_id, fitting=fitting)
    sent += await press_all(stage, sent, HOSTILE, channel_id)
    sent += await walk(stage, HOSTILE, channel_id, ends=True)

    faults = [f"{source}: {fault}" for source, message in sent for fault in faults_of(message)]
    assert len(sent) > 200
    assert sum("loud" in str(message) for _, message in sent) > 20, "hostile words are shown somewhere"
    assert not faults, "\n".join(dict.fromkeys(faults))
