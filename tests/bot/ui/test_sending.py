"""``bot/ui/sending.py``: every message with files is reckoned before it is sent, and its text arrives whatever becomes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import discord
import pytest

from bot.services.model import File
from bot.ui.courier import MessageTooLargeError, OutgoingFile
from bot.ui.presenter import DiscordPresenter
from bot.ui.sending import outgoing, send_fitting
from tests.bot.ui.test_presenter import RUNNING, Line
from tests.factories.shown import REPLY, everything_in

BOT = Path(__file__).parents[3] / "bot"
FILES = (
    OutgoingFile(filename="a.ogg", data=b"x" * 50),
    OutgoingFile(filename="a.mid", data=b"x" * 10),
    OutgoingFile(filename="a.png", data=b"x" * 40, alt_text="Two bars *of* piano"),
)


class Discord:
    """Takes so many bytes, whatever it says it takes, and counts what it refused."""

    def __init__(self, takes_bytes: int, *, image: str = "", embed: discord.Embed | None = None) -> None:
        self.takes_bytes = takes_bytes
        self.num_refused = 0
        self.sent: list[str] = []
        self.embed = embed or discord.Embed(title="Result")
        if image:
            self.embed.set_image(url=f"attachment://{image}")

    async def send(self, fitting) -> str:
        if sum(len(file.data) for file in fitting.files) > self.takes_bytes:
            self.num_refused += 1
            raise MessageTooLargeError
        self.sent = [file.filename for file in fitting.files]
        return everything_in(fitting.note_in(self.embed))


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        (100, ["a.ogg", "a.mid", "a.png"]),
        (99, ["a.ogg", "a.mid"]),
        (60, ["a.ogg", "a.mid"]),
        (59, ["a.mid", "a.png"]),
        (49, ["a.mid"]),
        (10, ["a.mid"]),
        (9, []),
    ],
)
async def test_what_does_not_fit_is_left_out_before_anything_is_refused(limit, sent):
    there = Discord(limit)
    text = await send_fitting(FILES, there.send, size_limit_bytes=limit)
    assert there.num_refused == 0
    assert there.sent == sent
    assert text.startswith("Result")
    missing = [file.filename for file in FILES if file.filename not in sent]
    assert all(name in text for name in missing)
    assert ("left out" in text) == bool(missing)


async def test_a_picture_that_is_left_out_is_there_in_words():
    text = await send_fitting(FILES, Discord(99).send, size_limit_bytes=99)
    assert r"The picture in words: Two bars \*of\* piano" in text
    assert "in words" not in await send_fitting(FILES, Discord(100).send, size_limit_bytes=100)


@pytest.mark.parametrize(("takes_bytes", "sent"), [(50, ["a.mid", "a.png"]), (10, ["a.mid"]), (0, [])])
async def test_a_refusal_all_the_same_costs_files_but_not_the_text(takes_bytes, sent):
    """The limit was another when the job was ordered: the server has lost a level since."""
    there = Discord(takes_bytes)
    assert "left out" in await send_fitting(FILES, there.send, size_limit_bytes=1000)
    assert there.sent == sent
    assert there.num_refused == len(FILES) - len(sent)


async def test_a_text_that_is_refused_is_told():
    with pytest.raises(MessageTooLargeError):
        await send_fitting(FILES, Discord(-1).send)


async def test_an_embed_shows_no_picture_that_is_not_there():
    there = Discord(60, image="a.png")
    await send_fitting(FILES, there.send, size_limit_bytes=60)
    assert there.embed.image.url is None
    whole = Discord(100, image="a.png")
    await send_fitting(FILES, whole.send, size_limit_bytes=100)
    assert whole.embed.image.url == "attachment://a.png"


@pytest.mark.parametrize("num_free", [0, 30, 300, 3000])
async def test_a_full_embed_takes_as_much_of_the_note_as_discord_allows(num_free):
    embed = discord.Embed(title="Result", description="x" * 4000)
    embed.set_footer(text="x" * (6000 - len(embed) - num_free))
    there = Discord(9, embed=embed)
    files = (*FILES[:2], OutgoingFile(filename="a.png", data=b"x" * 40, alt_text="piano " * 160))
    await send_fitting(files, there.send, size_limit_bytes=9)
    assert len(there.embed) <= 6000
    assert all(0 < len(field.value or "") <= 1024 for field in there.embed.fields)
    assert len(there.embed.fields) == {0: 0, 30: 0, 300: 2, 3000: 2}[num_free]


@pytest.mark.parametrize(
    ("limit", "sent"), [(11, ["a.ogg", "a.mid"]), (10, ["a.mid", "a.png"]), (1, ["a.mid"]), (0, [])]
)
async def test_a_reply_keeps_the_limit_of_the_place_where_it_was_ordered(limit, sent):
    line = Line()
    assert REPLY.audio is not None
    reply = replace(REPLY, audio=File(filename="a.ogg", data=b"x" * 10))
    await DiscordPresenter(line).show_reply(replace(RUNNING, size_limit_bytes=limit), reply)
    assert line.files == [sent]
    assert len(line.edits) == 1
    assert "left out" in line.edits[0]


def test_files_are_described_where_they_are_the_picture():
    sound, picture = File(filename="a.ogg", data=b"x"), File(filename="a.png", data=b"x")
    assert [each.alt_text for each in outgoing((sound, None, picture), picture=picture, alt_text="seen")] == [
        "",
        "seen",
    ]


def test_no_file_goes_another_way():
    """What wraps files for discord.py by itself would not be reckoned."""
    wrapping = [path.name for path in BOT.rglob("*.py") if "discord.File(" in path.read_text()]
    assert wrapping == ["courier.py"]
    using = {path.name for path in BOT.rglob("*.py") if "to_discord(" in path.read_text()}
    assert using == {"courier.py", "sending.py", "mydata_flow.py"}
