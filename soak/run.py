"""One soak run from start to figures: a crowd, a killer, an audit. It knows neither command line nor files for people."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.services.model import JobOrder
from core.log import configure_logging
from core.settings import Settings
from inference.protocol import DEFAULT_DECODERS
from soak.audit import StoredJobs, read_database, read_log
from soak.crowd import Crowd
from soak.killer import Killer
from soak.ledger import Entry, Ledger
from soak.pieces import load_pieces
from soak.report import Figure, figures_of
from soak.service import Service, running_service
from soak.wishes import User, draw_crowd

LOG_NAME = "log.jsonl"
_SETTLING_SECONDS = 30.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large a run is. ``mean_kill_pause_seconds`` 0: nothing is killed."""

    seed: int = 1
    num_users: int = 200
    num_jobs: int = 1_000
    num_servers: int = 10
    share_greedy: float = 0.1
    share_cancelled: float = 0.03
    mean_kill_pause_seconds: float = 15.0
    max_num_kills: int = 10_000
    patience_seconds: float = 1_200.0
    haste: float = 1.0  # users arrive, pause and lose patience so many times faster
    num_repeats: int = 20  # jobs that lost their worker and are asked again afterwards, in peace


async def run_crowd(
    settings: Settings, plan: Plan, *, folder: Path, decoders: str = DEFAULT_DECODERS
) -> tuple[Figure, ...]:
    """Let a crowd loose on a service whose processes are killed, and return what came of it.

    The log stays in ``folder``, which exists; jobs and songs in the database of the settings.

    Raises:
        core.errors.TuttiError: when the service cannot start.
    """
    users = draw_crowd(
        seed=plan.seed,
        num_users=plan.num_users,
        num_jobs=plan.num_jobs,
        num_servers=plan.num_servers,
        share_greedy=plan.share_greedy,
        share_cancelled=plan.share_cancelled,
        haste=plan.haste,
    )
    ledger = Ledger()
    with (folder / LOG_NAME).open("w", encoding="utf-8") as log:
        configure_logging(settings.log, stream=log)
        async with running_service(settings, decoders=decoders) as service:
            seconds = await _let_loose(service, ledger, users, plan)
            stored = await _read_settled(service)
            facts = read_log(folder / LOG_NAME)
            disturbed = [
                entry
                for entry in ledger.entries
                if str(entry.job_id) in facts.put_back_job_ids and entry.kind == "generate" and entry.answer == "reply"
            ]
            num_different = await _count_different(service, users, disturbed[: plan.num_repeats])
    return figures_of(
        ledger,
        stored,
        facts,
        seconds=seconds,
        num_different_bytes=num_different,
        num_repeated=len(disturbed[: plan.num_repeats]),
    )


async def _let_loose(service: Service, ledger: Ledger, users: Sequence[User], plan: Plan) -> float:
    """Run the crowd to its end, killing meanwhile, and return how long it took."""
    crowd = Crowd(service, ledger, load_pieces(), patience_seconds=plan.patience_seconds)
    killer = Killer(seed=plan.seed, mean_pause_seconds=plan.mean_kill_pause_seconds, max_num_kills=plan.max_num_kills)
    killing = asyncio.create_task(killer.run(), name="killer") if plan.mean_kill_pause_seconds else None
    start_seconds = time.monotonic()
    try:
        await crowd.run(users)
    finally:
        if killing is not None:
            killing.cancel()
            await asyncio.wait({killing})
        ledger.kills = killer.kills
    return time.monotonic() - start_seconds


async def _read_settled(service: Service) -> StoredJobs:
    """Count what is stored once the bot has noted that the last replies were shown, or had time enough to."""
    give_up_seconds = time.monotonic() + _SETTLING_SECONDS
    while True:
        stored = await read_database(service.database)
        if stored.num_unanswered == 0 or time.monotonic() > give_up_seconds:
            return stored
        await asyncio.sleep(_LOOK_SECONDS)


async def _count_different(service: Service, users: Sequence[User], disturbed: Sequence[Entry]) -> int:
    """Ask for jobs that had lost their workers once more and count the MIDI files that are not byte for byte the same."""
    people = {user.author.user_id: user for user in users}
    num_different = 0
    for entry in disturbed:
        assert entry.job_id is not None
        user = people[entry.user_id]
        job = await service.jobs.job(entry.job_id)
        again = replace(entry, is_answered=asyncio.Event(), num_answers=0, midi_hash="")
        order = JobOrder(author=user.author, place=user.place, options=job.options)
        service.presenter.note_order(again, (await service.jobs.submit(order)).job_id)
        await again.is_answered.wait()
        num_different += again.midi_hash != entry.midi_hash
    return num_different
