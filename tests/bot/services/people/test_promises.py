"""Sentences of docs/privacy.md that no other test holds: what goes with a deleted result, and what time takes along."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.services.clock import utc_now
from bot.services.house.house_rules import HouseRules
from bot.services.jobs.service import FORGET_ANSWERED_AFTER_DAYS
from bot.services.jobs.store import JobStore
from bot.services.model import Upload
from bot.services.options import GenerateOptions, HarmonizeOptions, PromptWords, RemixOptions
from bot.services.people.retention import RetentionService
from core.settings import LimitSettings
from db.tables import Job, Revision, StoredUpload
from tests.factories.doors import StandInWriter, melody_file
from tests.factories.orders import ADA, PLACE, make_order
from tests.factories.studio import make_result, rows

UPLOAD = Upload(filename="for Grace Hopper.mid", data=melody_file(3))
WORDS = PromptWords(text="for Grace Hopper", not_understood=("Grace", "Hopper"))


async def everything(database) -> str:
    """Each row of the three tables that words go into."""
    return str([vars(row) for table in (Job, Revision, StoredUpload) for row in await rows(database, table)])


@pytest.mark.parametrize("num_takes", [1, 2])
async def test_what_was_typed_for_a_deleted_result_is_gone_from_its_job_too(open_studio, database, num_takes):
    """Jobs are kept for a month; the words are not."""
    async with open_studio() as studio:
        order = make_order(GenerateOptions(num_bars=2, seed=1, prompt=WORDS), num_takes=num_takes)
        await studio.jobs.submit(order)
        await studio.presenter.answered()
        assert "Hopper" in await everything(database)
        for row in await rows(database, Revision):
            await studio.songs.delete(row.id, by=ADA)

    assert "Hopper" not in await everything(database)
    assert (await rows(database, Job))[0].options["num_bars"] == 2


async def test_chords_that_were_typed_go_with_the_result(open_studio, database):
    """They may be somebody's song."""
    async with open_studio() as studio:
        order = make_order(HarmonizeOptions(style="chords", chords="Cmaj7 | Fmaj7 | Cmaj7 | G7", seed=1), source=UPLOAD)
        made = await make_result(studio, order)
        await studio.songs.delete(made.revision_id, by=ADA)

    assert "maj7" not in await everything(database)


async def test_the_name_of_a_file_goes_with_the_last_result_made_from_it(open_studio, database):
    """Not before: it is how people know what something was made from."""
    async with open_studio() as studio:
        made = await make_result(studio, make_order(RemixOptions(seed=1), source=UPLOAD))
        assert "Hopper" in await everything(database)
        await studio.songs.delete(made.revision_id, by=ADA)

    assert "Hopper" not in await everything(database)


async def test_what_a_server_does_not_keep_any_longer_leaves_no_words(open_studio, database):
    """By age, as by deleting."""
    rules = HouseRules(database, limits=LimitSettings())
    async with open_studio() as studio:
        await make_result(studio, make_order(RemixOptions(seed=1, prompt=WORDS), source=UPLOAD))
        await rules.change(PLACE.guild_id, retention_days=7)
        retention = RetentionService(database, rules=rules, now=lambda: utc_now() + timedelta(days=8))
        await retention.run()

    assert "Hopper" not in await everything(database)


async def test_jobs_go_after_a_month_with_files_from_which_nothing_was_made(open_studio, database):
    """Answered ones; results stay, and so do the names of files that they were made from."""
    broken = Upload(filename="broken.mid", data=b"MThd" + bytes(30))
    async with open_studio() as studio:
        kept = await make_result(studio, make_order(RemixOptions(seed=1), source=UPLOAD))
        await studio.jobs.submit(make_order(RemixOptions(seed=2), source=broken))
        await studio.presenter.answered()
        store = JobStore(database, leases=studio.jobs.leases)
        assert await store.forget_answered(days=FORGET_ANSWERED_AFTER_DAYS) == 0
        async with database.writing() as session:
            long_ago = utc_now() - timedelta(days=FORGET_ANSWERED_AFTER_DAYS + 1)
            await session.execute(update(Job).values(created_at=long_ago))
        assert await store.forget_answered(days=FORGET_ANSWERED_AFTER_DAYS) == 2
        assert (await studio.songs.revision(kept.revision_id)).num_notes > 0

    assert await rows(database, Job) == []
    assert [row.filename for row in await rows(database, StoredUpload)] == [UPLOAD.filename]


async def test_a_job_that_waits_is_kept_however_old(open_studio, database):
    """Nobody's order is lost to tidying."""
    async with open_studio(writer=StandInWriter(is_open=False)) as studio:
        await studio.jobs.submit(make_order())
        async with database.writing() as session:
            await session.execute(update(Job).values(created_at=utc_now() - timedelta(days=400)))
        store = JobStore(database, leases=studio.jobs.leases)

        assert await store.forget_answered(days=FORGET_ANSWERED_AFTER_DAYS) == 0
