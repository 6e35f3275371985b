"""Jobs of several takes from order to answer, on a real database."""

import asyncio

import pytest

from bot.services.model import FromRevision, Upload
from bot.services.operations.picking import PickOptions
from bot.services.options import GenerateOptions, RemixOptions
from bot.services.replies.takes import take_seed
from core.errors import CancelledJobError, InferenceError, InputError, NotFoundError, PermissionDeniedError
from db.tables import Job, JobTake, Revision, StoredPiece
from inference.protocol import Result
from music.midi import read_midi
from tests.factories.doors import StandInWriter, melody_file
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import make_result, rows


class Picky(StandInWriter):
    """Fails some requests, and never ends others."""

    def __init__(self, *, failing=(), endless=(), **parts):
        super().__init__(**parts)
        self.failing, self.endless = set(failing), set(endless)
        self.num_ended = 0

    async def submit(self, request, *, user_id, guild_id):
        async for message in super().submit(request, user_id=user_id, guild_id=guild_id):
            if isinstance(message, Result):
                if request.job_id in self.failing:
                    raise InferenceError("worn out")
                if request.job_id in self.endless:
                    await asyncio.Event().wait()
                self.num_ended += 1
            yield message


async def until(is_true):
    async with asyncio.timeout(20):
        while not is_true():  # noqa: ASYNC110 - what is waited for is seen from outside only
            await asyncio.sleep(0.01)


async def until_stored(database, num_takes):
    async with asyncio.timeout(20):
        while len(await rows(database, JobTake)) < num_takes:  # noqa: ASYNC110 - same
            await asyncio.sleep(0.01)


async def make_takes(studio, order=None):
    await studio.jobs.submit(order or make_order(num_takes=4))
    await studio.presenter.answered()
    assert studio.presenter.errors == []
    return studio.presenter.replies[-1][1]


async def test_four_takes_come_in_one_answer_with_nine_files(open_studio):
    """Four sounds, four MIDI files, one picture; each take has its own seed, the first the job's."""
    async with open_studio() as studio:
        reply = await make_takes(studio)
    assert len(studio.presenter.replies) == 1
    assert [take.revision.seed for take in reply.takes] == [take_seed(7, take) for take in range(4)]
    numbers = [take.revision.revision_id for take in reply.takes]  # in the order in which they were done
    assert sorted(numbers) == [1, 2, 3, 4]
    assert [file.filename for file in reply.files] == [
        *(f"tutti-{number}-generate-take-{take}.ogg" for take, number in enumerate(numbers, 1)),
        *(f"tutti-{number}-generate-take-{take}.mid" for take, number in enumerate(numbers, 1)),
        f"tutti-{numbers[0]}-4-takes.png",
    ]
    assert len({tuple(read_midi(take.midi.data).tracks) for take in reply.takes}) == 4


async def test_takes_are_written_at_the_same_time_under_names_of_their_own(open_studio):
    async with open_studio(writer=StandInWriter(is_open=False)) as studio:
        await studio.jobs.submit(make_order(num_takes=3))
        await until(lambda: len(studio.writer.running) == 3)
        assert sorted(studio.writer.running) == ["1", "1.1", "1.2"]
        studio.writer.gate.set()
        await studio.presenter.answered()


async def test_a_takes_seed_typed_with_one_take_gives_the_same_file(open_studio):
    """Byte for byte, recipe and all."""
    async with open_studio() as studio:
        takes = await make_takes(studio)
        third = takes.takes[2]
        await make_result(studio, make_order(GenerateOptions(num_bars=2, seed=third.revision.seed)))
        alone = studio.presenter.replies[-1][1]
    assert alone.midi.data == third.midi.data


async def test_one_upload_becomes_one_revision_for_all_takes(open_studio, database):
    async with open_studio() as studio:
        source = Upload(filename="tune.mid", data=melody_file(3))
        reply = await make_takes(studio, make_order(RemixOptions(seed=1), source=source, num_takes=4))
    uploads = [row for row in await rows(database, Revision) if row.operation == "upload"]
    assert len(uploads) == 1
    assert {take.revision.parent_ids for take in reply.takes} == {(uploads[0].id,)}


async def test_one_failed_take_does_not_cost_the_others(open_studio):
    async with open_studio(writer=Picky(failing={"1.1"})) as studio:
        reply = await make_takes(studio)
    assert [take.revision.seed for take in reply.takes] == [take_seed(7, take) for take in (0, 2, 3)]
    assert any("Only 3 takes of 4" in remark for remark in reply.remarks)


async def test_a_single_take_that_is_left_is_an_ordinary_reply(open_studio):
    async with open_studio(writer=Picky(failing={"1", "1.2", "1.3"})) as studio:
        reply = await make_takes(studio)
    assert reply.revision.seed == take_seed(7, 1)
    assert any("Only one take of 4" in remark for remark in reply.remarks)


async def test_without_any_take_the_job_has_failed(open_studio):
    async with open_studio(writer=StandInWriter(error=InferenceError("broken"))) as studio:
        await studio.jobs.submit(make_order(num_takes=2))
        await studio.presenter.answered()
    ((_, error),) = studio.presenter.errors
    assert isinstance(error, InferenceError)


