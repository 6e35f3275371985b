"""Wishes in plain words: in ``/generate prompt``, and in messages that mention the bot or answer one of its results.

It turns them to orders at the desk's services, and knows nothing of how words are read or music is made.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import discord
import structlog

from bot.error_messages import explain
from bot.services.model import Author, FromRevision, JobOrder, Place, RevisionView, Source
from bot.services.options import GenerateOptions, Options
from bot.services.reading.description import facts_of
from bot.services.words.intents import Intent, read_intent
from bot.services.words.prompt_options import generate_options
from bot.services.words.prompts import understand
from bot.services.words.understanding import Understood
from bot.ui.answers import Ticket, author_of, place_of
from bot.ui.courier import Courier, ReplyAddress
from bot.ui.desk import Desk
from bot.ui.embeds.conversation import heard_embed, note_embed, puzzled_embed, talk_embed
from bot.ui.embeds.description import description_embed
from bot.ui.embeds.explanation import explanation_embed
from bot.ui.embeds.progress import error_embed
from bot.ui.gate import visitor_of_message
from bot.ui.message_answers import (
    acknowledge_message,
    answer_message,
    author_of_message,
    place_of_message,
    refuse_privately,
    report_to_message,
)
from bot.ui.sources import MUSIC_SUFFIXES
from bot.ui.waiting import abandon, note_message, settle
from core.errors import LimitError, NoMusicError, NotFoundError, PermissionDeniedError, TuttiError
from core.log import bound_context

_log = structlog.stdlib.get_logger(__name__)

_NOTHING_BEFORE = "There is no result of mine in this channel yet. Write something first, or answer one of my results."
_HOW_TO_DELETE = (
    "I delete nothing by words, so that nobody does by mistake: choose Delete in the More menu under the result."
)
_DOING = {"explain": "describe", "thanks": "help", "delete": "help", "nothing": "help"}
"""What an intent is called where servers say who may do what, unless by its own name."""


# --- words in a command --------------------------------------------------------------------------------------------


async def heed_words(
    desk: Desk, interaction: discord.Interaction[Any], prompt: str, *, given: GenerateOptions, num_takes: int
) -> tuple[GenerateOptions, int]:
    """Return options that follow a wish in plain words where ``given`` leaves them free, and how many takes are wished.

    Raises:
        InputError: for wishes that exclude each other, or that refer to a result that is not there.
    """
    language = (await desk.services.keeping.rules.of(interaction.guild_id)).language
    understood = understand(prompt, language=language)
    last = await _newest(desk, place_of(interaction), author_of(interaction)) if understood.like_last else None
    options = generate_options(understood, given=given, last=_made_with(last))
    return options, num_takes if num_takes > 1 else understood.num_takes or 1


async def _newest(desk: Desk, place: Place, author: Author) -> RevisionView:
    """Return the newest result in a place; in the thread of a shared song, the head of the person's branch."""
    try:
        head_id = await desk.services.together.songs.head_here(place, author=author)
        if head_id is not None:
            return await desk.services.songs.revision(head_id)
        return await desk.services.songs.newest_in_channel(place)
    except NotFoundError as error:
        raise NoMusicError(_NOTHING_BEFORE) from error


def _made_with(revision: RevisionView | None) -> GenerateOptions | None:
    """Return what a result was made with, as far as it says how to write another one."""
    if revision is None:
        return None
    return revision.options if isinstance(revision.options, GenerateOptions) else GenerateOptions()


class _UnshownError(TuttiError):
    """An answer stands there, and Discord did not take what was to become of it."""


# --- words in a message --------------------------------------------------------------------------------------------


