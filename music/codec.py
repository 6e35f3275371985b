"""Pieces as bytes, for pipes and for storage. It knows nothing of MIDI: this form is ours, exact and small.

The encoding is MessagePack of the fields in order, so equal pieces give equal bytes and the hash can name a piece.
"""

from __future__ import annotations

import hashlib

import msgspec

from music.piece import Piece

FORMAT_VERSION = 1
_decoder = msgspec.msgpack.Decoder(tuple[int, Piece])
_encoder = msgspec.msgpack.Encoder(order="deterministic")


def encode_piece(piece: Piece) -> bytes:
    """Return the canonical bytes of a piece."""
    return _encoder.encode((FORMAT_VERSION, piece))


def decode_piece(data: bytes) -> Piece:
    """Return the piece that ``encode_piece`` wrote.

    Raises:
        ValueError: for bytes of another format.
    """
    version, piece = _decoder.decode(data)
    if version != FORMAT_VERSION:
        raise ValueError(f"piece format {version} is not {FORMAT_VERSION}")
    return piece


def hash_piece(data: bytes) -> str:
    """Return the SHA-256 of a piece's canonical bytes, in hexadecimal: its name in the database."""
    return hashlib.sha256(data).hexdigest()
