"""Every operation leaves alone what others locked or claimed, and says so where somebody asks for just that."""

from dataclasses import replace

import pytest

from bot.services.operations.adding import ADD, AddOptions
from bot.services.operations.arranging import ARRANGE, ArrangeOptions
from bot.services.operations.base import Wish
from bot.services.operations.generation import GENERATE
from bot.services.operations.harmonization import HARMONIZE
from bot.services.operations.infilling import INFILL, InfillOptions
from bot.services.operations.remixing import REMIX
from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions
from bot.services.records import options_from_json, options_to_json
from core.errors import PermissionDeniedError
from core.settings import LimitSettings
from music.constraints import BarRange
from music.versions.carrying import begin
from music.versions.cell_range import CellRange
from tests.factories.networks import StandInNetworks
from tests.factories.pieces import make_band

PIANO, BASS, GUITAR, DRUMS = range(4)
ADA, BEN = 1, 2
BAND = begin(make_band(4), author_id=ADA, key="test", origin=1)


def locked_song(*locked):
    """The band, all of it Ada's, with some layers locked."""
    layers = tuple(replace(layer, is_locked=index in locked) for index, layer in enumerate(BAND.layers))
    return replace(BAND, layers=layers)


def wish(options, *, locked=(), author_id=BEN):
    song = locked_song(*locked)
    return Wish(
        job_id="1",
        options=options,
        seed=1,
        source=song.piece,
        limits=LimitSettings(),
        song=song,
        author_id=author_id,
        key="k",
    )


def layer_id(index):
    return BAND.layers[index].layer_id


def cells(index=None, bars=None):
    start, stop = bars or (None, None)
    return CellRange(layer_id=None if index is None else layer_id(index), start_bar=start, stop_bar=stop)


def test_a_remix_tells_the_network_what_is_locked_and_claimed():
    spared = (cells(PIANO, (0, 2)), cells(None, (3, 4)), cells(GUITAR))
    request = REMIX.build_request(wish(RemixOptions(spared=spared), locked=(BASS,)))
    assert request.constraints.locked_tracks == (BASS, GUITAR)
    assert request.constraints.locked_cells == ((PIANO, BarRange(0, 2)),)
    assert request.constraints.locked_bars == (BarRange(3, 4),)
    assert request.tracks == (PIANO, DRUMS)


def test_ones_own_locks_stop_nothing():
    request = REMIX.build_request(wish(RemixOptions(), locked=(BASS,), author_id=ADA))
    assert (request.tracks, request.constraints.locked_tracks) == ((), ())


@pytest.mark.parametrize("names", [("bass",), ("2", "piano")])
def test_a_remix_of_what_is_locked_is_refused_by_name(names):
    with pytest.raises(PermissionDeniedError, match=r"Bass.*locked.*/branch new"):
        REMIX.build_request(wish(RemixOptions(tracks=names), locked=(BASS,)))


def test_a_remix_with_everything_locked_is_refused():
    with pytest.raises(PermissionDeniedError, match="Every layer"):
        REMIX.build_request(wish(RemixOptions(), locked=(0, 1, 2, 3)))


async def test_filling_bars_of_everybody_leaves_locked_and_claimed_layers_out():
    options = InfillOptions(bars=(2, 3), spared=(cells(GUITAR, (2, 3)), cells(PIANO, (0, 1))))
    networks = StandInNetworks()
    made = await INFILL.make(wish(options, locked=(BASS,)), networks)
    assert {request.track for request in networks.requests} == {PIANO, DRUMS}
    assert [made.piece.tracks[index] for index in (BASS, GUITAR)] == [BAND.piece.tracks[i] for i in (BASS, GUITAR)]