async def test_cancelling_stops_every_take_and_forgets_those_that_were_stored(open_studio, database):
    """Nothing of them is found later, in the channel or in the database."""
    writer = Picky(endless={"1.2", "1.3"})
    async with open_studio(writer=writer) as studio:
        await studio.jobs.submit(make_order(num_takes=4))
        await until_stored(database, 2)
        await studio.jobs.cancel(1, author=ADA)
        await studio.presenter.answered()
        with pytest.raises(NotFoundError):
            await studio.songs.newest_in_channel(PLACE)
    ((_, error),) = studio.presenter.errors
    assert isinstance(error, CancelledJobError)
    assert {"1.2", "1.3"} <= set(writer.stopped)
    assert await rows(database, JobTake) == []
    assert await rows(database, StoredPiece) == []


async def test_too_many_takes_are_refused_before_anything_is_stored(open_studio, database):
    async with open_studio() as studio:
        with pytest.raises(InputError, match="1 to 4"):
            await studio.jobs.submit(make_order(num_takes=5))
    assert await rows(database, Job) == []


async def test_progress_counts_the_bars_of_all_takes(open_studio):
    async with open_studio() as studio:
        await make_takes(studio, make_order(GenerateOptions(num_bars=3), num_takes=2))
    writing = [view for _, view in studio.presenter.progress if view.stage == "writing"]
    assert {view.num_total for view in writing} == {6}
    assert max(view.num_done for view in writing) >= 4


# --- which take is meant -------------------------------------------------------------------------------------------


async def test_until_one_is_picked_the_first_take_is_meant(open_studio):
    async with open_studio() as studio:
        reply = await make_takes(studio)
    newest = await studio.songs.newest_in_channel(PLACE)
    shown = await studio.songs.revision_of_message(1001, place=PLACE)
    assert newest.revision_id == shown.revision_id == reply.takes[0].revision.revision_id
    assert (newest.take_number, newest.num_takes) == (1, 4)


async def test_picking_shows_the_same_revision_in_a_message_of_its_own(open_studio, database):
    """No network works, no revision is made; from then on that take is meant."""
    async with open_studio() as studio:
        reply = await make_takes(studio)
        num_requests = len(studio.writer.requests)
        third = reply.takes[2].revision
        order = make_order(PickOptions(), author=BEN, source=FromRevision(revision_id=third.revision_id))
        picked = await make_result(studio, order)
    newest = await studio.songs.newest_in_channel(PLACE)
    of_takes = await studio.songs.revision_of_message(1001, place=PLACE)
    of_pick = await studio.songs.revision_of_message(1002, place=PLACE)
    assert picked.revision_id == third.revision_id
    assert studio.presenter.replies[-1][1].midi.data == reply.takes[2].midi.data
    assert len(studio.writer.requests) == num_requests
    assert len(await rows(database, Revision)) == 4
    assert {view.revision_id for view in (newest, of_takes, of_pick)} == {third.revision_id}
    assert (newest.message_id, newest.num_takes) == (1002, 1)


async def test_takes_that_are_not_shown_yet_are_not_the_newest_result(open_studio, database):
    writer = Picky(endless={"2.1"})
    async with open_studio(writer=writer) as studio:
        first = await make_result(studio)
        await studio.jobs.submit(make_order(num_takes=2))
        await until_stored(database, 1)
        newest = await studio.songs.newest_in_channel(PLACE)
    assert newest.revision_id == first.revision_id


async def test_deleting_all_takes_a_message_of_its_music(open_studio, database):
    async with open_studio() as studio:
        await make_takes(studio)
    with pytest.raises(PermissionDeniedError):
        await studio.songs.delete_all_of_message(1001, by=BEN, place=PLACE)
    await studio.songs.delete_all_of_message(1001, by=ADA, place=PLACE)
    with pytest.raises(NotFoundError):
        await studio.songs.delete_all_of_message(1001, by=ADA, place=PLACE)
    assert await rows(database, StoredPiece) == []


async def test_a_deleted_first_take_leaves_the_others(open_studio):
    async with open_studio() as studio:
        reply = await make_takes(studio)
    await studio.songs.delete(reply.takes[0].revision.revision_id, by=ADA)
    left = await studio.songs.revision_of_message(1001, place=PLACE)
    assert left.revision_id == reply.takes[1].revision.revision_id


async def test_varying_asks_for_a_small_remix_of_the_take(open_studio):
    async with open_studio() as studio:
        reply = await make_takes(studio)
        second = reply.takes[1].revision.revision_id
        order = await studio.songs.order_variation(second, author=BEN, place=PLACE, reply_token="token")
    assert order.source == FromRevision(revision_id=second)
    assert order.options == RemixOptions(share=0.25)


async def test_takes_do_not_teach_how_long_one_takes(open_studio):
    async with open_studio() as studio:
        await make_takes(studio)
        rates = await studio.jobs._store.recent_rates("generate", limit=5)
    assert rates == []
