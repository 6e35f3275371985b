"""The desk: takes what a person asked for to the services. Commands, menus and buttons all come through here.

It knows how orders are made out of interactions, and nothing of how they are carried out or shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, cast

import discord

from bot.services.genres import GenreCounts
from bot.services.house.seals import Seals
from bot.services.jobs.acknowledgements import Acknowledgements
from bot.services.jobs.service import JobService
from bot.services.model import Author, FromRevision, JobOrder, Source
from bot.services.options import GenerateOptions, Options
from bot.services.people.keeping import Keeping
from bot.services.reading.description import DescriptionService, facts_of
from bot.services.songs.bounds import Bounds
from bot.services.songs.service import SongService
from bot.services.together.opening import Together
from bot.ui.answers import (
    ALREADY_ACKNOWLEDGED,
    THINKS,
    Ticket,
    acknowledge,
    author_of,
    place_of,
    report_error,
    show_privately,
)
from bot.ui.carried import check_press
from bot.ui.courier import ReplyAddress, send_again
from bot.ui.embeds.description import description_embed
from bot.ui.gate import PressGuard, Repeats, doing_of_press, visitor_of
from bot.ui.sources import SourceFinder
from bot.ui.waiting import abandon, note_interaction, settle
from core.errors import NotFoundError, PermissionDeniedError
from core.log import bound_context
from core.metrics import Metrics, NullMetrics

_SECONDS_TO_LOOK = 1.0
"""How long “thinking…” may wait for a look at what was asked, of the three seconds that Discord waits."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases that Discord users reach."""

    jobs: JobService
    songs: SongService
    descriptions: DescriptionService
    keeping: Keeping
    together: Together
    seals: Seals
    bounds: Bounds
    genres: GenreCounts = field(default_factory=GenreCounts)
    acknowledgements: Acknowledgements | None = None


class DeskClient(Protocol):
    """A Discord client that has a desk."""

    @property
    def desk(self) -> Desk:
        """The desk."""
        ...


def desk_of(interaction: discord.Interaction[Any]) -> Desk:
    """Return the desk of the client that an interaction reached."""
    return cast("DeskClient", interaction.client).desk


