"""Pieces and uploads on a real database."""

from db.repositories.pieces import PieceRepository
from db.repositories.songs import SongRepository
from tests.factories.rows import NOW, make_job, make_piece, make_revision, make_user


async def test_equal_bytes_are_stored_once(database):
    async with database.writing() as session:
        assert await make_piece(session) is await make_piece(session)


async def test_piece_is_kept_as_long_as_one_revision_shows_it(database):
    async with database.writing() as session:
        songs, pieces = SongRepository(session), PieceRepository(session)
        piece = await make_piece(session)
        first, second = await make_revision(session), await make_revision(session)

        await songs.delete(first, now=NOW)
        assert await pieces.delete_unused({piece.hash}) == 0
        await songs.delete(second, now=NOW)
        assert await pieces.delete_unused({piece.hash}) == 1


async def test_upload_data_stays_until_its_job_is_answered(database):
    async with database.writing() as session:
        pieces = PieceRepository(session)
        user = await make_user(session)
        upload = await pieces.add_upload(user_id=user.id, filename="a.mid", data=b"MThd", now=NOW)
        job = await make_job(session, user=user, upload_id=upload.id)

        await pieces.forget_upload_data(upload.id)
        await session.refresh(upload)
        assert upload.data == b"MThd"

        job.is_answered = True
        await session.flush()
        await pieces.forget_upload_data(upload.id)
        await session.refresh(upload)
        assert upload.data is None
