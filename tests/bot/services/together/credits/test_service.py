"""Who wrote what in a song that people make together: named, counted, and on the files that leave it."""

import pytest

from bot.services.model import Author, FromRevision, Place, Upload
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.exporting import ExportOptions
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import MixOptions
from bot.services.options import RemixOptions
from bot.services.people.privacy import PrivacyService
from bot.services.together.credits.service import SongCredits
from bot.services.together.credits.sheet import credit_lines, write_sheet
from core.errors import BarRangeError, InputError
from db.repositories.users import ERASED_NAME
from music.midi import read_credit_lines, read_recipe, write_midi
from tests.factories.doors import CHECKPOINT_ID
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.pieces import make_melody
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
CLEO = Author(user_id=5, name="Cleo\n# the Great")


@pytest.fixture
def credit(database):
    return SongCredits(database)


@pytest.fixture
async def song(songs, open_studio):
    """Two bars that the network wrote for Ada; for Ben it kept them and wrote two more."""
    async with open_studio() as studio:
        plain = await make_result(studio)
        song = await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)
        await make_result(studio, by(BEN, song.branch.head_id, RemixOptions(seed=7)))
    return await songs.here(THREAD, author=ADA)


def by(author, revision_id, options, *, place=THREAD):
    return make_order(options, author=author, place=place, source=FromRevision(revision_id=revision_id))


async def test_every_note_is_credited(songs, song, credit):
    """Credits sum to the notes; people, networks and seeds have their names, and who only mixes is named without notes."""
    change = await songs.change(CLEO, THREAD, MixOptions(layer="1", mute=True))
    assert (
        write_sheet(await credit.sheet_here(THREAD, BEN))
        == f"""\
Ours
====
Revision {change.revision.revision_id}, 16 notes. Host: Ada.
Licence: All rights stay with those who made it; ask them before you use it elsewhere.

People
------
Ada: 8 notes (Melody 8)
  - 8 notes: #1, generate by the network {CHECKPOINT_ID}, seed 7
Ben: 8 notes (Melody 8)
  - 8 notes: #3, remix by the network {CHECKPOINT_ID}, seed 7
Without notes in it: Cleo# the Great

Networks
--------
network {CHECKPOINT_ID}: 16 notes, seed 7

Together: 16 notes.
"""
    )


async def test_bars_have_their_authors(song, credit):
    """Who wrote bar 3 of the melody: Ben, and how; bars that the same revision wrote are one answer."""
    found = await credit.who(THREAD, ADA, layer="melody", bars=(2, 3))
    assert [(blame.start_bar, blame.stop_bar, blame.shares) for blame in found.blames] == [
        (1, 2, ((1, 4),)),
        (2, 3, ((3, 4),)),
    ]
    assert [found.sources[origin].person for origin in (1, 3)] == ["Ada", "Ben"]
    everywhere = await credit.who(THREAD, ADA)
    assert [(blame.start_bar, blame.stop_bar) for blame in everywhere.blames] == [(0, 2), (2, 4)]


async def test_what_is_not_there_is_one_sentence(song, credit):
    """Bars and layers that the song does not have, and places without a song."""
    with pytest.raises(BarRangeError, match="1-4"):
        await credit.who(THREAD, ADA, bars=(4, 5))
    with pytest.raises(InputError, match="Melody"):
        await credit.who(THREAD, ADA, layer="trombone")
    with pytest.raises(InputError, match="No song lives"):
        await credit.who(PLACE, ADA)
    assert await credit.sheet_of(1) is None


async def test_files_that_people_gave_are_named(songs, credit, open_studio):
    """Notes of an upload are whose file it was, through a transposition and into the song."""
    async with open_studio() as studio:
        file = Upload(filename="tune.mid", data=write_midi(make_melody()))
        plain = await make_result(studio, make_order(ArrangeOptions(transpose_semitones=2), author=BEN, source=file))
        song = await songs.found(ADA, THREAD, FoundOptions(), from_revision_id=plain.revision_id)
    sheet = await credit.sheet_of(song.branch.head_id)
    assert [(source.person, source.means) for source, _ in sheet.credits] == [("Ben", "the file “tune.mid”")]


async def test_erased_people_stay_as_pseudonyms(songs, song, credit, database):
    """Two people who were erased are still told apart, and every note is still somebody's."""
    for person in (ADA, BEN):
        await PrivacyService(database).erase(person.user_id)
    lines = credit_lines(await credit.sheet_of(song.branch.head_id))
    assert lines[:2] == (f"{ERASED_NAME}: 8 notes", f"{ERASED_NAME} (2): 8 notes")


async def test_exports_of_a_song_carry_its_credits(song, open_studio):
    """The MIDI file has a line for each person and network, CREDITS.txt the sheet; the recipe is as ever."""
    async with open_studio() as studio:
        midi, text = [await export(studio, song.branch.head_id, contents) for contents in ("midi", "credits")]
    assert read_credit_lines(midi) == (
        "Ada: 8 notes",
        "Ben: 8 notes",
        f"network {CHECKPOINT_ID}: 16 notes, seed 7",
    )
    assert '"operation":"remix"' in read_recipe(midi)
    assert b"Ada: 8 notes (Melody 8)" in text
    assert b"How it came to be" in text


async def test_an_exported_file_is_recognised_with_its_credits(song, open_studio):
    """Whoever brings it back goes on from the song's own state, and does not become the author of its notes."""
    async with open_studio() as studio:
        midi = await export(studio, song.branch.head_id, "midi")
        back = Upload(filename="ours.mid", data=midi)
        made = await make_result(studio, make_order(ArrangeOptions(transpose_semitones=1), place=THREAD, source=back))
    assert made.parent_ids == (song.branch.head_id,)


async def test_exported_sound_is_that_of_the_layers(songs, song, open_studio):
    """What is muted has no stem, and that is said; the MIDI file of the song has it."""
    change = await songs.change(ADA, THREAD, MixOptions(layer="1", mute=True))
    async with open_studio() as studio:
        order = by(ADA, change.revision.revision_id, ExportOptions(contents="mp3"))
        await studio.jobs.submit(order)
        await studio.presenter.answered()
    (remark,) = studio.presenter.replies[-1][1].remarks
    assert "Not heard, as the song's layers stand: Melody" in remark


async def test_exports_of_other_results_name_nobody(song, open_studio):
    """Outside of shared songs a MIDI file is, byte for byte, what the reply had."""
    async with open_studio() as studio:
        result = await make_result(studio)
        exported = await export(studio, result.revision_id, "midi")
        assert exported == studio.presenter.replies[0][1].midi.data
    assert read_credit_lines(exported) == ()


async def export(studio, revision_id, contents):
    order = by(ADA, revision_id, ExportOptions(contents=contents), place=THREAD)
    await studio.jobs.submit(order)
    await studio.presenter.answered()
    return studio.presenter.replies[-1][1].messages[0][0].data
