"""An evening of marked words: whatever people type, attach and are called, no line of the log and no number that is scraped has it.

Even at the most talkative level, with libraries and tracebacks; on PostgreSQL with ``make test-postgresql``.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import aiohttp
import pytest
import structlog

from bot.client import TuttiBot
from core.log import configure_logging
from core.settings import LogSettings
from music.midi import write_midi
from tests.end_to_end.sandbox_user import Attached, Page, Person
from tests.end_to_end.test_bad_input import BAD_FILES, midi_with
from tests.end_to_end.test_songs import song_command
from tests.end_to_end.test_words import reply_to
from tests.factories.pieces import make_melody

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARK = "qxzv"
"""In everything that is said this evening; no word of ours, and no number, has these letters."""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the bot logs, as it does with TUTTI_LOG_LEVEL=DEBUG and TUTTI_LOG_JSON=true."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers, root.level
    settings = LogSettings(TUTTI_LOG_LEVEL="DEBUG", TUTTI_LOG_JSON=True)  # pyright: ignore[reportCallIssue] - aliases
    configure_logging(settings, stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_what_people_say_is_in_no_line_and_no_number(
    arrive: Callable[[str], Awaitable[Person]],
    page: Page,
    tutti: TuttiBot,
    log: io.StringIO,
    monitor_port: int,
    may_break_rules: None,
):
    """Wishes, titles, names of layers, branches and tags, comments, files, links, refused nonsense, words in messages, and a fault of ours."""
    who = await arrive(f"Ada {MARK}")
    channel = await page.new_channel(f"{MARK}-channel")
    await what_is_typed_alone(who, channel, tutti)
    await what_is_typed_in_a_song(who, channel)
    await what_is_refused(who, channel)
    await what_breaks(who, channel, tutti)
    await song_command(who, channel, "mydata", "export")

    told = log.getvalue()
    assert told.count("job_answered") >= 3
    assert "request_failed" in told
    assert_silent(told, who)
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{monitor_port}/metrics") as answer:
        numbers = await answer.text()
    assert "tutti_jobs_total" in numbers
    assert_silent(numbers, who)


def assert_silent(told: str, who: Person) -> None:
    lines = [line for line in told.splitlines() if MARK in line.casefold() or who.user_id in line]
    assert lines == []


async def what_is_typed_alone(who: Person, channel: str, tutti: TuttiBot) -> None:
    made = await who.command(channel, "generate", prompt=f"a calm waltz for {MARK}, 2 bars", seed=1)
    assert not made.is_refusal, made.text
    tune = Attached(f"{MARK}.mid", write_midi(replace(make_melody(), title=f"For {MARK}")))
    remixed = await who.command(channel, "remix", tune, seed=2)
    assert not remixed.is_refusal, remixed.text
    await who.press(remixed.message, "Details")
    await who.menu(remixed.message, "Describe this")
    await who.complete(channel, "generate", "genre", MARK)
    await who.command(channel, "compose", prompt=f"a song about {MARK}", form="A: 2", seed=3)
    await who.command(channel, "history", genre=MARK)
    assert tutti.user is not None
    said = await who.say(channel, f"<@{tutti.user.id}> thank you, {MARK}")
    await who.until(lambda: reply_to(who, said), what="an answer")


async def what_is_typed_in_a_song(who: Person, channel: str) -> None:
    begun = await song_command(who, channel, "song", "new", title=f"The {MARK} song", bars=2)
    thread = begun.text.split("<#")[1].split(">")[0]
    await who.command(thread, "generate", bars=2, instruments="piano", seed=4)
    for group, name, options in (
        ("layer", "rename", {"layer": "1", "name": f"{MARK} keys"}),
        ("song", "tag", {"name": f"{MARK} demo"}),
        ("branch", "new", {"name": f"{MARK}-idea"}),
        ("comment", "add", {"bar": 1, "text": f"louder, says {MARK}"}),
        ("turn", "claim", {"layer": f"{MARK} keys"}),
        ("song", "compare", {"before": f"{MARK} demo"}),
        ("song", "compare", {"before": f"no {MARK}"}),
    ):
        body = {"kind": "command", "command": group, "path": [name], "options": options}
        answer = await who.answer_to(await who.interact(thread, body))
        assert answer.text or answer.message


async def what_is_refused(who: Person, channel: str) -> None:
    for name, options in (
        ("generate", {"genre": MARK}),
        ("generate", {"instruments": MARK}),
        ("generate", {"sections": f"1-2 {MARK}"}),
        ("harmonize", {"chords": MARK}),
        ("remix", {"message": f"https://discord.com/channels/1/2/{MARK}"}),
        ("delete", {"message": MARK}),
    ):
        assert (await who.command(channel, name, **options)).is_refusal, (name, options)
    broken = Attached(f"broken {MARK}.mid", midi_with(MARK.encode() * 50))
    for file in (broken, Attached(f"{MARK}.mxl", BAD_FILES["zip bomb"].data), Attached(f"{MARK}.txt", MARK.encode())):
        assert (await who.command(channel, "harmonize", file)).text


async def what_breaks(who: Person, channel: str, tutti: TuttiBot) -> None:
    """A fault of ours, with their words in its message and in every frame of its traceback."""

    async def fail(_service: object, **_given: object) -> None:
        words = f"{MARK} in a local variable"
        raise RuntimeError(f"a fault of ours in {len(words)} letters")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(tutti.services.keeping.history), "look", fail)
        answer = await who.command(channel, "favourites")
    assert "Reference" in answer.text
