"""What a result is stored under so that people find it again: its genre and its key. It knows no database and no network."""

from __future__ import annotations

from bot.services.options import Options
from core.errors import UnknownNameError
from music.names import key_name, parse_genre, parse_key
from music.piece import Piece


def genre_of(options: Options | None, *, inherited: str | None = None) -> str | None:
    """Return the genre that was asked for, spelled as we spell it, else that of what it was made from."""
    asked: object = getattr(options, "genre", None)
    if not isinstance(asked, str) or not asked.strip():
        return inherited
    try:
        return parse_genre(asked)
    except UnknownNameError:  # "auto", or one that a later version took away
        return inherited


def key_name_of(options: Options | None, piece: Piece) -> str | None:
    """Return the key that the piece states at its beginning, else the one that was asked for."""
    if piece.key_signatures:
        return key_name(piece.key_signatures[0])
    asked: object = getattr(options, "key", None)
    if not isinstance(asked, str) or not asked.strip():
        return None
    try:
        return key_name(parse_key(asked))
    except UnknownNameError:
        return None
