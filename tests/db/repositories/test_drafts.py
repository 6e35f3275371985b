"""Drafts on a real database."""

from db.repositories.drafts import DraftRepository, NewDraft
from tests.factories.rows import NOW, make_user


async def test_a_draft_is_found_by_number_and_kind_until_it_is_deleted(database):
    """Another kind's number finds nothing, nor does one that nothing can have."""
    async with database.writing() as session:
        user = await make_user(session)
        drafts = DraftRepository(session)
        new = NewDraft(kind="compose", user_id=user.id, guild_id=9, channel_id=55, data={"seed": 1})
        draft = await drafts.add(new, now=NOW)

        assert (await drafts.find(draft.id, kind="compose")).data == {"seed": 1}
        assert await drafts.find(draft.id, kind="other") is None
        assert await drafts.find(2**70, kind="compose") is None
        await drafts.delete(draft)
        assert await drafts.find(draft.id, kind="compose") is None
