"""Which part each track of a piece plays: ``music.roles`` applied to a whole piece. It knows nothing of networks."""

from __future__ import annotations

from music.columns import columns_of_piece, find_bars
from music.piece import Piece
from music.roles import find_roles
from music.tokenizers.event import profile_tracks


def roles_of_tracks(piece: Piece) -> dict[int, str]:
    """Return a role of ``music.roles.PART_ROLES`` for the tracks (by index) that have one; nothing for a piece without notes."""
    if piece.num_notes == 0:
        return {}
    columns = columns_of_piece(piece)
    return find_roles(profile_tracks(columns, find_bars(columns)))
