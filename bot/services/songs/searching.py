"""Searching results by what people remember: words, key, genre, person, kind. It knows no Discord and no SQL.

Key, genre, person and kind are columns that the database compares. Words are matched here, in what was typed and in names of files:
every word must occur, in any case and any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.repositories.search import Candidate, RevisionFilter, SearchRepository
from db.repositories.users import UserRepository
from music.names import key_name, parse_genre, parse_key

MAX_WORDS_LENGTH = 32
"""What is searched travels in the identifiers of buttons, which are short."""
_BATCH = 250
_MAX_SCANNED = 10_000  # the newest results of a place; older ones are found by key, genre, person or kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is searched; empty and None leave a thing open. ``user_id`` is Discord's number of a person."""

    words: str = ""
    key: str = ""
    genre: str = ""
    operation: str = ""
    user_id: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is searched."""
        return self == Wanted()


def read_wanted(*, words: str, key: str, genre: str, operation: str, user_id: int | None) -> Wanted:
    """Return what somebody searches, with names spelled as we store them.

    Raises:
        UnknownNameError: for a key or genre that there is not, with the nearest ones.
    """
    return Wanted(
        words=" ".join(words.split())[:MAX_WORDS_LENGTH],
        key=key_name(parse_key(key)) if key.strip() else "",
        genre=parse_genre(genre) if genre.strip() else "",
        operation=operation,
        user_id=user_id,
    )


async def find_matches(
    session: AsyncSession, wanted: Wanted, where: RevisionFilter, *, offset: int, limit: int
) -> list[int]:
    """Return the results that match, newest first, without the first ``offset`` ones."""
    where = replace(
        where,
        key_name=wanted.key or None,
        genre=wanted.genre or None,
        operation=wanted.operation or None,
    )
    if wanted.user_id is not None:
        user = await UserRepository(session).find(wanted.user_id)
        if user is None or (where.author_id is not None and where.author_id != user.id):
            return []
        where = replace(where, author_id=user.id)
    words = wanted.words.casefold().split()
    search = SearchRepository(session)
    found: list[int] = []
    before_id: int | None = None
    for _ in range(_MAX_SCANNED // _BATCH):
        batch = await search.candidates(where, before_id=before_id, limit=_BATCH)
        found += [candidate.revision_id for candidate in batch if has_words(candidate, words)]
        if len(batch) < _BATCH or len(found) >= offset + limit:
            break
        before_id = batch[-1].revision_id
    return found[offset : offset + limit]


def has_words(candidate: Candidate, words: list[str]) -> bool:
    """Tell whether every word (in lower case) occurs in a result's title, genre, file name or settings."""
    if not words:
        return True
    values = " ".join(_texts(candidate.options or {}))
    text = f"{candidate.title} {candidate.source_name} {candidate.genre or ''} {values}".casefold()
    return all(word in text for word in words)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text and number in stored options, not the names of the fields."""
    if isinstance(value, dict):
        for each in value.values():  # pyright: ignore[reportUnknownVariableType] - plain JSON
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:  # pyright: ignore[reportUnknownVariableType] - plain JSON
            yield from _texts(each)
    elif isinstance(value, float):
        yield f"{value:g}"
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)
