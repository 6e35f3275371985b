"""A database of version 0.1.0 under today's services: everything that people made is there, and can be worked with."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.services.house.seals import GRACE, Seals
from bot.services.model import Author, FromRevision, Place
from bot.services.options import RemixOptions
from bot.ui.courier import ReplyAddress
from bot.ui.views import CancelButton, RevisionButton
from core.errors import ForgedPressError, NotFoundError
from db.repositories.songs import SongRepository
from db.schema import METADATA
from db.tables import Job
from music.midi import read_midi
from tests.factories.orders import make_order
from tests.factories.studio import rows

BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
OLD_TABLES = ("users", "songs", "pieces", "uploads", "revisions", "revision_parents", "messages", "jobs")


def notes_of(piece):
    return [[track.program, [list(note) for note in track.notes]] for track in piece.tracks]


def place_of(seen):
    return Place(guild_id=seen["guild_id"], channel_id=seen["channel_id"])


@BOTH
async def test_every_row_is_still_there(upgraded, noted):
    async with upgraded.reading() as session:
        counts = {
            name: await session.scalar(select(func.count()).select_from(METADATA.tables[name])) for name in OLD_TABLES
        }
    assert counts == {name: noted["counts"][name] for name in OLD_TABLES}
    assert min(counts.values()) >= 2, "people of that version left something in every table"


@BOTH
async def test_every_revision_reads_as_that_version_saw_it(studio, noted):
    """Authors, places, parents, seeds and every single note; the stored bytes are the same ones."""
    assert {each["operation"] for each in noted["revisions"]} == {
        *("generate", "continue", "harmonize", "remix", "upload"),
    }
    assert len({each["guild_id"] for each in noted["revisions"]}) == 2
    for seen in noted["revisions"]:
        view = await studio.songs.revision(seen["revision_id"])
        found = {
            "revision_id": view.revision_id,
            "song_id": view.song_id,
            "parent_ids": list(view.parent_ids),
            "operation": view.operation,
            "seed": view.seed,
            "author": view.author.name,
            "guild_id": view.place.guild_id,
            "channel_id": view.place.channel_id,
            "message_id": view.message_id,
            "title": view.title,
            "num_notes": view.num_notes,
            "num_bars": view.num_bars,
            "piece_sha256": view.piece_hash,
            "notes": notes_of(await studio.songs.piece_of(view.revision_id)),
        }
        assert found == seen


@BOTH
async def test_stored_music_is_the_bytes_of_its_name(upgraded):
    """Pieces are stored under their SHA-256, which the journey did not change."""
    async with upgraded.reading() as session:
        stored = (await session.execute(select(METADATA.tables["pieces"]))).mappings().all()
    assert stored
    assert all(hashlib.sha256(each["data"]).hexdigest() == each["hash"] for each in stored)


@BOTH
async def test_files_of_every_result_can_be_made_again(studio, noted):
    """Sound, picture and MIDI come from the stored piece, with today's program."""
    for seen in noted["revisions"]:
        if seen["operation"] == "upload":
            continue
        reply = await studio.songs.files_of(seen["revision_id"])
        assert sum(len(track.notes) for track in read_midi(reply.midi.data).tracks) == seen["num_notes"]


@BOTH
async def test_old_buttons_find_what_they_stand_under(studio, noted):
    """Each identifier of that time is still one of ours, and its number is the revision that its message shows."""
    places = {str(each["message_id"]): place_of(each) for each in noted["revisions"]}
    num_found = 0
    for message in noted["messages"]:
        for label, custom_id in message["buttons"].items():
            if label == "Cancel":
                assert CancelButton.__discord_ui_compiled_template__.fullmatch(custom_id)
                continue
            match = RevisionButton.__discord_ui_compiled_template__.fullmatch(custom_id)
            assert match is not None, custom_id
            if message["name"] == "deleted":
                with pytest.raises(NotFoundError):
                    await studio.songs.revision(int(match["revision_id"]))
                continue
            shown = await studio.songs.revision_of_message(
                int(message["message_id"]), place=places[message["message_id"]]
            )
            assert shown.revision_id == int(match["revision_id"])
            num_found += 1
    assert num_found == 8 * 5


