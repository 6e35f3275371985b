"""The graph of revisions on a real database."""

from datetime import timedelta

from db.repositories.jobs import JobRepository
from db.repositories.songs import SongRepository
from tests.factories.rows import CHANNEL_ID, NOW, make_job, make_revision, make_user


async def test_child_joins_the_song_of_its_parent(database):
    async with database.writing() as session:
        parent = await make_revision(session)
        child = await make_revision(session, parents=[parent], operation="remix")
        links = await SongRepository(session).links([child.id])
        assert (child.song_id, links[child.id].parent_ids) == (parent.song_id, (parent.id,))


async def test_revision_without_parent_starts_a_song(database):
    async with database.writing() as session:
        assert (await make_revision(session)).song_id != (await make_revision(session)).song_id


async def test_two_parents_keep_their_order(database):
    async with database.writing() as session:
        a, b = await make_revision(session), await make_revision(session)
        child = await make_revision(session, parents=[b, a])
        assert (await SongRepository(session).links([child.id]))[child.id].parent_ids == (b.id, a.id)


async def test_history_of_a_channel_is_newest_first_without_uploads_and_deleted(database):
    async with database.writing() as session:
        songs = SongRepository(session)
        old = await make_revision(session)
        gone = await make_revision(session)
        await make_revision(session, operation="upload")
        await make_revision(session, channel_id=CHANNEL_ID + 1)
        new = await make_revision(session)
        await songs.delete(gone, now=NOW)
        results = await songs.newest_results(channel_id=CHANNEL_ID, limit=10)
        assert [row.id for row in results] == [new.id, old.id]


async def test_history_of_a_person_crosses_channels(database):
    async with database.writing() as session:
        ada, ben = await make_user(session, discord_id=1), await make_user(session, discord_id=2, name="Ben")
        await make_revision(session, author=ben)
        hers = await make_revision(session, author=ada, channel_id=CHANNEL_ID + 1)
        results = await SongRepository(session).newest_results(author_id=ada.id, limit=10)
        assert [row.id for row in results] == [hers.id]


async def test_message_finds_its_revision_even_a_deleted_one(database):
    async with database.writing() as session:
        songs = SongRepository(session)
        revision = await make_revision(session)
        await songs.set_message(77, revision_id=revision.id, now=NOW)
        await songs.set_message(77, revision_id=revision.id, now=NOW)
        await songs.delete(revision, now=NOW)
        found = await songs.of_message(77)
        assert (found.id, found.piece_hash, found.deleted_at) == (revision.id, None, NOW)


async def test_children_are_found_one_step_down(database):
    async with database.writing() as session:
        root = await make_revision(session)
        child = await make_revision(session, parents=[root])
        await make_revision(session, parents=[child])
        assert [row.id for row in await SongRepository(session).children([root.id])] == [child.id]


async def shown(session, message_id, *revisions, minutes=0):
    for position, revision in enumerate(revisions):
        await SongRepository(session).set_message(
            message_id, revision_id=revision.id, now=NOW + timedelta(minutes=minutes), position=position
        )


async def test_a_message_shows_its_takes_in_their_order(database):
    """Whatever their numbers are; each knows which of how many it is."""
    async with database.writing() as session:
        songs = SongRepository(session)
        first, second = await make_revision(session), await make_revision(session)
        await shown(session, 70, second, first)
        assert [row.id for row in await songs.all_of_message(70)] == [second.id, first.id]
        assert await songs.all_of_message(-1) == ()
        links = await songs.links([first.id, second.id])
        assert [(links[row.id].take_position, links[row.id].num_takes) for row in (second, first)] == [(0, 2), (1, 2)]


async def test_the_take_that_was_shown_last_on_its_own_is_picked(database):
    async with database.writing() as session:
        songs = SongRepository(session)
        takes = [await make_revision(session) for _ in range(3)]
        await shown(session, 70, *takes)
        assert await songs.picked_of(70) is None
        await shown(session, 71, takes[2], minutes=1)
        await shown(session, 72, takes[1], minutes=2)
        assert (await songs.picked_of(70)).id == takes[1].id
        await songs.delete(takes[1], now=NOW)
        assert (await songs.picked_of(70)).id == takes[2].id


async def test_the_newest_result_is_the_one_that_was_shown_last(database):
    """Of takes the first, until one is shown again; what was not shown yet counts by its age."""
    async with database.writing() as session:
        songs = SongRepository(session)
        assert await songs.newest_shown(CHANNEL_ID) is None
        takes = [await make_revision(session) for _ in range(3)]
        await shown(session, 70, takes[1], takes[0], takes[2], minutes=1)
        await make_revision(session, operation="upload")
        await make_revision(session, channel_id=CHANNEL_ID + 1)
        assert (await songs.newest_shown(CHANNEL_ID)).id == takes[1].id
        await shown(session, 71, takes[2], minutes=2)
        assert (await songs.newest_shown(CHANNEL_ID)).id == takes[2].id
        await songs.delete(takes[2], now=NOW)
        assert (await songs.newest_shown(CHANNEL_ID)).id == takes[1].id


async def test_takes_of_a_job_that_is_not_done_are_no_results_yet(database):
    async with database.writing() as session:
        songs, jobs = SongRepository(session), JobRepository(session)
        revision = await make_revision(session)
        job = await make_job(session, num_takes=2)
        await jobs.add_take(job.id, position=0, revision_id=revision.id)
        assert await songs.newest_shown(CHANNEL_ID) is None
        job.result_revision_id = revision.id
        await session.flush()
        assert (await songs.newest_shown(CHANNEL_ID)).id == revision.id
