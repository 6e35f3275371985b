"""What pictures of songs made together are told beside the music: frozen plain values. They know no people, only names.

Bars count from 1 and both ends are meant, layers by their number from 1, as people say them; texts are plain.
"""

from __future__ import annotations

import msgspec

SONG_CHUNK_NAME = "tutti-song"
"""Keyword of the text chunk in which a picture carries what it shows (compressed UTF-8)."""


class LayerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One layer, in the order of the piece's tracks. ``level_db`` is relative; ``pan`` is -100 (left) to 100 (right)."""

    name: str
    instrument: str = ""
    owner: str = ""
    is_locked: bool = False
    is_muted: bool = False
    is_solo: bool = False
    level_db: float = 0.0
    pan: int = 0


class ClaimFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps what for a while; without a layer all layers are meant, without bars all bars."""

    who: str
    layer_number: int | None = None
    bars: tuple[int, int] | None = None


class CommentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where an open comment stands; ``number`` is what the mark says."""

    number: int
    bar: int
    layer_number: int | None = None


class ChangedCells(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one layer that the last change changed, rising."""

    layer_number: int
    bars: tuple[int, ...]


class SongFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the arrangement shows beside the notes. ``turn``: whose turn it is, in words; empty where there are no turns."""

    title: str
    branch: str
    head_number: int
    layers: tuple[LayerFacts, ...]
    turn: str = ""
    claims: tuple[ClaimFacts, ...] = ()
    comments: tuple[CommentFacts, ...] = ()
    changed_cells: tuple[ChangedCells, ...] = ()


class ConflictSide(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a conflict: who wrote it, in which revision, on which branch; ``heading`` is ``Ours`` or ``Theirs``."""

    heading: str
    who: str
    revision_number: int
    branch: str = ""


class GraphRevision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision in the graph of a song; ``parents`` are numbers, also of revisions that are not in the picture."""

    number: int
    label: str
    who: str = ""
    parents: tuple[int, ...] = ()
    branch: str = ""  # empty for a candidate, which is on no branch
    tags: tuple[str, ...] = ()
    head_of: tuple[str, ...] = ()
