"""Keeps `bot.py` running beside the sandbox and kills it, its workers and its media children with SIGKILL, by a seed."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pretty_midi
import psutil

from benchmarks.bot_process import ROOT, Sandbox, child_process_ids
from core.child import die_with_parent

_SHARES = {"bot": 0.3, "inference worker": 0.35, "media worker": 0.35}
_SHARE_KILLED_AGAIN = 0.2  # of killed bots, while they start
_LONGEST_START_SECONDS = 4.0  # within which that happens
_MAX_OWN_ENDS_IN_A_ROW = 5
_START_PATIENCE_SECONDS = 120.0
_SMALL_SOUNDFONT = "TimGM6mb.sf2"
_SECONDS_DISCORD_WAITS = 3.0
_SLACK_SECONDS = 1.0  # what counts as the same moment, seen from two processes


class BotKeeper:
    """The bot's process. ``downtimes``: from when to when it was not in Discord; ``kills``: how many of which kind."""

    def __init__(
        self, sandbox: Sandbox, *, weights: Path, folder: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.kills: Counter[str] = Counter()
        self.num_own_ends = 0
        self.downtimes: list[tuple[float, float]] = []
        self.is_online = asyncio.Event()
        self._log_file = folder / "bot.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = {
            "DISCORD_TOKEN": sandbox.connection["token"],
            "TUTTI_HTTP_PROXY": sandbox.connection["proxy_url"],
            "SSL_CERT_FILE": sandbox.connection["ca_file"],
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'tutti.db'}",
            "TUTTI_SYNC_STATE": str(folder / "command_sync.json"),
            "TUTTI_WEIGHTS": str(weights),
            "TUTTI_DEVICE": "cpu",
            "TUTTI_WORKERS": "1",
            "TUTTI_ENGINE": "reference",
            "TUTTI_SOUNDFONT": str(
                Path(pretty_midi.__file__).parent / _SMALL_SOUNDFONT
            ),  # each killed child loads it anew
            "TUTTI_MAX_COMMANDS_PER_MINUTE": "0",  # how the limits turn people away is tested elsewhere
            "TUTTI_MAX_CHANNEL_COMMANDS_PER_MINUTE": "0",
            "TUTTI_MAX_SERVER_COMMANDS_PER_MINUTE": "0",
            "TUTTI_LOG_JSON": "true",
            "OMP_NUM_THREADS": "1",
            **(settings or {}),
        }

    @property
    def process_id(self) -> int | None:
        """The bot's process, or None while there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> None:
        """Start the bot and wait until it is in Discord; one that gives up is counted and started again, as by systemd.

        Raises:
            RuntimeError: when it gives up again and again.
            TimeoutError: when it does not come.
        """
        since_seconds = time.monotonic()
        for _ in range(_MAX_OWN_ENDS_IN_A_ROW):
            if await self._has_come(self._spawn()):
                self.downtimes.append((since_seconds, time.monotonic()))
                self.is_online.set()
                return
            self.num_own_ends += 1
        raise RuntimeError(f"the bot ends by itself at its start; see {self._log_file}")

    def _spawn(self) -> int:
        """Start the bot's process, and return where its log begins."""
        # `env` sets the variables, so that this file need not read the environment.
        variables = [f"{name}={value}" for name, value in self._settings.items()]
        with self._log_file.open("ab") as log:
            log_offset = log.tell()
            self._process = subprocess.Popen(
                ["env", *variables, sys.executable, "bot.py"],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - it makes one system call
            )
        return log_offset

    async def _has_come(self, log_offset: int) -> bool:
        """Wait until the bot is in Discord; return False when it ended before."""
        async with asyncio.timeout(_START_PATIENCE_SECONDS):
            while not self._has_joined(log_offset):
                if self.process_id is None:
                    return False
                await asyncio.sleep(0.2)
        return True

    async def kill_now_and_then(self, *, seed: int, mean_pause_seconds: float) -> None:
        """Kill until cancelled; a bot that was killed, or ended by itself, is started again."""
        dice = random.Random(seed)
        kill_at = time.monotonic() + dice.expovariate(1.0 / mean_pause_seconds)
        while True:
            await asyncio.sleep(0.1)
            if await self.revive():
                continue
            if time.monotonic() >= kill_at:
                await self.kill(dice.choices(list(_SHARES), list(_SHARES.values()))[0], dice)
                kill_at = time.monotonic() + dice.expovariate(1.0 / mean_pause_seconds)

    async def revive(self) -> bool:
        """Start the bot again when it ended by itself, and return whether it had."""
        if self.process_id is not None:
            return False
        self.num_own_ends += 1
        await self._start_again()
        return True

    async def end(self) -> None:
        """Ask the bot to end, and wait for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                await asyncio.to_thread(self._process.wait, 20)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def was_down_around(self, sent_seconds: float) -> bool:
        """Tell whether the bot was away in the three seconds that Discord waits for it."""
        until_seconds = sent_seconds + _SECONDS_DISCORD_WAITS
        return any(
            start - _SLACK_SECONDS <= until_seconds and sent_seconds <= stop + _SLACK_SECONDS
            for start, stop in self.downtimes
        )

    async def kill(self, kind: str, dice: random.Random) -> None:
        """End the bot and start it again, or end one of its children of this kind, with SIGKILL."""
        assert self._process is not None
        if kind == "bot":
            self._process.kill()
            self._process.wait()
            self.kills[kind] += 1
            self.is_online.clear()
            if dice.random() < _SHARE_KILLED_AGAIN:
                await self._kill_while_it_starts(dice.uniform(0.0, _LONGEST_START_SECONDS))
            await self.start()
            return
        try:
            victims = sorted(child_process_ids(self._process.pid, kind))
            if victims:
                psutil.Process(dice.choice(victims)).kill()
                self.kills[kind] += 1
        except psutil.Error:
            return  # it went by itself in this moment

    async def _kill_while_it_starts(self, after_seconds: float) -> None:
        since_seconds = time.monotonic()
        self._spawn()
        await asyncio.sleep(after_seconds)
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.kills["bot while it starts"] += 1
        self.downtimes.append((since_seconds, time.monotonic()))

    async def _start_again(self) -> None:
        self.is_online.clear()
        await self.start()

    def _has_joined(self, log_offset: int) -> bool:
        """Tell by what it logged since: the page calls a killed bot online for another moment."""
        with self._log_file.open("rb") as log:
            log.seek(log_offset)
            return b'"discord_ready"' in log.read()
