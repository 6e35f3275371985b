"""A song made together in the sandbox: begun in a thread, filled, mixed, locked, joined, left, and never changed by the wrong people."""

from __future__ import annotations

import pytest

from music.midi import read_midi
from tests.end_to_end.sandbox_user import Answer, Page, Person, attachment, buttons

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def song_command(who: Person, thread: str, group: str, name: str, **options) -> Answer:
    body = {"kind": "command", "command": group, "path": [name], "options": options}
    return await who.answer_to(await who.interact(thread, body))


async def begin(person: Person, channel: str, **options) -> str:
    """Begin a song and return its thread."""
    answer = await song_command(person, channel, "song", "new", **{"title": "Our tune", "bars": 4, **options})
    assert not answer.is_private, answer.text
    return answer.text.split("<#")[1].split(">")[0]


async def test_a_song_is_begun_filled_and_mixed(page: Page, ada: Person, ben: Person, channel: str):
    """The thread is the song: what is written there becomes its music, and everybody in it may work on that."""
    thread = await begin(ada, channel, licence="cc-by")
    first = await ada.command(thread, "generate", bars=4, instruments="piano, bass", seed=3)
    assert "main of “Our tune”" in first.text.replace("**", "")
    assert "newer changes" not in first.text

    muted = await song_command(ben, thread, "layer", "mix", layer="bass", mute=True, level_db=-3)
    assert "muted" in muted.text
    assert "-3.0 dB" in muted.text
    moved = await ben.command(thread, "arrange", transpose="up 2")
    assert read_midi(await page.download(attachment(moved.message, ".mid"))).num_notes > 0
    assert "main" in moved.text

    layers = await song_command(ada, thread, "layer", "list")
    assert "Ada" in layers.text
    assert "muted" in layers.text, "an edit leaves the mixer alone"
    joined = await song_command(ben, thread, "song", "join")
    assert "edits “Our tune”" in joined.text
    assert "Attribution" in joined.text


async def test_a_lock_holds_for_everybody_else(ada: Person, ben: Person, channel: str):
    """Also for the networks: what they would change fails in words, and the song stays."""
    thread = await begin(ada, channel)
    await ada.command(thread, "generate", bars=4, instruments="piano", seed=3)
    assert "locked" in (await song_command(ada, thread, "layer", "lock", layer="1")).text
    refused = await song_command(ben, thread, "layer", "mix", layer="1", mute=True)
    assert "unlock" in refused.text
    assert "owner" in (await song_command(ben, thread, "layer", "lock", layer="1", locked=False)).text
    opened = await song_command(ada, thread, "layer", "lock", layer="1", locked=False)
    assert "unlocked" in opened.text


async def test_a_result_becomes_a_song_and_another_is_added_to_it(ada: Person, ben: Person, channel: str):
    """“Make this a song” and “Add to song” need nothing but a press."""
    plain = await ada.command(channel, "generate", bars=4, instruments="piano", seed=3)
    begun = await ada.press(plain.message, "Make this a song")
    thread = begun.text.split("<#")[1].split(">")[0]
    other = await ben.command(thread, "generate", bars=4, instruments="flute", seed=5)
    assert "Our" not in other.text
    added = await ben.press(other.message, "Add to song")
    assert "Layer added" in added.text
    layers = await song_command(ada, thread, "layer", "list")
    assert "Ada" in layers.text
    assert "Ben" in layers.text
    left = await song_command(ben, thread, "song", "leave")
    assert "layers stay" in left.text
    assert "Ben" in (await song_command(ada, thread, "layer", "list")).text


async def test_who_only_listens_is_told_whom_to_ask(ada: Person, ben: Person, channel: str):
    """A closed circle edits; the host lets people in, and hands the song over."""
    thread = await begin(ada, channel)
    await song_command(ada, thread, "song", "settings", open=False)
    await ada.command(thread, "generate", bars=4, seed=3)
    refused = await ben.command(thread, "remix")
    assert "Ada" in refused.text
    assert "listen" in refused.text
    assert "Only the host" in (await song_command(ben, thread, "song", "settings", layers=3)).text
    invited = await song_command(ada, thread, "song", "invite", person=ben.user_id, role="host")
    assert "Ben is the host" in invited.text.replace("\\", "")
    assert "at most 3" in (await song_command(ben, thread, "song", "settings", layers=3)).text
    assert "Remix" in buttons((await ben.command(thread, "arrange", transpose="up 2")).message)


async def test_outside_of_a_thread_there_is_a_sentence(ada: Person, channel: str):
    answer = await song_command(ada, channel, "layer", "list")
    assert answer.is_private
    assert "/song new" in answer.text
