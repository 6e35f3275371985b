"""People on a real database."""

from db.repositories.users import ERASED_NAME, UserRepository
from tests.factories.rows import NOW, make_user


async def test_same_person_is_stored_once_under_the_newest_name(database):
    async with database.writing() as session:
        first = await make_user(session, discord_id=1, name="Ada")
        second = await make_user(session, discord_id=1, name="Countess")
        assert (first.id, second.name) == (second.id, "Countess")


async def test_erased_person_is_a_stranger_when_coming_back(database):
    async with database.writing() as session:
        users = UserRepository(session)
        user = await make_user(session, discord_id=1)
        users.erase(user)
        await session.flush()
        again = await users.find_or_add(1, name="Ada", now=NOW)
        assert (user.name, user.discord_id, again.id == user.id) == (ERASED_NAME, None, False)
