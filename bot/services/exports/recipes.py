"""The recipe that a MIDI file of ours carries: read back, checked, put in words. It knows no database and no network.

A recipe in a file is what somebody gave: its operation must be one of ours and its settings must be what that operation
takes, else there is no recipe. It names no person, so it gives nobody away in another server.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from bot.services.operations.registry import operation_called
from bot.services.options import Options
from core.errors import InputError, MIDIFileError
from music.midi import read_recipe

_MAX_CHARS = 20_000
_MARK = b"tutti.recipe="


class _Written(msgspec.Struct, frozen=True):
    """What ``library.write_recipe`` writes; versions later than 1 are not read."""

    tutti: int
    operation: str
    settings: dict[str, Any] | None = None
    seed: int | None = None
    checkpoint: str | None = None
    piece: str = ""
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a file came to be. ``piece_hash`` and ``parent_hashes`` are those of ``music.codec.hash_piece``."""

    operation: str
    options: Options | None
    seed: int | None
    checkpoint_id: str | None
    piece_hash: str
    parent_hashes: tuple[str, ...]
    is_edited: bool = False  # the music in the file is not what the recipe made

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, under the names that the file uses."""
        return {
            "tutti": 1,
            "operation": self.operation,
            "settings": None if self.options is None else msgspec.to_builtins(self.options),
            "seed": self.seed,
            "checkpoint": self.checkpoint_id,
            "piece": self.piece_hash,
            "parents": list(self.parent_hashes),
            "is_edited": self.is_edited,
        }


def parse_recipe(text: str, *, piece_hash: str | None = None) -> Recipe | None:
    """Return the recipe in the text of a file, or None where it is none of ours.

    With ``piece_hash``, the hash of the music that the file holds, the recipe says whether that was edited.
    """
    if not text or len(text) > _MAX_CHARS:
        return None
    try:
        written = msgspec.json.decode(text, type=_Written)
        if written.tutti != 1:
            return None
        settings = written.settings
        options = (
            None if settings is None else msgspec.convert(settings, operation_called(written.operation).options_type)
        )
    except (msgspec.DecodeError, KeyError):  # a ValidationError is a DecodeError
        return None
    return Recipe(
        operation=written.operation,
        options=options,
        seed=written.seed,
        checkpoint_id=written.checkpoint,
        piece_hash=written.piece,
        parent_hashes=written.parents,
        is_edited=piece_hash is not None and piece_hash != written.piece,
    )


def find_recipe(data: bytes | None, *, piece_hash: str | None = None) -> Recipe | None:
    """Return the recipe in the bytes of a file, or None where there is none."""
    if not data or _MARK not in data:
        return None
    try:
        return parse_recipe(read_recipe(data), piece_hash=piece_hash)
    except MIDIFileError:
        return None


def recipe_from_json(data: dict[str, Any] | None) -> Recipe | None:
    """Return the recipe that ``Recipe.as_json`` wrote."""
    if data is None:
        return None
    recipe = parse_recipe(msgspec.json.encode(data).decode())
    return None if recipe is None else replace(recipe, is_edited=bool(data.get("is_edited")))


def require_recipe(data: bytes, *, name: str, piece_hash: str | None = None) -> Recipe:
    """Return the recipe in a file.

    Raises:
        InputError: where there is none.
    """
    recipe = find_recipe(data, piece_hash=piece_hash)
    if recipe is None:
        raise InputError(f"{name} carries no recipe of Tutti. Give a MIDI file that Tutti made.")
    return recipe
