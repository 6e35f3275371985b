"""What a piece is like, in plain values for people and programs. It knows no database and no chat."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from music.analysis import Description, describe
from music.chords import chord_name
from music.names import parse_key
from music.piece import Piece


async def describe_piece(piece: Piece) -> Description:
    """Return the description of a piece; the analysis runs beside the event loop."""
    return await asyncio.to_thread(describe, piece)


def description_to_json(description: Description) -> dict[str, Any]:
    """Return a description as plain JSON values, its chords by name."""
    data: dict[str, Any] = msgspec.to_builtins(description)
    data["chords"] = chord_names_of(description)
    return data


def chord_names_of(description: Description) -> list[str]:
    """Return the chords by name, spelled as the piece's key spells them."""
    key = parse_key(description.key) if description.key else None
    return [chord_name(chord, key) for chord in description.chords]
