"""Many people, cancels and restarts at once: every accepted order gets exactly one answer."""

import asyncio
import random
from collections import Counter

import pytest

from bot.services.model import Author
from bot.services.options import GenerateOptions
from core.errors import CancelledJobError, LimitError
from core.settings import LimitSettings
from tests.factories.doors import ListPresenter, StandInWriter
from tests.factories.orders import make_order
from tests.factories.studio import Studio

NUM_ROUNDS = 3
NUM_ORDERS = 7
PEOPLE = [Author(user_id=number, name=f"Person {number}") for number in range(1, 4)]


class SlowWriter(StandInWriter):
    """Pauses before each result, so that stops and cancels meet jobs at every stage."""

    def __init__(self, dice):
        super().__init__()
        self.dice = dice

    async def submit(self, request, *, user_id, guild_id):
        async for message in super().submit(request, user_id=user_id, guild_id=guild_id):
            await asyncio.sleep(self.dice.random() * 0.02)
            yield message


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_accepted_order_is_answered_exactly_once(database, seed):
    dice = random.Random(seed)
    presenter = ListPresenter()
    accepted, cancelled = [], set()
    for round_index in range(NUM_ROUNDS + 1):
        studio = Studio(
            database,
            writer=SlowWriter(dice),
            presenter=presenter,
            limits=LimitSettings(TUTTI_MAX_JOBS_PER_USER=5),
        )
        await studio.jobs.start()
        if round_index == NUM_ROUNDS:  # the last bot is left in peace
            async with asyncio.timeout(60):
                while len(presenter.replies) + len(presenter.errors) < len(accepted):
                    await presenter.answered()
            await studio.jobs.stop()
            break
        for _ in range(NUM_ORDERS):
            author = dice.choice(PEOPLE)
            try:
                job = await studio.jobs.submit(make_order(GenerateOptions(num_bars=2), author=author))
            except LimitError:
                await asyncio.sleep(0.02)
                continue
            accepted.append(job.job_id)
            if dice.random() < 0.3:
                await asyncio.sleep(dice.random() * 0.03)
                await studio.jobs.cancel(job.job_id, author=author)
                cancelled.add(job.job_id)
        await studio.jobs.stop()

    answers = Counter(job.job_id for job, _ in (*presenter.replies, *presenter.errors))
    assert answers == Counter(accepted)
    assert {type(error) for _, error in presenter.errors} <= {CancelledJobError}
    assert {job.job_id for job, _ in presenter.errors} <= cancelled
