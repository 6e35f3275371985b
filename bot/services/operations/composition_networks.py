"""A song under way: its plan, and how its stages ask the networks, several requests at once with ids and seeds of their own."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.services.operations.base import Networks, Step
from bot.services.sampling import sampling_of
from inference.protocol import Request, Result, Sampling
from music.forms.plan import FormPlan

STEP_NAMES = {"themes": "the themes", "arrangement": "harmony and arrangement", "song": "variations and form"}
"""What people read of each stage while it is written."""

_SEED_BITS = 31


def derive_seed(seed: int, label: str) -> int:
    """Return a seed of its own for one request of a job, always the same."""
    digest = hashlib.sha256(f"{seed}:{label}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - _SEED_BITS)


async def write_all(networks: Networks, requests: Sequence[Request], *, step: Step) -> list[Result]:
    """Return the results of requests that are written at the same time, in their order; each has an id of its own.

    Raises:
        InferenceError: when the networks gave up on one; the others are stopped.
    """
    tasks = [asyncio.ensure_future(networks.write(request, step=step)) for request in requests]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composing:
    """One song under way: its plan, and how to ask for music. ``checkpoint_ids`` collects who had a part in it."""

    job_id: str
    plan: FormPlan
    seed: int
    preset: str
    networks: Networks
    stages: tuple[str, ...]
    checkpoint_ids: list[str]

    @property
    def sampling(self) -> Sampling:
        return sampling_of(self.preset)

    async def ask(self, stage: str, requests: list[Request]) -> list[Result]:
        """Return what the networks make of requests of a stage, written at the same time."""
        step = Step(name=STEP_NAMES[stage], number=self.stages.index(stage) + 1, num_steps=len(self.stages))
        results = await write_all(self.networks, requests, step=step)
        for result in results:
            if result.checkpoint_id not in self.checkpoint_ids:
                self.checkpoint_ids.append(result.checkpoint_id)
        return results