class Conversation:
    """Carries out what people write to the bot. ``courier`` edits answers that become something else."""

    def __init__(self, desk: Desk, courier: Courier) -> None:
        self._desk = desk
        self._courier = courier

    async def heed(self, message: discord.Message, words: str) -> None:
        """Do what a message asks for; whatever goes wrong ends in one sentence under it."""
        if self._desk.repeats.is_repeat(message.id):
            return
        waiting = self._desk.services.acknowledgements
        with bound_context(message_id=message.id, guild_id=place_of_message(message).guild_id):
            try:
                await self._heed(message, words)
            except _UnshownError:
                abandon(waiting, message.id)
            except Exception as error:  # noqa: BLE001 - discord.py would only log what a listener raises
                if await report_to_message(message, error):
                    settle(waiting, message.id)
                else:
                    abandon(waiting, message.id)
            else:
                settle(waiting, message.id)

    async def _heed(self, message: discord.Message, words: str) -> None:
        target = await self._target(message)
        place = place_of_message(message)
        language = (await self._desk.services.keeping.rules.of(place.guild_id)).language
        intent = read_intent(words, is_reply=target is not None or _has_music(message), language=language)
        try:
            await self._desk.services.keeping.gate.admit(visitor_of_message(message), _doing(intent))
        except LimitError as refusal:
            if self._desk.services.keeping.gate.tells_refusal(visitor_of_message(message)):
                await refuse_privately(message, refusal)
            return
        except PermissionDeniedError as refusal:
            await refuse_privately(message, refusal)
            return
        is_bare_file = _has_music(message) and not words
        said = None if is_bare_file else _said_at_once(intent, words)
        if said is not None:
            await answer_message(message, embed=said)
            return
        await note_message(self._desk.services.acknowledgements, message)
        match intent.kind:
            case "write":
                await self._write(message, intent, target)
            case "work":
                assert intent.options is not None
                await self._work(message, intent, intent.options, target)
            case "again" | "undo" | "redo":
                await self._step(message, intent, target)
            case "explain":
                await self._explain(message, intent, target)
            case _:  # a question what something is like, or a file without a word
                await self._describe(message, intent, target)

    # --- one kind each ---------------------------------------------------------------------------------------------

    async def _write(self, message: discord.Message, intent: Intent, target: RevisionView | None) -> None:
        """Order a new piece; in reply to a result it stands beside that one in its song."""
        understood = intent.understood
        last = target or (await self._newest_for(message) if understood.like_last else None)
        is_like_last = understood.like_last or (target is not None and understood.genre is None)  # "make it a waltz"
        options = generate_options(understood, last=_made_with(last) if is_like_last else None)
        ticket = await acknowledge_message(message, heard_embed(intent))
        parent_id = last.revision_id if last is not None and (target is not None or understood.like_last) else None
        await self._submit(ticket, options, parent_id=parent_id, understood=understood)

    async def _work(
        self, message: discord.Message, intent: Intent, options: Options, target: RevisionView | None
    ) -> None:
        source = await self._source(message, target)
        ticket = await acknowledge_message(message, heard_embed(intent))
        await self._submit(ticket, options, source=source, understood=intent.understood)

    async def _step(self, message: discord.Message, intent: Intent, target: RevisionView | None) -> None:
        """Make a result again, or go a step back or forward from it."""
        revision = target or await self._newest_for(message)
        author, place = author_of_message(message), place_of_message(message)
        services = self._desk.services
        if intent.kind == "again":
            order = await services.songs.order_again(revision.revision_id, author=author, place=place, reply_token="")
        elif intent.kind == "undo":
            order = await services.keeping.undoing.undo_order(revision.revision_id, author=author, place=place)
        else:
            order = await services.keeping.undoing.redo_order(revision.revision_id, author=author, place=place)
        ticket = await acknowledge_message(message, heard_embed(intent))
        num_takes = intent.understood.num_takes or order.num_takes
        order = replace(
            order, reply_token=ticket.reply_token, size_limit_bytes=ticket.size_limit_bytes, num_takes=num_takes
        )
        await self._order(ticket, order)

    async def _describe(self, message: discord.Message, intent: Intent, target: RevisionView | None) -> None:
        source = await self._source(message, target)
        ticket = await acknowledge_message(message, heard_embed(intent))
        address = ReplyAddress.decode(ticket.reply_token)
        async with self._refusing(address):
            portrait = await self._desk.services.descriptions.describe(source, author=ticket.author, place=ticket.place)
            await self._courier.edit(address, embed=description_embed(portrait.description.title, facts_of(portrait)))

    async def _explain(self, message: discord.Message, intent: Intent, target: RevisionView | None) -> None:
        source = await self._source(message, target)
        ticket = await acknowledge_message(message, heard_embed(intent))
        address = ReplyAddress.decode(ticket.reply_token)
        async with self._refusing(address):
            report = await self._desk.services.descriptions.explain(source)
            await self._courier.edit(address, embed=explanation_embed(report))

    # --- shared ----------------------------------------------------------------------------------------------------

    async def _target(self, message: discord.Message) -> RevisionView | None:
        """Return the result that a message answers, if it answers one."""
        reference = message.reference
        if reference is None or reference.message_id is None:
            return None
        place = place_of_message(message)  # a message can be forwarded from anywhere
        try:
            return await self._desk.services.songs.revision_of_message(reference.message_id, place=place)
        except NotFoundError:
            return None

    async def _source(self, message: discord.Message, target: RevisionView | None) -> Source:
        """Return the music at hand: of the result answered, attached, of the message answered, or the newest here."""
        if target is not None:
            return FromRevision(revision_id=target.revision_id)
        if _has_music(message):
            return await self._desk.finder.find_in(message, place=place_of_message(message))
        answered = None if message.reference is None else message.reference.resolved
        if isinstance(answered, discord.Message) and _has_music(answered):
            return await self._desk.finder.find_in(answered, place=place_of_message(message))
        return FromRevision(revision_id=(await self._newest_for(message)).revision_id)

    async def _newest_for(self, message: discord.Message) -> RevisionView:
        return await _newest(self._desk, place_of_message(message), author_of_message(message))

    async def _submit(
        self,
        ticket: Ticket,
        options: Options,
        *,
        understood: Understood,
        source: Source | None = None,
        parent_id: int | None = None,
    ) -> None:
        order = JobOrder(
            author=ticket.author,
            place=ticket.place,
            options=options,
            source=source,
            parent_revision_id=parent_id,
            reply_token=ticket.reply_token,
            size_limit_bytes=ticket.size_limit_bytes,
        )
        if understood.num_takes is not None:
            order = replace(order, num_takes=understood.num_takes)
        await self._order(ticket, order)

    async def _order(self, ticket: Ticket, order: JobOrder) -> None:
        async with self._refusing(ReplyAddress.decode(ticket.reply_token)):
            await self._desk.services.jobs.submit(order)

    @contextlib.asynccontextmanager
    async def _refusing(self, address: ReplyAddress) -> AsyncGenerator[None]:
        """Let a refusal take the place of the acknowledgement, so that nothing promises what will not come."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it was, one answer stands already and becomes it
            explanation = explain(error)
            name = type(error).__name__
            if explanation.reference:
                _log.error("message_failed", error=name, reference=explanation.reference, exc_info=error)
            else:
                _log.info("message_refused", error=name)
            await self._show_refusal(address, explanation.text)

    async def _show_refusal(self, address: ReplyAddress, text: str) -> None:
        try:
            await self._courier.edit(address, embed=error_embed(text))
        except NotFoundError:
            _log.info("acknowledgement_gone")  # somebody removed it
        except PermissionDeniedError:  # embeds were forbidden meanwhile
            await self._courier.edit_plainly(address, text)
        except TuttiError as error:
            raise _UnshownError from error


def _said_at_once(intent: Intent, words: str) -> discord.Embed | None:
    """Return the answer to what asks for no music."""
    match intent.kind:
        case "help":
            return talk_embed("This is what I understand, for instance:")
        case "thanks":
            return talk_embed("With pleasure. More of it:")
        case "delete":
            return note_embed(_HOW_TO_DELETE)
        case "nothing":
            return puzzled_embed(intent, text=words)
        case _:
            return None


def _has_music(message: discord.Message) -> bool:
    return any(each.filename.lower().endswith(MUSIC_SUFFIXES) for each in message.attachments)


def _doing(intent: Intent) -> str:
    """Return the name of the command that would do the same, for what servers allow."""
    if intent.kind == "write":
        return "generate"
    if intent.options is None:
        return _DOING.get(intent.kind, intent.kind)
    kind = type(intent.options).__name__.removesuffix("Options").casefold()
    return "continue" if kind == "generate" else kind
