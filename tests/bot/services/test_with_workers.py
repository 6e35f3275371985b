"""Jobs on real worker processes and real media: what arrives, also when a worker is killed in mid-job or the job cancelled."""

import asyncio
import os
import signal

import pytest

from bot.services.model import Author, FromRevision
from bot.services.options import GenerateOptions
from core.errors import CancelledJobError
from core.settings import InferenceSettings, MediaSettings
from inference.client import InferenceClient
from media.client import MediaClient
from music.midi import read_midi
from tests.factories.doors import ListPresenter, StandInMedia
from tests.factories.orders import ADA, BEN, make_order
from tests.inference.tiny_decoder import hold, let_go

CARL = Author(user_id=4, name="Carl")
NUM_BARS = 8


@pytest.fixture
async def writer(tmp_path):
    settings = InferenceSettings(TUTTI_WEIGHTS=tmp_path, TUTTI_DEVICE="cpu", TUTTI_WORKERS=1, TUTTI_LANES=1)
    client = InferenceClient(settings, decoders="tests.inference.tiny_decoder:load_decoders", drain_seconds=0.0)
    async with client:
        yield client


class WatchedPresenter(ListPresenter):
    """Lets a test wait until people have seen something."""

    def __init__(self):
        super().__init__()
        self._change = asyncio.Event()

    async def show_progress(self, job, progress):
        await super().show_progress(job, progress)
        self._change.set()

    async def seen(self, condition):
        """Wait until a condition holds of one of the progress views of any job."""
        async with asyncio.timeout(60):
            while not any(condition(job, view) for job, view in self.progress):
                self._change.clear()
                await self._change.wait()

    async def is_writing(self, seed):
        """Wait until the job with this seed has written a bar."""
        await self.seen(lambda job, view: job.seed == seed and view.stage == "writing" and view.num_done > 0)

    async def has_place(self, seed, place):
        """Wait until the job with this seed is shown its place in the queue."""
        await self.seen(lambda job, view: job.seed == seed and view.queue_place == place)

    def waits(self, seed):
        """Return what was shown of the wait of the job with this seed."""
        return [view for job, view in self.progress if job.seed == seed and view.stage == "waiting"]


async def test_reply_holds_playable_files(open_studio, writer):
    async with MediaClient(MediaSettings()) as media, open_studio(writer=writer, media=media) as studio:
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=2, seed=1)))
        await studio.presenter.answered()
    ((_, reply),) = studio.presenter.replies
    assert (reply.remarks, read_midi(reply.midi.data).num_notes) == ((), 8)
    assert reply.audio.data.startswith(b"OggS")
    assert reply.picture.data.startswith(b"\x89PNG")
    assert "2 bars" in reply.alt_text


async def test_killed_worker_changes_no_byte_of_the_reply(open_studio, writer, tmp_path):
    order = make_order(GenerateOptions(num_bars=NUM_BARS, seed=1))
    async with open_studio(writer=writer, media=StandInMedia()) as quiet:
        await quiet.jobs.submit(order)
        await quiet.presenter.answered()

    presenter = WatchedPresenter()
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        hold(tmp_path, seed=1, bar=NUM_BARS - 1)
        await studio.jobs.submit(order)
        await presenter.is_writing(seed=1)
        os.kill(writer.worker_process_ids[0], signal.SIGKILL)
        let_go(tmp_path, 1)
        await presenter.answered()
    assert presenter.errors == []
    assert presenter.replies[0][1].midi.data == quiet.presenter.replies[0][1].midi.data


async def test_cancel_frees_the_worker_for_the_next_job(open_studio, writer, tmp_path):
    presenter = WatchedPresenter()
    hold(tmp_path, seed=1, bar=63)  # for ever
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        job = await studio.jobs.submit(make_order(GenerateOptions(num_bars=64, seed=1)))
        await presenter.is_writing(seed=1)
        await studio.jobs.cancel(job.job_id, author=ADA)
        await presenter.answered()
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=1, seed=2), author=BEN))
        await presenter.answered()
    assert [type(error) for _, error in presenter.errors] == [CancelledJobError]
    assert len(presenter.replies) == 1


async def test_waiting_jobs_see_their_place_in_the_queue(open_studio, writer, monkeypatch, tmp_path):
    monkeypatch.setattr("bot.services.jobs.networks.QUEUE_LOOK_SECONDS", 0.05)
    presenter = WatchedPresenter()
    hold(tmp_path, seed=1, bar=1)
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=NUM_BARS, seed=1)))
        await presenter.is_writing(seed=1)
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=1, seed=2), author=BEN))
        await presenter.has_place(2, 1)
        let_go(tmp_path, 1)
        await _replies(presenter, 2)
    assert {view.queue_place for view in presenter.waits(seed=2)} - {None} == {1}  # None: just begun


async def test_place_and_time_are_shown_and_go_down(open_studio, writer, monkeypatch, tmp_path):
    """Once a job was measured, whoever waits behind two others sees place 2, then 1, and a time that shrinks to the reply.

    The first of the two goes on from an earlier piece: how long it was held must not count for the others, of another kind.
    """
    monkeypatch.setattr("bot.services.jobs.networks.QUEUE_LOOK_SECONDS", 0.05)
    presenter = WatchedPresenter()
    hold(tmp_path, seed=2, bar=1)
    hold(tmp_path, seed=3, bar=0)
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=NUM_BARS, seed=1)))
        await presenter.answered()
        before = FromRevision(revision_id=presenter.replies[0][1].revision.revision_id)
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=NUM_BARS, seed=2), source=before))
        await presenter.is_writing(seed=2)
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=NUM_BARS, seed=3), author=BEN))
        await presenter.has_place(3, 1)
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=NUM_BARS, seed=4), author=CARL))
        await presenter.has_place(4, 2)
        let_go(tmp_path, 2)
        await presenter.has_place(4, 1)
        let_go(tmp_path, 3)
        await _replies(presenter, 4)
    waits = presenter.waits(seed=4)
    places = [view.queue_place for view in waits if view.queue_place]
    assert (places[0], places[-1]) == (2, 1)
    assert places == sorted(places, reverse=True)
    times = [view.eta_seconds for view in waits]
    assert None not in times
    assert times[-1] < times[0]


async def _replies(presenter, num_replies):
    async with asyncio.timeout(60):
        while len(presenter.replies) < num_replies:
            await presenter.answered()
