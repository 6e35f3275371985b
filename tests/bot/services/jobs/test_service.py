"""Jobs from order to answer, on a real database."""

import asyncio
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from bot.services.model import FromRevision, Place, Upload
from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions
from core.errors import (
    BarRangeError,
    CancelledJobError,
    InputError,
    LimitError,
    NoMusicError,
    NotFoundError,
    PermissionDeniedError,
    UnknownNameError,
)
from core.log import bound_context
from core.settings import LimitSettings
from db.tables import Job, Revision, StoredUpload
from music.midi import read_midi
from tests.factories.doors import (
    CHECKPOINT_ID,
    StandInWriter,
    melody,
    melody_file,
)
from tests.factories.orders import ADA, BEN, MODERATOR, PLACE, make_order
from tests.factories.studio import Studio, make_result, rows


async def test_order_is_answered_with_music_files_and_recipe(open_studio):
    async with open_studio() as studio:
        job = await studio.jobs.submit(make_order(GenerateOptions(genre="Rock", num_bars=2, seed=7)))
        await studio.presenter.answered()
        ((shown, reply),) = studio.presenter.replies
    assert (shown.job_id, reply.revision.seed, reply.revision.checkpoint_id) == (job.job_id, 7, CHECKPOINT_ID)
    assert [file.filename for file in reply.files] == [
        "tutti-1-generate-rock.ogg",
        "tutti-1-generate-rock.mid",
        "tutti-1-generate-rock.png",
    ]
    assert read_midi(reply.midi.data).num_notes == 8
    assert [check.name for check in reply.checks] == ["bars"]


async def test_all_that_is_logged_of_a_job_bears_its_request_and_its_number(open_studio):
    """Also what is logged by parts that know neither, such as the presenter."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as events:
        async with open_studio() as studio:
            show = studio.presenter.show_reply

            async def tell_and_show(view, reply):
                structlog.get_logger().info("job_shown")
                return await show(view, reply)

            studio.presenter.show_reply = tell_and_show
            with bound_context(interaction_id=70):
                job = await studio.jobs.submit(make_order(GenerateOptions(num_bars=2)))
            await studio.presenter.answered()

    own = [event for event in events if event["event"].startswith("job_")]
    assert [event["event"] for event in own] == [
        "job_queued",
        "job_started",
        "job_finished",
        "job_shown",
        "job_answered",
    ]
    assert {(event["interaction_id"], event["job_id"]) for event in own} == {(70, job.job_id)}


async def test_order_and_its_file_are_stored_before_it_is_accepted(database):
    """The service was never started: nothing but ``submit`` itself can have written."""
    studio = Studio(database, writer=StandInWriter(is_open=False))
    data = melody_file()
    job = await studio.jobs.submit(make_order(RemixOptions(), source=Upload(filename="a.mid", data=data)))
    (row,) = await rows(database, Job)
    (upload,) = await rows(database, StoredUpload)
    assert (row.id, row.status, row.reply_token) == (job.job_id, "queued", "token")
    assert (upload.filename, upload.data) == ("a.mid", data)
    await studio.jobs.stop()


async def test_answered_job_forgets_token_and_uploaded_bytes(open_studio, database):
    async with open_studio() as studio:
        await make_result(studio, make_order(RemixOptions(), source=Upload(filename="a.mid", data=melody_file())))
    (row,) = await rows(database, Job)
    (upload,) = await rows(database, StoredUpload)
    assert (row.is_answered, row.reply_token, upload.data) == (True, "", None)


async def test_reply_names_its_message(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
    assert (await studio.songs.revision_of_message(1001, place=PLACE)).revision_id == revision.revision_id


async def test_uploaded_file_becomes_the_first_revision_of_the_song(open_studio, database):
    async with open_studio() as studio:
        upload = Upload(filename="My tune.mid", data=melody_file(3))
        revision = await make_result(studio, make_order(HarmonizeOptions(), source=upload))
        reply = studio.presenter.replies[-1][1]
    first, second = await rows(database, Revision)
    assert (first.operation, first.title, second.id) == ("upload", "My tune.mid", revision.revision_id)
    assert [parent.revision_id for parent in reply.parents] == [first.id]
    assert studio.media.earlier_pieces == [read_midi(melody_file(3))]


async def test_remix_of_a_result_is_its_child_in_the_same_song(open_studio):
    async with open_studio() as studio:
        parent = await make_result(studio)
        source = FromRevision(revision_id=parent.revision_id)
        child = await make_result(studio, make_order(RemixOptions(seed=1), author=BEN, source=source))
    assert (child.parent_ids, child.song_id) == ((parent.revision_id,), parent.song_id)
    assert studio.writer.requests[-1].piece == melody(7, num_bars=2)


async def test_generate_with_a_source_continues_it(open_studio):
    async with open_studio() as studio:
        parent = await make_result(studio)
        source = FromRevision(revision_id=parent.revision_id)
        child = await make_result(studio, make_order(GenerateOptions(num_bars=4), source=source))
    assert child.operation == "continue"
    assert studio.writer.requests[-1].prompt == melody(7, num_bars=2)


async def test_seed_is_drawn_once_and_stored(open_studio, database):
    async with open_studio() as studio:
        job = await studio.jobs.submit(make_order(GenerateOptions(num_bars=1)))
        await studio.presenter.answered()
    (row,) = await rows(database, Job)
    assert job.seed == row.seed == studio.writer.requests[0].seed


async def test_two_orders_at_once_are_both_answered(open_studio):
    async with open_studio() as studio:
        first, second = await asyncio.gather(
            studio.jobs.submit(make_order()), studio.jobs.submit(make_order(author=BEN))
        )
        async with asyncio.timeout(20):
            while len(studio.presenter.replies) < 2:
                await studio.presenter.answered()
    assert {job.job_id for job, _ in studio.presenter.replies} == {first.job_id, second.job_id}


async def test_progress_is_what_the_writer_reported(open_studio):
    async with open_studio() as studio:
        await make_result(studio, make_order(GenerateOptions(num_bars=3)))
    written = [view.num_done for _, view in studio.presenter.progress if view.stage == "writing"]
    assert written == [0, 1, 2]


# --- limits --------------------------------------------------------------------------------------------------------


async def test_person_with_too_many_jobs_hears_how_long_to_wait(open_studio):
    async with open_studio(
        writer=StandInWriter(is_open=False), limits=LimitSettings(TUTTI_MAX_JOBS_PER_USER=2)
    ) as studio:
        await studio.jobs.submit(make_order())
        await studio.jobs.submit(make_order())
        with pytest.raises(
            LimitError, match=r"You already have 2 pieces in the making\. Try again in a moment, or cancel"
        ):
            await studio.jobs.submit(make_order())
        await studio.jobs.submit(make_order(author=BEN))


async def test_full_server_takes_no_more_but_others_do(open_studio):
    """The limit is the server's: other servers and direct messages go on, and the sentence says whose it is."""
    limits = LimitSettings(TUTTI_MAX_JOBS_PER_SERVER=2)
    async with open_studio(writer=StandInWriter(is_open=False), limits=limits) as studio:
        await studio.jobs.submit(make_order())
        await studio.jobs.submit(make_order(author=BEN))
        with pytest.raises(
            LimitError, match=r"This server already has 2 pieces in the making\. Try again in a moment\."
        ):
            await studio.jobs.submit(make_order(author=MODERATOR))
        await studio.jobs.submit(make_order(author=MODERATOR, place=Place(guild_id=10, channel_id=1)))
        for _ in range(3):
            await studio.jobs.submit(make_order(author=MODERATOR, place=Place(guild_id=None, channel_id=2)))


