"""``bot/services/exports/packing.py`` and ``exports_zip.py``: whole archives, aligned stems, and steps down that are said."""

from __future__ import annotations

import io
import json
import random
import zipfile
from datetime import UTC, datetime

import numpy as np
import pytest
import soundfile

from bot.services.exports.credits import Line
from bot.services.exports.packing import ExportMaker, Order
from bot.services.exports.zips import Packing, pack
from bot.services.model import Author, File, Place, RevisionView
from bot.services.operations.exporting import ExportOptions, ScoreOptions
from bot.services.options import GenerateOptions
from bot.services.replies.library import Finished
from media.protocol import Rendering
from music.codec import encode_piece, hash_piece
from music.midi import read_midi, read_recipe
from music.musicxml import read_musicxml
from tests.factories.doors import StandInMedia
from tests.factories.own_media import OwnMedia
from tests.factories.pieces import make_band

MOMENT = datetime(2026, 11, 22, 20, 15, 30, tzinfo=UTC)


def order_for(piece, *, size_limit_bytes=10 * 2**20) -> Order:
    revision = RevisionView(
        revision_id=7,
        song_id=1,
        parent_ids=(),
        operation="generate",
        options=GenerateOptions(genre="rock"),
        seed=5,
        checkpoint_id="tiny@1",
        author=Author(user_id=123456789012345678, name="Ada"),
        created_at=MOMENT,
        num_notes=piece.num_notes,
        num_bars=2,
        duration_seconds=4.0,
        place=Place(guild_id=1, channel_id=2),
        title="A band",
        piece_hash=hash_piece(encode_piece(piece)),
    )
    finished = Finished(revision=revision, parents=(), piece=piece, before=None, checks=(), chord_names=())
    return Order(finished=finished, line=Line(revisions=(revision,)), size_limit_bytes=size_limit_bytes)


def sound_of(data: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(data), dtype="float32")[0]


@pytest.fixture(scope="module")
def band():
    return make_band(2)


@pytest.mark.asyncio
async def test_everything_is_one_whole_zip_with_its_manifest_and_credits(band):
    """Every file of the manifest is there, opens, and belongs to the same piece."""
    seen = []

    async def listener(num_done, num_total):
        seen.append((num_done, num_total))

    bundle = await ExportMaker(OwnMedia()).make(ExportOptions(), order_for(band), listener=listener)
    ((archive,),) = bundle.messages
    assert archive.filename == "tutti-7-generate-rock.zip"
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        assert opened.testzip() is None
        files = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(files["manifest.json"])
    assert {each["name"] for each in manifest["files"]} == set(files) - {"manifest.json"}
    assert manifest["piece"] == order_for(band).finished.revision.piece_hash
    assert seen[-1] == (12, 12)

    stem = "tutti-7-generate-rock"
    assert read_midi(files[f"{stem}.mid"]).tracks == band.tracks
    assert json.loads(read_recipe(files[f"{stem}.mid"]))["seed"] == 5
    assert read_musicxml(files[f"{stem}.musicxml"]).num_notes == band.num_notes
    assert files[f"{stem}.pdf"].startswith(b"%PDF")
    assert files[f"{stem}.png"].startswith(b"\x89PNG")
    assert len(sound_of(files[f"{stem}.flac"])) == len(sound_of(files[f"{stem}.mp3"]))
    credits_text = files["CREDITS.txt"].decode()
    assert "Ada wrote it" in credits_text
    assert "tiny@1, seed 5" in credits_text
    assert "123456789012345678" not in credits_text

    mix = sound_of(files[f"{stem}.flac"])
    stems = [sound_of(files[name]) for name in sorted(files) if name.startswith("stems/") and name.endswith(".flac")]
    assert len(stems) == len(band.tracks)
    assert {len(each) for each in stems} == {len(mix)}
    difference = mix - sum(stems)
    assert 10 * np.log10(np.mean(difference**2) / np.mean(mix**2)) < -50
    midis = [read_midi(files[name]) for name in sorted(files) if name.startswith("stems/") and name.endswith(".mid")]
    assert {each.length_ticks for each in midis} == {band.length_ticks}
    assert [each.tracks[0].notes for each in midis] == [track.notes for track in band.tracks]


@pytest.mark.asyncio
async def test_a_sound_that_is_too_large_steps_down_in_format_and_that_is_said(band):
    """WAV becomes FLAC becomes MP3; the whole piece stays."""
    maker = ExportMaker(OwnMedia())
    whole = (await maker.make(ExportOptions(contents="wav"), order_for(band))).messages[0][0]
    small = await maker.make(ExportOptions(contents="wav"), order_for(band, size_limit_bytes=250_000))
    assert whole.filename.endswith(".wav")
    assert small.messages[0][0].filename.endswith(".mp3")
    assert len(small.messages[0][0].data) < 250_000
    assert len(sound_of(small.messages[0][0].data)) == len(sound_of(whole.data))
    assert "MP3" in small.remarks[0]


