"""Progress at a sane rate, the last state never lost, one reply. Only the line to Discord is a stand-in here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import discord
import pytest

from bot.services.model import EarlySound, File, ProgressView
from bot.ui.courier import Courier, DiscordTroubleError, MessageTooLargeError, OutgoingFile, ReplyAddress
from bot.ui.presenter import DiscordPresenter
from core.errors import CancelledJobError, InputError, NotFoundError
from core.metrics import PrometheusMetrics
from tests.factories.shown import JOB, REPLY

ADDRESS = ReplyAddress(application_id=1, interaction_token="t", channel_id=2, message_id=3, acknowledged_at=0.0)
RUNNING = replace(JOB, reply_token=ADDRESS.encode())


class Line(Courier):
    """A line to Discord that notes what passes, waits when told to, and fails when told to."""

    def __init__(self) -> None:
        self.edits: list[str] = []
        self.posts: list[str] = []
        self.files: list[list[str] | None] = []
        self.nonces: list[str] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.waiting = asyncio.Event()
        self.troubles: list[Exception] = []

    async def edit(
        self,
        address: ReplyAddress,
        *,
        embed: discord.Embed,
        files: Sequence[OutgoingFile] | None = (),
        view: discord.ui.View | None = None,
    ) -> int:
        self.waiting.set()
        await self.is_open.wait()
        if self.troubles:
            raise self.troubles.pop(0)
        self.edits.append(f"{embed.title or ''} {embed.description or ''} {[field.value for field in embed.fields]}")
        self.files.append(None if files is None else [file.filename for file in files])
        return address.message_id

    async def post(
        self,
        channel_id: int,
        *,
        nonce: str,
        embed: discord.Embed,
        files: Sequence[OutgoingFile] = (),
        view: discord.ui.View | None = None,
    ) -> int:
        self.posts.append(str(embed.title))
        self.nonces.append(nonce)
        return 99


def at_bar(num_done: int) -> ProgressView:
    return ProgressView(stage="writing", num_done=num_done, num_total=16)


@cache
def early_sound(num_bars: int) -> EarlySound:
    file = File(filename=f"first-{num_bars}.ogg", data=b"OggS")
    return EarlySound(file=file, num_bars=num_bars, num_total=16)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def presenter(line: Line) -> DiscordPresenter:
    return DiscordPresenter(line, seconds_between_edits=0.01)


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for is seen from outside only
            await asyncio.sleep(0.001)


async def test_only_the_latest_state_waits(line: Line, presenter: DiscordPresenter):
    """While an edit is under way, later states replace each other, and the last one is shown."""
    line.is_open.clear()
    await presenter.show_progress(RUNNING, at_bar(1))
    await line.waiting.wait()
    for bar in (2, 3, 4, 5):
        await presenter.show_progress(RUNNING, at_bar(bar))
    line.is_open.set()
    await until(lambda: len(line.edits) == 2)
    await presenter.close()

    assert "bar 1 of 16" in line.edits[0]
    assert "bar 5 of 16" in line.edits[1]


async def test_first_bars_are_sent_once_kept_and_replaced_by_more(line: Line, presenter: DiscordPresenter):
    """An edit without new sound leaves the message's file alone, so that it goes on playing."""
    for num_done, early in ((1, None), (4, early_sound(4)), (5, early_sound(4)), (8, early_sound(8))):
        await presenter.show_progress(RUNNING, replace(at_bar(num_done), early=early))
        await until(lambda num_done=num_done: f"bar {num_done} of 16" in "".join(line.edits))
    await presenter.show_reply(RUNNING, REPLY)

    assert line.files[:4] == [[], ["first-4.ogg"], None, ["first-8.ogg"]]
    assert line.files[4] == [file.filename for file in REPLY.files]
    assert "first 4 of 16 bars" in line.edits[2]
    assert len(line.edits) == 5


async def test_first_bars_go_when_the_job_ends_without_a_reply(line: Line, presenter: DiscordPresenter):
    """Half a song must not stay and claim to be a result: not after an error, and not when the job begins anew."""
    await presenter.show_progress(RUNNING, replace(at_bar(4), early=early_sound(4)))
    await until(lambda: line.edits)
    await presenter.show_progress(RUNNING, ProgressView(stage="restarting"))
    await until(lambda: len(line.edits) == 2)
    await presenter.show_error(RUNNING, CancelledJobError())

    assert line.files == [["first-4.ogg"], [], []]