class Desk:
    """Makes orders out of commands and presses."""

    def __init__(
        self,
        services: Services,
        finder: SourceFinder,
        *,
        guard: PressGuard | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._services = services
        self._metrics = metrics or NullMetrics()
        self._finder = finder
        self._guard = guard or PressGuard(metrics=metrics)
        self.repeats = Repeats()

    @property
    def services(self) -> Services:
        """The use cases, for commands that answer at once."""
        return self._services

    @property
    def finder(self) -> SourceFinder:
        """Finds the music that somebody points at."""
        return self._finder

    async def admit(self, interaction: discord.Interaction[Any], doing: str) -> None:
        """Let somebody pass before anything is done for them; ``doing`` is the name of a command or a button.

        Raises:
            LimitError: when they ask too often.
            PermissionDeniedError: when this server keeps it for others, or for other channels.
        """
        await self._services.keeping.gate.admit(visitor_of(interaction), doing)

    def offers_words(self, interaction: discord.Interaction[Any]) -> bool:
        """Tell whether words are offered to somebody who types; not when they ask faster than anybody types."""
        return self._services.keeping.gate.offers_words(visitor_of(interaction))

    # --- commands and menus ----------------------------------------------------------------------------------------

    async def order_new(
        self,
        interaction: discord.Interaction[Any],
        options: GenerateOptions,
        *,
        file: discord.Attachment | None,
        num_takes: int = 1,
    ) -> None:
        """Order a new piece, or the continuation of an attached one."""

        async def order() -> JobOrder:
            source = None if file is None else await self._finder.download(file)
            return _order_of(interaction, options, source, num_takes=num_takes)

        await self.submit_after(interaction, order)

    async def order_from(
        self,
        interaction: discord.Interaction[Any],
        options: Options,
        *,
        file: discord.Attachment | None = None,
        link: str | None = None,
        num_takes: int = 1,
    ) -> None:
        """Order work on an attached file, a linked result, or the newest result in the channel."""

        async def order() -> JobOrder:
            source = await self._finder.find(interaction, file=file, link=link)
            return _order_of(interaction, options, source, num_takes=num_takes)

        await self.submit_after(interaction, order)

    async def order_from_message(
        self, interaction: discord.Interaction[Any], options: Options, *, message: discord.Message
    ) -> None:
        """Order work on the music of a message."""

        async def order() -> JobOrder:
            return _order_of(interaction, options, await self._finder.find_in(message, place=place_of(interaction)))

        await self.submit_after(interaction, order)

    async def describe_from(
        self, interaction: discord.Interaction[Any], *, file: discord.Attachment | None, link: str | None
    ) -> None:
        """Say what an attached file, a linked result, or the newest result in the channel is like."""
        await self.think_privately(interaction)
        await self._describe(interaction, await self._finder.find(interaction, file=file, link=link))

    async def describe_message(self, interaction: discord.Interaction[Any], *, message: discord.Message) -> None:
        """Say what the music of a message is like."""
        await self.think_privately(interaction)
        await self._describe(interaction, await self._finder.find_in(message, place=place_of(interaction)))

    # --- buttons ---------------------------------------------------------------------------------------------------

    async def guarded(
        self, interaction: discord.Interaction[Any], press: Callable[[], Awaitable[None]], *, custom_id: str
    ) -> None:
        """Carry out a button press once; its errors reach the person as those of commands do."""
        with bound_context(interaction_id=interaction.id, guild_id=interaction.guild_id):
            if self.repeats.is_repeat(interaction.id):
                return
            try:
                await self.admit(interaction, doing_of_press(custom_id))
                await check_press(interaction, seals=self._services.seals, bounds=self._services.bounds)
                self._guard.admit(interaction.user.id, custom_id)  # after the gate: what was refused is no press
                await press()
            except Exception as error:  # noqa: BLE001 - discord.py would only log what a button raises
                await self.report(interaction, error)
            else:
                self.settle(interaction)

    async def press_again(self, interaction: discord.Interaction[Any], revision_id: int, *, num_takes: int = 1) -> None:
        """Repeat what made a revision, with a new seed."""

        async def order() -> JobOrder:
            author, place = author_of(interaction), place_of(interaction)
            again = await self._services.songs.order_again(revision_id, author=author, place=place, reply_token="")
            return replace(again, num_takes=num_takes)

        await self.submit_after(interaction, order)

    async def order_from_revision(
        self, interaction: discord.Interaction[Any], options: Options, revision_id: int, *, num_takes: int = 1
    ) -> None:
        """Order work on an earlier result."""
        await self.order_on(interaction, options, FromRevision(revision_id=revision_id), num_takes=num_takes)

    async def order_on(
        self, interaction: discord.Interaction[Any], options: Options, source: Source, *, num_takes: int = 1
    ) -> None:
        """Order work on music that we have at hand."""

        async def order() -> JobOrder:
            return _order_of(interaction, options, source, num_takes=num_takes)

        await self.submit_after(interaction, order)

    async def submit_after(
        self, interaction: discord.Interaction[Any], order: Callable[[], Coroutine[Any, Any, JobOrder]]
    ) -> None:
        """Acknowledge and store the job that ``order`` asks for; what can be seen to be impossible is refused before."""

        async def checked() -> JobOrder:
            made = await order()
            await self._services.jobs.check(made)
            return made

        ticket, made = await self.acknowledge_after(interaction, checked)
        await self._services.jobs.submit(
            replace(made, reply_token=ticket.reply_token, size_limit_bytes=ticket.size_limit_bytes)
        )

    async def press_delete(self, interaction: discord.Interaction[Any], revision_id: int) -> None:
        """Forget a revision and remove its message, for its author or a moderator."""

        async def delete() -> None:
            await self._services.songs.delete(revision_id, by=await self.moderator_of(interaction))

        await self.press_delete_by(interaction, delete)

    async def press_delete_by(
        self, interaction: discord.Interaction[Any], delete: Callable[[], Awaitable[object]]
    ) -> None:
        """Forget the music of a message by calling ``delete``, and remove the message."""
        await self.think_privately(interaction)
        await delete()
        text = "Deleted, music and message."
        try:
            if interaction.message is not None:
                await send_again(interaction.message.delete)
        except NotFoundError:
            pass  # somebody else removed the message meanwhile
        except PermissionDeniedError:
            text = "The music is deleted. I may not remove the message here: ask a moderator."
        await show_privately(interaction, text=text)

    async def moderator_of(self, interaction: discord.Interaction[Any]) -> Author:
        """Return who acts, as a moderator also if one of this server's roles makes them one."""
        author = author_of(interaction)
        is_moderator = author.is_moderator or await self._services.keeping.gate.moderates(visitor_of(interaction))
        return replace(author, is_moderator=is_moderator)

    async def press_cancel(self, interaction: discord.Interaction[Any], job_id: int) -> None:
        """Stop a running job of one's own."""
        await self.do_quietly(interaction, lambda: self._services.jobs.cancel(job_id, author=author_of(interaction)))

    # --- shared ----------------------------------------------------------------------------------------------------

    async def acknowledge(self, interaction: discord.Interaction[Any]) -> Ticket:
        """Acknowledge, and note how long the person waited for that by Discord's clock, which also counts the limit."""
        waiting = self._services.acknowledgements
        await note_interaction(waiting, interaction)
        ticket = await acknowledge(interaction)
        if waiting is not None:
            waiting.name_message(interaction.id, ReplyAddress.decode(ticket.reply_token).message_id)
        waited_seconds = (discord.utils.utcnow() - interaction.created_at).total_seconds()
        self._metrics.observe_acknowledge_seconds(max(0.0, waited_seconds))
        return ticket

    async def acknowledge_after(
        self, interaction: discord.Interaction[Any], look: Callable[[], Coroutine[Any, Any, _T]]
    ) -> tuple[Ticket, _T]:
        """Acknowledge once ``look`` has found what it looks for, or after a second; it changes nothing.

        What it refuses within that second is told to the person alone, as nobody has read “thinking…” yet.
        """
        looking = await self._begin(look)
        try:
            return await self.acknowledge(interaction), await looking
        finally:
            looking.cancel()

    async def do_quietly(
        self, interaction: discord.Interaction[Any], doing: Callable[[], Coroutine[Any, Any, _T]]
    ) -> _T:
        """Do what a press asks for and acknowledge it without showing anything; what is refused at once is told to the person alone."""
        task = await self._begin(doing)
        await send_again(lambda: _defer_quietly(interaction))
        return await task

    async def _begin(self, doing: Callable[[], Coroutine[Any, Any, _T]]) -> asyncio.Task[_T]:
        """Return the task of something that has succeeded, or takes long. Raises: what it raised by then."""
        task = asyncio.create_task(doing())
        await asyncio.wait({task}, timeout=_SECONDS_TO_LOOK)
        if task.done():
            task.result()
        return task

    async def think_privately(self, interaction: discord.Interaction[Any]) -> None:
        """Say “thinking…” to the person alone. Harmless when repeated."""
        await note_interaction(self._services.acknowledgements, interaction)

        async def defer() -> None:
            if interaction.response.is_done():
                return
            try:
                await interaction.response.defer(ephemeral=True, thinking=True)
            except discord.HTTPException as error:
                if error.code != ALREADY_ACKNOWLEDGED:  # the first attempt arrived after all
                    raise

        await send_again(defer)
        interaction.extras[THINKS] = True

    async def report(self, interaction: discord.Interaction[Any], error: Exception) -> None:
        """Tell the person what went wrong; whom Discord would not tell it is left to the apologies."""
        if await report_error(interaction, error):
            self.settle(interaction)
        else:
            abandon(self._services.acknowledgements, interaction.id)

    def settle(self, interaction: discord.Interaction[Any]) -> None:
        """Note that an interaction has its answer, or its job."""
        settle(self._services.acknowledgements, interaction.id)

    async def _describe(self, interaction: discord.Interaction[Any], source: Source) -> None:
        author, place = author_of(interaction), place_of(interaction)
        portrait = await self._services.descriptions.describe(source, author=author, place=place)
        await show_privately(interaction, embed=description_embed(portrait.description.title, facts_of(portrait)))


def _order_of(
    interaction: discord.Interaction[Any], options: Options, source: Source | None, *, num_takes: int = 1
) -> JobOrder:
    """Return what somebody asks for; where its answer goes is known once it is acknowledged."""
    return JobOrder(
        author=author_of(interaction),
        place=place_of(interaction),
        options=options,
        source=source,
        num_takes=num_takes,
    )


async def _defer_quietly(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge a press without showing anything; harmless when repeated."""
    if interaction.response.is_done():
        return
    try:
        await interaction.response.defer()
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:  # already acknowledged: the first attempt arrived after all
            raise
