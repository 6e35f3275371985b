"""Some twenty people at the page who send commands one after another, whatever happens to the bot; and what came of each."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from benchmarks.bot_process import Sandbox
from soak.commands.keeper import BotKeeper
from soak.commands.tab import Json, Request, Tab
from soak.commands.verdicts import OFFENCES, Sight, Verdict, judge
from soak.commands.wishes import Places, Wish, draw

USUAL_RATES = {
    "status": 0.02,
    "late_status": 0.02,
    "rate_limit": 0.01,
    "drop": 0.01,
    "lost_answer": 0.02,
    "delay": 0.03,
    "permission": 0.002,
    "message_deletion": 0.004,
    "channel_deletion": 0.0005,
    "expired_token": 0.003,
    "event_delay": 0.01,
    "event_double": 0.01,
    "event_swap": 0.01,
    "event_loss": 0.003,
    "heartbeat": 0.05,
    "reconnect": 0.0005,
    "invalidate": 0.0002,
    "connection_drop": 0.0005,
    "cdn_status": 0.02,
    "cdn_drop": 0.02,
    "cdn_delay": 0.02,
}
_TRIES_PER_COMMAND = 20
_SETUP_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many people send how much; seconds are of this machine's clock."""

    seed: int = 1
    num_commands: int = 2000
    num_people: int = 20
    num_channels: int = 8
    num_songs: int = 3
    mean_kill_pause_seconds: float = 20.0
    patience_seconds: float = 90.0
    settle_seconds: float = 600.0
    max_send_seconds: float = 3600.0
    rates: dict[str, float] = field(default_factory=lambda: dict(USUAL_RATES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A request and what became of it."""

    person: str
    request: Request
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run left: every request, what chance did, and how long it was."""

    judged: tuple[Judged, ...]
    weather: Json
    num_page_refusals: int
    send_seconds: float
    settle_seconds: float


class Crowd:
    """The people and their places."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox, keeper: BotKeeper, plan: Plan) -> None:
        self._session = session
        self._url = sandbox.page_url.rstrip("/")
        self._keeper = keeper
        self._plan = plan
        self._places = Places()
        self._tabs: list[Tab] = []
        self._num_begun = 0
        self._is_over = False
        self._num_page_refusals = 0

    async def run(self) -> Outcome:
        """Let everybody send what is theirs, wait until all is quiet, and judge."""
        plan = self._plan
        await self._settle_in()
        body = {"action": "random", "seed": plan.seed, "rates": plan.rates, "max_delay_seconds": 1.0}
        await self._call("POST", "/api/disturbances", body)
        killing = asyncio.create_task(
            self._keeper.kill_now_and_then(seed=plan.seed, mean_pause_seconds=plan.mean_kill_pause_seconds)
        )
        begun_seconds = time.monotonic()
        living = asyncio.gather(*(self._live(number, tab) for number, tab in enumerate(self._tabs)))
        await asyncio.wait({killing, living}, return_when=asyncio.FIRST_COMPLETED)
        if killing.done():
            living.cancel()
            killing.result()  # raises why there is no bot any more
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
        await living
        sent_seconds = time.monotonic()
        if not self._keeper.is_online.is_set():
            await self._keeper.start()
        weather = (await self._call("GET", "/api/disturbances"))["random"]
        await self._call("DELETE", "/api/disturbances")
        await self._until_quiet(weather)
        for tab in self._tabs:
            await tab.leave()
        return Outcome(
            judged=tuple(self._judge_all(weather)),
            weather=weather,
            num_page_refusals=self._num_page_refusals,
            send_seconds=sent_seconds - begun_seconds,
            settle_seconds=time.monotonic() - sent_seconds,
        )

    def send_no_more(self) -> None:
        """Let everybody wait for what they have sent, and judge that."""
        self._is_over = True

    @property
    def num_begun(self) -> int:
        """How much has been sent so far."""
        return self._num_begun

    async def _settle_in(self) -> None:
        plan = self._plan
        for number in range(plan.num_channels):
            channel = await self._call("POST", "/api/channels", {"name": f"room-{number}"})
            self._places.channels.append(channel["id"])
        for number in range(plan.num_people):
            self._tabs.append(await Tab.arrive(self._session, self._url, f"Person {number}"))
        self._places.bot_id = (await self._call("GET", "/api/state"))["bot"]["id"]
        for number in range(plan.num_songs):
            thread = await self._begin_song(self._tabs[number], f"Song {number}")
            if thread:
                self._places.threads.append(thread)
        for tab in self._tabs:
            tab.requests.clear()  # what was said in good weather does not count

    async def _begin_song(self, tab: Tab, title: str) -> str:
        body: Json = {"kind": "command", "command": "song", "path": ["new"], "options": {"title": title, "bars": 2}}
        begun = await tab.request("song new", self._places.channels[0], body, answers_publicly=True)
        if begun is None or not await tab.until_settled(begun, seconds=_SETUP_SECONDS):
            return ""
        text = next(each.text for each in begun.sight.messages.values() if not each.is_deleted)
        thread = text.partition("<#")[2].partition(">")[0]
        first: Json = {"kind": "command", "command": "generate", "options": {"bars": 2, "instruments": "piano"}}
        filled = await tab.request("generate", thread, first, answers_publicly=True)
        if filled is not None:
            await tab.until_settled(filled, seconds=_SETUP_SECONDS)
        return thread

    async def _live(self, number: int, tab: Tab) -> None:
        """Send one thing after another, until all together have sent enough."""
        dice = random.Random(f"{self._plan.seed}:{number}")
        give_up_at = time.monotonic() + self._plan.max_send_seconds
        while self._num_begun < self._plan.num_commands and time.monotonic() < give_up_at and not self._is_over:
            self._num_begun += 1
            request = await self._send_something(dice, tab)
            if request is None:
                self._num_begun -= 1
                return
            await tab.until_settled(request, seconds=self._plan.patience_seconds)
            await asyncio.sleep(dice.uniform(0.0, 0.3))

    async def _send_something(self, dice: random.Random, tab: Tab) -> Request | None:
        """Draw until the page takes it: a thread or a button may be gone."""
        for _ in range(_TRIES_PER_COMMAND):
            await self._keeper.is_online.wait()
            request = await send(tab, draw(dice, self._places, tab))
            if request is not None:
                return request
            self._num_page_refusals += 1
        return None

    async def _until_quiet(self, weather: Json) -> None:
        """Wait until everybody has an answer, or nobody can be expected to get one; then a little for what comes twice."""
        give_up_at = time.monotonic() + self._plan.settle_seconds
        while time.monotonic() < give_up_at and self._is_anybody_waiting(weather):  # noqa: ASYNC110 - twenty tabs
            await asyncio.sleep(0.5)
        await asyncio.sleep(min(8.0, self._plan.settle_seconds))

    def _is_anybody_waiting(self, weather: Json) -> bool:
        return any(each.verdict.kind in OFFENCES for each in self._judge_all(weather))

    def _judge_all(self, weather: Json) -> list[Judged]:
        return [
            Judged(person=tab.name, request=request, verdict=self._judge(request, weather))
            for tab in self._tabs
            for request in tab.requests.values()
        ]

    def _judge(self, request: Request, weather: Json) -> Verdict:
        absences = self._tabs[0].absences
        was_absent = any(
            start - 1.0 <= request.sent_seconds + 3.0 and request.sent_seconds <= stop + 1.0 for start, stop in absences
        )
        return judge(
            request.sight,
            answers_publicly=request.answers_publicly,
            excuses=self._excuses(request, weather),
            was_bot_down=was_absent or self._keeper.was_down_around(request.sent_seconds),
        )

    def _excuses(self, request: Request, weather: Json) -> tuple[str, ...]:
        return excuses_of(request.request_id, request.channel_id, request.sight, weather["deeds"])

    async def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        async with self._session.request(method, f"{self._url}{path}", json=body) as response:
            response.raise_for_status()
            return await response.json() if response.status != 204 else {}


def excuses_of(request_id: str, channel_id: str, sight: Sight, deeds: list[dict[str, str]]) -> tuple[str, ...]:
    """Return what chance took away of a request, so that no answer could be seen."""
    is_hit: dict[str, Callable[[str], bool]] = {
        "event_loss": lambda number: number == request_id,
        "channel_deletion": lambda number: number == channel_id,
        "message_deletion": lambda number: number in sight.messages,
        "expired_token": lambda number: number == request_id,
    }
    found = [deed["kind"] for deed in deeds if deed["kind"] in is_hit and is_hit[deed["kind"]](deed["id"])]
    return tuple(dict.fromkeys(found))


async def send(tab: Tab, wish: Wish) -> Request | None:
    """Send what a person wishes; None where the page refuses it."""
    if wish.body is None:
        return await tab.say(wish.channel_id, wish.content)
    return await tab.request(
        wish.name, wish.channel_id, wish.body, answers_publicly=wish.answers_publicly, files=wish.files
    )
