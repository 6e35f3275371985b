"""People who send commands for hours at a pace of their own, and what became of each; places that vanish are made anew."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp

from benchmarks.bot_process import Sandbox
from soak.commands.crowd import USUAL_RATES, excuses_of, send
from soak.commands.keeper import BotKeeper
from soak.commands.tab import Json, Request, Tab
from soak.commands.verdicts import judge
from soak.commands.wishes import Places
from soak.long.record import Ended
from soak.long.wishes import Files, draw

_TRIES_PER_COMMAND = 20
_JUDGED_AFTER_SECONDS = 240.0
_TEND_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many people send how much for how long."""

    seed: int = 1
    minutes: float = 120.0
    num_people: int = 12
    commands_per_minute: float = 20.0
    num_channels: int = 8
    num_songs: int = 3
    song_minutes: float = 20.0  # then another song takes its place
    patience_seconds: float = 90.0
    weather_minutes: float = 10.0  # then chance begins anew with another seed
    mean_child_kill_minutes: float = 5.0
    bot_kill_minutes: float = 30.0
    calm_minutes: float = 40.0  # at the end nothing is killed, so that every process is seen over a long life
    rates: dict[str, float] = field(default_factory=lambda: dict(USUAL_RATES))

    def to_json(self) -> dict[str, Any]:
        """Return it for a file."""
        return asdict(self)


