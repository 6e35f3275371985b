"""Layers: who is added where, how much they play, and that what is there stays."""

import pytest

from bot.services.operations.adding import ADD, AddOptions, check_add_options, find_window
from bot.services.operations.base import Wish
from bot.services.records import options_from_json, options_to_json
from core.errors import BarRangeError, InputError, NoMusicError
from core.settings import LimitSettings
from music.constraints import BarRange
from music.piece import DRUM_PROGRAM, Piece, Track
from music.time_grid import TimeGrid
from tests.factories.networks import StandInNetworks
from tests.factories.pieces import make_band, make_melody


async def add(piece, networks=None, *, seed=1, **options):
    wish = Wish(job_id="1", options=AddOptions(**options), seed=seed, source=piece, limits=LimitSettings())
    return await ADD.make(wish, networks or StandInNetworks())


async def test_layers_are_added_one_after_the_other_and_hear_each_other():
    """Given tracks stay as they are; the second layer is asked for with the first one there."""
    networks = StandInNetworks()
    made = await add(make_melody(), networks, instruments=("drums", "bass"))
    assert made.piece.tracks[0] == make_melody().tracks[0]
    assert [track.instrument for track in made.piece.tracks[1:]] == [DRUM_PROGRAM, 33]
    assert [len(request.piece.tracks) for request in networks.requests] == [1, 2]
    assert len({request.seed for request in networks.requests}) == 2
    assert [(check.name, check.is_kept) for check in made.checks] == [
        ("kept_melody", True),
        ("added", True),
        ("added", True),
    ]


async def test_a_layer_for_some_bars_is_there_only():
    """It is written over four bars more before them, from which nothing is kept."""
    networks = StandInNetworks()
    made = await add(make_band(), networks, instruments=("strings",), bars=(6, 7))
    grid = TimeGrid(made.piece)
    assert {grid.bar_of_tick(note.onset_ticks) for note in made.piece.tracks[4].notes} == {5, 6}
    assert made.piece.tracks[:4] == make_band().tracks
    assert TimeGrid(networks.requests[0].piece).num_bars == 6
    assert "bars 6-7" in made.checks[1].asked


@pytest.mark.parametrize(("density", "num_notes"), [("sparse", 16), ("light", 12)])
async def test_a_layer_that_is_too_full_is_thinned_out(density, num_notes):
    """Strong places stay; the check tells how much it plays now."""
    made = await add(make_melody(), StandInNetworks(num_notes=num_notes), instruments=("piano",), density=density)
    checks = {check.name: check for check in made.checks}
    assert checks["density"].is_kept
    assert {0, 1920, 3840, 5760} <= {note.onset_ticks for note in made.piece.tracks[1].notes}


async def test_of_three_drafts_the_nearest_to_the_density_stays():
    class Uneven(StandInNetworks):
        async def write(self, request, *, step=None):
            self.num_notes = (2, 8, 24)[len(self.requests) % 3]
            return await super().write(request, step=step)

    networks = Uneven()
    made = await add(make_melody(), networks, instruments=("piano",), density="medium")
    assert len(made.piece.tracks[1].notes) == 8 * 4
    assert [step.number for step in networks.steps] == [1, 2, 3]
    assert len({request.seed for request in networks.requests}) == 3


async def test_a_density_that_could_not_be_kept_is_said():
    made = await add(make_melody(), StandInNetworks(num_notes=1), instruments=("piano",), density="dense")
    assert not {check.name: check for check in made.checks}["density"].is_kept


async def test_the_same_seed_adds_the_same():
    one, two = [await add(make_band(), instruments=("bass",), bars=(2, 3), seed=9) for _ in range(2)]
    assert one == two


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({}, "which instrument"),
        ({"instruments": ("zorp",)}, "zorp"),
        ({"instruments": ("piano", "bass", "drums", "strings", "flute", "oboe")}, "at most 5"),
        ({"instruments": ("bass",), "density": "crowded"}, "density"),
        ({"instruments": ("bass",), "preset": "loud"}, "preset"),
        ({"instruments": ("bass",), "bars": (0, 2)}, "no range of bars"),
    ],
)
def test_bad_options_get_one_sentence_before_there_is_a_piece(options, part):
    with pytest.raises(InputError) as caught:
        check_add_options(AddOptions(**options))
    assert part in caught.value.reason


def test_what_does_not_fit_the_piece_is_named():
    with pytest.raises(BarRangeError, match="bars 1-8"):
        find_window(make_band(), AddOptions(bars=(8, 9)))
    with pytest.raises(NoMusicError, match="no music"):
        find_window(Piece(), AddOptions())
    silent = Piece(tracks=make_band().tracks, length_ticks=1920 * 40)
    with pytest.raises(NoMusicError, match="Nothing plays"):
        find_window(silent, AddOptions(bars=(30, 32)))
    with pytest.raises(InputError, match="tracks"):
        find_window(Piece(tracks=(*make_band().tracks, *(Track() for _ in range(60)))), AddOptions())


def test_a_layer_at_the_beginning_has_nothing_before_it():
    window = find_window(make_band(), AddOptions(bars=(2, 3)))
    assert (window.written, window.wanted) == (BarRange(0, 3), BarRange(1, 3))


def test_stored_options_are_read_back():
    options = AddOptions(instruments=("drums", "2"), bars=(1, 2), density="busy")
    assert options_from_json("add", options_to_json(options)) == options
