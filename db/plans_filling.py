"""Many songs of many people, so that a database plans as it would after years. It knows nothing of music."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.shared_tables import (
    Branch,
    Claim,
    RevisionState,
    SharedSong,
    SongComment,
    SongMember,
    SongTag,
    Turn,
    Vote,
)
from db.tables import Job, JobTake, Message, Revision, RevisionParent, Song, StoredPiece, StoredUpload, User

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
REVISIONS_A_SONG = 4
SONGS_A_PERSON = 2
SONGS_A_CHANNEL = 4
CHANNELS_A_SERVER = 5
SONGS_A_SHARED_ONE = 2
_BATCH = 1000
_FIRST_SNOWFLAKE = 2**60

BIG_TABLES = frozenset(
    table.__tablename__
    for table in (
        *(Job, Message, Revision, RevisionParent, Song, StoredPiece, StoredUpload, User),
        *(Branch, RevisionState, SharedSong, SongMember, SongTag, Claim, Turn, Vote, SongComment),
    )
)
"""What grows with the number of people. (Jobs of several takes and servers' settings are few.)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Somewhere:
    """Numbers in the middle of what was filled, for queries to ask about."""

    user_id: int
    discord_id: int
    guild_id: int
    channel_id: int
    song_id: int
    revision_id: int
    job_id: int
    message_id: int
    piece_hash: str
    shared_song_id: int
    home_id: int
    branch_id: int
    state_id: int


async def fill_songs(connection: AsyncConnection, *, num_songs: int) -> Somewhere:
    """Fill an empty database with songs, their revisions, jobs and messages, every fifth of them shared."""
    num_revisions, num_shared = num_songs * REVISIONS_A_SONG, num_songs // SONGS_A_SHARED_ONE
    for table, num_rows, row in (
        (User, num_songs // SONGS_A_PERSON, _user),
        (Song, num_songs, _song),
        (StoredUpload, num_songs, _upload),
        (StoredPiece, num_revisions, _piece),
        (Revision, num_revisions, _revision),
        (RevisionParent, num_revisions - num_songs, _edge),
        (Message, num_revisions, _message),
        (Job, num_revisions, _job),
        (JobTake, num_songs // 10, _take),
        (SharedSong, num_shared, _shared),
        (Branch, num_shared * 2, _branch),
        (RevisionState, num_shared * REVISIONS_A_SONG, _state),
        (SongMember, num_shared, _member),
        (SongTag, num_shared, _tag),
        (Claim, num_shared, _claim),
        (Turn, num_shared, _turn),
        (Vote, num_shared, _vote),
        (SongComment, num_shared, _comment),
    ):
        await _fill(connection, table, num_rows, row)
    middle = num_songs // 2
    return Somewhere(
        user_id=_user_of(middle),
        discord_id=_FIRST_SNOWFLAKE + _user_of(middle),
        guild_id=_guild_of(middle),
        channel_id=_channel_of(middle),
        song_id=middle,
        revision_id=middle * REVISIONS_A_SONG,
        job_id=middle * REVISIONS_A_SONG,
        message_id=_FIRST_SNOWFLAKE + middle * REVISIONS_A_SONG,
        piece_hash=_hash_of(middle),
        shared_song_id=num_shared // 2,
        home_id=_FIRST_SNOWFLAKE + num_shared // 2,
        branch_id=num_shared,
        state_id=num_shared * REVISIONS_A_SONG // 2,
    )


async def _fill(
    connection: AsyncConnection, table: type[Base], num_rows: int, row: Callable[[int], dict[str, Any]]
) -> None:
    for start in range(1, num_rows + 1, _BATCH):
        numbers = range(start, min(start + _BATCH, num_rows + 1))
        await connection.execute(insert(table), [row(number) for number in numbers])


def _user_of(song_id: int) -> int:
    return (song_id - 1) // SONGS_A_PERSON + 1


def _channel_of(song_id: int) -> int:
    return _FIRST_SNOWFLAKE + song_id // SONGS_A_CHANNEL


def _guild_of(song_id: int) -> int:
    return _FIRST_SNOWFLAKE + song_id // SONGS_A_CHANNEL // CHANNELS_A_SERVER


def _song_of(revision_id: int) -> int:
    return (revision_id - 1) // REVISIONS_A_SONG + 1


def _hash_of(number: int) -> str:
    return f"{number:064x}"


def _when(number: int) -> datetime:
    return MOMENT - timedelta(days=400) + timedelta(minutes=number)


def _place(song_id: int) -> dict[str, Any]:
    return {"guild_id": _guild_of(song_id), "channel_id": _channel_of(song_id)}


def _user(number: int) -> dict[str, Any]:
    return {"id": number, "discord_id": _FIRST_SNOWFLAKE + number, "name": "x", "created_at": _when(number)}


def _song(number: int) -> dict[str, Any]:
    return {"id": number, "created_at": _when(number), **_place(number)}


def _upload(number: int) -> dict[str, Any]:
    user_id = _user_of(number) if number % SONGS_A_PERSON else 1
    return {"id": number, "user_id": user_id, "filename": "x.mid", "data": None, "created_at": _when(number)}


def _piece(number: int) -> dict[str, Any]:
    size = {"num_notes": 9, "num_bars": 8, "duration_seconds": 9.0}
    return {"hash": _hash_of(number), "data": b"x" * 200, "created_at": _when(number), **size}


def _revision(number: int) -> dict[str, Any]:
    song_id = _song_of(number)
    return {
        "id": number,
        "song_id": song_id,
        "author_id": min(_user_of(song_id), song_id),
        "operation": "generate",
        "options": {"num_bars": 8},
        "seed": 1,
        "piece_hash": _hash_of(number),
        "midi_hash": _hash_of(number),
        "title": "x",
        "num_notes": 9,
        "num_bars": 8,
        "duration_seconds": 9.0,
        "checks": [],
        "chord_names": [],
        "genre": "rock" if number % 3 else "jazz",
        "created_at": _when(number),
        **_place(song_id),
    }


def _edge(number: int) -> dict[str, Any]:
    song_index, step = divmod(number - 1, REVISIONS_A_SONG - 1)
    parent_id = song_index * REVISIONS_A_SONG + step + 1
    return {"child_id": parent_id + 1, "parent_id": parent_id, "position": 0}


def _message(number: int) -> dict[str, Any]:
    message_id = _FIRST_SNOWFLAKE + number
    return {"message_id": message_id, "position": 0, "revision_id": number, "created_at": _when(number)}


def _job(number: int) -> dict[str, Any]:
    song_id = _song_of(number)
    is_answered = bool(number % 500)
    return {
        "id": number,
        "kind": "generate",
        "operation": "generate",
        "user_id": _user_of(song_id),
        "options": {"num_bars": 8},
        "seed": 1,
        "num_takes": 1,
        "size_limit_bytes": 1,
        "status": "finished" if is_answered else "running",
        "attempts": 1,
        "lease_owner": None if is_answered else "dead",
        "lease_until": None if is_answered else MOMENT,
        "result_revision_id": number,
        "run_seconds": 1.0,
        "num_bars": 8,
        "reply_token": "",
        "num_answer_attempts": 0,
        "is_answered": is_answered,
        "created_at": _when(number),
        **_place(song_id),
    }


def _take(number: int) -> dict[str, Any]:
    return {"job_id": number * REVISIONS_A_SONG, "position": 0, "revision_id": number * REVISIONS_A_SONG}


def _shared(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "song_id": number * SONGS_A_SHARED_ONE,
        "guild_id": _guild_of(number),
        "channel_id": _FIRST_SNOWFLAKE + number,
        "host_id": number,
        "title": "x",
        "licence": "cc-by",
        "rules": {},
        "card_wanted": 0,
        "card_shown": 0,
        "created_at": _when(number),
    }


def _branch(number: int) -> dict[str, Any]:
    shared_song_id = (number + 1) // 2
    name = "main" if number % 2 else "idea"
    head_id = shared_song_id * SONGS_A_SHARED_ONE * REVISIONS_A_SONG
    row = {"id": number, "shared_song_id": shared_song_id, "name": name, "head_id": head_id}
    return row | {"author_id": shared_song_id, "created_at": _when(number)}


def _state(number: int) -> dict[str, Any]:
    shared_song_id, step = (number - 1) // REVISIONS_A_SONG + 1, (number - 1) % REVISIONS_A_SONG
    revision_id = (shared_song_id * SONGS_A_SHARED_ONE - 1) * REVISIONS_A_SONG + step + 1
    branch_id = shared_song_id * 2
    return {"revision_id": revision_id, "shared_song_id": shared_song_id, "branch_id": branch_id, "data": b"x" * 200}


def _member(number: int) -> dict[str, Any]:
    return {"shared_song_id": number, "user_id": number, "role": "host", "joined_at": _when(number)}


def _tag(number: int) -> dict[str, Any]:
    row = {"id": number, "shared_song_id": number, "name": "x", "revision_id": number * REVISIONS_A_SONG}
    return row | {"author_id": number, "created_at": _when(number)}


def _claim(number: int) -> dict[str, Any]:
    row = {"id": number, "shared_song_id": number, "user_id": number, "created_at": _when(number)}
    return row | {"expires_at": _when(number), "ended_at": _when(number) if number % 500 else None}


def _turn(number: int) -> dict[str, Any]:
    row = {"id": number, "shared_song_id": number, "user_id": number, "created_at": _when(number)}
    return row | {"ends_at": _when(number), "ended_at": _when(number) if number % 500 else None}


def _vote(number: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": number,
        "shared_song_id": number,
        "kind": "takes",
        "opened_by_id": number,
        "options": {"choices": []},
    }
    row |= {"threshold": 0.5, "quorum": 2, "created_at": _when(number)}
    return row | {"closes_at": _when(number), "closed_at": _when(number) if number % 500 else None}


def _comment(number: int) -> dict[str, Any]:
    row = {"id": number, "shared_song_id": number, "author_id": number, "revision_id": number * REVISIONS_A_SONG}
    return row | {"bar": 0, "text": "x", "created_at": _when(number)}
