"""Blind votes of a shared song: opened, cast, closed, carried out. It knows no Discord and no SQL.

Options stand in an order shuffled by a stored seed, under letters; until a vote is over nobody learns what is behind a letter or how
many chose it. Every step is one transaction, so a vote survives anything, and is closed once, by whoever sees its end first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, Place
from bot.services.sampling import draw_seed
from bot.services.together.rights import rules_of
from bot.services.together.service import song_here
from bot.services.together.votes.choices import find_choices, shuffle_choices
from bot.services.together.votes.counting import Count, count_ballots, is_beyond_change
from bot.services.together.votes.model import (
    LETTERS,
    MAX_MINUTES,
    CastBallot,
    OpenVote,
    Reason,
    VoteOutcome,
    VotePaper,
    VoteView,
    VoteWish,
    outcome_of,
    paper_of,
    title_of_vote,
    to_json,
)
from bot.services.together.votes.outcome import carry_out
from bot.services.together.votes.rights import admit_voter, check_may_close, check_may_open
from bot.services.together.votes.view import present_choices, view_vote
from core.errors import InputError, NotFoundError
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.votes import NewVote, VoteRepository
from db.shared_tables import SharedSong, Vote

_log = structlog.stdlib.get_logger(__name__)

_SHOWN_AGAIN_FOR = timedelta(days=1)  # an outcome that could not be shown for so long is not tried any more
_BEING_POSTED_FOR = timedelta(seconds=20)  # whoever opened a vote is still making its sounds
_MAX_LISTED = 10


class Votes:
    """Lets people choose together."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @unbroken
    async def start(
        self, author: Author, place: Place, wish: VoteWish, *, message_id: int | None = None, reply_token: str = ""
    ) -> VoteView:
        """Open a vote of the song that lives in a place. ``message_id`` will show it; ``reply_token``: how to reach that.

        Raises:
            InputError: when no song lives here, there is nothing to choose from, or it is being voted on already.
            PermissionDeniedError: when they do not edit the song.
        """
        if wish.minutes is not None and not 1 <= wish.minutes <= MAX_MINUTES:
            raise InputError("A vote is open for 1 minute to 7 days. Choose a number of minutes in that range.")
        now = self._now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await check_may_open(session, song, author)
            choices = await find_choices(session, song, wish)
            wanted = {choice.revision_id for choice in choices}
            for other, _ in await VoteRepository(session).open_of(song.id):
                if {choice.revision_id for choice in paper_of(other.options).choices} == wanted:
                    raise InputError(f"That is being voted on already: vote {other.id}. /vote list shows where.")
            seed, rules = draw_seed(None), rules_of(song)
            new = NewVote(
                shared_song_id=song.id,
                kind=wish.kind,
                opened_by_id=user.id,
                options=to_json(
                    VotePaper(choices=shuffle_choices(choices, seed=seed), seed=seed, reply_token=reply_token)
                ),
                threshold=rules.vote_threshold,
                quorum=rules.vote_quorum,
                message_id=message_id,
                closes_at=None if wish.minutes is None else now + timedelta(minutes=wish.minutes),
            )
            vote = await VoteRepository(session).add(new, now=now)
            await SharedSongRepository(session).touch(song.id)
            view = await view_vote(session, song, vote)
        _log.info("vote_opened", vote_id=view.vote_id, kind=wish.kind, num_choices=len(choices))
        return view

    @unbroken
    async def cast(self, author: Author, vote_id: int, choice: int) -> CastBallot:
        """Take somebody's ballot, which replaces an earlier one; the last that was missing closes the vote.

        Raises:
            InputError: when the vote is over, or what they chose was deleted.
            NotFoundError: when there is no such vote.
            PermissionDeniedError: when they may not vote.
        """
        now = self._now()
        async with self._database.writing() as session:
            song, vote = await _find(session, vote_id)
            if vote.closed_at is not None:
                raise InputError("This vote is over. Its message says how it ended.")
            user = await admit_voter(session, song, author)
            present = await present_choices(session, paper_of(vote.options))
            if choice not in present:
                letters = ", ".join(LETTERS[each] for each in sorted(present)) or "none of them"
                raise InputError(f"That option was deleted meanwhile. There still is: {letters}.")
            before = await VoteRepository(session).cast(vote.id, user.id, choice=choice, now=now)
            await self._close_if_settled(session, song, vote)
            await SharedSongRepository(session).touch(song.id)
            return CastBallot(vote=await view_vote(session, song, vote), choice=choice, before=before)

    @unbroken
    async def close(self, author: Author, vote_id: int, *, winner: int | None = None) -> VoteView:
        """Close a vote as it stands or, for the host, with any winner; one that nobody won can still be decided by the host.

        Raises:
            InputError: when it is over, or there is no such option.
            NotFoundError: when there is no such vote.
            PermissionDeniedError: when it is not theirs to close.
        """
        async with self._database.writing() as session:
            song, vote = await _find(session, vote_id)
            await check_may_close(session, song, vote, author, is_overriding=winner is not None)
            done, paper = outcome_of(vote.outcome), paper_of(vote.options)
            if done is not None and (winner is None or done.winner is not None):
                raise InputError("This vote is over. Its message says how it ended.")
            if winner is not None and winner not in await present_choices(session, paper):
                raise InputError(f"Choose one of {', '.join(LETTERS[: len(paper.choices)])} that was not deleted.")
            count = await _count(session, song, vote)
            if winner is not None:
                count = replace(count, verdict="won", winner=winner)
            await self._close(session, song, vote, count, reason="host")
            return await view_vote(session, song, vote)

    @unbroken
    async def sweep(self) -> tuple[int, ...]:
        """Close the votes whose time is out or that nobody is missing in any more, and return their numbers."""
        async with self._database.reading() as session:
            due = await VoteRepository(session).over(self._now())
        return tuple([vote_id for vote_id in due if await self._close_if_over(vote_id)])

    @unbroken
    async def view(self, vote_id: int) -> VoteView:
        """Return a vote as it stands.

        Raises:
            NotFoundError: when there is no such vote.
        """
        async with self._database.reading() as session:
            return await view_vote(session, *await _find(session, vote_id))

    @unbroken
    async def open_votes(self, shared_song_id: int) -> tuple[OpenVote, ...]:
        """Return the open votes of a song in short, oldest first."""
        async with self._database.reading() as session:
            return await open_votes_of(session, shared_song_id)

    @unbroken
    async def listed(self, author: Author, place: Place) -> tuple[VoteView, ...]:
        """Return the newest votes of the song that lives in a place, newest first.

        Raises:
            InputError: when no song lives here.
        """
        del author  # everybody who can read the thread may know of its votes
        async with self._database.reading() as session:
            song = await song_here(session, place)
            votes = await VoteRepository(session).newest_of(song.id, limit=_MAX_LISTED)
            return tuple([await view_vote(session, song, vote) for vote in votes])

    @unbroken
    async def unshown(self) -> tuple[int, ...]:
        """Return the votes whose message is behind: never posted, or closed without telling."""
        async with self._database.reading() as session:
            repository, now = VoteRepository(session), self._now()
            opened = await repository.opened_between(now - _SHOWN_AGAIN_FOR, now - _BEING_POSTED_FOR)
            waiting = [vote.id for vote in opened if not paper_of(vote.options).is_posted]
            for vote in await repository.closed_since(now - _SHOWN_AGAIN_FOR):
                outcome = outcome_of(vote.outcome)
                if outcome is not None and not outcome.is_shown:
                    waiting.append(vote.id)
            return tuple(waiting)

    @unbroken
    async def mark_shown(self, view: VoteView, *, message_id: int | None) -> None:
        """Note that a message shows a vote as ``view`` has it; None: there is nowhere to show it any more."""
        async with self._database.writing() as session:
            _, vote = await _find(session, view.vote_id)
            vote.message_id = message_id or vote.message_id
            vote.options = to_json(replace(paper_of(vote.options), is_posted=True, reply_token=""))
            if view.outcome is not None and outcome_of(vote.outcome) == view.outcome:
                vote.outcome = to_json(replace(view.outcome, is_shown=True))
            if message_id is not None:
                await SharedSongRepository(session).touch(vote.shared_song_id)

    # --- ending ----------------------------------------------------------------------------------------------------

    @unbroken
    async def _close_if_over(self, vote_id: int) -> bool:
        now = self._now()
        async with self._database.writing() as session:
            song, vote = await _find(session, vote_id)
            if vote.closed_at is None and vote.closes_at is not None and vote.closes_at <= now:
                return await self._close(session, song, vote, await _count(session, song, vote), reason="time")
            return await self._close_if_settled(session, song, vote)

    async def _close_if_settled(self, session: AsyncSession, song: SharedSong, vote: Vote) -> bool:
        count = await _count(session, song, vote)
        reason = await _reason_to_end(session, song, vote, count)
        return reason is not None and await self._close(session, song, vote, count, reason=reason)

    async def _close(
        self, session: AsyncSession, song: SharedSong, vote: Vote, count: Count, *, reason: Reason
    ) -> bool:
        """Close a vote and carry out what was decided, in this transaction; return whether it was for us to close."""
        outcome = VoteOutcome(reason=reason, verdict=count.verdict, counts=count.counts, winner=count.winner)
        now, is_open = self._now(), vote.closed_at is None
        if is_open and not await VoteRepository(session).close(vote.id, outcome=to_json(outcome), now=now):
            return False
        if outcome.winner is not None:
            outcome = await carry_out(session, song, vote, paper_of(vote.options).choices[outcome.winner], outcome)
        vote.outcome, vote.closed_at = to_json(outcome), now
        await SharedSongRepository(session).touch(song.id)
        _log.info("vote_closed", vote_id=vote.id, reason=reason, verdict=outcome.verdict, taken=outcome.taken)
        return True


