from __future__ import annotations

import asyncio
import io
import os
import signal

import pytest
import soundfile

from core.errors import InputError, RenderError, UploadTooLargeError
from core.settings import Settings
from media.client import MediaClient, read_answer
from media.loudness import measure_loudness
from media.protocol import DrawConflict, HistoryNode
from media.song_facts import ConflictSide, GraphRevision
from media.soundfont import find_soundfont, list_soundfonts
from music.codec import encode_piece
from music.midi import read_credit_lines, read_midi, read_recipe
from music.piece import Piece
from tests.media.bands import make_band
from tests.media.songs import make_facts, make_song_piece


@pytest.fixture
async def media():
    async with MediaClient(Settings(TUTTI_MEDIA_WORKERS=1).media) as client:
        yield client


async def test_rendering_has_the_length_and_loudness_of_the_piece(media):
    rendering = await media.render(make_band(4))
    samples, _ = soundfile.read(io.BytesIO(rendering.audio), dtype="float32")
    assert 8.0 <= rendering.duration_seconds <= 10.6
    assert measure_loudness(samples) == pytest.approx(-16.0, abs=0.5)
    assert rendering.audio.startswith(b"OggS")


async def test_first_bars_end_softly_on_their_bar_line_and_the_whole_follows(media):
    """Also where the last note ends before the bar does, or sounds on beyond it."""
    early = await media.render(make_band(4), stop_ticks=2 * 1920)
    assert early.duration_seconds == pytest.approx(4.0, abs=0.02)
    samples, _ = soundfile.read(io.BytesIO(early.audio), dtype="float32")
    assert abs(samples[-480:]).max() < 0.05
    whole = await media.render(make_band(4))
    assert whole.duration_seconds >= 8.0


async def test_midi_comes_back_note_for_note_with_its_recipe(media):
    data = await media.write_midi(make_band(), recipe='{"seed": 1}', credit_lines=("Ada: 3 notes",))
    assert read_recipe(data) == '{"seed": 1}'
    assert read_credit_lines(data) == ("Ada: 3 notes",)
    assert [track.notes for track in read_midi(data).tracks] == [track.notes for track in make_band().tracks]


async def test_upload_is_read_in_a_child_and_errors_come_back_as_themselves(media):
    piece = await media.read_upload("a.mid", await media.write_midi(make_band()))
    assert piece.num_notes == make_band().num_notes
    with pytest.raises(InputError):
        await media.read_upload("a.mid", b"nonsense")


async def test_huge_upload_is_refused_before_it_is_sent():
    media = MediaClient(Settings().media)  # never started: the refusal needs no child
    with pytest.raises(UploadTooLargeError):
        await media.read_upload("a.mid", bytes(40_000_000))


async def test_worker_killed_in_mid_render_is_replaced_and_the_render_repeated(media):
    rendering = asyncio.create_task(media.render(make_band(30)))
    await asyncio.sleep(0.3)
    victim = media._makers._children[0].process_id
    os.kill(victim, signal.SIGKILL)
    assert (await rendering).duration_seconds == pytest.approx(60.0, abs=2.6)
    assert media._makers._children[0].process_id != victim


async def test_render_over_the_time_limit_is_an_error_and_the_next_one_works():
    async with MediaClient(Settings(TUTTI_MEDIA_TIMEOUT_SECONDS=1.0).media) as media:
        with pytest.raises(RenderError):
            await media.render(make_band(200))
        assert (await media.draw_piano_roll(make_band(1))).png


async def test_long_piece_is_heard_up_to_the_limit_and_says_so(media):
    rendering = await media.render(make_band(8), max_seconds=5.0)
    assert rendering.is_shortened
    assert rendering.duration_seconds <= 7.6


async def test_silence_cannot_be_rendered(media):
    with pytest.raises(RenderError):
        await media.render(Piece())


async def test_a_piece_is_played_with_the_soundfont_that_is_wished(media):
    """Another font than the usual one sounds different; one that is gone is an error, not silence."""
    usual = await media.render(make_band(1))
    packaged = list_soundfonts()["TimGM6mb"]
    other = await media.render(make_band(1), soundfont=str(packaged))
    assert other.audio != usual.audio or find_soundfont() == packaged
    with pytest.raises(RenderError):
        await media.render(make_band(1), soundfont="/nowhere/Gone.sf2")


async def test_a_songs_history_is_drawn_in_the_child(media):
    """As a picture with its words."""
    node = HistoryNode(number=7, label="New piece", piece=encode_piece(make_band(2)))
    picture = await media.draw_history([node])

    assert picture.png.startswith(b"\x89PNG")
    assert "#7 New piece" in picture.alt_text


async def test_songs_made_together_are_drawn_in_the_child(media):
    """The arrangement with what it carries, both sides of a conflict, and the graph."""
    piece = make_song_piece(num_layers=2, num_bars=4)
    picture = await media.draw_song(piece, make_facts(piece), chunk="{}")
    assert b"iTXttutti-song" in picture.png
    assert picture.alt_text.startswith("Arrangement of “Evening”")

    side = ConflictSide(heading="Ours", who="Ada", revision_number=1)
    wish = DrawConflict(
        layer_name="Bass",
        start_bar=0,
        stop_bar=2,
        ours=piece,
        theirs=piece,
        base=piece,
        ours_track=0,
        theirs_track=0,
        base_track=0,
        sides=(side, side),
    )
    assert "Conflict in layer Bass, bars 1 to 2" in (await media.draw_conflict(wish)).alt_text
    assert "#1 New piece" in (await media.draw_graph([GraphRevision(number=1, label="New piece")], title="E")).alt_text


@pytest.mark.parametrize("frame", [b"", b"\xff", b"\x80", b"\x81\xa4type\xa4sing", b"\x81\xa4typ\x8f\xa4sing"])
def test_an_answer_that_is_none_is_one_known_error(frame):
    """A child in which a hostile file took over may say anything; also texts that are no UTF-8, which fuzzing found."""
    with pytest.raises(RenderError, match="nonsense"):
        read_answer(frame)