async def test_first_bars_that_did_not_arrive_are_sent_again(line: Line, presenter: DiscordPresenter):
    line.troubles = [DiscordTroubleError("503")]
    await presenter.show_progress(RUNNING, replace(at_bar(4), early=early_sound(4)))
    await until(lambda: not line.troubles)
    await presenter.show_progress(RUNNING, replace(at_bar(5), early=early_sound(4)))
    await until(lambda: line.edits)
    await presenter.close()

    assert line.files == [["first-4.ogg"]]


@pytest.mark.parametrize("early", [None, early_sound(4)], ids=["only the reply", "first bars before it"])
async def test_first_sound_is_counted_once(line: Line, early: EarlySound | None):
    """Whether people heard the first bars early, or the whole reply at once."""
    metrics = PrometheusMetrics()
    presenter = DiscordPresenter(line, seconds_between_edits=0.01, metrics=metrics)
    for number, stage_early in enumerate((early, None, early)):
        await presenter.show_progress(RUNNING, replace(at_bar(number + 1), early=stage_early))
        await until(lambda number=number: len(line.edits) > number)
    await presenter.show_reply(RUNNING, REPLY)

    name = "tutti_first_audible_seconds_count"
    assert metrics.registry.get_sample_value(name, {"task": RUNNING.kind}) == 1


async def test_no_progress_arrives_after_the_reply(line: Line, presenter: DiscordPresenter):
    """An edit under way is awaited, a waiting one dropped; then comes the reply, and nothing after it."""
    line.is_open.clear()
    await presenter.show_progress(RUNNING, at_bar(1))
    await line.waiting.wait()
    await presenter.show_progress(RUNNING, at_bar(2))
    reply = asyncio.create_task(presenter.show_reply(RUNNING, REPLY))
    await asyncio.sleep(0.02)
    assert not reply.done()
    line.is_open.set()

    assert await reply == ADDRESS.message_id
    await asyncio.sleep(0.03)
    assert ["New piece" in edit for edit in line.edits] == [False, True]


async def test_progress_that_cannot_be_shown_hurts_nobody(line: Line, presenter: DiscordPresenter):
    """The job goes on, and the next state is shown."""
    line.troubles = [DiscordTroubleError("503")]
    await presenter.show_progress(RUNNING, at_bar(1))
    await until(lambda: not line.troubles)
    await presenter.show_progress(RUNNING, at_bar(2))
    await until(lambda: line.edits)
    await presenter.close()

    assert "bar 2 of 16" in line.edits[0]


async def test_files_that_discord_finds_too_large_are_left_out_and_named(line: Line, presenter: DiscordPresenter):
    """The largest goes first; the text always arrives."""
    line.troubles = [MessageTooLargeError(), MessageTooLargeError()]
    assert REPLY.audio is not None
    reply = replace(REPLY, audio=replace(REPLY.audio, data=b"x" * 100))
    await presenter.show_reply(RUNNING, reply)

    assert line.files[0] is not None
    assert len(line.files[0]) == 1
    assert "a.ogg" not in line.files[0]
    assert "a.ogg" in line.edits[0]
    assert "left out" in line.edits[0]


async def test_a_reply_whose_message_is_gone_is_posted_once(line: Line, presenter: DiscordPresenter):
    """The nonce is the same at every attempt, so Discord keeps a repeat from doubling it."""
    for _ in range(2):
        line.troubles = [NotFoundError(what="message")]
        assert await presenter.show_reply(RUNNING, REPLY) == 99

    assert line.nonces[0] == line.nonces[1]
    assert len(line.nonces[0]) <= 25


async def test_passing_trouble_reaches_the_service(line: Line, presenter: DiscordPresenter):
    """It tries again later; nothing is shown twice."""
    line.troubles = [DiscordTroubleError("503")]

    with pytest.raises(DiscordTroubleError):
        await presenter.show_reply(RUNNING, REPLY)
    assert line.posts == []


async def test_an_error_becomes_one_sentence_without_buttons(line: Line, presenter: DiscordPresenter):
    """Also when the message is gone: then there is nobody to tell."""
    await presenter.show_error(RUNNING, InputError("Send a shorter piece."))
    await presenter.show_error(RUNNING, CancelledJobError())
    line.troubles = [NotFoundError(what="message")]
    await presenter.show_error(RUNNING, InputError("Send a shorter piece."))

    assert ["Send a shorter piece." in edit for edit in line.edits] == [True, False]
    assert "Cancelled" in line.edits[1]


async def test_closing_leaves_no_task_behind(line: Line, presenter: DiscordPresenter):
    """Every task has an owner who ends it."""
    await presenter.show_progress(RUNNING, at_bar(1))
    await presenter.close()

    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("progress-")]
