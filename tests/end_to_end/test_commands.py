"""Every command and menu, as people use them: typed at the page, answered by the bot, looked at and listened to."""

from __future__ import annotations

import asyncio
import io

import pytest
import soundfile

from music.midi import read_midi, write_midi
from music.piece import Piece
from tests.end_to_end.sandbox_user import Answer, Attached, Page, Person, attachment, buttons, text_of
from tests.end_to_end.test_accidents import until_running
from tests.end_to_end.workers import frozen, worker_of
from tests.factories.pieces import corpus_path, make_band, make_melody

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUTTONS = ["Again", "Remix", "Harmonize", "Continue", "Vary"]


def melody_file() -> Attached:
    return Attached("tune.mid", write_midi(make_melody()))


async def assert_is_music(page: Page, answer: Answer) -> Piece:
    """A reply is an embed with sound that plays, a MIDI file, a picture with words for it, and its row of buttons."""
    message = answer.message
    assert not answer.is_private, answer.text
    sound, sample_rate_hz = soundfile.read(io.BytesIO(await page.download(attachment(message, ".ogg"))))
    assert len(sound) > sample_rate_hz
    assert abs(sound).max() > 0.01
    picture = attachment(message, ".png")
    assert (await page.download(picture)).startswith(b"\x89PNG")
    assert len(picture["description"]) > 20
    assert list(buttons(message)) == BUTTONS
    piece = read_midi(await page.download(attachment(message, ".mid")))
    assert piece.num_notes > 0
    return piece


async def test_generate_writes_music_that_one_can_hear(page: Page, ada: Person, channel: str):
    """/generate genre:rock bars:4 gives sound, MIDI, piano roll, and says who asked for what with which seed."""
    answer = await ada.command(
        channel,
        "generate",
        genre="rock",
        key="C minor",
        tempo=120,
        metre="4/4",
        bars=4,
        instruments="piano, bass, drums",
        seed=7,
    )

    await assert_is_music(page, answer)
    for part in ("Ada", "rock", "C minor", "120 bpm", "4 bars", "seed 7", "bars: 4, kept"):
        assert part in answer.text
    assert "not kept" not in answer.text


async def test_the_same_seed_gives_the_same_bytes(page: Page, ada: Person, ben: Person, channel: str):
    """Two people, one seed, one MIDI file."""
    first = await ada.command(channel, "generate", genre="jazz", bars=2, seed=11)
    second = await ben.command(channel, "generate", genre="jazz", bars=2, seed=11)

    notes = [read_midi(await page.download(attachment(answer.message, ".mid"))).tracks for answer in (first, second)]
    assert notes[0] == notes[1]


async def test_an_attached_file_is_continued(page: Page, ada: Person, channel: str):
    """The new bars come after the given ones, which stay."""
    answer = await ada.command(channel, "generate", melody_file(), bars=2, seed=3)

    piece = await assert_is_music(page, answer)
    assert "tune.mid" in answer.text
    assert len(make_melody().tracks[0].notes) < piece.num_notes


