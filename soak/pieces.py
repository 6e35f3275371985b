"""Small real pieces that simulated users upload: openings of chorales from music21's own corpus. It knows nothing of jobs."""

from __future__ import annotations

from dataclasses import dataclass

from music21 import corpus

from bot.services.model import Upload
from music.constraints import BarRange
from music.midi import write_midi
from music.musicxml import piece_from_score
from music.transform import slice_bars, with_tracks_chosen

_SCORES = ("bach/bwv66.6", "bach/bwv269", "bach/bwv347", "bach/bwv153.1", "bach/bwv86.6", "bach/bwv267")
_NUM_BARS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallPiece:
    """The first bars of a chorale as files: all voices, and the soprano alone, as somebody would send it to be harmonized."""

    all_voices: Upload
    soprano: Upload


def load_pieces(*, num_pieces: int = len(_SCORES)) -> tuple[SmallPiece, ...]:
    """Return small pieces as the bytes of MIDI files."""
    pieces: list[SmallPiece] = []
    for name in _SCORES[:num_pieces]:
        whole = slice_bars(piece_from_score(corpus.parse(name)), BarRange(start_bar=0, stop_bar=_NUM_BARS))
        stem = name.rpartition("/")[2]
        pieces.append(
            SmallPiece(
                all_voices=Upload(filename=f"{stem}.mid", data=write_midi(whole)),
                soprano=Upload(filename=f"{stem}-soprano.mid", data=write_midi(with_tracks_chosen(whole, (0,)))),
            )
        )
    return tuple(pieces)
