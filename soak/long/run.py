"""One long run from start to end: a sandbox, a bot, people, faults, kills, and measurements. It knows nothing of verdicts on them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.bot_process import running_sandbox
from benchmarks.results import describe_machine
from soak.commands.keeper import BotKeeper
from soak.commands.tab import Attached
from soak.long.crowd import LongCrowd, Plan
from soak.long.killing import Killer
from soak.long.record import Recorder, Store
from soak.long.sampler import bytes_of, family_of, sample_process, sandbox_of
from soak.long.wishes import Files, bad_files
from soak.pieces import load_pieces

_SAMPLE_SECONDS = 10.0
_NOTE_SECONDS = 60.0
_SETTLE_SECONDS = 90.0


async def run_long(
    plan: Plan, *, weights: Path, folder: Path, settings: dict[str, str], report: Callable[[], object]
) -> None:
    """Run it all and leave every measurement in ``folder``, which exists and is empty; ``report`` is called each minute."""
    recorder = Recorder(folder)
    with running_sandbox() as sandbox:
        async with aiohttp.ClientSession() as session:
            keeper = BotKeeper(sandbox, weights=weights, folder=folder, settings=settings)
            await keeper.start()
            crowd = LongCrowd(session, sandbox, keeper, plan=plan, files=_files())
            try:
                await crowd.settle_in()
                run = _Run(
                    plan,
                    crowd,
                    keeper,
                    recorder,
                    folder,
                    weights_name=weights.name,
                    settings=settings,
                    report=report,
                )
                await run.go()
            finally:
                await keeper.end()


class _Run:
    """What goes on at the same time."""

    def __init__(
        self,
        plan: Plan,
        crowd: LongCrowd,
        keeper: BotKeeper,
        recorder: Recorder,
        folder: Path,
        *,
        weights_name: str,
        settings: dict[str, str],
        report: Callable[[], object],
    ) -> None:
        self._plan = plan
        self._crowd = crowd
        self._keeper = keeper
        self._recorder = recorder
        self._folder = folder
        self._report = report
        self._killer = Killer(keeper, plan)
        self._begun_seconds = time.monotonic()
        self._conditions = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "git_commit": _git_commit(),
            "machine": describe_machine(),
            "weights": weights_name,
            "settings": settings,
            "plan": plan.to_json(),
        }

    async def go(self) -> None:
        self._note()
        beside = [
            asyncio.create_task(self._killer.run(begun_seconds=self._begun_seconds), name="killer"),
            asyncio.create_task(self._sample(), name="sampler"),
            asyncio.create_task(self._note_now_and_then(), name="notes"),
        ]
        living = asyncio.create_task(
            self._crowd.live(
                begun_seconds=self._begun_seconds, stop_seconds=self._begun_seconds + 60.0 * self._plan.minutes
            ),
            name="people",
        )
        try:
            # A part that fails must end the run: nobody would look at figures that stand still.
            await asyncio.wait({living, *beside}, return_when=asyncio.FIRST_COMPLETED)
            for task in beside:
                if task.done():
                    task.result()
            await living
            await asyncio.sleep(min(_SETTLE_SECONDS, 60.0 * self._plan.minutes))
        finally:
            for task in (living, *beside):
                task.cancel()
            await asyncio.gather(living, *beside, return_exceptions=True)
            self._recorder.add(*self._crowd.take_ended(is_over=True))
            self._note(is_over=True)
            await self._crowd.leave()

    async def _sample(self) -> None:
        while True:
            second = time.monotonic() - self._begun_seconds
            bot_id = self._keeper.process_id
            family = family_of(bot_id) if bot_id is not None else []
            for role, process in [*family, *sandbox_of(os.getpid())]:
                sample = sample_process(process, role=role, second=second, now_seconds=time.time())
                if sample is not None:
                    self._recorder.add(sample)
            database_bytes, journal_bytes = bytes_of(self._folder / "tutti.db")
            self._recorder.add(
                Store(
                    second=round(second, 1),
                    database_bytes=database_bytes,
                    journal_bytes=journal_bytes,
                    num_commands=self._crowd.num_sent,
                )
            )
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def _note_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_NOTE_SECONDS)
            self._recorder.add(*self._crowd.take_ended())
            self._note()
            await asyncio.to_thread(self._report)

    def _note(self, *, is_over: bool = False) -> None:
        now: dict[str, Any] = {
            "seconds": round(time.monotonic() - self._begun_seconds, 1),
            "is_over": is_over,
            "sent": self._crowd.num_sent,
            "refused_by_the_page": self._crowd.num_page_refusals,
            "songs_begun": self._crowd.num_songs_begun,
            "kills": self._killer.done,
            "bot_ended_by_itself": self._keeper.num_own_ends,
            "faults": self._crowd.all_faults(),
            "load_1_minute": os.getloadavg()[0],
        }
        self._recorder.state({**self._conditions, **now})


def _files() -> Files:
    pieces = load_pieces()
    whole = tuple(Attached(filename=each.all_voices.filename, data=each.all_voices.data) for each in pieces)
    sopranos = tuple(Attached(filename=each.soprano.filename, data=each.soprano.data) for each in pieces)
    return Files(pieces=whole, sopranos=sopranos, bad=bad_files(whole[0]))


def _git_commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
