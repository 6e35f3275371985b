"""Erasing a person does what docs/privacy.md promises."""

import pytest

from bot.services.model import FromRevision, Upload
from bot.services.options import GenerateOptions, PromptWords, RemixOptions
from bot.services.people.privacy import PrivacyService
from bot.services.songs.favourites import FavouriteService
from core.errors import LimitError, NotFoundError
from db.tables import Favourite, Job, Revision, StoredPiece, StoredUpload, User
from music.codec import encode_piece
from music.midi import read_midi
from tests.bot.services.jobs.test_service import make_result, rows
from tests.factories.doors import StandInWriter, melody_file
from tests.factories.orders import ADA, BEN, PLACE, make_order

UPLOAD = Upload(filename="my secret tune.mid", data=melody_file(3))


async def test_erased_person_has_no_name_number_or_jobs_left(open_studio, database):
    async with open_studio() as studio:
        await make_result(studio)
        await PrivacyService(database).erase(ADA.user_id)
        (view,) = await studio.songs.history(PLACE)
    assert (view.author.user_id, view.author.name) == (0, "someone who left")
    assert await rows(database, Job) == []
    assert ADA.name not in {user.name for user in await rows(database, User)}


async def test_upload_goes_with_everything_made_from_it(open_studio, database):
    async with open_studio() as studio:
        first = await make_result(studio, make_order(RemixOptions(seed=1), source=UPLOAD))
        source = FromRevision(revision_id=first.revision_id)
        await make_result(studio, make_order(RemixOptions(seed=2), source=source))
        counts = await PrivacyService(database).erase(ADA.user_id)
        assert await studio.songs.history(PLACE) == ()
    of_songs = {"songs": 0, "comments": 0, "ballots": 0}
    assert counts == {"jobs": 2, "uploads": 1, "revisions": 3, "pieces": 3, "favourites": 0} | of_songs
    assert await rows(database, StoredPiece) == []
    (upload,) = await rows(database, StoredUpload)
    assert (upload.data, upload.filename) == (None, "")


async def test_music_that_somebody_else_builds_on_stays_without_a_name(open_studio, database):
    async with open_studio() as studio:
        first = await make_result(studio, make_order(RemixOptions(seed=1), source=UPLOAD))
        source = FromRevision(revision_id=first.revision_id)
        await make_result(studio, make_order(RemixOptions(seed=2), author=BEN, source=source))
        await PrivacyService(database).erase(ADA.user_id)
        views = await studio.songs.history(PLACE)
        upload = await studio.songs.revision(first.parent_ids[0])
    assert [view.author.name for view in views] == ["Ben", "someone who left"]
    assert upload.title == ""


@pytest.mark.only_on("sqlite", reason="bytes of its file; PostgreSQL overwrites when it vacuums, docs/privacy.md says")
async def test_nothing_of_an_erased_upload_is_left_in_the_database_file(open_studio, database, tmp_path):
    async with open_studio() as studio:
        await make_result(studio, make_order(RemixOptions(seed=1), source=UPLOAD))
        secret = encode_piece(read_midi(UPLOAD.data))[-64:]
        await PrivacyService(database).erase(ADA.user_id)
    await database.close()  # the last connection empties the write-ahead file
    (file,) = tmp_path.glob("tutti.db*")
    kept = file.read_bytes()
    assert secret not in kept
    assert UPLOAD.filename.encode() not in kept
    assert UPLOAD.data not in kept


async def test_stranger_cannot_be_erased(database):
    with pytest.raises(NotFoundError):
        await PrivacyService(database).erase(404)


async def test_stars_and_typed_words_go_too(open_studio, database):
    """What somebody typed may say more about them than what was understood."""
    options = GenerateOptions(num_bars=2, seed=1, prompt=PromptWords(text="a song for Ada Lovelace"))
    async with open_studio() as studio:
        revision = await make_result(studio, make_order(options))
        await FavouriteService(database).toggle(revision.revision_id, by=ADA)
        await PrivacyService(database).erase(ADA.user_id)
    assert await rows(database, Favourite) == []
    (row,) = await rows(database, Revision)
    assert "Lovelace" not in str(row.options)
    assert row.options["num_bars"] == 2


async def test_somebody_with_a_piece_in_the_making_is_told_to_wait(open_studio, database):
    """Or the message would never be finished; an operator erases all the same."""
    async with open_studio(writer=StandInWriter(is_open=False)) as studio:
        await studio.jobs.submit(make_order())
        with pytest.raises(LimitError, match="in the making"):
            await PrivacyService(database).erase(ADA.user_id, needs_rest=True)


async def test_a_deleted_result_keeps_no_typed_words(open_studio, database):
    """Its place in the tree stays, and what was asked in numbers."""
    options = GenerateOptions(num_bars=2, seed=1, prompt=PromptWords(text="for Grace Hopper"))
    async with open_studio() as studio:
        revision = await make_result(studio, make_order(options))
        await studio.songs.delete(revision.revision_id, by=ADA)
    (row,) = await rows(database, Revision)
    assert "Hopper" not in str(row.options)
