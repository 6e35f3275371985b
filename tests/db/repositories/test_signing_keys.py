"""Keys as rows: newest first, retired ones without their secret, and whether a database was in use before."""

from __future__ import annotations

from db.repositories.signing_keys import SigningKeyRepository
from db.tables import SigningKey
from tests.factories.rows import NOW, make_user


def key(number: int, secret: str = "s") -> SigningKey:
    return SigningKey(id=number, secret=secret, created_at=NOW, unsigned_until=NOW, retired_at=None)


async def test_of_two_keys_with_one_number_the_first_stays(database):
    """Two bots that start at once agree."""
    async with database.writing() as session:
        keys = SigningKeyRepository(session)
        await keys.add(key(1, "first"))
        await keys.add(key(1, "second"))
        assert [row.secret for row in await keys.all()] == ["first"]


async def test_retired_keys_stay_as_rows_without_their_secret(database):
    """The newest come first."""
    async with database.writing() as session:
        keys = SigningKeyRepository(session)
        for number in (1, 2, 3):
            await keys.add(key(number))
        await keys.retire_before(3, now=NOW)
    async with database.reading() as session:
        rows = await SigningKeyRepository(session).all()

    assert [(row.id, row.secret, row.retired_at) for row in rows] == [(3, "s", None), (2, None, NOW), (1, None, NOW)]


async def test_a_database_was_used_when_somebody_is_in_it(database):
    """An empty one has shown nothing."""
    async with database.writing() as session:
        keys = SigningKeyRepository(session)
        assert not await keys.was_used_before()
        await make_user(session)
        assert await keys.was_used_before()
