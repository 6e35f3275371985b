"""What somebody gets when they ask what is kept about them."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from bot.services.model import Upload
from bot.services.options import RemixOptions
from bot.services.people.mydata import Belongings, MyDataService
from bot.services.songs.favourites import FavouriteService
from core.errors import NotFoundError
from music.midi import read_midi
from tests.factories.doors import StandInMedia, melody_file
from tests.factories.orders import ADA, BEN, make_order
from tests.factories.studio import make_result

LIMIT_BYTES = 10 * 2**20


def opened(part) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(part.data))


async def test_an_export_holds_every_row_and_every_piece(open_studio, database):
    """Nothing of others, no keys to Discord, and music that can be read again."""
    async with open_studio() as studio:
        upload = Upload(filename="tune.mid", data=melody_file(3))
        mine = await make_result(studio, make_order(RemixOptions(seed=1), source=upload))
        theirs = await make_result(studio, make_order(author=BEN))
        await FavouriteService(database).toggle(theirs.revision_id, by=ADA)
        export = await MyDataService(database, media=StandInMedia()).export(ADA.user_id, size_limit_bytes=LIMIT_BYTES)

    (part,) = export.parts
    assert part.filename == "tutti-my-data.zip"
    assert export.num_pieces == 2
    archive = opened(part)
    data = json.loads(archive.read("data.json"))
    assert data["person"]["name"] == "Ada"
    assert [each["operation"] for each in data["revisions"]] == ["remix", "upload"]
    assert data["revisions"][0]["parents"] == list(mine.parent_ids)
    assert [each["filename"] for each in data["uploads"]] == ["tune.mid"]
    assert [each["revision_id"] for each in data["favourites"]] == [theirs.revision_id]
    assert len(data["jobs"]) == 1
    assert "reply_token" not in data["jobs"][0]
    assert [each["revision_id"] for each in data["messages"]] == [mine.revision_id]
    assert read_midi(archive.read(f"midi/{mine.revision_id}.mid")).num_notes > 0
    assert "Ben" not in archive.read("data.json").decode()
    assert "everything" in archive.read("README.txt").decode()


async def test_a_large_export_comes_in_parts_that_fit(open_studio, database):
    """Nothing is in two of them, nothing is lost."""
    async with open_studio() as studio:
        for seed in range(6):
            await make_result(
                studio, make_order(RemixOptions(seed=seed), source=Upload(filename="a.mid", data=melody_file(seed)))
            )
        service = MyDataService(database, media=StandInMedia())
        whole = await service.export(ADA.user_id, size_limit_bytes=LIMIT_BYTES)
        parts = (await service.export(ADA.user_id, size_limit_bytes=203_000)).parts

    assert len(parts) > 1
    names = [name for part in parts for name in opened(part).namelist()]
    assert sorted(names) == sorted(opened(whole.parts[0]).namelist())
    assert [part.filename for part in parts][:2] == ["tutti-my-data-1.zip", "tutti-my-data-2.zip"]


async def test_what_is_kept_is_counted(open_studio, database):
    """So that people know before they erase."""
    async with open_studio() as studio:
        upload = Upload(filename="tune.mid", data=melody_file(3))
        first = await make_result(studio, make_order(RemixOptions(seed=1), source=upload))
        await make_result(studio)
        await FavouriteService(database).toggle(first.revision_id, by=ADA)
        service = MyDataService(database, media=StandInMedia())
        counted = await service.belongings(ADA.user_id)

        assert counted == Belongings(num_results=2, num_uploads=1, num_jobs=2, num_favourites=1)
        assert await service.belongings(404) == Belongings()
        with pytest.raises(NotFoundError):
            await service.export(404, size_limit_bytes=LIMIT_BYTES)
