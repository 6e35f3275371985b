"""What every tokenizer offers. It knows nothing of any one encoding."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from music.piece import Piece


class Tokenizer(Protocol):
    """Pieces to rows of numbers and back, the same rows for the same piece for ever.

    ``decode(encode(piece))`` is the piece on the tokenizer's own grid; the class says what it drops.
    """

    name: str
    vocabulary_hash: str

    def encode(self, piece: Piece) -> npt.NDArray[np.int16]:
        """Return the rows, shape (events, fields).

        Raises:
            core.errors.InputError: for a piece that the encoding cannot hold.
        """
        ...

    def decode(self, rows: npt.NDArray[np.int16]) -> Piece:
        """Return the piece that the rows describe.

        Raises:
            ValueError: for rows that no ``encode`` could have written.
        """
        ...
