"""File names and facts of a reply."""

from datetime import UTC, datetime

import pytest

from bot.services.model import Author, Place, RevisionView
from bot.services.replies.library import Finished, ReplyMaker, ReplyParts, facts_of, shared_run_facts, slug
from music.originality import Fingerprints, spell_piece
from tests.factories.doors import StandInMedia, melody
from tests.factories.pieces import make_band
from training.fingerprints import write_fingerprints
from training.near_copies import PieceLines

NAME = "Longest passage shared with the training music"


@pytest.fixture
def parts(tmp_path):
    """Replies that know one piece as training music: 16 quarter notes of seed 1."""
    write_fingerprints([PieceLines("known", spell_piece(melody(1)))], tmp_path)
    return ReplyParts(fingerprints=Fingerprints.load(tmp_path))


async def reply_to(parts, operation, piece, *, before=None, media=None, **how):
    revision = RevisionView(
        revision_id=7, song_id=1, parent_ids=(), operation=operation, options=None, seed=1, checkpoint_id=None,
        author=Author(user_id=1, name="Ada"), created_at=datetime(2026, 1, 1, tzinfo=UTC), num_notes=piece.num_notes,
        num_bars=4, duration_seconds=8.0, place=Place(guild_id=1, channel_id=1),
    )  # fmt: skip
    finished = Finished(revision=revision, parents=(), piece=piece, before=before, checks=(), chord_names=())
    return await ReplyMaker(media or StandInMedia(), parts=parts).make(finished, size_limit_bytes=10**7, **how)


async def test_a_reply_says_how_much_it_shares_with_the_training_music(parts):
    reply = await reply_to(parts, "generate", melody(1))
    assert reply.shared_run_notes == 16
    assert {fact.name: fact.value for fact in reply.facts}[NAME] == "at most 16 notes"


async def test_a_new_piece_shares_too_little_to_count(parts):
    reply = await reply_to(parts, "generate", melody(2))
    assert reply.shared_run_notes == 0
    assert {fact.name: fact.value for fact in reply.facts}[NAME] == "fewer than 13 notes"


async def test_what_people_gave_is_not_held_against_us(parts):
    assert (await reply_to(parts, "continue", melody(1), before=melody(1))).shared_run_notes == 0
    assert (await reply_to(parts, "generate", melody(1), before=melody(1))).shared_run_notes == 16
    assert (await reply_to(parts, "upload", melody(1))).shared_run_notes is None


async def test_without_fingerprints_a_reply_says_nothing_of_it():
    reply = await reply_to(ReplyParts(), "generate", melody(1))
    assert reply.shared_run_notes is None
    assert NAME not in {fact.name for fact in reply.facts}
    assert shared_run_facts(None) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Für Elise", "fur-elise"),
        ("../../etc/passwd", "etc-passwd"),
        ("@everyone 🎵", "everyone"),
        ("CON", "con"),
        ("音楽", ""),
        ("x" * 100, "x" * 40),
    ],
)
def test_file_names_are_safe_everywhere(text, name):
    assert slug(text) == name


def test_facts_are_read_off_the_piece():
    facts = {fact.name: fact.value for fact in facts_of(make_band())}
    assert facts["Length"] == "8 bars, 0:16"
    assert facts["Tempo"] == "118 bpm"
    assert facts["Metre"] == "4/4"
    assert facts["Instruments"].endswith("Drums")


async def test_an_edit_is_heard_before_and_after():
    """Two sounds whose names say so, before the MIDI file and the picture; the lines count bars and notes."""
    reply = await reply_to(ReplyParts(), "remix", melody(2), before=melody(1))
    assert [file.filename.removeprefix("tutti-7-remix") for file in reply.files] == [
        "-before.ogg",
        "-after.ogg",
        ".mid",
        ".png",
    ]
    assert "notes: " in reply.changes[0]


async def test_new_music_has_one_sound_and_no_difference():
    reply = await reply_to(ReplyParts(), "continue", melody(2), before=melody(1))
    assert [file.filename.removeprefix("tutti-7-continue") for file in reply.files] == [".ogg", ".mid", ".png"]
    assert reply.changes == ()


async def test_before_and_after_share_the_places_limit():
    """What is after may take half of it, what was before all that is left."""
    media = StandInMedia()
    revision_reply = await reply_to(ReplyParts(), "remix", melody(2), before=melody(1), media=media)
    after_limit, before_limit = media.size_limits
    assert after_limit < 10**7 // 2
    assert before_limit == pytest.approx(2 * after_limit - len(revision_reply.audio.data), abs=1)


async def test_of_a_long_edit_all_is_heard_when_somebody_asks():
    before, after = make_band(80), make_band(80, seed=3)
    part = await reply_to(ReplyParts(), "remix", after, before=before)
    whole = await reply_to(ReplyParts(), "remix", after, before=before, is_whole=True)
    assert any("play bars" in remark for remark in part.remarks)
    assert whole.audio_before is None
    assert not any("play bars" in remark for remark in whole.remarks)
    assert whole.changes == part.changes


async def test_on_files_an_edit_has_one_sound_of_all_of_it():
    reply = await reply_to(ReplyParts(is_heard_whole=True), "remix", make_band(80, seed=3), before=make_band(80))
    assert [file.filename for file in reply.files] == ["tutti-7-remix.ogg", "tutti-7-remix.mid", "tutti-7-remix.png"]
    assert reply.remarks == ()
