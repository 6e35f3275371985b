"""Whether wishes reach the music: nats of people's pieces when the network is told their genre, key and density, told
nothing, and told wrongly (the key a tritone away, the density half the scale away, another genre).

Keys are estimated from the piece's own notes, so a right key tells something of them; the wrong one shows that it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from inference.models.generator import Generator
from music.tokenizers.tracker import Rows
from music.vocabulary import GENRES, NUM_DENSITIES
from training.collate import assemble_excerpt, cut_bars, density_class
from training.corpus import Corpus, PieceEntry
from training.evaluation.event_nats import PieceNats, score_readings, whole_reading
from training.evaluation.intervals import paired_interval

NUM_BARS = 8
Wish = tuple[int | None, int | None, int | None, int | None]


def measure_wishes(model: Generator, corpus: Corpus, *, split: str, num_pieces: int) -> dict[str, Any]:
    """Return nats per note (chords' roots and qualities beside the note fields) without, with right and with wrong wishes."""
    labelled = sorted(
        (piece for piece in corpus.of_split(split) if piece.data_set == "lakh_subset" and piece.genres),
        key=lambda piece: piece.name,
    )
    step = max(len(labelled) // num_pieces, 1)
    pieces = labelled[::step][:num_pieces]
    scores = {
        name: _score(model, corpus, pieces, wish) for name, wish in (("none", _none), ("right", _right), ("wrong", _wrong))
    }  # fmt: skip
    notes = [score.num_notes for score in scores["none"]]
    nats = {name: [_total(score) for score in found] for name, found in scores.items()}
    result: dict[str, Any] = {"num_pieces": len(pieces), "num_notes": sum(notes)}
    for name, found in nats.items():
        lost, low, high = paired_interval(found, nats["right"], notes)
        result[name] = {"nats_per_note": sum(found) / max(sum(notes), 1), "lost": lost, "interval": [low, high]}
    return result


def _score(
    model: Generator, corpus: Corpus, pieces: Sequence[PieceEntry], wish: Callable[[PieceEntry, Rows], Wish]
) -> list[PieceNats]:
    readings = []
    for piece in pieces:
        stop = min(NUM_BARS, piece.num_bars)
        body = cut_bars(corpus.rows[piece.start_row : piece.stop_row], start_bar=0, stop_bar=stop)
        rows = assemble_excerpt(piece, body, wish(piece, body), is_end=stop == piece.num_bars)
        readings.append(whole_reading(rows))
    return score_readings(model, readings)


def _total(score: PieceNats) -> float:
    return score.note_nats + sum(score.parts.get(name, 0.0) for name in ("root", "quality"))


def _none(piece: PieceEntry, body: Rows) -> Wish:
    del piece, body
    return (None, None, None, None)


def _right(piece: PieceEntry, body: Rows) -> Wish:
    return (GENRES.index(piece.genres[0]), None, piece.key, density_class(body))


def _wrong(piece: PieceEntry, body: Rows) -> Wish:
    genre = next(index for index, name in enumerate(("classical", "rock")) if name not in piece.genres)
    key = piece.key // 12 * 12 + (piece.key % 12 + 6) % 12
    density = (density_class(body) + NUM_DENSITIES // 2) % NUM_DENSITIES
    return (GENRES.index(("classical", "rock")[genre]), None, key, density)
