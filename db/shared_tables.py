"""The mapped classes of songs made together: home, members, branches, states, and what people agree on about them.

A shared song is a song with a home channel. States, rules and decisions are opaque: the services wrote them and read them.
It knows nothing of sessions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class SharedSong(Base):
    """A song with a home. ``card_wanted`` counts its changes; the pinned card shows all up to ``card_shown``.

    ``closed_at``: its thread is gone or its host ended it; everything stays, nothing is added.
    """

    __tablename__ = "shared_songs"
    __table_args__ = (
        # Only the few whose cards are behind are in it.
        Index(
            "ix_shared_songs_card_behind",
            "id",
            postgresql_where=sql("card_wanted > card_shown"),
            sqlite_where=sql("card_wanted > card_shown"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    song_id: Mapped[int] = mapped_column(ForeignKey("songs.id"), unique=True)
    guild_id: Mapped[int | None] = mapped_column(index=True)
    channel_id: Mapped[int] = mapped_column(unique=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str] = mapped_column(String(100))
    licence: Mapped[str] = mapped_column(String(20))
    rules: Mapped[dict[str, Any]]
    card_message_id: Mapped[int | None]
    card_wanted: Mapped[int] = mapped_column(default=1)
    card_shown: Mapped[int] = mapped_column(default=0)
    forked_from_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class SongMember(Base):
    """Somebody in a song. ``role``: host, editor or listener. ``branch_id``: where their work goes; None: main."""

    __tablename__ = "song_members"

    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(10))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branches.id"))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class Branch(Base):
    """A name for a line of work. Its head moves only by compare and swap."""

    __tablename__ = "branches"
    __table_args__ = (UniqueConstraint("shared_song_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    name: Mapped[str] = mapped_column(String(40))
    head_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class RevisionState(Base):
    """Layers and origins of a revision, as bytes. ``branch_id`` None: a candidate that no branch took."""

    __tablename__ = "revision_states"
    __table_args__ = (Index("ix_revision_states_shared_song_id_revision_id", "shared_song_id", "revision_id"),)

    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), primary_key=True, autoincrement=False)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branches.id"), index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class SongTag(Base):
    """A name that somebody gave a revision."""

    __tablename__ = "song_tags"
    __table_args__ = (UniqueConstraint("shared_song_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    name: Mapped[str] = mapped_column(String(40))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]


class Claim(Base):
    """Bars or a layer that somebody works on for a while. ``user_id`` None: the bot. Bars count from 0; None: all of them."""

    __tablename__ = "claims"
    __table_args__ = (
        Index("ix_claims_shared_song_id_ended_at", "shared_song_id", "ended_at"),
        Index("ix_claims_ended_at_expires_at", "ended_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    layer_id: Mapped[str | None] = mapped_column(String(16))
    start_bar: Mapped[int | None]
    stop_bar: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Turn(Base):
    """A place in the queue of players. Started and not ended: it is their turn. ``user_id`` None: the bot.

    ``unsaid``: what is still to be said of it in the thread; at ``unsaid_at`` somebody began, and has a while for it.
    """

    __tablename__ = "turns"
    __table_args__ = (
        Index("ix_turns_shared_song_id_ended_at", "shared_song_id", "ended_at"),
        Index("ix_turns_ended_at_ends_at", "ended_at", "ends_at"),
        # Nearly every turn was said: only those that were not are indexed.
        Index(
            "ix_turns_unsaid", "id", postgresql_where=sql("unsaid IS NOT NULL"), sqlite_where=sql("unsaid IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(12))
    unsaid: Mapped[str | None] = mapped_column(String(12))
    unsaid_at: Mapped[datetime | None]


class Vote(Base):
    """A blind choice between revisions. ``options`` holds them in the order in which they are shown."""

    __tablename__ = "votes"
    __table_args__ = (
        Index("ix_votes_shared_song_id_closed_at", "shared_song_id", "closed_at"),
        Index("ix_votes_closed_at_closes_at", "closed_at", "closes_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    kind: Mapped[str] = mapped_column(String(10))
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    options: Mapped[dict[str, Any]]
    threshold: Mapped[float]
    quorum: Mapped[int]
    message_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None]


class Ballot(Base):
    """One person's choice, by place in the vote's options; the last one counts."""

    __tablename__ = "ballots"

    vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    choice: Mapped[int]
    cast_at: Mapped[datetime]


class SongComment(Base):
    """What somebody says about a bar (from 0), of one layer or of all."""

    __tablename__ = "song_comments"
    __table_args__ = (Index("ix_song_comments_shared_song_id_resolved_at", "shared_song_id", "resolved_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    layer_id: Mapped[str | None] = mapped_column(String(16))
    bar: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    message_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)


class MergeDraft(Base):
    """A merge that somebody is deciding on. ``decisions`` maps conflicts to what is kept of them."""

    __tablename__ = "merge_drafts"
    __table_args__ = (Index("ix_merge_drafts_shared_song_id_closed_at", "shared_song_id", "closed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shared_song_id: Mapped[int] = mapped_column(ForeignKey("shared_songs.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    into_branch_id: Mapped[int] = mapped_column(ForeignKey("branches.id"))
    ours_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    theirs_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    base_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    decisions: Mapped[dict[str, Any]]
    message_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(12))


class Ranker(Base):
    """What a server's votes have taught, if it asked for that."""

    __tablename__ = "rankers"

    guild_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
