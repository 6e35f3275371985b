"""``bot/services/exports/jobs.py``: files of what there is, as jobs: nothing new in the history, nothing lost in a restart."""

from __future__ import annotations

import asyncio

import pytest

from bot.services.model import FromRevision, Upload
from bot.services.operations.exporting import ExportOptions, ScoreOptions
from core.errors import InputError, NotFoundError
from db.tables import Job, Revision
from music.midi import write_midi
from tests.factories.orders import make_order
from tests.factories.pieces import make_melody
from tests.factories.studio import make_result, rows

pytestmark = pytest.mark.asyncio


async def ask_for(studio, options, source):
    await studio.jobs.submit(make_order(options, source=source))
    await studio.presenter.answered()


async def test_an_export_adds_nothing_to_the_history(open_studio):
    """Its files are those of the result; no revision, no message that could be taken for one."""
    async with open_studio() as studio:
        result = await make_result(studio)
        await ask_for(studio, ExportOptions(contents="midi"), FromRevision(revision_id=result.revision_id))
        bundle = studio.presenter.replies[-1][1]
        assert bundle.revision.revision_id == result.revision_id
        assert bundle.messages[0][0].data == studio.presenter.replies[0][1].midi.data  # so it will be recognised
        assert len(await rows(studio.database, Revision)) == 1
    assert [job.is_answered for job in await rows(studio.database, Job)] == [True, True]


async def test_a_file_that_somebody_attached_can_be_exported(open_studio):
    async with open_studio() as studio:
        source = Upload(filename="tune.mid", data=write_midi(make_melody()))
        await ask_for(studio, ScoreOptions(format="musicxml"), source)
        bundle = studio.presenter.replies[-1][1]
        assert bundle.revision.title == "tune.mid"
        assert [revision.operation for revision in await rows(studio.database, Revision)] == ["upload"]


async def test_a_part_that_there_is_not_is_one_sentence(open_studio):
    """It names the parts that there are."""
    async with open_studio() as studio:
        result = await make_result(studio)
        await ask_for(studio, ScoreOptions(part="bagpipe"), FromRevision(revision_id=result.revision_id))
        (error,) = [error for _, error in studio.presenter.errors]
        assert isinstance(error, InputError)
        assert "Choose one of: 1 " in error.reason


async def test_a_format_that_there_is_not_is_refused_at_once(open_studio):
    async with open_studio() as studio:
        result = await make_result(studio)
        with pytest.raises(InputError, match="format"):
            await studio.jobs.submit(
                make_order(ScoreOptions(format="doc"), source=FromRevision(revision_id=result.revision_id))
            )


async def test_an_export_that_could_not_be_shown_is_shown_by_the_next_start(open_studio, database):
    """Accepted is accepted: what was made is made again from the piece."""
    async with open_studio() as studio:
        result = await make_result(studio)
        studio.presenter.failures.append(OSError("the bot dies here"))
        await studio.jobs.submit(
            make_order(ExportOptions(contents="credits"), source=FromRevision(revision_id=result.revision_id))
        )
        async with asyncio.timeout(20):
            while studio.presenter.failures:  # noqa: ASYNC110 - the presenter has no event for a failure
                await asyncio.sleep(0.01)
    async with open_studio() as studio:
        await studio.presenter.answered()
        text = studio.presenter.replies[-1][1].messages[0][0].data.decode()
        assert "Ada" in text


async def test_a_result_that_was_deleted_meanwhile_is_said(open_studio):
    async with open_studio() as studio:
        with pytest.raises(NotFoundError):
            await studio.jobs.submit(make_order(ExportOptions(), source=FromRevision(revision_id=99)))
