"""What people get wrong: each time one clear sentence that says what to do, quickly, and nobody else suffers."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from music.midi import write_midi
from tests.end_to_end.sandbox_user import Attached, Page, Person, buttons
from tests.factories.pieces import make_melody

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANSWER_SECONDS = 10.0


def midi_with(track: bytes) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track


def a_million_notes() -> bytes:
    return midi_with(b"\x01\x90\x3c\x40\x01\x3c\x00" * 1_000_000 + b"\x00\xff\x2f\x00")


def ten_hours() -> bytes:
    note = b"\x00\x90\x3c\x40\x60\x80\x3c\x00"
    wait = b"\xff\xff\xff\x7f\x90\x3c\x40\x60\x80\x3c\x00"  # 268 million ticks
    return midi_with(note + wait + b"\x00\xff\x2f\x00")


def musicxml_bomb() -> bytes:
    entities = "".join(f'<!ENTITY a{index} "{f"&a{index - 1};" * 10}">' for index in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "boom">{entities}]><score-partwise>&a9;</score-partwise>'.encode()


def musicxml_reading_files() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b"<score-partwise><work><work-title>&x;</work-title></work></score-partwise>"
    )


def zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("score.xml", b" " * 200_000_000)
    return stream.getvalue()


BAD_FILES = {
    "broken": Attached("broken.mid", write_midi(make_melody())[:60] + b"\xff" * 40),
    "empty": Attached("empty.mid", b""),
    "wrongly named": Attached("notes.mid", b"%PDF-1.7 this is no music"),
    "a text": Attached("poem.txt", b"roses are red"),
    "no notes": Attached("silence.mid", midi_with(b"\x00\xff\x2f\x00")),
    "huge": Attached("huge.mid", b"MThd" + bytes(10 * 1024 * 1024 - 4)),
    "a million notes": Attached("million.mid", a_million_notes()),
    "ten hours": Attached("hours.mid", ten_hours()),
    "MusicXML bomb": Attached("bomb.musicxml", musicxml_bomb()),
    "external entity": Attached("spy.musicxml", musicxml_reading_files()),
    "zip bomb": Attached("bomb.mxl", zip_bomb()),
}


def assert_is_one_sentence_for_people(text: str) -> None:
    assert text.strip()
    assert len(text) < 400
    assert text.count("\n") == 0
    for part in ("Traceback", "Error", "Exception", "root:", "None"):
        assert part not in text


@pytest.mark.parametrize("file", BAD_FILES.values(), ids=BAD_FILES.keys())
async def test_a_bad_file_gets_one_sentence(ada: Person, channel: str, file: Attached):
    """Within ten seconds, without buttons or files."""
    answer = await ada.answer_to(await ada.start_command(channel, "harmonize", file), seconds=ANSWER_SECONDS)

    assert_is_one_sentence_for_people(answer.text)
    assert buttons(answer.message) == {}
    assert answer.message["attachments"] == []


@pytest.mark.parametrize(
    ("command", "options", "part"),
    [
        ("generate", {"key": "H sharp lydian", "bars": 2}, "key"),
        ("generate", {"instruments": "piano, flugelkazoo", "bars": 2}, "flugelkazoo"),
        ("generate", {"genre": "polkacore", "bars": 2}, "polkacore"),
        ("generate", {"bars": 200}, "bars"),
        ("harmonize", {"style": "fill", "bars": "five", "track": 1}, "5-8"),
        ("remix", {"bars": "five to eight"}, "5-8"),
        ("remix", {"bars": "8-5"}, "5-8"),
        ("remix", {"message": "not a link"}, "link"),
        ("remix", {"message": "https://discord.com/channels/1/2/3"}, "server"),
    ],
)
async def test_a_bad_option_gets_one_private_sentence(ada: Person, channel: str, command, options, part):
    """It names what was wrong, and nobody else is bothered."""
    answer = await ada.answer_to(await ada.start_command(channel, command, **options), seconds=ANSWER_SECONDS)

    assert answer.is_private
    assert_is_one_sentence_for_people(answer.text)
    assert part in answer.text


async def test_bars_outside_the_piece_are_named(ada: Person, channel: str):
    """The sentence says which bars there are."""
    file = Attached("tune.mid", write_midi(make_melody()))
    answer = await ada.command(channel, "remix", file, bars="5-8")

    assert_is_one_sentence_for_people(answer.text)
    assert "1-4" in answer.text


async def test_a_remix_where_there_is_no_music(ada: Person, channel: str):
    """An empty channel."""
    answer = await ada.command(channel, "remix")

    assert answer.is_private
    assert "/generate" in answer.text


async def test_the_apps_menu_on_a_message_without_music(ada: Person, channel: str):
    """An ordinary sentence of somebody."""
    message = await ada.say(channel, "hello everybody")
    answer = await ada.menu(message, "Remix this")

    assert answer.is_private
    assert "no music" in answer.text


async def test_a_link_to_a_deleted_message(page: Page, ada: Person, channel: str, may_break_rules):
    """It says that the message is gone."""
    message = await ada.say(channel, "soon gone")
    await page.call("DELETE", f"/api/messages/{message['id']}?user_id={ada.user_id}")
    guild_id = (await page.call("GET", "/api/state"))["guild"]["id"]
    link = f"https://discord.com/channels/{guild_id}/{channel}/{message['id']}"
    answer = await ada.command(channel, "remix", message=link)

    assert answer.is_private
    assert "deleted" in answer.text


async def test_a_bot_that_may_not_attach_files_says_so(page: Page, ada: Person, channel: str):
    """Before any work is done."""
    await page.call("POST", "/api/permissions", body={"channel_id": channel, "allow": [], "deny": ["attach_files"]})
    answer = await ada.answer_to(await ada.start_command(channel, "generate", bars=2), seconds=ANSWER_SECONDS)

    assert answer.is_private
    assert "Attach Files" in answer.text


async def test_a_file_and_a_link_at_once(ada: Person, channel: str):
    """One or the other."""
    file = Attached("tune.mid", write_midi(make_melody()))
    answer = await ada.command(channel, "remix", file, message="https://discord.com/channels/1/2/3")

    assert answer.is_private
    assert "not both" in answer.text
