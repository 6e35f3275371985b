"""Going on from a piece or from some of its bars, and what is said of the joint."""

import pytest

from bot.services.operations.base import Wish
from bot.services.operations.continuing import choose_beginning, cut_beginning
from bot.services.operations.generation import GENERATE
from bot.services.options import GenerateOptions
from bot.services.records import options_from_json
from core.errors import BarRangeError, InputError, NoMusicError
from core.settings import LimitSettings
from music.constraints import BarRange
from music.piece import Piece, Tempo
from music.time_grid import TimeGrid
from music.transform import slice_bars
from tests.factories.networks import StandInNetworks
from tests.factories.pieces import make_band


async def go_on(piece, networks=None, **options):
    wish = Wish(job_id="1", options=GenerateOptions(**options), seed=1, source=piece, limits=LimitSettings())
    return await GENERATE.make(wish, networks or StandInNetworks())


async def test_only_the_named_bars_are_the_beginning():
    """The network sees them alone, and they are all that stands before the new bars."""
    networks = StandInNetworks()
    made = await go_on(make_band(), networks, beginning_bars=(3, 4), num_bars=2)
    assert networks.requests[0].prompt == slice_bars(make_band(), BarRange(2, 4))
    assert TimeGrid(made.piece).num_bars == 4


async def test_without_bars_all_of_the_piece_is_the_beginning():
    networks = StandInNetworks()
    await go_on(make_band(), networks, num_bars=2)
    assert networks.requests[0].prompt == make_band()


async def test_the_tempo_map_goes_on_by_default():
    piece = Piece(tracks=make_band().tracks, tempos=(Tempo(0, 120.0), Tempo(1920 * 4, 90.0)), length_ticks=1920 * 8)
    made = await go_on(piece, num_bars=2)
    assert made.piece.tempos == piece.tempos


async def test_the_joint_is_checked():
    """Last of the checks, after those of what was asked."""
    made = await go_on(make_band(), num_bars=4)
    assert [check.name for check in made.checks] == ["bars", "joints"]
    assert "tempo" in made.checks[-1].asked
    assert "tempo" not in (await go_on(make_band(), num_bars=4, tempo_bpm=90)).checks[-1].asked


def test_bars_that_cannot_be_gone_on_from_are_named():
    with pytest.raises(BarRangeError, match="bars 1-8"):
        cut_beginning(make_band(), (1, 9))
    with pytest.raises(NoMusicError, match="no notes in those bars"):
        cut_beginning(Piece(tracks=make_band().tracks, length_ticks=1920 * 20), (15, 16))
    with pytest.raises(InputError, match="no range of bars"):
        GENERATE.check(GenerateOptions(beginning_bars=(2, 1)), limits=LimitSettings())


def test_the_bar_to_go_on_at_means_all_bars_before_it():
    assert choose_beginning(None, 9) == (1, 8)
    assert choose_beginning((2, 5), None) == (2, 5)
    assert choose_beginning(None, None) is None
    for bars, from_bar in (((1, 2), 3), (None, 1)):
        with pytest.raises(InputError):
            choose_beginning(bars, from_bar)


def test_what_was_stored_before_there_were_beginnings_is_still_read():
    """A job of an older version, under the name that revisions bear."""
    options = options_from_json("continue", {"genre": "jazz", "num_bars": 8, "preset": "wild"})
    assert options == GenerateOptions(genre="jazz", num_bars=8, preset="wild")
