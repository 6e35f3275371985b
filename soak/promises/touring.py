"""Asks for everything that can be asked for, again and again, and compares what came: alone, beside others, after kills and restarts."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

import psutil

from benchmarks.bot_process import ROOT, child_process_ids
from benchmarks.results import ResultTable
from soak.commands.keeper import BotKeeper
from soak.promises.measures import bytes_row, loudness_row, reader_rows
from soak.promises.tour import Wish, ask_all, midi_of, wishes
from soak.promises.visitor import Outcome, Visitor, files_of

_OTHER_SEED = 1_000
_SAMPLES = ROOT / "docs" / "samples"


async def measure(
    arrive: Callable[[str], Awaitable[Visitor]], keeper: BotKeeper, *, channel_id: str, seeds: Sequence[int]
) -> tuple[ResultTable, ...]:
    """Return the tables of the same bytes, of files that open and of loudness.

    Raises:
        TimeoutError: when somebody is not answered.
    """
    ada, others = await arrive("Ada"), [await arrive(name) for name in ("Ben", "Cleo")]
    everything = wishes()
    asked = {name: wish for name, wish in everything.items() if wish.is_seeded}

    async def tour() -> dict[str, bytes]:
        return await midi_of(ada, await ask_all(ada, channel_id, asked, seeds=seeds))

    answers = await ask_all(ada, channel_id, everything, seeds=seeds)
    files = await midi_of(ada, answers)
    sounds = await _sounds_of(ada, answers)
    first = {name: data for name, data in files.items() if name.rpartition(", seed ")[0] in asked}
    again = await tour()
    noise = [asyncio.create_task(_ask_on(other, channel_id, asked)) for other in others]
    beside = await tour()
    for task in noise:
        task.cancel()
    await asyncio.gather(*noise, return_exceptions=True)
    await _replace_workers(keeper)
    other_workers = await tour()
    await keeper.kill("bot", random.Random(0))
    restarted = await tour()

    what = f"{len(asked)} operations, seeds {seeds[0]} to {seeds[-1]}"
    rows = (
        bytes_row("asked again", first, again, what=what),
        bytes_row(
            "beside others",
            first,
            beside,
            what=f"{what}, while {len(others)} others asked for all of it with other seeds",
        ),
        bytes_row("by other worker processes", first, other_workers, what=f"{what}, every worker killed before"),
        bytes_row("after kill -9 and restart", first, restarted, what=f"{what}, the bot killed before"),
    )
    conditions = (
        f"{', '.join(everything)}; as downloaded by a person in the sandbox; shipped weights, default engine; what Discord called unanswered "
        "after three seconds was asked again; what takes no seed is left out of the comparison: a drawn one stands in its file"
    )
    return (
        ResultTable(name="same_bytes", title="The same wish gives the same bytes", conditions=conditions, rows=rows),
        ResultTable(
            name="readers",
            title="Files open elsewhere",
            conditions=f"{conditions}; opened: read without an error, with as many notes as symusic finds (music21: with notes)",
            rows=tuple(reader_rows(files)),
        ),
        ResultTable(
            name="loudness", title="Replies are equally loud", conditions=conditions, rows=(loudness_row(sounds),)
        ),
    )


async def _ask_on(visitor: Visitor, channel_id: str, asked: Mapping[str, Wish]) -> None:
    """Ask for everything until cancelled, each time with another seed."""
    for seed in itertools.count(_OTHER_SEED):
        await ask_all(visitor, channel_id, asked, seeds=(seed,))


async def _sounds_of(visitor: Visitor, answers: Mapping[str, Outcome]) -> dict[str, bytes]:
    """Return the sound of each answer."""
    found: dict[str, bytes] = {}
    for name, outcome in answers.items():
        for attachment in files_of(outcome.message):
            if attachment["filename"].endswith(".ogg"):
                found[name] = await visitor.download(attachment)
    return found


def measure_samples() -> ResultTable:
    """Open every MIDI file of docs/samples, which the three networks wrote, in the same libraries."""
    files = {str(path.relative_to(_SAMPLES)): path.read_bytes() for path in sorted(_SAMPLES.rglob("*.mid"))}
    return ResultTable(
        name="sample_readers",
        title="The samples open elsewhere",
        conditions="three seeds of every genre and task of generator, remixer and harmonizer, as made by `make samples`",
        rows=tuple(reader_rows(files)),
    )


async def _replace_workers(keeper: BotKeeper) -> None:
    """Kill every process that holds networks; the bot starts others."""
    assert keeper.process_id is not None
    for process_id in child_process_ids(keeper.process_id, "inference worker"):
        psutil.Process(process_id).kill()
    await asyncio.sleep(1)