class LongCrowd:
    """The people, their places, and what they have seen."""

    def __init__(
        self, session: aiohttp.ClientSession, sandbox: Sandbox, keeper: BotKeeper, *, plan: Plan, files: Files
    ) -> None:
        self.num_sent = 0
        self.num_page_refusals = 0
        self.num_songs_begun = 0
        self.faults: dict[str, int] = defaultdict(int)
        self._faults_now: dict[str, int] = {}
        self._session = session
        self._url = sandbox.page_url.rstrip("/")
        self._keeper = keeper
        self._plan = plan
        self._files = files
        self._places = Places()
        self._song_begun: dict[str, float] = {}
        self._tabs: list[Tab] = []
        self._answered: dict[str, float] = {}
        self._deeds: dict[str, set[str]] = defaultdict(set)
        self._begun_seconds = 0.0

    async def settle_in(self) -> None:
        """Let everybody arrive, in good weather."""
        plan = self._plan
        for number in range(plan.num_people):
            self._tabs.append(await Tab.arrive(self._session, self._url, f"Person {number}"))
        self._places.bot_id = (await self._call("GET", "/api/state"))["bot"]["id"]
        await self._tend_channels()
        for _ in range(plan.num_songs):
            await self._begin_song()

    async def live(self, *, begun_seconds: float, stop_seconds: float) -> None:
        """Send until that moment of the monotonic clock, faults and all."""
        self._begun_seconds = begun_seconds
        tending = asyncio.create_task(self._tend(), name="tending")
        try:
            await asyncio.gather(*(self._live(number, tab, stop_seconds) for number, tab in enumerate(self._tabs)))
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)
            await self._note_weather()
            await self._call("DELETE", "/api/disturbances")

    async def leave(self) -> None:
        """Close all tabs."""
        for tab in self._tabs:
            await tab.leave()

    def take_ended(self, *, is_over: bool = False) -> list[Ended]:
        """Judge what was sent long enough ago, or everything when all is over, and forget it."""
        limit_seconds = time.monotonic() - (0.0 if is_over else _JUDGED_AFTER_SECONDS)
        ended: list[Ended] = []
        for tab in self._tabs:
            for request in [each for each in tab.requests.values() if each.sent_seconds < limit_seconds]:
                ended.append(self._judge(tab, request))
                del tab.requests[request.request_id]
        return sorted(ended, key=lambda each: each.second)

    async def _live(self, number: int, tab: Tab, stop_seconds: float) -> None:
        dice = random.Random(f"{self._plan.seed}:{number}")
        mean_pause_seconds = 60.0 * self._plan.num_people / self._plan.commands_per_minute
        due_seconds = time.monotonic() + dice.uniform(0.0, mean_pause_seconds)
        while due_seconds < stop_seconds:
            await asyncio.sleep(max(0.0, due_seconds - time.monotonic()))
            # Who had to wait for an answer sends the next thing sooner, but never many at once.
            due_seconds = max(due_seconds, time.monotonic() - mean_pause_seconds)
            due_seconds += dice.expovariate(1.0 / mean_pause_seconds)
            request = await self._send_something(dice, tab)
            if request is None:
                continue
            self.num_sent += 1
            is_settled = await tab.until_settled(request, seconds=self._plan.patience_seconds)
            if is_settled and not request.sight.failure:
                self._answered[request.request_id] = time.monotonic()

    async def _send_something(self, dice: random.Random, tab: Tab) -> Request | None:
        for _ in range(_TRIES_PER_COMMAND):
            await self._keeper.is_online.wait()
            request = await send(tab, draw(dice, self._places, tab, self._files))
            if request is not None:
                return request
            self.num_page_refusals += 1
        return None

    async def _tend(self) -> None:
        """Keep places and weather as they should be."""
        number = 0
        weather_until = 0.0
        while True:
            if time.monotonic() >= weather_until:
                await self._note_weather()
                body = {"action": "random", "seed": self._plan.seed * 1000 + number, "rates": self._plan.rates}
                await self._call("POST", "/api/disturbances", {**body, "max_delay_seconds": 1.0})
                self._end_weather()
                number += 1
                weather_until = time.monotonic() + 60.0 * self._plan.weather_minutes
            await asyncio.sleep(_TEND_SECONDS)
            await self._note_weather()
            await self._tend_channels()
            await self._tend_songs()

    async def _tend_channels(self) -> None:
        state = await self._call("GET", "/api/state")
        there = {each["id"] for each in state["channels"]}
        self._places.channels[:] = [each for each in self._places.channels if each in there]
        self._places.threads[:] = [each for each in self._places.threads if each in there]
        while len(self._places.channels) < self._plan.num_channels:
            channel = await self._call("POST", "/api/channels", {"name": f"room-{len(self._places.channels)}"})
            self._places.channels.append(channel["id"])

    async def _tend_songs(self) -> None:
        limit_seconds = time.monotonic() - 60.0 * self._plan.song_minutes
        gone = [each for each in self._places.threads if self._song_begun[each] < limit_seconds]
        if len(self._places.threads) < self._plan.num_songs + bool(gone):
            await self._begin_song()
        if gone and len(self._places.threads) > self._plan.num_songs:
            self._places.threads.remove(gone[0])

    async def _begin_song(self) -> None:
        if not self._keeper.is_online.is_set():
            return
        tab = self._tabs[self.num_songs_begun % len(self._tabs)]
        self.num_songs_begun += 1
        options = {"title": f"Song {self.num_songs_begun}", "bars": 2}
        body: Json = {"kind": "command", "command": "song", "path": ["new"], "options": options}
        begun = await tab.request("song new", self._places.channels[0], body, answers_publicly=True)
        if begun is None or not await tab.until_settled(begun, seconds=self._plan.patience_seconds):
            return
        text = " ".join(each.text for each in begun.sight.messages.values() if not each.is_deleted)
        thread = text.partition("<#")[2].partition(">")[0]
        if not thread:
            return
        first: Json = {"kind": "command", "command": "generate", "options": {"bars": 2, "instruments": "piano"}}
        await tab.request("generate", thread, first, answers_publicly=True)
        self._song_begun[thread] = time.monotonic()
        self._places.threads.append(thread)

    async def _note_weather(self) -> None:
        random_faults = (await self._call("GET", "/api/disturbances"))["random"]
        if not random_faults:
            return
        for deed in random_faults["deeds"]:
            self._deeds[deed["id"]].add(deed["kind"])
        self._faults_now = random_faults["done"]

    def _end_weather(self) -> None:
        for kind, number in self._faults_now.items():
            self.faults[kind] += number
        self._faults_now = {}

    def all_faults(self) -> dict[str, int]:
        """Return how often what happened so far."""
        kinds = sorted(self.faults.keys() | self._faults_now.keys())
        return {kind: self.faults.get(kind, 0) + self._faults_now.get(kind, 0) for kind in kinds}

    def _judge(self, tab: Tab, request: Request) -> Ended:
        ids = (request.request_id, request.channel_id, *request.sight.messages)
        deeds = [{"kind": kind, "id": number} for number in ids for kind in sorted(self._deeds.get(number, ()))]
        was_absent = any(
            start - 1.0 <= request.sent_seconds + 3.0 and request.sent_seconds <= stop + 1.0
            for start, stop in self._tabs[0].absences
        )
        verdict = judge(
            request.sight,
            answers_publicly=request.answers_publicly,
            excuses=excuses_of(request.request_id, request.channel_id, request.sight, deeds),
            was_bot_down=was_absent or self._keeper.was_down_around(request.sent_seconds),
        )
        sent_seconds = request.sent_seconds
        acknowledged, answered = (
            tab.acknowledged_seconds.get(request.request_id),
            self._answered.get(request.request_id),
        )
        return Ended(
            second=round(sent_seconds - self._begun_seconds, 1),
            name=request.name,
            kind=verdict.kind,
            reason=verdict.reason,
            acknowledged_seconds=None if acknowledged is None else round(acknowledged - sent_seconds, 3),
            answered_seconds=None if answered is None else round(answered - sent_seconds, 3),
        )

    async def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        async with self._session.request(method, f"{self._url}{path}", json=body) as response:
            response.raise_for_status()
            return await response.json() if response.status != 204 else {}
