"""Half a song can be heard in the channel while the other half is written; then the whole takes its place."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import psutil
import pytest
import soundfile
import torch

from bot.services.operations.generation import build_generate_request
from bot.services.options import GenerateOptions
from core.settings import LimitSettings
from inference.decoding.generator import GeneratorDecoder
from inference.protocol import Result
from music.midi import read_midi, write_midi
from tests.end_to_end.sandbox_user import Page, Person, attachment, is_at_work, text_of
from tests.end_to_end.workers import worker_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPTIONS = GenerateOptions(genre="rock", num_bars=64, tempo_bpm=120.0, metre="4/4", seed=11)


def message_of(person: Person, interaction_id: str) -> dict[str, Any] | None:
    for message in person.messages.values():
        if (message.get("interaction_metadata") or {}).get("id") == interaction_id:
            return message
    return None


async def until_heard(person: Person, interaction_id: str, worker: psutil.Process) -> dict[str, Any]:
    """Let the worker go on in small steps until the message has sound; it stands still afterwards."""

    def heard() -> dict[str, Any] | None:
        message = message_of(person, interaction_id)
        return message if message is not None and message["attachments"] else None

    async with asyncio.timeout(120):
        while (message := heard()) is None:
            worker.resume()
            await asyncio.sleep(0.02)
            worker.suspend()
            for _ in range(30):  # an edit every one and a half seconds, and a look at the rendering every second
                await asyncio.sleep(0.1)
                if heard():
                    break
        return message


def start(person: Person, channel: str):
    return person.start_command(channel, "generate", genre="rock", bars=64, tempo=120, metre="4/4", seed=11)


async def test_first_bars_are_heard_before_the_whole_takes_their_place(
    page: Page, ada: Person, channel: str, tiny_weights: Path
):
    """Command, acknowledgement, sound of the first bars, reply with everything; the music is what it would have been."""
    worker = worker_of()
    worker.suspend()
    try:
        interaction_id = await start(ada, channel)
        await ada.acknowledgement(interaction_id)
        early = await until_heard(ada, interaction_id, worker)
    finally:
        worker.resume()
    assert is_at_work(early)
    assert "of 64 bars meanwhile" in text_of(early)
    (file,) = early["attachments"]
    assert file["filename"].startswith("tutti-first-")
    sound, sample_rate_hz = soundfile.read(io.BytesIO(await page.download(file)))
    num_bars = int(file["filename"].split("-")[2])
    assert len(sound) / sample_rate_hz == pytest.approx(num_bars * 2.0, abs=0.1)

    answer = await ada.answer_to(interaction_id)
    assert answer.message["id"] == early["id"]
    assert [name["filename"].rsplit(".")[-1] for name in answer.message["attachments"]] == ["ogg", "mid", "png"]
    piece = read_midi(await page.download(attachment(answer.message, ".mid")))
    assert piece.tracks == (await asyncio.to_thread(written_without_listening, tiny_weights)).tracks


async def test_cancelled_song_takes_its_first_bars_along(ada: Person, channel: str):
    worker = worker_of()
    worker.suspend()
    try:
        interaction_id = await start(ada, channel)
        await ada.acknowledgement(interaction_id)
        early = await until_heard(ada, interaction_id, worker)
        await ada.start_press(early, "Cancel")
        answer = await ada.answer_to(interaction_id)
    finally:
        worker.resume()
    assert answer.message["id"] == early["id"]
    assert answer.message["attachments"] == []


def written_without_listening(weights: Path):
    """Return what the same network writes for the same request when nobody listens, as a MIDI file says it."""
    decoder = GeneratorDecoder.load(weights / "generator", torch.device("cpu"))
    request = build_generate_request("job", OPTIONS, seed=11, prompt=None, limits=LimitSettings())
    (result,) = [message for message in decoder.decode(request) if isinstance(message, Result)]
    return read_midi(write_midi(result.piece))
