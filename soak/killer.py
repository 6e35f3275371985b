"""Kills child processes with SIGKILL at random times drawn from a seed. It knows nothing of what they were doing."""

from __future__ import annotations

import asyncio
import random
import time

import psutil

_ENTRIES = {"inference": "inference.worker:main", "media": "media.worker:serve"}
_SHARE_OF_INFERENCE = 0.6


class Killer:
    """Ends one child of this process now and then; ``kills`` says when and of which kind."""

    def __init__(self, *, seed: int, mean_pause_seconds: float, max_num_kills: int) -> None:
        self.kills: list[tuple[float, str]] = []
        self._randomness = random.Random(seed)
        self._mean_pause_seconds = mean_pause_seconds
        self._max_num_kills = max_num_kills

    async def run(self) -> None:
        """Kill until cancelled, or until there were enough."""
        while len(self.kills) < self._max_num_kills:
            await asyncio.sleep(self._randomness.expovariate(1.0 / self._mean_pause_seconds))
            kind = "inference" if self._randomness.random() < _SHARE_OF_INFERENCE else "media"
            self._kill_one(kind)

    def _kill_one(self, kind: str) -> None:
        victims = sorted(_children(_ENTRIES[kind]), key=lambda process: process.pid)
        if not victims:
            return
        victim = self._randomness.choice(victims)
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            return
        self.kills.append((time.monotonic(), kind))


def _children(entry: str) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for child in psutil.Process().children():
        try:
            if any(entry in word for word in child.cmdline()):
                found.append(child)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found