async def test_full_house_takes_no_more(open_studio):
    limits = LimitSettings(TUTTI_MAX_QUEUED_JOBS=1)
    async with open_studio(writer=StandInWriter(is_open=False), limits=limits) as studio:
        await studio.jobs.submit(make_order())
        with pytest.raises(LimitError, match="Too many pieces are in the making right now, 1 on all servers together"):
            await studio.jobs.submit(make_order(author=BEN))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "about 1 seconds"), (42.4, "about 42 seconds"), (290, "about 5 min")]
)
async def test_a_refusal_says_when_the_first_of_ones_own_jobs_will_be_done(open_studio, seconds, words):
    """The time is that of the queue's own forecast."""

    class Foreseen(StandInWriter):
        def estimate_end_seconds(self, job_id):
            return {"1": 9_000.0, "2": seconds}.get(job_id)

    limits = LimitSettings(TUTTI_MAX_JOBS_PER_USER=2)
    async with open_studio(writer=Foreseen(is_open=False), limits=limits) as studio:
        await studio.jobs.submit(make_order())
        await studio.jobs.submit(make_order())
        with pytest.raises(LimitError, match=words) as caught:
            await studio.jobs.submit(make_order())
    assert caught.value.retry_after_seconds == seconds


async def test_an_accepted_job_is_not_refused_by_a_full_queue(open_studio, monkeypatch):
    """The networks' own queue may be full for a moment; whoever was accepted waits and is served."""
    monkeypatch.setattr("bot.services.jobs.networks.QUEUE_LOOK_SECONDS", 0.01)

    class FullAtFirst(StandInWriter):
        num_refusals = 0

        def submit(self, request, *, user_id, guild_id):
            if self.num_refusals < 3:
                self.num_refusals += 1
                raise LimitError("The queue is full.")
            return super().submit(request, user_id=user_id, guild_id=guild_id)

    async with open_studio(writer=FullAtFirst()) as studio:
        await make_result(studio)
    assert studio.writer.num_refusals == 3
    assert [view.stage for _, view in studio.presenter.progress][:3] == ["waiting"] * 3


