"""Words about loudness and the end change the notes that were written, and nothing that was there before."""

from __future__ import annotations

import pytest

from bot.services.operations.base import Made
from bot.services.operations.generation import GENERATE
from bot.services.operations.shaping import shape
from bot.services.options import ENDINGS, LOUDNESSES, GenerateOptions
from core.errors import InputError
from core.settings import LimitSettings
from music.piece import Piece
from music.time_grid import TimeGrid
from tests.factories.pieces import make_band


def loudness_by_bar(piece: Piece) -> list[float]:
    """Return the mean velocity of each bar."""
    grid = TimeGrid(piece)
    bars: list[list[int]] = [[] for _ in range(grid.num_bars)]
    for track in piece.tracks:
        for note in track.notes:
            bars[grid.bar_of_tick(note.onset_ticks)].append(note.velocity)
    return [sum(bar) / max(1, len(bar)) for bar in bars]


def shaped(piece: Piece, *, num_old_bars: int = 0, **wishes: str) -> Made:
    return shape(Made(piece=piece), GenerateOptions(**wishes), num_old_bars=num_old_bars)


@pytest.mark.parametrize(("loudness", "is_louder"), [("quiet", False), ("loud", True)])
def test_the_whole_piece_grows_louder_or_softer(loudness, is_louder):
    """Every bar is changed the same way."""
    piece = make_band()
    before, after = loudness_by_bar(piece), loudness_by_bar(shaped(piece, loudness=loudness).piece)
    assert all((new > old) is is_louder for old, new in zip(before, after, strict=True) if old)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ending_touches_the_last_bars_alone(ending):
    """The first half stays note for note, and something at the end is different."""
    piece = make_band()
    made = shaped(piece, ending=ending)
    grid = TimeGrid(piece)
    half_ticks = grid.bar_start_ticks(grid.num_bars // 2)
    for old, new in zip(piece.tracks, made.piece.tracks, strict=True):
        early = [note for note in old.notes if note.onset_ticks < half_ticks]
        assert [note for note in new.notes if note.onset_ticks < half_ticks] == early
    assert made.piece != piece
    assert all(check.is_kept for check in made.checks)


def test_slow_ends_get_slower_bar_by_bar():
    """The last bar is slower than the one before, which is slower than the rest."""
    tempos = shaped(make_band(), ending="slow").piece.tempos
    assert tempos[-1].bpm < tempos[-2].bpm < tempos[0].bpm


def test_what_a_continuation_goes_on_from_stays_as_it_was():
    """Only new bars are made louder."""
    piece = make_band()
    grid = TimeGrid(piece)
    made = shaped(piece, num_old_bars=grid.num_bars - 1, loudness="loud", ending="big")
    old_ticks = grid.bar_start_ticks(grid.num_bars - 1)
    for old, new in zip(piece.tracks, made.piece.tracks, strict=True):
        kept = [note for note in old.notes if note.onset_ticks < old_ticks]
        assert [note for note in new.notes if note.onset_ticks < old_ticks] == kept


@pytest.mark.parametrize("wish", [{"loudness": "purple"}, {"ending": "never"}])
def test_unknown_words_are_refused(wish):
    """One sentence names what there is."""
    with pytest.raises(InputError):
        GENERATE.check(GenerateOptions(**wish), limits=LimitSettings())


def test_every_loudness_has_a_curve():
    """No name of the options is without a meaning."""
    for loudness in LOUDNESSES:
        assert shaped(make_band(), loudness=loudness).checks
