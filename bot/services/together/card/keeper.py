"""Keeps the pinned card of every song true, between ``start`` and ``stop``, and after a restart where it stood. It knows no Discord.

Whatever changes a song counts it (``card_wanted``) in its own transaction; a card that shows fewer (``card_shown``) is edited. One
change is shown half a second later, words and picture at once, in one edit; of many in a row, words follow every two seconds and the
picture when they pause. The sound comes when it is made: until then there is none, rather than one that is not true any more.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

import structlog

from bot.services.clock import utc_now
from bot.services.model import File
from bot.services.together.card.making import Cards
from bot.services.together.card.model import Card, CardFiles, CardPausedError, CardPresenter
from core.errors import NotFoundError, PermissionDeniedError, RenderError, StorageError, TuttiError
from db.engine import Database, unbroken
from db.repositories.cards import CardCounts, CardRepository
from db.repositories.shared_songs import SharedSongRepository

_log = structlog.stdlib.get_logger(__name__)

MAY_NOT_PIN = "I may not pin this card. Whoever manages this server can let me: the permission is called Pin Messages."
_RETRY_SECONDS = (5.0, 15.0, 60.0, 600.0)
_MAX_KEPT_SOUNDS = 8
_MAX_TRIES_TO_DRAW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPace:
    """How quick cards are; tests are in more of a hurry than people. All in seconds."""

    look: float = 0.5
    quiet: float = 0.5
    between_edits: float = 2.0
    retry: tuple[float, ...] = _RETRY_SECONDS


@dataclass(slots=True, eq=False)
class _Keeping:
    """What this process knows of one card. ``shown`` counts changes like the columns do."""

    shown: int = -1
    edited_at: float = float("-inf")
    notes: tuple[str, ...] = ()
    has_tried_to_pin: bool = False
    num_failures: int = 0
    retry_at: float = float("-inf")
    paused_at: int | None = None  # not to be tried again before there is more to show
    last: tuple[Card, CardFiles] | None = None  # as it was shown, until it rests
    sound: File | None = None
    sound_head_id: int | None = None  # of what the sound was made, or found impossible
    sound_task: asyncio.Task[None] | None = None


class CardKeeper:
    """Owns a task that looks for cards to be edited, one for each of those, and one for each sound."""

    def __init__(
        self,
        database: Database,
        *,
        cards: Cards,
        presenter: CardPresenter,
        pace: CardPace | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        serves: Callable[[int | None], bool] = lambda _guild_id: True,
    ) -> None:
        self._database = database
        self._cards = cards
        self._presenter = presenter
        self._pace = pace or CardPace()
        self._clock = clock
        self._sleep = sleep  # while changes gather
        self._serves = serves  # whether a server's cards are ours: other bots on this database keep those of theirs
        self._keepings: dict[int, _Keeping] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._with_sound: deque[_Keeping] = deque()
        self._looking: asyncio.Task[None] | None = None
        # Replies to people must not wait for cards, however many there are after a start.
        self._one_sound, self._few_pictures = asyncio.Semaphore(1), asyncio.Semaphore(2)

    def start(self) -> None:
        """Begin to look after the cards."""
        self._looking = asyncio.create_task(self._look_again_and_again(), name="cards")

    async def stop(self) -> None:
        """Let go of all cards; what they do not show yet, they show after the next start."""
        sounds = [each.sound_task for each in self._keepings.values() if each.sound_task is not None]
        tasks = [task for task in (self._looking, *self._tasks.values(), *sounds) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @unbroken
    async def wake(self, channel_id: int) -> None:
        """Try a card again at once: its thread may be open again."""
        async with self._database.reading() as session:
            song = await SharedSongRepository(session).of_channel(channel_id)
        keeping = None if song is None else self._keepings.get(song.id)
        if keeping is not None:
            keeping.paused_at, keeping.retry_at = None, float("-inf")

    async def renew(self, channel_id: int, message_ids: Collection[int]) -> None:
        """Make a card anew if it is among messages that were deleted."""
        song_id = await self._song_of_card(channel_id, message_ids)
        if song_id is not None:
            await self._touch(song_id)

    # --- looking ---------------------------------------------------------------------------------------------------

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self._look()
            except StorageError:
                _log.exception("cards_not_read")
            await asyncio.sleep(self._pace.look)

    async def _look(self) -> None:
        for shared_song_id, guild_id, wanted in await self._wanted():
            if not self._serves(guild_id):
                continue
            keeping = self._keepings.setdefault(shared_song_id, _Keeping())
            if keeping.paused_at == wanted or self._clock() < keeping.retry_at:
                continue
            if shared_song_id not in self._tasks:
                task = asyncio.create_task(self._keep_or_retry(shared_song_id, keeping), name=f"card-{shared_song_id}")
                self._tasks[shared_song_id] = task
                task.add_done_callback(lambda _, number=shared_song_id: self._tasks.pop(number, None))

    async def _keep_or_retry(self, shared_song_id: int, keeping: _Keeping) -> None:
        """Keep a card until it is true; what cannot be done now is done later."""
        with structlog.contextvars.bound_contextvars(shared_song_id=shared_song_id):
            try:
                await self._keep(shared_song_id, keeping)
                keeping.num_failures = 0
            except CardPausedError:
                counts = await self._counts(shared_song_id)
                keeping.paused_at = None if counts is None else counts.wanted
                _log.info("card_paused")
            except NotFoundError as error:
                if error.what != "channel":
                    self._retry_later(keeping, error)
                    return
                _log.info("song_home_gone")
                await self._close(shared_song_id)
            except TuttiError as error:
                self._retry_later(keeping, error)
            except Exception as error:  # noqa: BLE001 - one card's trouble must not be the others'
                _log.exception("card_broke")
                self._retry_later(keeping, error)

    def _retry_later(self, keeping: _Keeping, error: Exception) -> None:
        pauses = self._pace.retry
        pause_seconds = pauses[min(keeping.num_failures, len(pauses) - 1)]
        if isinstance(error, PermissionDeniedError):
            pause_seconds = pauses[-1]
        keeping.num_failures += 1
        keeping.retry_at = self._clock() + pause_seconds
        _log.warning("card_not_shown", error=type(error).__name__, pause_seconds=pause_seconds)

    # --- one card --------------------------------------------------------------------------------------------------

    async def _keep(self, shared_song_id: int, keeping: _Keeping) -> None:
        """Bring a card to show everything: changes first, then the sound."""
        while (counts := await self._counts(shared_song_id)) is not None:
            if counts.wanted > max(keeping.shown, counts.shown if keeping.last is None else -1):
                quiet_seconds = 0.0 if counts.message_id is None else self._pace.quiet  # a new song is not kept waiting
                await self._sleep(max(quiet_seconds, self._pause_seconds(keeping)))
                await self._show_changes(shared_song_id, keeping, since=counts)
            elif keeping.sound_task is not None:
                await asyncio.wait({keeping.sound_task}, timeout=self._pace.look)
                if keeping.sound_task.done():
                    keeping.sound_task = None
            elif self._has_new_sound(keeping):
                await asyncio.sleep(self._pause_seconds(keeping))
                await self._show_sound(shared_song_id, keeping)
            elif self._wants_sound(keeping):
                assert keeping.last is not None
                keeping.sound_task = asyncio.create_task(self._make_sound(keeping, keeping.last[0]), name="card-sound")
            else:
                await self._note_shown(shared_song_id, keeping.shown)
                self._rest(keeping)
                return

    async def _show_changes(self, shared_song_id: int, keeping: _Keeping, *, since: CardCounts) -> None:
        """Show what a song is like now: all of it, or its words only while changes come one after the other."""
        counts = await self._counts(shared_song_id)
        if counts is None:
            return
        card = await self._cards.gather(shared_song_id)
        if counts.wanted != since.wanted and counts.message_id is not None and keeping.edited_at > float("-inf"):
            await self._put(shared_song_id, keeping, counts, card, None)
            return
        try:
            files = await self._draw(keeping, card)
        except RenderError:
            if counts.message_id is not None:
                await self._put(shared_song_id, keeping, counts, card, None)  # words wait for no picture
            raise
        if keeping.sound_head_id == card.head_id:
            files = replace(files, sound=keeping.sound)
        await self._put(shared_song_id, keeping, counts, card, files)
        keeping.last, keeping.shown = (card, files), counts.wanted

    async def _draw(self, keeping: _Keeping, card: Card) -> CardFiles:
        """Return the picture of a card; one that could not be drawn again and again is given up until the next change.

        Raises:
            RenderError: when it is worth another try.
        """
        try:
            async with self._few_pictures:
                return await self._cards.draw(card)
        except RenderError:
            if keeping.num_failures < _MAX_TRIES_TO_DRAW:
                raise
            _log.exception("card_not_drawn")
            return CardFiles()

    async def _show_sound(self, shared_song_id: int, keeping: _Keeping) -> None:
        assert keeping.last is not None
        counts = await self._counts(shared_song_id)
        card, files = keeping.last
        if counts is None or counts.wanted > keeping.shown:
            return  # the changes go first, and bring this sound along if it is still true
        files = replace(files, sound=keeping.sound)
        await self._put(shared_song_id, keeping, counts, card, files)
        keeping.last = (card, files)

    def _wants_sound(self, keeping: _Keeping) -> bool:
        return keeping.last is not None and keeping.sound_head_id != keeping.last[0].head_id

    def _has_new_sound(self, keeping: _Keeping) -> bool:
        if keeping.last is None or keeping.sound is None:
            return False
        card, files = keeping.last
        return keeping.sound_head_id == card.head_id and files.sound is None

    async def _make_sound(self, keeping: _Keeping, card: Card) -> None:
        try:
            async with self._one_sound:
                keeping.sound = await self._cards.play(card)
        except Exception:  # noqa: BLE001 - a card without sound is still a card
            _log.exception("card_sound_broke")
            keeping.sound = None
        keeping.sound_head_id = card.head_id

    def _rest(self, keeping: _Keeping) -> None:
        """Let go of what is large: most cards rest. The newest sounds are kept, for changes that nobody hears."""
        keeping.last = None
        if keeping in self._with_sound:
            self._with_sound.remove(keeping)
        self._with_sound.append(keeping)
        if len(self._with_sound) > _MAX_KEPT_SOUNDS:
            oldest = self._with_sound.popleft()
            oldest.sound = oldest.sound_head_id = None

    # --- showing ---------------------------------------------------------------------------------------------------

    async def _put(
        self, shared_song_id: int, keeping: _Keeping, counts: CardCounts, card: Card, files: CardFiles | None
    ) -> None:
        """Edit the card's message; where there is none, or it was deleted, post and pin a new one."""
        if counts.message_id is not None:
            try:
                is_pinned = await self._edit(keeping, card, files, counts.message_id)
            except NotFoundError as error:
                if error.what == "channel":
                    raise
                _log.info("card_message_gone")
            else:
                if not is_pinned and not keeping.has_tried_to_pin:
                    await self._pin(keeping, card, counts.message_id)
                return
        files = files or await self._draw(keeping, card)
        nonce = f"c{shared_song_id:x}-{counts.wanted:x}"
        message_id = await self._presenter.post(card, files, nonce=nonce, notes=keeping.notes)
        keeping.edited_at = self._clock()
        await self._note_message(shared_song_id, message_id)
        await self._pin(keeping, card, message_id)

    async def _edit(self, keeping: _Keeping, card: Card, files: CardFiles | None, message_id: int) -> bool:
        is_pinned = await self._presenter.edit(card, files, message_id=message_id, notes=keeping.notes)
        keeping.edited_at = self._clock()
        return is_pinned

    async def _pin(self, keeping: _Keeping, card: Card, message_id: int) -> None:
        """Pin a card; without the right to, say so in it, and go on."""
        keeping.has_tried_to_pin = True
        try:
            await self._presenter.pin(card.place, message_id)
        except PermissionDeniedError:
            _log.info("card_not_pinned")
            keeping.notes = (MAY_NOT_PIN,)
            await asyncio.sleep(self._pause_seconds(keeping))
            await self._edit(keeping, card, None, message_id)
        else:
            keeping.notes = ()

    def _pause_seconds(self, keeping: _Keeping) -> float:
        """Return how long until the card may be edited again."""
        return max(0.0, keeping.edited_at + self._pace.between_edits - self._clock())

    # --- the database ----------------------------------------------------------------------------------------------

    @unbroken
    async def _wanted(self) -> Sequence[tuple[int, int | None, int]]:
        async with self._database.reading() as session:
            return await CardRepository(session).wanted()

    @unbroken
    async def _counts(self, shared_song_id: int) -> CardCounts | None:
        async with self._database.reading() as session:
            return await CardRepository(session).counts(shared_song_id)

    @unbroken
    async def _song_of_card(self, channel_id: int, message_ids: Collection[int]) -> int | None:
        async with self._database.reading() as session:
            song = await SharedSongRepository(session).of_channel(channel_id, with_closed=True)
            return song.id if song is not None and song.card_message_id in message_ids else None

    @unbroken
    async def _touch(self, shared_song_id: int) -> None:
        async with self._database.writing() as session:
            await SharedSongRepository(session).touch(shared_song_id)

    @unbroken
    async def _note_shown(self, shared_song_id: int, shown: int) -> None:
        async with self._database.writing() as session:
            await CardRepository(session).note_shown(shared_song_id, shown)

    @unbroken
    async def _note_message(self, shared_song_id: int, message_id: int) -> None:
        async with self._database.writing() as session:
            await CardRepository(session).note_message(shared_song_id, message_id)

    @unbroken
    async def _close(self, shared_song_id: int) -> None:
        async with self._database.writing() as session:
            cards = CardRepository(session)
            await cards.close(shared_song_id, now=utc_now())
            counts = await cards.counts(shared_song_id)
            if counts is not None:
                await cards.note_shown(shared_song_id, counts.wanted)