async def open_votes_of(session: AsyncSession, shared_song_id: int) -> tuple[OpenVote, ...]:
    """Return the open votes of a song in short, oldest first, in one query."""
    return tuple(
        OpenVote(
            vote_id=vote.id,
            title=title_of_vote(vote.id, vote.kind, len(paper_of(vote.options).choices)),
            message_id=vote.message_id,
            num_ballots=num_ballots,
            closes_at=vote.closes_at,
        )
        for vote, num_ballots in await VoteRepository(session).open_of(shared_song_id)
    )


async def _find(session: AsyncSession, vote_id: int) -> tuple[SharedSong, Vote]:
    vote = await VoteRepository(session).find(vote_id)
    if vote is None:
        raise NotFoundError(what="vote", identifier=str(vote_id))
    return await session.get_one(SharedSong, vote.shared_song_id), vote


async def _count(session: AsyncSession, song: SharedSong, vote: Vote) -> Count:
    """Count the ballots of those who still may vote, for options that are still there; alone, one is enough."""
    repository, paper = VoteRepository(session), paper_of(vote.options)
    voters = await repository.voters(song.id, with_listeners=rules_of(song).listeners_vote)
    present = await present_choices(session, paper)
    ballots = await repository.ballots(vote.id)
    editors = await repository.voters(song.id, with_listeners=False)
    return count_ballots(
        (choice for user_id, choice in ballots.items() if user_id in voters and choice in present),
        num_options=len(paper.choices),
        threshold=vote.threshold,
        quorum=min(vote.quorum, max(len(editors), 1)),
    )


async def _reason_to_end(session: AsyncSession, song: SharedSong, vote: Vote, count: Count) -> Reason | None:
    """Return why a vote is over before its time, None when it goes on."""
    repository = VoteRepository(session)
    editors = await repository.voters(song.id, with_listeners=False)
    missing = editors - set(await repository.ballots(vote.id))
    if not count.num_ballots:
        return None
    if not missing:
        return "alone" if len(editors) == 1 else "everybody"
    return "decided" if is_beyond_change(count, num_missing=len(missing), threshold=vote.threshold) else None
