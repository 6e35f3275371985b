"""Facts of songs made together, for pictures."""

from __future__ import annotations

import random

from media.song_facts import ChangedCells, ClaimFacts, CommentFacts, LayerFacts, SongFacts
from music.piece import Note, Piece, Track


def make_song_piece(*, num_layers: int, num_bars: int) -> Piece:
    """Layers of eight notes a bar, each silent in some group of four bars."""
    choose = random.Random(1)
    tracks = []
    for layer in range(num_layers):
        notes = [
            Note(bar * 1920 + step * 240, 40 + layer + choose.choice((0, 2, 4, 7, 12)), 200, 80)
            for bar in range(num_bars)
            if (bar // 4 + layer) % 5
            for step in range(8)
        ]
        tracks.append(Track(notes=tuple(notes), program=layer * 7 % 128, is_drum=layer % 7 == 3))
    return Piece(tracks=tuple(tracks), length_ticks=num_bars * 1920)


def make_facts(piece: Piece, **fields) -> SongFacts:
    """Facts of a song in which nothing is set; ``fields`` replace them."""
    layers = tuple(LayerFacts(name=f"Layer {index}", owner="Ada") for index, _ in enumerate(piece.tracks))
    usual = {"title": "Evening", "branch": "main", "head_number": 7, "layers": layers}
    return SongFacts(**(usual | fields))


FULL = {
    "turn": "Ada's turn until 14:20, then Bob",
    "claims": (ClaimFacts(who="Bob", layer_number=2, bars=(2, 3)), ClaimFacts(who="the bot", bars=(4, 4))),
    "comments": (CommentFacts(number=1, bar=3, layer_number=1), CommentFacts(number=2, bar=1)),
    "changed_cells": (ChangedCells(layer_number=1, bars=(1, 2, 4)),),
}