@BOTH
async def test_old_buttons_need_no_seal_and_new_ones_do(upgraded, noted):
    """That version sealed nothing; what was shown before the upgrade passes, and a forgery shown later does not."""
    seals = Seals(upgraded)
    await seals.open()
    async with upgraded.reading() as session:
        newest = await session.scalar(select(func.max(METADATA.tables["messages"].c.created_at)))
    for message in noted["messages"]:
        for custom_id in message["buttons"].values():
            await seals.check(custom_id, shown_at=newest)
    async with upgraded.reading() as session:
        sealed_since = await session.scalar(select(METADATA.tables["signing_keys"].c.created_at))
    with pytest.raises(ForgedPressError):
        await seals.check("tutti:again:1", shown_at=sealed_since + GRACE + timedelta(seconds=1))


@BOTH
async def test_an_old_result_is_remixed(studio, noted):
    """A job of today on music of then joins its song, knows its parent and is answered."""
    old = next(each for each in noted["revisions"] if each["operation"] == "harmonize")
    await studio.jobs.submit(
        make_order(RemixOptions(seed=5), source=FromRevision(revision_id=old["revision_id"]), place=place_of(old))
    )
    await studio.presenter.answered()

    assert studio.presenter.errors == []
    made = studio.presenter.replies[-1][1].revision
    assert (made.song_id, made.parent_ids) == (old["song_id"], (old["revision_id"],))
    assert made.revision_id > max(each["revision_id"] for each in noted["revisions"]), "numbers go on"


@BOTH
async def test_every_old_result_can_be_asked_again(studio, noted):
    """Options of every operation of that version are still understood."""
    for seen in noted["revisions"]:
        if seen["operation"] == "upload":
            continue
        place = place_of(seen)
        author = Author(user_id=4711, name="Somebody new")
        order = await studio.songs.order_again(seen["revision_id"], author=author, place=place, reply_token="token")
        await studio.jobs.submit(order)
        await studio.presenter.answered()
        assert studio.presenter.errors == []


@BOTH
async def test_old_files_are_recognised(upgraded, noted):
    """Whoever attaches a MIDI file that they saved then goes on from that result."""
    by_message = {str(each["message_id"]): each for each in noted["revisions"]}
    for message in noted["messages"]:
        if "midi_sha256" not in message:
            continue
        seen = by_message[message["message_id"]]
        async with upgraded.reading() as session:
            found = await SongRepository(session).of_file(
                message["midi_sha256"], guild_id=seen["guild_id"], channel_id=seen["channel_id"]
            )
        assert found is not None
        assert found.id == seen["revision_id"]


@BOTH
async def test_unfinished_jobs_are_finished_once(studio, upgraded, noted):
    """The bot of that version was killed with one job at work and one waiting; today's answers both, where they were asked."""
    before = [job for job in await rows(upgraded, Job) if not job.is_answered]
    assert len(before) == 2
    promised = {str(ReplyAddress.decode(job.reply_token).message_id) for job in before}
    assert next(each["message_id"] for each in noted["messages"] if each["name"] == "unfinished") in promised

    await studio.jobs.start()
    async with asyncio.timeout(20):
        while len(studio.presenter.replies) < 2:
            await studio.presenter.answered()
    await studio.jobs.stop()

    assert studio.presenter.errors == []
    assert sorted(job.job_id for job, _ in studio.presenter.replies) == sorted(job.id for job in before)
    after = {job.id: job for job in await rows(upgraded, Job)}
    for job in before:
        assert (after[job.id].status, after[job.id].is_answered) == ("finished", True)
        made = next(reply.revision for answered, reply in studio.presenter.replies if answered.job_id == job.id)
        assert (made.seed, made.operation) == (job.seed, job.operation)


@BOTH
async def test_history_of_then_and_now_is_one(studio, noted):
    """A channel's results come newest first, those of that version too."""
    first = next(each for each in noted["revisions"] if each["operation"] == "remix")
    history = await studio.songs.history(place_of(first), limit=50)
    expected = [
        each["revision_id"]
        for each in reversed(noted["revisions"])
        if place_of(each) == place_of(first) and each["operation"] != "upload"
    ]
    assert [view.revision_id for view in history] == expected
