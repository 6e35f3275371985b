"""Kills the bot at fixed times and its children at random ones, and starts a bot again that went; the last stretch is calm."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

from soak.commands.keeper import BotKeeper
from soak.long.crowd import Plan

_CHILDREN = ("inference worker", "media worker")
_START_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who is killed when, counted from the start of the run."""

    second: float
    kind: str


def draw_deeds(plan: Plan) -> tuple[Deed, ...]:
    """Return all kills of a run, in their order; the same for the same plan."""
    dice = random.Random(plan.seed)
    until_seconds = 60.0 * (plan.minutes - plan.calm_minutes)
    deeds: list[Deed] = []
    if plan.bot_kill_minutes:
        step_seconds = 60.0 * plan.bot_kill_minutes
        times = (step_seconds * (number + 1) for number in range(int(until_seconds / step_seconds)))
        deeds += [Deed(second=second, kind="bot") for second in times]
    second = 0.0
    while plan.mean_child_kill_minutes:
        second += dice.expovariate(1.0 / (60.0 * plan.mean_child_kill_minutes))
        if second >= until_seconds:
            break
        deeds.append(Deed(second=round(second, 1), kind=dice.choice(_CHILDREN)))
    return tuple(sorted(deeds, key=lambda deed: deed.second))


class Killer:
    """Does what was drawn; ``done`` says what it did."""

    def __init__(self, keeper: BotKeeper, plan: Plan) -> None:
        self.done: list[dict[str, Any]] = []
        self._keeper = keeper
        self._deeds = list(draw_deeds(plan))
        self._dice = random.Random(plan.seed + 1)

    async def run(self, *, begun_seconds: float) -> None:
        """Kill until cancelled, and keep a bot running meanwhile."""
        while True:
            await asyncio.sleep(0.2)
            second = time.monotonic() - begun_seconds
            try:
                if await self._keeper.revive():
                    self.done.append({"second": round(second, 1), "kind": "bot ended by itself"})
                elif self._deeds and second >= self._deeds[0].second:
                    kind = self._deeds.pop(0).kind
                    self.done.append({"second": round(second, 1), "kind": kind})
                    await self._keeper.kill(kind, self._dice)
            except (RuntimeError, TimeoutError) as error:  # it did not come up; the next round tries again
                self.done.append({"second": round(second, 1), "kind": f"bot did not start: {error}"})
                await asyncio.sleep(_START_AGAIN_SECONDS)
