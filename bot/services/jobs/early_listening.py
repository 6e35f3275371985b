"""The first bars of a piece as sound, while the rest is still being written. It knows neither Discord nor networks.

What is heard early is a courtesy: whatever goes wrong here, the job goes on, and the reply does not depend on it.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from bot.services.model import EarlySound, File
from bot.services.ports import MediaMaker
from bot.services.replies.sound import SoundOf, usual_sound
from core.errors import TuttiError
from inference.protocol import FinishedBars
from media.protocol import AudioFormat

_log = structlog.stdlib.get_logger(__name__)

NUM_FIRST_BARS = 4
SLOW_BAR_SECONDS = 0.75  # slower than this, people hear two bars before they hear four
_SIZE_LIMIT_BYTES = 2 * 2**20
_MIN_LEAD = (
    2.0  # times the rendering's own length that the rest must take: the reply's sound must not wait for this one
)


class EarlyListening:
    """Makes the first bars of one job audible; the newest that are ready are ``sound``. One rendering at a time."""

    def __init__(
        self,
        media: MediaMaker,
        *,
        job_id: int,
        audio_format: AudioFormat,
        worth_seconds: float,
        size_limit_bytes: int = _SIZE_LIMIT_BYTES,
        guild_id: int | None = None,
        sound_of: SoundOf = usual_sound,
    ) -> None:
        """``worth_seconds``: bars are rendered only if writing the rest takes at least so long, by the pace so far.

        ``sound_of`` and ``guild_id`` say how it sounds there, as the whole will.
        """
        self._size_limit_bytes = min(size_limit_bytes, _SIZE_LIMIT_BYTES)
        self._guild_id = guild_id
        self._sound_of = sound_of
        self.sound: EarlySound | None = None
        self._media = media
        self._job_id = job_id
        self._audio_format: AudioFormat = audio_format
        self._worth_seconds = worth_seconds
        self._next: FinishedBars | None = None
        self._end_seconds = 0.0  # when everything will be written, by the pace so far
        self._seconds_per_bar = 0.0  # of the last rendering
        self._task: asyncio.Task[None] | None = None

    def offer(self, bars: FinishedBars, *, elapsed_seconds: float) -> None:
        """Take in more finished bars, written in ``elapsed_seconds``; render them if they are worth it."""
        if self.sound is not None and bars.num_bars <= self.sound.num_bars:  # a repetition, after a worker was lost
            return
        bar_seconds = elapsed_seconds / max(bars.num_bars, 1)
        if bars.num_bars < NUM_FIRST_BARS and bar_seconds < SLOW_BAR_SECONDS:
            return
        rest_seconds = bar_seconds * (bars.num_total - bars.num_bars)
        if rest_seconds < self._worth_seconds or bars.piece.num_notes == 0:
            return
        self._end_seconds = time.monotonic() + rest_seconds
        self._next = bars
        if self._task is None or self._task.done():
            # Not ended with the job: a rendering that is called off costs the media worker and what it keeps.
            self._task = asyncio.create_task(self._render_newest(), name=f"early-bars-{self._job_id}")

    def close(self) -> None:
        """Begin no further rendering; one that is under way is used for the reply's own sound."""
        self._next = None

    async def _render_newest(self) -> None:
        while (bars := self._next) is not None:
            self._next = None
            start_seconds = time.monotonic()
            if self._end_seconds - start_seconds < _MIN_LEAD * self._seconds_per_bar * bars.num_bars:
                return
            try:
                wishes = await self._sound_of(self._guild_id)
                rendering = await self._media.render(
                    bars.piece,
                    size_limit_bytes=self._size_limit_bytes,
                    audio_format=wishes.audio_format or self._audio_format,
                    stop_ticks=bars.stop_ticks,
                    soundfont=wishes.soundfont,
                )
            except TuttiError as error:
                _log.info("early_bars_not_heard", job_id=self._job_id, error=type(error).__name__)
                return
            self._seconds_per_bar = (time.monotonic() - start_seconds) / bars.num_bars
            name = f"tutti-first-{bars.num_bars}-bars{rendering.filename_suffix}"
            file = File(filename=name, data=rendering.audio)
            self.sound = EarlySound(file=file, num_bars=bars.num_bars, num_total=bars.num_total)
            _log.info("early_bars_ready", job_id=self._job_id, num_bars=bars.num_bars)
