"""The work of a request is known before it begins: its kind, its bars, and whether it is short."""

from __future__ import annotations

import pytest

from inference.protocol import DescribeRequest, GenerateRequest, HarmonizeRequest, RemixRequest
from inference.work import Work, work_of
from music.constraints import BarRange, Constraints
from music.piece import Note, Piece, Track

PIECE = Piece(tracks=(Track(notes=tuple(Note(beat * 480, 60, 480, 80) for beat in range(48))),))  # 12 bars of 4/4
HOLE = BarRange(start_bar=3, stop_bar=5)


@pytest.mark.parametrize(
    ("request_", "kind", "num_bars"),
    [
        (GenerateRequest(job_id="j", seed=1, constraints=Constraints(num_bars=8)), "generate", 8),
        (GenerateRequest(job_id="j", seed=1, constraints=Constraints()), "generate", 16),
        (GenerateRequest(job_id="j", seed=1, constraints=Constraints(num_bars=4), prompt=PIECE), "continue", 4),
        (HarmonizeRequest(job_id="j", seed=1, piece=PIECE, style="band"), "harmonize band", 12),
        (HarmonizeRequest(job_id="j", seed=1, piece=PIECE, style="fill", bars=HOLE, track=0), "harmonize fill", 2),
        (RemixRequest(job_id="j", seed=1, piece=PIECE), "remix", 12),
        (RemixRequest(job_id="j", seed=1, piece=PIECE, bars=BarRange(start_bar=10, stop_bar=40)), "remix", 2),
        (RemixRequest(job_id="j", seed=1, piece=Piece()), "remix", 1),
        (DescribeRequest(job_id="j", piece=PIECE), "describe", 12),
    ],
)
def test_bars_that_are_written_or_changed_are_counted(request_, kind, num_bars):
    """Not those that are only read; a request left open counts as the usual length, an empty one as one bar."""
    assert work_of(request_) == Work(kind=kind, num_bars=num_bars)


def test_descriptions_and_few_bars_are_short_work():
    """A two-bar fill and a four-bar piece are, a five-bar piece is not, a description always is."""
    assert Work(kind="harmonize fill", num_bars=2).is_short
    assert Work(kind="generate", num_bars=4).is_short
    assert not Work(kind="generate", num_bars=5).is_short
    assert Work(kind="describe", num_bars=500).is_short
