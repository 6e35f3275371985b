"""Reads votes into values. It opens no session and changes nothing."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Place
from bot.services.records import author_of
from bot.services.songs.graph import view_revisions
from bot.services.together.rights import rules_of
from bot.services.together.votes.model import VoteKind, VotePaper, VoteView, outcome_of, paper_of
from db.repositories.songs import SongRepository
from db.repositories.votes import VoteRepository
from db.shared_tables import SharedSong, Vote
from db.tables import User


async def view_vote(session: AsyncSession, song: SharedSong, vote: Vote) -> VoteView:
    """Return a vote as a value."""
    songs, repository, paper = SongRepository(session), VoteRepository(session), paper_of(vote.options)
    rows = [await songs.find(choice.revision_id) for choice in paper.choices]
    seen = await view_revisions(session, [row for row in rows if row is not None and row.piece_hash is not None])
    by_id = {view.revision_id: view for view in seen}
    voters = await repository.voters(song.id, with_listeners=rules_of(song).listeners_vote)
    editors = await repository.voters(song.id, with_listeners=False)
    ballots = await repository.ballots(vote.id)
    kind: VoteKind = "takes" if vote.kind == "takes" else "branches" if vote.kind == "branches" else "revisions"
    return VoteView(
        vote_id=vote.id,
        shared_song_id=song.id,
        place=Place(guild_id=song.guild_id, channel_id=song.channel_id),
        song_title=song.title,
        kind=kind,
        opened_by=author_of(await session.get_one(User, vote.opened_by_id)),
        paper=paper,
        revisions=tuple(by_id.get(choice.revision_id) for choice in paper.choices),
        threshold=vote.threshold,
        quorum=min(vote.quorum, max(len(editors), 1)),
        num_ballots=len(voters.intersection(ballots)),
        num_voters=len(editors),
        message_id=vote.message_id,
        closes_at=vote.closes_at,
        outcome=outcome_of(vote.outcome),
    )


async def present_choices(session: AsyncSession, paper: VotePaper) -> frozenset[int]:
    """Return the places of the options that were not deleted."""
    songs = SongRepository(session)
    rows = [await songs.find(choice.revision_id) for choice in paper.choices]
    return frozenset(place for place, row in enumerate(rows) if row is not None and row.piece_hash is not None)