async def test_filling_a_locked_layer_is_refused():
    with pytest.raises(PermissionDeniedError, match="Bass"):
        await INFILL.make(wish(InfillOptions(bars=(2, 3), tracks=("bass",)), locked=(BASS,)), StandInNetworks())
    hole = HarmonizeOptions(style="fill", bars=(2, 3), track=BASS + 1)
    with pytest.raises(PermissionDeniedError, match="Bass"):
        HARMONIZE.build_request(wish(hole, locked=(BASS,)))


async def test_all_bars_may_be_filled_when_a_locked_layer_stays_to_go_by():
    made = await INFILL.make(wish(InfillOptions(bars=(1, 4)), locked=(PIANO,)), StandInNetworks())
    assert made.piece.tracks[PIANO] == BAND.piece.tracks[PIANO]


async def test_new_parts_leave_claimed_bars_free():
    spared = (cells(None, (1, 3)),)
    request = HARMONIZE.build_request(wish(HarmonizeOptions(style="chords", spared=spared), locked=(BASS,)))
    assert request.constraints.locked_bars == (BarRange(1, 3),)
    networks = StandInNetworks()
    await ADD.make(wish(AddOptions(instruments=("strings",), spared=spared)), networks)
    assert networks.requests[0].constraints.locked_bars == (BarRange(1, 3),)


@pytest.mark.parametrize(
    "options",
    [
        ArrangeOptions(transpose_semitones=2),
        ArrangeOptions(dynamics="louder"),
        ArrangeOptions(humanize_percent=50, tracks=("all",)),
        ArrangeOptions(swaps=(("bass", "organ"),), bars=(1, 2)),
        ArrangeOptions(keep_tracks=("piano",)),
        ArrangeOptions(drop_tracks=("all",), bars=(2, 2)),
        ArrangeOptions(tempo_percent=50),
    ],
)
def test_rules_leave_locked_layers_as_they_are(options):
    """Whatever they change in the others, and although tempo is everybody's."""
    made = ARRANGE.apply(wish(options, locked=(GUITAR,)))
    assert BAND.piece.tracks[GUITAR] in made.piece.tracks
    assert made.piece != BAND.piece


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (ArrangeOptions(transpose_semitones=2, tracks=("guitar",)), "Guitar"),
        (ArrangeOptions(swaps=(("guitar", "flute"),)), "Guitar"),
        (ArrangeOptions(drop_tracks=("3",)), "Guitar"),
        (ArrangeOptions(stretch=2.0), "length"),
    ],
)
def test_rules_for_a_locked_layer_are_refused(options, part):
    with pytest.raises(PermissionDeniedError, match=part):
        ARRANGE.apply(wish(options, locked=(GUITAR,)))


def test_the_tempo_may_change_when_everything_is_locked():
    made = ARRANGE.apply(wish(ArrangeOptions(tempo_percent=200), locked=(0, 1, 2, 3)))
    assert made.piece.tracks == BAND.piece.tracks


async def test_a_continuation_masks_locked_layers():
    networks = StandInNetworks()
    await GENERATE.make(
        wish(GenerateOptions(num_bars=1, spared=(cells(DRUMS), cells(PIANO, (0, 1)))), locked=(BASS,)), networks
    )
    assert networks.requests[0].constraints.locked_tracks == (BASS, DRUMS)
    everybody = wish(GenerateOptions(num_bars=1), locked=(0, 1, 2, 3))
    with pytest.raises(PermissionDeniedError, match="/add"):
        await GENERATE.make(everybody, StandInNetworks())
    with pytest.raises(PermissionDeniedError, match="Going on from some bars"):
        await GENERATE.make(wish(GenerateOptions(num_bars=1, beginning_bars=(1, 2)), locked=(BASS,)), StandInNetworks())


def test_what_is_spared_is_stored_with_the_options():
    """So that a job that is made again, and a replay, leave the same alone; older rows have none."""
    options = RemixOptions(spared=(cells(PIANO, (0, 2)), cells(None, (3, 4))))
    stored = options_to_json(options)
    assert options_from_json("remix", stored) == options
    del stored["spared"]
    assert options_from_json("remix", stored).spared == ()
