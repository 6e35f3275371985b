"""Jobs on real worker processes and real media: what arrives, also when a worker is killed in mid-job or the job cancelled."""

import asyncio
import os
import signal

import pytest

from bot.services.model import Author
from bot.services.options import GenerateOptions
from core.errors import CancelledJobError
from core.settings import InferenceSettings, MediaSettings
from inference.client import InferenceClient
from media.client import MediaClient
from music.midi import read_midi
from tests.factories.doors import ListPresenter, StandInMedia
from tests.factories.orders import ADA, BEN, make_order

CARL = Author(user_id=4, name="Carl")
NUM_BARS = 20  # 0.4 seconds of writing: time enough to be killed


@pytest.fixture
async def writer(tmp_path):
    settings = InferenceSettings(TUTTI_WEIGHTS=tmp_path, TUTTI_DEVICE="cpu", TUTTI_WORKERS=1, TUTTI_LANES=1)
    client = InferenceClient(settings, decoders="tests.inference.tiny_decoder:load_decoders", drain_seconds=0.0)
    async with client:
        yield client


class WritingPresenter(ListPresenter):
    """Tells when the networks have begun to write."""

    def __init__(self):
        super().__init__()
        self.is_writing = asyncio.Event()

    async def show_progress(self, job, progress):
        await super().show_progress(job, progress)
        if progress.stage == "writing" and progress.num_done > 0:
            self.is_writing.set()


async def test_reply_holds_playable_files(open_studio, writer):
    async with MediaClient(MediaSettings()) as media, open_studio(writer=writer, media=media) as studio:
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=2, seed=1)))
        await studio.presenter.answered()
    ((_, reply),) = studio.presenter.replies
    assert (reply.remarks, read_midi(reply.midi.data).num_notes) == ((), 8)
    assert reply.audio.data.startswith(b"OggS")
    assert reply.picture.data.startswith(b"\x89PNG")
    assert "2 bars" in reply.alt_text


async def test_killed_worker_changes_no_byte_of_the_reply(open_studio, writer):
    order = make_order(GenerateOptions(num_bars=NUM_BARS, seed=1))
    async with open_studio(writer=writer, media=StandInMedia()) as quiet:
        await quiet.jobs.submit(order)
        await quiet.presenter.answered()

    presenter = WritingPresenter()
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        await studio.jobs.submit(order)
        await presenter.is_writing.wait()
        os.kill(writer.worker_process_ids[0], signal.SIGKILL)
        await presenter.answered()
    assert presenter.errors == []
    assert presenter.replies[0][1].midi.data == quiet.presenter.replies[0][1].midi.data


async def test_cancel_frees_the_worker_for_the_next_job(open_studio, writer):
    presenter = WritingPresenter()
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        job = await studio.jobs.submit(make_order(GenerateOptions(num_bars=64)))
        await presenter.is_writing.wait()
        await studio.jobs.cancel(job.job_id, author=ADA)
        await presenter.answered()
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=1), author=BEN))
        await presenter.answered()
    assert [type(error) for _, error in presenter.errors] == [CancelledJobError]
    assert len(presenter.replies) == 1


async def test_waiting_jobs_see_their_place_in_the_queue(open_studio, writer, monkeypatch):
    monkeypatch.setattr("bot.services.jobs.networks.QUEUE_LOOK_SECONDS", 0.05)
    presenter = WritingPresenter()
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=NUM_BARS)))
        await presenter.is_writing.wait()
        second = await studio.jobs.submit(make_order(GenerateOptions(num_bars=1), author=BEN))
        async with asyncio.timeout(30):
            while len(presenter.replies) < 2:
                await presenter.answered()
    waits = [view for job, view in presenter.progress if job.job_id == second.job_id and view.stage == "waiting"]
    assert waits
    assert {view.queue_place for view in waits} == {1}


async def test_place_and_time_are_shown_and_go_down(open_studio, writer, monkeypatch):
    """Once a job was measured, whoever waits behind two others sees place 2, then 1, and a time that shrinks to the reply."""
    monkeypatch.setattr("bot.services.jobs.networks.QUEUE_LOOK_SECONDS", 0.05)
    presenter = WritingPresenter()
    async with open_studio(writer=writer, media=StandInMedia(), presenter=presenter) as studio:
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=NUM_BARS)))
        await presenter.answered()
        for author in (ADA, BEN):
            await studio.jobs.submit(make_order(GenerateOptions(num_bars=2 * NUM_BARS), author=author))
        last = await studio.jobs.submit(make_order(GenerateOptions(num_bars=2 * NUM_BARS), author=CARL))
        async with asyncio.timeout(30):
            while len(presenter.replies) < 4:
                await presenter.answered()
    waits = [view for job, view in presenter.progress if job.job_id == last.job_id and view.stage == "waiting"]
    places = [view.queue_place for view in waits if view.queue_place]
    assert (places[0], places[-1]) == (2, 1)
    assert places == sorted(places, reverse=True)
    times = [view.eta_seconds for view in waits]
    assert None not in times
    assert times[-1] < times[0]