async def test_a_real_melody_is_harmonized_and_kept(page: Page, ada: Person, channel: str):
    """Every note of the melody is in the chorale, and chords are named."""
    answer = await ada.command(channel, "harmonize", melody_file(), style="chorale", seed=5)

    piece = await assert_is_music(page, answer)
    given = {(note.onset_ticks, note.pitch) for note in make_melody().tracks[0].notes}
    written = {
        (note.onset_ticks * 480 // piece.ticks_per_quarter, note.pitch)
        for track in piece.tracks
        for note in track.notes
    }
    assert given <= written
    assert piece.num_notes > len(given)


async def test_a_file_is_described_to_who_asked(page: Page, ada: Person, channel: str):
    """Genre, key and tracks, and nobody else is bothered."""
    answer = await ada.command(channel, "describe", melody_file())

    assert answer.is_private
    for word in ("Genre", "%", "Key", "Tempo", "Tracks", "Chords"):
        assert word in answer.text


async def test_musicxml_is_taken_too(page: Page, ada: Person, channel: str):
    """A score from a notation program."""
    score = Attached("chorale.mxl", corpus_path("bach/bwv66.6.mxl").read_bytes())
    answer = await ada.command(channel, "remix", score, share=30, bars="2-3", seed=2)

    await assert_is_music(page, answer)


async def test_remix_changes_only_the_bars_it_was_given(page: Page, ada: Person, channel: str):
    """Bars 3-4 may change; everything else is identical."""
    band = Attached("band.mid", write_midi(make_band(6)))
    answer = await ada.command(channel, "remix", band, change="pitch", share=80, bars="3-4", seed=9)

    piece = await assert_is_music(page, answer)
    given = read_midi(band.data)
    bar_ticks = 4 * given.ticks_per_quarter

    def outside(one: Piece) -> list[tuple[int, int]]:
        return sorted(
            (note.onset_ticks, note.pitch)
            for track in one.tracks
            for note in track.notes
            if not 2 * bar_ticks <= note.onset_ticks < 4 * bar_ticks
        )

    assert outside(piece) == outside(given)
    assert "bars 3-4" in answer.text
    assert "80%" in answer.text


async def test_a_second_person_goes_on_from_the_firsts_reply(page: Page, ada: Person, ben: Person, channel: str):
    """Ben's remix takes the newest result, links to it, and /history shows both with who made what from what."""
    first = await ada.command(channel, "generate", genre="pop", bars=2, seed=1)
    second = await ben.command(channel, "remix", change="rhythm", seed=2)

    await assert_is_music(page, second)
    assert f"/{channel}/{first.message['id']}" in second.text
    assert "by **Ben**" in second.text
    assert "by Ada" in second.text

    history = await ben.command(channel, "history")
    assert history.is_private
    first_line, remix_line = history.message["embeds"][0]["description"].splitlines()
    assert "Remix" in remix_line
    assert "by Ben" in remix_line
    assert f"/{channel}/{first.message['id']}" in first_line
    assert f"/{channel}/{second.message['id']}" in remix_line
    assert "New piece" in first_line
    assert "by Ada" in first_line


async def test_a_link_chooses_an_older_result(ada: Person, channel: str, page: Page):
    """Not the newest one, but the one that was meant."""
    older = await ada.command(channel, "generate", bars=2, seed=1)
    await ada.command(channel, "generate", bars=2, seed=2)
    guild_id = (await page.call("GET", "/api/state"))["guild"]["id"]
    link = f"https://discord.com/channels/{guild_id}/{channel}/{older.message['id']}"
    answer = await ada.command(channel, "remix", message=link, seed=3)

    assert older.message["id"] in answer.message["embeds"][0]["description"]


async def test_the_apps_menu_works_on_the_bots_results(page: Page, ada: Person, ben: Person, channel: str):
    """Both entries, on somebody else's result."""
    first = await ada.command(channel, "generate", bars=2, seed=1)

    for entry, title in (("Remix this", "Remix"), ("Harmonize this", "Harmonization")):
        answer = await ben.menu(first.message, entry)
        await assert_is_music(page, answer)
        assert answer.message["embeds"][0]["title"] == title
        assert first.message["id"] in answer.text


async def test_the_apps_menu_works_on_anybodys_file(page: Page, ada: Person, ben: Person, channel: str):
    """A MIDI file in an ordinary message."""
    message = await ada.say(channel, "what do you make of this?", melody_file())
    answer = await ben.menu(message, "Harmonize this")

    await assert_is_music(page, answer)
    assert "tune.mid" in answer.text


async def test_my_history_follows_me_across_channels(page: Page, channel: str, arrive):
    """/history mine:True shows what I made elsewhere, and nobody else's."""
    cleo = await arrive("Cleo")
    made = await cleo.command(channel, "generate", bars=2, seed=4)
    elsewhere = await page.new_channel("elsewhere")
    history = await cleo.command(elsewhere, "history", mine=True)
    empty = await cleo.command(elsewhere, "history")

    assert made.message["id"] in history.text
    assert "by Ada" not in history.text
    assert "/generate" in empty.text


async def test_help_names_every_command_and_menu(page: Page, ada: Person, channel: str):
    """Taken from what Discord knows, so nothing is forgotten."""
    answer = await ada.command(channel, "help")
    commands = (await page.call("GET", "/api/state"))["commands"]

    assert answer.is_private
    assert {command["name"] for command in commands} >= {
        "generate",
        "harmonize",
        "remix",
        "describe",
        "history",
        "help",
        "Remix this",
        "Harmonize this",
        "Describe this",
    }
    for command in commands:
        assert command["name"] in answer.text


async def test_typing_is_helped(ada: Person, channel: str, tutti):
    """Genres, keys and instruments are offered while typing."""
    assert "rock" in await ada.complete(channel, "generate", "genre", "ro")
    assert "C minor" in await ada.complete(channel, "generate", "key", "c m")
    assert "piano, drums" in await ada.complete(channel, "generate", "instruments", "piano, dru")


async def test_real_progress_is_shown_meanwhile(ada: Person, channel: str):
    """The acknowledgement shows bars done of bars asked, and what was shown last stays there while the worker is slow."""
    worker = worker_of()
    with frozen(worker):
        interaction_id = await ada.start_command(channel, "generate", bars=64, seed=1)
        running = await until_running(ada, interaction_id)
    shown = running
    async with asyncio.timeout(60):
        while "of 64" not in text_of(shown):
            await asyncio.sleep(0.05)  # time for a bar or two of work: all of it takes most of a second
            with frozen(worker):
                await asyncio.sleep(2.5)  # longer than the shortest pause between two edits
                shown = ada.messages[running["id"]]
    await ada.start_press(shown, "Cancel")
    answer = await ada.answer_to(interaction_id)

    assert answer.message["id"] == running["id"]


async def test_it_works_in_direct_messages_too(page: Page, ada: Person):
    """No server needed."""
    place = await page.call("POST", "/api/dms", body={"user_id": ada.user_id})
    answer = await ada.command(place["id"], "generate", bars=2, seed=1)

    await assert_is_music(page, answer)
