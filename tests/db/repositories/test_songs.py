"""The graph of revisions on a real database."""

from db.repositories.songs import SongRepository
from tests.factories.rows import CHANNEL_ID, NOW, make_revision, make_user


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
