"""Layers and origins as bytes, for storage beside their piece. It knows nothing of the database.

Origins come in runs (origin, number of notes), because neighbours mostly have the same one. Equal states give equal bytes.
"""

from __future__ import annotations

from itertools import chain, groupby, repeat

import msgspec

from music.piece import Piece
from music.versions.layered import Layer, LayeredPiece

FORMAT_VERSION = 1
_Runs = tuple[tuple[int, int], ...]
_decoder = msgspec.msgpack.Decoder(tuple[int, tuple[Layer, ...], tuple[_Runs, ...]])
_encoder = msgspec.msgpack.Encoder(order="deterministic")


def encode_state(song: LayeredPiece) -> bytes:
    """Return the canonical bytes of everything but the piece."""
    runs = tuple(tuple((origin, len(list(run))) for origin, run in groupby(origins)) for origins in song.origins)
    return _encoder.encode((FORMAT_VERSION, song.layers, runs))


def decode_state(data: bytes, piece: Piece) -> LayeredPiece:
    """Return the layered piece that ``encode_state`` wrote.

    Raises:
        ValueError: for bytes of another format.
    """
    version, layers, runs = _decoder.decode(data)
    if version != FORMAT_VERSION:
        raise ValueError(f"state format {version} is not {FORMAT_VERSION}")
    origins = tuple(tuple(chain.from_iterable(repeat(origin, count) for origin, count in each)) for each in runs)
    return LayeredPiece(piece=piece, layers=layers, origins=origins)
