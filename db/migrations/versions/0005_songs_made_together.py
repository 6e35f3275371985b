"""Songs made together: their homes, members, branches and states, and what people agree on about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Written out here, not imported: a version must never change when db/base.py does.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_SHARE: sa.Double[float] = sa.Double()
_TABLES = (
    "shared_songs",
    "branches",
    "song_members",
    "revision_states",
    "song_tags",
    "claims",
    "turns",
    "votes",
    "ballots",
    "song_comments",
    "merge_drafts",
    "rankers",
)


def upgrade() -> None:
    """Add the tables, each after those that it names."""
    _create_shared_songs()
    _create_branches()
    _create_song_members()
    _create_revision_states()
    _create_song_tags()
    _create_claims()
    _create_turns()
    _create_votes()
    _create_ballots()
    _create_song_comments()
    _create_merge_drafts()
    _create_rankers()


def downgrade() -> None:
    """Take them away; songs and revisions stay as plain ones."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_shared_songs() -> None:
    op.create_table(
        "shared_songs",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("song_id", _NUMBER, nullable=False),
        sa.Column("guild_id", _NUMBER, nullable=True),
        sa.Column("channel_id", _NUMBER, nullable=False),
        sa.Column("host_id", _NUMBER, nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("licence", sa.String(length=20), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("card_message_id", _NUMBER, nullable=True),
        sa.Column("card_wanted", _NUMBER, nullable=False),
        sa.Column("card_shown", _NUMBER, nullable=False),
        sa.Column("forked_from_id", _NUMBER, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("fk_shared_songs_song_id_songs")),
        sa.ForeignKeyConstraint(["host_id"], ["users.id"], name=op.f("fk_shared_songs_host_id_users")),
        sa.ForeignKeyConstraint(
            ["forked_from_id"], ["revisions.id"], name=op.f("fk_shared_songs_forked_from_id_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_songs")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_shared_songs_channel_id")),
        sa.UniqueConstraint("song_id", name=op.f("uq_shared_songs_song_id")),
    )
    op.create_index(op.f("ix_shared_songs_guild_id"), "shared_songs", ["guild_id"])
    op.create_index(op.f("ix_shared_songs_host_id"), "shared_songs", ["host_id"])


def _create_branches() -> None:
    op.create_table(
        "branches",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("head_id", _NUMBER, nullable=False),
        sa.Column("author_id", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_branches_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["head_id"], ["revisions.id"], name=op.f("fk_branches_head_id_revisions")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_branches_author_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branches")),
        sa.UniqueConstraint("shared_song_id", "name", name=op.f("uq_branches_shared_song_id_name")),
    )
    op.create_index(op.f("ix_branches_head_id"), "branches", ["head_id"])


def _create_song_members() -> None:
    op.create_table(
        "song_members",
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("branch_id", _NUMBER, nullable=True),
        sa.Column("joined_at", _MOMENT, nullable=False),
        sa.Column("left_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_song_members_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_song_members_user_id_users")),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name=op.f("fk_song_members_branch_id_branches")),
        sa.PrimaryKeyConstraint("shared_song_id", "user_id", name=op.f("pk_song_members")),
    )
    op.create_index(op.f("ix_song_members_user_id"), "song_members", ["user_id"])


def _create_revision_states() -> None:
    op.create_table(
        "revision_states",
        sa.Column("revision_id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("branch_id", _NUMBER, nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_revision_states_revision_id_revisions")
        ),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_revision_states_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name=op.f("fk_revision_states_branch_id_branches")),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_revision_states")),
    )
    op.create_index(op.f("ix_revision_states_branch_id"), "revision_states", ["branch_id"])
    op.create_index(
        op.f("ix_revision_states_shared_song_id_revision_id"), "revision_states", ["shared_song_id", "revision_id"]
    )


def _create_song_tags() -> None:
    op.create_table(
        "song_tags",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("revision_id", _NUMBER, nullable=False),
        sa.Column("author_id", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_song_tags_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_song_tags_revision_id_revisions")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_song_tags_author_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_song_tags")),
        sa.UniqueConstraint("shared_song_id", "name", name=op.f("uq_song_tags_shared_song_id_name")),
    )
    op.create_index(op.f("ix_song_tags_revision_id"), "song_tags", ["revision_id"])