async def test_two_orders_at_once_cannot_pass_one_free_place(open_studio):
    limits = LimitSettings(TUTTI_MAX_JOBS_PER_USER=1)
    async with open_studio(writer=StandInWriter(is_open=False), limits=limits) as studio:
        ends = await asyncio.gather(*(studio.jobs.submit(make_order()) for _ in range(2)), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["JobView", "LimitError"]


async def test_wait_is_estimated_from_measured_jobs(open_studio):
    limits = LimitSettings(TUTTI_MAX_JOBS_PER_USER=1)
    async with open_studio(limits=limits) as studio:
        await make_result(studio)
        studio.writer.gate.clear()
        await studio.jobs.submit(make_order())
        with pytest.raises(LimitError) as caught:
            await studio.jobs.submit(make_order())
    assert caught.value.retry_after_seconds is not None


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (GenerateOptions(genre="polka-core"), UnknownNameError),
        (GenerateOptions(key="H sharp sharp"), UnknownNameError),
        (GenerateOptions(instruments=("piano", "kazoophone")), UnknownNameError),
        (GenerateOptions(num_bars=0), InputError),
        (GenerateOptions(num_bars=10_000), InputError),
        (GenerateOptions(tempo_bpm=3), InputError),
        (GenerateOptions(metre="7/8"), InputError),
        (GenerateOptions(preset="furious"), UnknownNameError),
        (GenerateOptions(seed=-1), InputError),
        (GenerateOptions(seed=2**60), InputError),
        (RemixOptions(), NoMusicError),
        (HarmonizeOptions(), NoMusicError),
    ],
)
async def test_bad_options_are_refused_before_anything_is_stored(open_studio, database, options, error):
    async with open_studio() as studio:
        with pytest.raises(error):
            await studio.jobs.submit(make_order(options))
    assert await rows(database, Job) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (RemixOptions(bars=(3, 99)), BarRangeError),
        (RemixOptions(bars=(0, 2)), InputError),
        (RemixOptions(share=0), InputError),
        (RemixOptions(change="lyrics"), UnknownNameError),
        (HarmonizeOptions(style="thrash"), UnknownNameError),
    ],
)
async def test_options_that_do_not_fit_the_piece_are_answered_with_one_sentence(open_studio, options, error):
    source = Upload(filename="a.mid", data=melody_file())
    async with open_studio() as studio:
        try:
            await studio.jobs.submit(make_order(options, source=source))
        except error:
            return
        await studio.presenter.answered()
        ((_, shown),) = studio.presenter.errors
    assert isinstance(shown, InputError)
    assert shown.reason.endswith((".", "?"))


async def test_broken_file_is_answered_with_one_sentence_and_hurts_nobody_else(open_studio):
    async with open_studio() as studio:
        await studio.jobs.submit(make_order(RemixOptions(), source=Upload(filename="x.mid", data=b"not music")))
        await studio.presenter.answered()
        await studio.jobs.submit(make_order(author=BEN))
        await studio.presenter.answered()
    assert isinstance(studio.presenter.errors[0][1], InputError)
    assert len(studio.presenter.replies) == 1


async def test_source_that_was_deleted_is_refused(open_studio):
    async with open_studio() as studio:
        parent = await make_result(studio)
        await studio.songs.delete(parent.revision_id, by=ADA)
        with pytest.raises(NotFoundError):
            await studio.jobs.submit(make_order(RemixOptions(), source=FromRevision(revision_id=parent.revision_id)))


async def test_names_that_no_database_takes_are_cleaned(open_studio, database):
    upload = Upload(filename="a\x00\ud800\u202eb.mid", data=melody_file())
    author = replace(ADA, name="A\x00d\udfffa\n")
    async with open_studio() as studio:
        revision = await make_result(studio, make_order(RemixOptions(), author=author, source=upload))
    assert revision.author.name == "Ada"
    assert (await rows(database, Revision))[0].title == "ab.mid"


# --- cancel --------------------------------------------------------------------------------------------------------


async def test_cancel_stops_the_networks_and_says_so(open_studio, database):
    async with open_studio(writer=StandInWriter(is_open=False)) as studio:
        job = await studio.jobs.submit(make_order())
        await studio.writer.started.wait()
        await studio.jobs.cancel(job.job_id, author=ADA)
        await studio.presenter.answered()
    assert studio.writer.stopped == [str(job.job_id)]
    assert [type(error) for _, error in studio.presenter.errors] == [CancelledJobError]
    (row,) = await rows(database, Job)
    assert (row.status, row.is_answered) == ("cancelled", True)


async def test_only_the_author_or_a_moderator_cancels(open_studio):
    async with open_studio(writer=StandInWriter(is_open=False)) as studio:
        job = await studio.jobs.submit(make_order())
        with pytest.raises(PermissionDeniedError):
            await studio.jobs.cancel(job.job_id, author=BEN)
        await studio.jobs.cancel(job.job_id, author=MODERATOR)
        await studio.presenter.answered()
    assert isinstance(studio.presenter.errors[0][1], CancelledJobError)


async def test_cancel_of_a_finished_job_changes_nothing(open_studio):
    async with open_studio() as studio:
        await make_result(studio)
        await studio.jobs.cancel(1, author=ADA)
    assert (len(studio.presenter.replies), studio.presenter.errors) == (1, [])


async def test_cancel_of_an_unknown_job_is_not_found(open_studio):
    async with open_studio() as studio:
        with pytest.raises(NotFoundError):
            await studio.jobs.cancel(99, author=ADA)


async def test_person_is_known_in_the_place(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
    assert (revision.author, revision.place) == (ADA, PLACE)
