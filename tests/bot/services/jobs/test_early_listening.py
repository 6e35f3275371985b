"""The first bars are heard while the rest is written; the reply is the same, and half a song never claims to be one."""

import asyncio

import pytest

from bot.services.jobs.early_listening import EarlyListening
from bot.services.model import Upload
from bot.services.options import GenerateOptions, HarmonizeOptions
from bot.services.replies.library import ReplyParts
from core.errors import CancelledJobError, RenderError
from inference.protocol import FinishedBars
from tests.factories.doors import StandInMedia, StandInWriter, melody, melody_file
from tests.factories.orders import ADA, make_order

EARLY = ReplyParts(early_worth_seconds=0.0)
SONG = GenerateOptions(num_bars=12, seed=7)


def finished(num_bars, *, num_total=16):
    piece = melody(num_bars=num_bars)
    return FinishedBars(job_id="1", piece=piece, num_bars=num_bars, num_total=num_total, stop_ticks=num_bars * 4 * 480)


def listening(media, *, worth_seconds=1.0):
    return EarlyListening(media, job_id=1, audio_format="ogg", worth_seconds=worth_seconds)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is seen from outside only
            await asyncio.sleep(0.001)


async def test_first_bars_are_heard_before_the_reply_and_named(open_studio):
    writer = StandInWriter(is_open=False)
    async with open_studio(writer=writer, parts=EARLY) as studio:
        await studio.jobs.submit(make_order(SONG))
        await until(lambda: any(view.early for _, view in studio.presenter.progress))
        assert studio.presenter.replies == []
        writer.gate.set()
        await studio.presenter.answered()
    sounds = [view.early for _, view in studio.presenter.progress if view.early]
    assert (sounds[0].num_bars, sounds[0].num_total) == (4, 12)
    assert sounds[0].file.filename == "tutti-first-4-bars.ogg"
    assert len(studio.presenter.replies) == 1


async def test_reply_is_the_same_with_and_without_early_listening(open_studio):
    replies = []
    for parts in (ReplyParts(), EARLY):
        async with open_studio(parts=parts) as studio:
            await studio.jobs.submit(make_order(SONG))
            await studio.presenter.answered()
        replies.append(studio.presenter.replies[0][1])
        assert studio.writer.requests[0].wants_early_bars == (parts is EARLY)
    assert replies[0].midi.data == replies[1].midi.data
    assert len(replies[1].files) == 3


@pytest.mark.parametrize(("limit_bytes", "wanted_bytes"), [(50_000, 50_000), (10 * 2**20, 2 * 2**20)])
async def test_first_bars_fit_where_they_are_shown(open_studio, limit_bytes, wanted_bytes):
    """They keep to the limit of the place, and stay small where that is large."""
    async with open_studio(parts=EARLY) as studio:
        await studio.jobs.submit(make_order(SONG, size_limit_bytes=limit_bytes))
        await studio.presenter.answered()
    assert set(studio.media.early_size_limits) == {wanted_bytes}


async def test_cancelled_song_leaves_one_sentence_and_no_sound(open_studio):
    """The last state that is shown of the job is the error, which carries no file."""
    writer = StandInWriter(is_open=False)
    async with open_studio(writer=writer, parts=EARLY) as studio:
        job = await studio.jobs.submit(make_order(SONG))
        await until(lambda: any(view.early for _, view in studio.presenter.progress))
        await studio.jobs.cancel(job.job_id, author=ADA)
        await studio.presenter.answered()
        num_shown = len(studio.presenter.progress)
        await asyncio.sleep(0.02)
    assert [type(error) for _, error in studio.presenter.errors] == [CancelledJobError]
    assert studio.presenter.replies == []
    assert len(studio.presenter.progress) == num_shown


async def test_sound_stays_while_the_reply_is_being_made(open_studio):
    """Whoever listens is not cut off before the whole is there."""
    writer = StandInWriter(is_open=False)
    async with open_studio(writer=writer, parts=EARLY) as studio:
        await studio.jobs.submit(make_order(SONG))
        await until(lambda: any(view.early for _, view in studio.presenter.progress))
        writer.gate.set()
        await studio.presenter.answered()
    rendering = [view for _, view in studio.presenter.progress if view.stage == "rendering"]
    assert rendering
    assert all(view.early is not None for view in rendering)


async def test_first_bars_that_cannot_be_rendered_hurt_nobody(open_studio):
    media = StandInMedia(render_error=RenderError("no sound"))
    async with open_studio(media=media, parts=EARLY) as studio:
        await studio.jobs.submit(make_order(SONG))
        await studio.presenter.answered()
    assert len(studio.presenter.replies) == 1
    assert not any(view.early for _, view in studio.presenter.progress)


async def test_only_songs_that_are_written_bar_by_bar_are_heard_early(open_studio):
    source = Upload(filename="tune.mid", data=melody_file())
    async with open_studio(parts=EARLY) as studio:
        await studio.jobs.submit(make_order(HarmonizeOptions(style="chorale"), source=source))
        await studio.presenter.answered()
    assert studio.media.early_stops_ticks == []


@pytest.mark.parametrize(("bar_seconds", "expected"), [(0.1, []), (0.3, [4]), (1.0, [2, 4])])
async def test_a_slow_song_is_heard_from_two_bars_and_a_quick_one_only_as_a_whole(bar_seconds, expected):
    """Sixteen bars at a tenth of a second each are there before the first four were worth hearing."""
    media = StandInMedia()
    early = listening(media, worth_seconds=1.5)
    for num_bars in (2, 4):
        early.offer(finished(num_bars), elapsed_seconds=num_bars * bar_seconds)
        await asyncio.sleep(0.01)
    assert media.early_stops_ticks == [num_bars * 4 * 480 for num_bars in expected]


async def test_a_rendering_that_would_hold_up_the_reply_is_not_begun():
    """Four bars took a twentieth of a second; eight would take a tenth, and the rest is written in less than twice that."""

    class SlowMedia(StandInMedia):
        async def render(self, piece, **values):
            await asyncio.sleep(0.05)
            return await super().render(piece, **values)

    media = SlowMedia()
    early = listening(media, worth_seconds=0.0)
    early.offer(finished(4), elapsed_seconds=4.0)
    await until(lambda: early.sound is not None)
    early.offer(finished(8), elapsed_seconds=0.05)
    await asyncio.sleep(0.2)
    assert len(media.early_stops_ticks) == 1


async def test_bars_that_were_heard_are_not_rendered_again_after_a_lost_worker():
    media = StandInMedia()
    early = listening(media, worth_seconds=0.0)
    for num_bars in (4, 8, 2, 4, 8):
        early.offer(finished(num_bars), elapsed_seconds=10.0)
        await asyncio.sleep(0.01)
    assert len(media.early_stops_ticks) == 2
    assert early.sound is not None
    assert early.sound.num_bars == 8