def _create_claims() -> None:
    op.create_table(
        "claims",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("layer_id", sa.String(length=16), nullable=True),
        sa.Column("start_bar", _NUMBER, nullable=True),
        sa.Column("stop_bar", _NUMBER, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("reminded_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_claims_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_claims_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_ended_at_expires_at"), "claims", ["ended_at", "expires_at"])
    op.create_index(op.f("ix_claims_shared_song_id_ended_at"), "claims", ["shared_song_id", "ended_at"])
    op.create_index(op.f("ix_claims_user_id"), "claims", ["user_id"])


def _create_turns() -> None:
    op.create_table(
        "turns",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("reminded_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_turns_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_turns_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
    )
    op.create_index(op.f("ix_turns_ended_at_ends_at"), "turns", ["ended_at", "ends_at"])
    op.create_index(op.f("ix_turns_shared_song_id_ended_at"), "turns", ["shared_song_id", "ended_at"])
    op.create_index(op.f("ix_turns_user_id"), "turns", ["user_id"])


def _create_votes() -> None:
    op.create_table(
        "votes",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("opened_by_id", _NUMBER, nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("threshold", _SHARE, nullable=False),
        sa.Column("quorum", _NUMBER, nullable=False),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("closes_at", _MOMENT, nullable=True),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_votes_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["users.id"], name=op.f("fk_votes_opened_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_closed_at_closes_at"), "votes", ["closed_at", "closes_at"])
    op.create_index(op.f("ix_votes_message_id"), "votes", ["message_id"])
    op.create_index(op.f("ix_votes_shared_song_id_closed_at"), "votes", ["shared_song_id", "closed_at"])


def _create_ballots() -> None:
    op.create_table(
        "ballots",
        sa.Column("vote_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("choice", _NUMBER, nullable=False),
        sa.Column("cast_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["vote_id"], ["votes.id"], name=op.f("fk_ballots_vote_id_votes")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ballots_user_id_users")),
        sa.PrimaryKeyConstraint("vote_id", "user_id", name=op.f("pk_ballots")),
    )
    op.create_index(op.f("ix_ballots_user_id"), "ballots", ["user_id"])


def _create_song_comments() -> None:
    op.create_table(
        "song_comments",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("author_id", _NUMBER, nullable=False),
        sa.Column("revision_id", _NUMBER, nullable=False),
        sa.Column("layer_id", sa.String(length=16), nullable=True),
        sa.Column("bar", _NUMBER, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("resolved_at", _MOMENT, nullable=True),
        sa.Column("resolved_by_id", _NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_song_comments_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_song_comments_author_id_users")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_song_comments_revision_id_revisions")),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["users.id"], name=op.f("fk_song_comments_resolved_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_song_comments")),
    )
    op.create_index(op.f("ix_song_comments_author_id"), "song_comments", ["author_id"])
    op.create_index(op.f("ix_song_comments_message_id"), "song_comments", ["message_id"])
    op.create_index(op.f("ix_song_comments_revision_id"), "song_comments", ["revision_id"])
    op.create_index(
        op.f("ix_song_comments_shared_song_id_resolved_at"), "song_comments", ["shared_song_id", "resolved_at"]
    )


def _create_merge_drafts() -> None:
    op.create_table(
        "merge_drafts",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("shared_song_id", _NUMBER, nullable=False),
        sa.Column("user_id", _NUMBER, nullable=False),
        sa.Column("into_branch_id", _NUMBER, nullable=False),
        sa.Column("ours_id", _NUMBER, nullable=False),
        sa.Column("theirs_id", _NUMBER, nullable=False),
        sa.Column("base_id", _NUMBER, nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(
            ["shared_song_id"], ["shared_songs.id"], name=op.f("fk_merge_drafts_shared_song_id_shared_songs")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_merge_drafts_user_id_users")),
        sa.ForeignKeyConstraint(
            ["into_branch_id"], ["branches.id"], name=op.f("fk_merge_drafts_into_branch_id_branches")
        ),
        sa.ForeignKeyConstraint(["ours_id"], ["revisions.id"], name=op.f("fk_merge_drafts_ours_id_revisions")),
        sa.ForeignKeyConstraint(["theirs_id"], ["revisions.id"], name=op.f("fk_merge_drafts_theirs_id_revisions")),
        sa.ForeignKeyConstraint(["base_id"], ["revisions.id"], name=op.f("fk_merge_drafts_base_id_revisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_drafts")),
    )
    op.create_index(op.f("ix_merge_drafts_message_id"), "merge_drafts", ["message_id"])
    op.create_index(op.f("ix_merge_drafts_shared_song_id_closed_at"), "merge_drafts", ["shared_song_id", "closed_at"])
    op.create_index(op.f("ix_merge_drafts_user_id"), "merge_drafts", ["user_id"])


def _create_rankers() -> None:
    op.create_table(
        "rankers",
        sa.Column("guild_id", _NUMBER, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_rankers")),
    )
