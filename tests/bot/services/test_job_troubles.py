"""Jobs whose networks, media or messages fail: each is still answered, and once."""

from dataclasses import replace

from core.errors import (
    LimitError,
    NotFoundError,
    PermissionDeniedError,
    RenderError,
    TuttiError,
    WorkerLostError,
)
from db.tables import Job, Message
from tests.factories.doors import (
    ListPresenter,
    StandInMedia,
    StandInWriter,
)
from tests.factories.orders import make_order
from tests.factories.studio import make_result, rows


async def test_error_of_the_networks_is_shown_once(open_studio, database):
    async with open_studio(writer=StandInWriter(error=WorkerLostError("died"))) as studio:
        await studio.jobs.submit(make_order())
        await studio.presenter.answered()
    assert [type(error) for _, error in studio.presenter.errors] == [WorkerLostError]
    assert (await rows(database, Job))[0].status == "failed"


async def test_bug_of_ours_is_answered_too(open_studio):
    async with open_studio(writer=StandInWriter(error=ZeroDivisionError())) as studio:
        await studio.jobs.submit(make_order())
        await studio.presenter.answered()
    assert [type(error) for _, error in studio.presenter.errors] == [TuttiError]


async def test_reply_without_sound_and_picture_still_arrives(open_studio):
    media = StandInMedia(render_error=RenderError("no"), picture_error=RenderError("no"))
    async with open_studio(media=media) as studio:
        await make_result(studio)
        reply = studio.presenter.replies[0][1]
    assert (reply.audio, reply.picture, len(reply.remarks)) == (None, None, 2)


async def test_sound_gets_what_the_other_files_leave(open_studio):
    async with open_studio() as studio:
        await make_result(studio, replace(make_order(), size_limit_bytes=200_000))
        reply = studio.presenter.replies[0][1]
    (limit,) = studio.media.size_limits
    assert limit + len(reply.midi.data) + len(reply.picture.data) < 200_000


async def test_shortened_sound_says_so(open_studio):
    async with open_studio(media=StandInMedia(is_shortened=True)) as studio:
        await make_result(studio)
    assert "stops after 0:08" in studio.presenter.replies[0][1].remarks[0]


async def test_reply_that_cannot_be_shown_now_is_shown_later(open_studio, monkeypatch):
    monkeypatch.setattr("bot.services.jobs.leases.FIRST_PAUSE_SECONDS", 0.0)
    presenter = ListPresenter(failures=[TuttiError("Discord is down")])
    async with open_studio(presenter=presenter, lease_seconds=0.3) as studio:
        await make_result(studio)
    assert len(presenter.replies) == 1


async def test_reply_that_waits_for_a_place_among_the_files_is_not_given_up(open_studio, database, monkeypatch):
    """However often the media children have too much to do: the job was accepted."""
    monkeypatch.setattr("bot.services.jobs.leases.FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("bot.services.jobs.runner.MAX_ANSWER_ATTEMPTS", 1)
    presenter = ListPresenter(failures=[LimitError("Too many files are waiting.") for _ in range(3)])
    async with open_studio(presenter=presenter, lease_seconds=0.3) as studio:
        await make_result(studio)
    assert (len(presenter.replies), presenter.errors) == (1, [])
    assert (await rows(database, Job))[0].num_answer_attempts == 0


async def test_reply_that_can_never_be_made_ends_in_a_sentence(open_studio, database, monkeypatch):
    monkeypatch.setattr("bot.services.jobs.runner.MAX_ANSWER_ATTEMPTS", 1)
    presenter = ListPresenter(failures=[RenderError("no MIDI")])
    async with open_studio(presenter=presenter) as studio:
        await studio.jobs.submit(make_order())
        await presenter.answered()
    assert isinstance(presenter.errors[0][1], RenderError)
    assert (await rows(database, Job))[0].is_answered


async def test_reply_without_a_place_ends_the_job(open_studio, database):
    presenter = ListPresenter(failures=[NotFoundError(what="message")])
    async with open_studio(presenter=presenter) as studio:
        await studio.jobs.submit(make_order())
        await presenter.answered()
    assert (await rows(database, Job))[0].is_answered
    assert await rows(database, Message) == []


async def test_missing_permission_is_told_instead_of_the_reply(open_studio, database):
    presenter = ListPresenter(failures=[PermissionDeniedError("I may not attach files here.")])
    async with open_studio(presenter=presenter) as studio:
        await studio.jobs.submit(make_order())
        await presenter.answered()
    assert isinstance(presenter.errors[0][1], PermissionDeniedError)
    assert (await rows(database, Job))[0].is_answered
