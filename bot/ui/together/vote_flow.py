"""Votes of songs made together, from commands and presses to the services. It knows nothing of how votes are kept or counted."""

from __future__ import annotations

from typing import Any, Protocol, cast

import discord

from bot.services.together.votes.keeper import VoteKeeper
from bot.services.together.votes.model import LETTERS, VoteKind, VoteWish
from bot.ui.answers import author_of, place_of, show_privately
from bot.ui.courier import ReplyAddress
from bot.ui.desk import Desk
from bot.ui.options import split_names
from bot.ui.together.merge_flow import merge_branches
from bot.ui.together.vote_embeds import ballot_words, learned_embed, votes_embed
from core.errors import InputError, PermissionDeniedError
from core.whole_numbers import read_whole_number

MAIN = "main"


class VoteClient(Protocol):
    """A Discord client that keeps the messages of votes."""

    @property
    def vote_keeper(self) -> VoteKeeper:
        """What shows votes."""
        ...


def keeper_of(interaction: discord.Interaction[Any]) -> VoteKeeper:
    """Return what shows votes, of the client that an interaction reached."""
    return cast("VoteClient", interaction.client).vote_keeper


async def start_vote(desk: Desk, interaction: discord.Interaction[Any], wish: VoteWish) -> None:
    """Open a vote in a message that answers the interaction."""
    ticket = await desk.acknowledge(interaction)
    vote = await desk.services.together.votes.start(
        ticket.author,
        ticket.place,
        wish,
        message_id=ReplyAddress.decode(ticket.reply_token).message_id,
        reply_token=ticket.reply_token,
    )
    await keeper_of(interaction).show(vote.vote_id, is_new=True)


async def start_vote_by_names(
    desk: Desk,
    interaction: discord.Interaction[Any],
    kind: VoteKind,
    *,
    names: str,
    link: str | None,
    minutes: int | None,
) -> None:
    """Open a vote over what was typed: names with commas, or a link to the message of several takes."""
    message_id = None
    if link is not None:
        if kind != "takes":
            raise InputError(
                "A link leads to the takes of a message. To vote on states or branches, name them in names."
            )
        message_id = _message_of(link)
    wish = VoteWish(kind=kind, names=tuple(split_names(names)), message_id=message_id, minutes=minutes)
    await start_vote(desk, interaction, wish)


async def press_vote(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Open a vote over the takes of the message whose button was pressed."""
    message_id = None if interaction.message is None else interaction.message.id
    await start_vote(desk, interaction, VoteWish(kind="takes", message_id=message_id))


async def press_ballot(desk: Desk, interaction: discord.Interaction[Any], vote_id: int, choice: int) -> None:
    """Take a ballot, tell the person alone, and show all how many have voted, or how it ended."""
    ballot = await desk.services.together.votes.cast(author_of(interaction), vote_id, choice)
    await show_privately(interaction, text=ballot_words(ballot))
    await keeper_of(interaction).show(vote_id)


async def close_vote(
    desk: Desk, interaction: discord.Interaction[Any], *, vote_id: int | None, winner: str | None
) -> None:
    """Close a vote, without its number the only one that is open; the person is told, all see it in its message."""
    votes, author, place = desk.services.together.votes, await desk.moderator_of(interaction), place_of(interaction)
    if vote_id is None:
        song = await desk.services.together.songs.here(place, author=author)
        still_open = await votes.open_votes(song.shared_song_id)
        if len(still_open) != 1:
            numbers = ", ".join(str(vote.vote_id) for vote in still_open)
            raise InputError(f"Say which vote: {numbers} are open." if numbers else "No vote is open here.")
        vote_id = still_open[0].vote_id
    vote = await votes.close(author, vote_id, winner=None if winner is None else _place_of(winner))
    await show_privately(interaction, text=f"Vote {vote.vote_id} is closed. Its message says how it ended.")
    await keeper_of(interaction).show(vote_id)


async def list_votes(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Show the newest votes of the song that lives here to whoever asks."""
    votes = await desk.services.together.votes.listed(author_of(interaction), place_of(interaction))
    await show_privately(interaction, embed=votes_embed(votes))


async def press_merge_winner(desk: Desk, interaction: discord.Interaction[Any], vote_id: int) -> None:
    """Bring the state that won, as it was voted on, into main; its conflicts are asked as ever."""
    outcome = (await desk.services.together.votes.view(vote_id)).outcome
    if outcome is None or outcome.revision_id is None:
        raise InputError("This vote has no branch to merge. /branch merge takes any by name.")
    await merge_branches(desk, interaction, source=f"#{outcome.revision_id}", into=MAIN)


async def show_learned(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Show what this server's votes have taught to whoever asks."""
    learned = await desk.services.together.rankers.learned(interaction.guild_id)
    await show_privately(interaction, embed=learned_embed(learned))


async def forget_learned(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Forget what this server's votes have taught, for those who moderate it."""
    if not (await desk.moderator_of(interaction)).is_moderator:
        raise PermissionDeniedError(
            "Those with “Manage Messages” decide what I forget. Ask one of them for /vote forget."
        )
    was_there = await desk.services.together.rankers.forget(interaction.guild_id)
    text = "Forgotten: I begin anew with the next vote." if was_there else "There was nothing to forget."
    await show_privately(interaction, text=text)


def _place_of(letter: str) -> int:
    place = LETTERS.find(letter.strip().upper()[:1] or "-")
    if place < 0 or len(letter.strip()) != 1:
        raise InputError(f"Name the winner by its letter: {', '.join(LETTERS)}.")
    return place


def _message_of(link: str) -> int:
    number = read_whole_number(link.strip().strip("<>").rstrip("/").rpartition("/")[2])
    if number is None:
        raise InputError(
            "That is no link to a message. Right-click the message with the takes and choose Copy Message Link."
        )
    return number
