"""What cards show and have shown, as rows."""

import pytest

from db.repositories.cards import NEWEST_REVISIONS, CardRepository
from db.repositories.shared_songs import NewSharedSong, SharedSongRepository
from db.repositories.songs import SongRepository
from tests.factories.rows import NOW, make_revision, make_user


@pytest.fixture
async def song(database):
    """A song with main and five revisions in a row, and one that no branch took."""
    async with database.writing() as session:
        ada, shared = await make_user(session), SharedSongRepository(session)
        first = await make_revision(session, author=ada)
        new = NewSharedSong(
            song_id=first.song_id, guild_id=9, channel_id=7, host_id=ada.id, title="x", licence="cc0", rules={}
        )
        song = await shared.add(new, head_id=first.id, now=NOW)
        (main,) = await shared.branches(song.id)
        await shared.add_state(first.id, shared_song_id=song.id, branch_id=main.id, data=b"")
        parent = first
        for branch_id in (main.id, main.id, main.id, None):
            child = await make_revision(session, author=ada, parents=(parent,), song_id=first.song_id)
            await shared.add_state(child.id, shared_song_id=song.id, branch_id=branch_id, data=b"")
            parent = child
        await SongRepository(session).set_message(88, revision_id=first.id, now=NOW)
        return song.id


async def test_only_cards_that_are_behind_are_wanted(database, song):
    """Showing more than that there is, or less than before, changes nothing."""
    async with database.writing() as session:
        cards = CardRepository(session)
        assert await cards.wanted() == [(song, 9, 1)]
        await cards.note_shown(song, 1)
        assert await cards.wanted() == []
        await SharedSongRepository(session).touch(song)
        await cards.note_shown(song, 0)
        assert await cards.wanted() == [(song, 9, 2)]
        await cards.note_message(song, 5)
        counts = await cards.counts(song)
        assert (counts.wanted, counts.shown, counts.channel_id, counts.message_id) == (2, 1, 7, 5)


async def test_revisions_come_newest_first_with_what_they_are_and_where(database, song):
    """Parents, branches and the message that shows each; candidates are on no branch."""
    async with database.reading() as session:
        found = await CardRepository(session).revisions(song)
        assert len(found) == 5 <= NEWEST_REVISIONS
        assert [row.branch for row in found] == [None, "main", "main", "main", "main"]
        assert [row.parent_ids for row in found] == [*((row.revision_id,) for row in found[1:]), ()]
        assert [row.message_id for row in found] == [None] * 4 + [88]
        assert await CardRepository(session).first_parent(found[0].revision_id) == found[1].revision_id


async def test_a_home_that_is_gone_closes_a_song_once(database, song):
    async with database.writing() as session:
        cards = CardRepository(session)
        await cards.close(song, now=NOW)
        await cards.close(song, now=NOW.replace(year=2030))
        row, host = await cards.song(song)
        assert (row.closed_at.year, host.name) == (NOW.year, "Ada")
