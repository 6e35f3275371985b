"""How long one person waits for whole replies, as seen on the sandbox's page: command or press in, message with sound out."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import aiohttp

from benchmarks.bot_process import Sandbox, running_bot, running_sandbox, wait_until_online
from benchmarks.page import Person, Visit
from benchmarks.results import ResultTable, Row
from benchmarks.songs import make_melody
from music.midi import write_midi

NUM_BARS = 16
_INSTRUMENTS = "piano, steel guitar, bass, drums"
_SEED = 1_000
_NOTES = {
    "generate: whole reply": f"{NUM_BARS} bars of 4 tracks: {_INSTRUMENTS}; audio, MIDI file and picture are there",
    "generate: first audible": "the first message with sound, of the first bars or of all",
    "harmonize: whole reply": f"four-part chorale for an attached melody of {NUM_BARS} bars",
    "remix: whole reply": f"the button Remix under the generated {NUM_BARS} bars",
}

Samples = dict[str, list[float]]


def measure(num_repeats: int) -> ResultTable:
    """Ask as one person does, one request after another, ``num_repeats`` times after one that does not count."""
    with running_sandbox() as sandbox, running_bot(sandbox) as bot:
        wait_until_online(sandbox, bot)
        samples = asyncio.run(ask_for_everything(sandbox, num_bars=NUM_BARS, num_repeats=num_repeats))
    return ResultTable(
        name="chat",
        title="Whole replies, from command to message with audio",
        conditions="a real bot with its default settings in the sandbox, one person, a new seed each time, 120 bpm, 4/4; all "
        "processes on the same cores; seen from the page's websocket",
        rows=tuple(
            Row(name=name, unit="s", samples=tuple(values), note=_NOTES[name]) for name, values in samples.items()
        ),
    )


async def ask_for_everything(sandbox: Sandbox, *, num_bars: int, num_repeats: int) -> Samples:
    """Return the seconds of each kind of reply."""
    samples: Samples = defaultdict(list)
    melody = write_midi(make_melody(num_bars=num_bars))
    async with aiohttp.ClientSession() as session:
        person = await Person.arrive(session, sandbox.page_url, "Ada")
        for number in range(num_repeats + 1):
            kept = samples if number else defaultdict(list)
            written = await person.ask(
                sandbox.channel_id,
                "generate",
                genre="rock",
                bars=num_bars,
                metre="4/4",
                tempo=120,
                instruments=_INSTRUMENTS,
                seed=_SEED + number,
            )
            kept["generate: whole reply"].append(await _wait(person, written))
            assert written.audible_seconds is not None
            kept["generate: first audible"].append(written.audible_seconds - written.asked_seconds)
            harmonized = await person.ask(sandbox.channel_id, "harmonize", file=melody)
            kept["harmonize: whole reply"].append(await _wait(person, harmonized))
            remixed = await person.press(sandbox.channel_id, written.message, "Remix")
            kept["remix: whole reply"].append(await _wait(person, remixed))
        await person.leave()
    return samples


async def _wait(person: Person, visit: Visit) -> float:
    """Wait for the whole reply and return its seconds."""
    await person.until(lambda: visit.finished_seconds is not None)
    if not visit.has_sound:
        raise RuntimeError(f"a reply without sound: {visit.message.get('embeds') or visit.message.get('content')}")
    assert visit.finished_seconds is not None
    return visit.finished_seconds - visit.asked_seconds