@pytest.mark.asyncio
async def test_one_part_of_a_score_is_that_part(band):
    bundle = await ExportMaker(OwnMedia()).make(ScoreOptions(format="musicxml", part="bass"), order_for(band))
    ((file,),) = bundle.messages
    assert file.filename == "tutti-7-generate-rock-bass.musicxml"
    (track,) = read_musicxml(file.data).tracks
    (bass,) = (track for track in band.tracks if track.name == "Bass")
    assert track.program == bass.program
    assert [note.pitch for note in track.notes] == [note.pitch for note in bass.notes]


@pytest.mark.asyncio
async def test_a_score_picture_has_words_for_those_who_do_not_see_it(band):
    bundle = await ExportMaker(OwnMedia()).make(ScoreOptions(), order_for(band))
    (text,) = bundle.alt_texts.values()
    assert "Sheet music" in text
    assert "A band" in text
    assert "4/4" in text


class BulkyMedia(StandInMedia):
    """Makes stems of a minute in which each format takes so many bytes a second; what is too large is cut, as real ones are."""

    def __init__(self, **bytes_per_second):
        super().__init__()
        self.bytes_per_second = bytes_per_second

    async def render_stem(self, piece, track_index, *, size_limit_bytes, audio_format="flac", max_seconds=None, **_):
        rate = self.bytes_per_second[audio_format] + track_index  # so that each would be cut elsewhere
        fitting_seconds = size_limit_bytes / rate
        if audio_format == "flac" and fitting_seconds < 60:
            audio_format, fitting_seconds = "mp3", size_limit_bytes / self.bytes_per_second["mp3"]
        seconds = min(60.0, fitting_seconds, max_seconds or 60.0)
        return Rendering(
            audio=bytes(int(seconds * rate)),
            filename_suffix=f".{audio_format}",
            duration_seconds=seconds,
            loudness_lufs=-20.0,
            is_shortened=seconds < 60,
        )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("rates", "suffix", "remark"),
    [
        ({"flac": 60_000, "mp3": 20_000, "ogg": 4_000}, ".flac", ""),
        ({"flac": 200_000, "mp3": 20_000, "ogg": 4_000}, ".mp3", "MP3 files"),
        ({"flac": 200_000, "mp3": 200_000, "ogg": 100_000}, ".ogg", "OGG files"),
        ({"flac": 900_000, "mp3": 900_000, "ogg": 900_000}, ".ogg", "stop after"),
    ],
)
async def test_stems_step_down_together(band, rates, suffix, remark):
    """All in the best format in which all fit; what must be cut is cut for all at one place, and that is said."""
    bundle = await ExportMaker(BulkyMedia(**rates)).make(ExportOptions(contents="stems"), order_for(band))
    names = []
    for (archive,) in bundle.messages:
        assert len(archive.data) <= 10 * 2**20
        with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
            names += [name for name in opened.namelist() if name.startswith("stems/") and not name.endswith(".mid")]
    assert len(names) == len(band.tracks)
    assert all(name.endswith(suffix) for name in names)
    assert remark in " ".join(bundle.remarks)
    assert ("Split into" in " ".join(bundle.remarks)) is (len(bundle.messages) > 1)


class SmallRoom(OwnMedia):
    """Steps down from FLAC, as it does for a long piece."""

    async def render(self, piece, *, audio_format="ogg", **wishes):
        return await super().render(piece, audio_format="mp3" if audio_format == "flac" else audio_format, **wishes)


@pytest.mark.asyncio
async def test_where_flac_has_no_room_the_mp3_is_there_once(band):
    """A zip with two files of one name is refused by some programs."""
    ((archive,),) = (await ExportMaker(SmallRoom()).make(ExportOptions(), order_for(band))).messages
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        names = opened.namelist()
    assert sorted(names) == sorted(set(names))
    assert "tutti-7-generate-rock.mp3" in names
    assert "tutti-7-generate-rock.flac" not in names


def test_archives_keep_the_limit_and_each_is_whole():
    """What does not fit in one goes to the next; nothing is lost, nothing comes twice, the bytes are the same again."""
    rng = random.Random(1)
    files = [File(filename=f"{index}.flac", data=rng.randbytes(30_000)) for index in range(10)]
    packing = Packing(
        stem="song", moment=MOMENT, about={"title": "A"}, in_each=(File(filename="CREDITS.txt", data=b"Ada"),)
    )
    archives = pack(files, packing, size_limit_bytes=100_000)
    assert [archive.filename for archive in archives] == [
        f"song-{n}-of-{len(archives)}.zip" for n in range(1, len(archives) + 1)
    ]
    assert all(len(archive.data) <= 100_000 for archive in archives)
    found = []
    for archive in archives:
        with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
            assert opened.testzip() is None
            assert {"manifest.json", "CREDITS.txt"} <= set(opened.namelist())
            found += [name for name in opened.namelist() if name.endswith(".flac")]
    assert found == [file.filename for file in files]
    assert pack(files, packing, size_limit_bytes=100_000) == archives
