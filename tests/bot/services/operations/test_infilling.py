"""Gaps: which bars and tracks are meant, who is filled when, and that nothing else changes."""

from dataclasses import replace

import pytest

from bot.services.operations.base import Wish
from bot.services.operations.infilling import INFILL, InfillOptions, find_gap
from bot.services.records import options_from_json, options_to_json
from core.errors import BarRangeError, InputError, NoMusicError
from core.settings import LimitSettings
from music.constraints import BarRange
from music.gaps import empty_gap
from music.piece import Piece
from music.time_grid import TimeGrid
from tests.factories.networks import StandInNetworks
from tests.factories.pieces import make_band, make_melody

PIANO, BASS, GUITAR, DRUMS = range(4)


async def infill(piece, networks=None, *, seed=1, **options):
    wish = Wish(job_id="1", options=InfillOptions(**options), seed=seed, source=piece, limits=LimitSettings())
    return await INFILL.make(wish, networks or StandInNetworks())


def outside(piece, tracks, start_bar, stop_bar):
    """Every note but those of some tracks in some bars."""
    grid = TimeGrid(piece)
    start, stop = grid.bar_start_ticks(start_bar), grid.bar_start_ticks(stop_bar)
    return [
        [note for note in track.notes if index not in tracks or not start <= note.onset_ticks < stop]
        for index, track in enumerate(piece.tracks)
    ]


@pytest.mark.parametrize(
    ("tracks", "indices"), [(("all",), range(4)), (("bass",), (BASS,)), (("4", "piano"), (PIANO, DRUMS))]
)
@pytest.mark.parametrize(("first", "last"), [(3, 4), (1, 2), (7, 8), (5, 5)])
async def test_only_the_gap_changes(tracks, indices, first, last):
    """In the middle, at the beginning, at the end; one track or the whole band."""
    made = await infill(make_band(), bars=(first, last), tracks=tracks)
    assert outside(made.piece, indices, first - 1, last) == outside(make_band(), indices, first - 1, last)
    assert made.piece.tracks != make_band().tracks
    checks = {check.name: check for check in made.checks}
    assert checks["locked_bars"].is_kept
    assert checks["filled"].is_kept
    assert {"playable", "joints"} <= checks.keys()


async def test_all_give_up_their_bars_before_anybody_is_asked():
    """Nobody hears what is about to go; later ones hear the earlier. Every request throws dice of its own."""
    networks = StandInNetworks()
    await infill(make_band(), networks, bars=(3, 4), tracks=("all",))
    assert len({request.seed for request in networks.requests}) == len(networks.requests)
    order = list(dict.fromkeys(request.track for request in networks.requests))
    assert sorted(order) == [PIANO, BASS, GUITAR, DRUMS]
    for request in networks.requests:
        grid = TimeGrid(request.piece)
        filled = {
            index
            for index, track in enumerate(request.piece.tracks)
            if any(grid.bar_of_tick(note.onset_ticks) in {2, 3} for note in track.notes)
        }
        assert filled == set(order[: order.index(request.track)])


async def test_a_long_gap_is_filled_piece_by_piece():
    """All tracks of the first bars before any of the next, each piece seeing the one before; every step is named."""
    networks = StandInNetworks()
    made = await infill(make_band(16), networks, bars=(5, 12), tracks=("bass", "drums"))
    seen = list(dict.fromkeys((request.bars, request.track) for request in networks.requests))
    assert seen == [(BarRange(4, 8), BASS), (BarRange(4, 8), DRUMS), (BarRange(8, 12), BASS), (BarRange(8, 12), DRUMS)]
    assert "Bass, bars 5-8" in {step.name for step in networks.steps}
    assert {step.num_steps for step in networks.steps} == {4}
    assert {TimeGrid(made.piece).bar_of_tick(note.onset_ticks) for note in made.piece.tracks[BASS].notes} == set(
        range(16)
    )


async def test_harmony_comes_before_what_goes_over_it():
    """Chords, bass, drums, lead: found by role, not by place; the steps say who is at work."""
    networks = StandInNetworks()
    await infill(make_band(), networks, bars=(3, 4), tracks=("all",))
    titles = [step.name for step in networks.steps]
    assert titles.index("Bass") < titles.index("Drums") < titles.index("Guitar")
    steps = list(dict.fromkeys((step.number, step.num_steps) for step in networks.steps))
    assert steps == [(number, 4) for number in range(1, 5)]


class Uneven(StandInNetworks):
    """Writes as many notes as it is told, draft by draft."""

    def __init__(self, *counts):
        super().__init__()
        self.counts = counts

    async def write(self, request, *, step=None):
        self.num_notes = self.counts[len(self.requests) % len(self.counts)]
        return await super().write(request, step=step)


@pytest.mark.parametrize(
    ("counts", "num_requests", "num_notes"), [((4,), 1, 4), ((1, 4), 2, 4), ((16, 1, 9), 3, 9), ((30, 13, 40), 3, 13)]
)
async def test_a_draft_that_is_far_from_both_sides_is_written_again(counts, num_requests, num_notes):
    """The bass plays four notes a bar: the first draft near that stays, or of three the nearest."""
    networks = Uneven(*counts)
    made = await infill(make_band(), networks, bars=(3, 3), tracks=("bass",))
    assert len(networks.requests) == num_requests
    assert sum(3840 <= note.onset_ticks < 5760 for note in made.piece.tracks[BASS].notes) == num_notes


async def test_a_gap_at_the_beginning_is_shown_with_a_left_side():
    """The bars after it stand before it, too, while it is written; in the result they do not."""
    networks = StandInNetworks()
    made = await infill(make_band(), networks, bars=(1, 2), tracks=("guitar",))
    (request,) = networks.requests[:1]
    assert request.bars == BarRange(4, 6)
    assert TimeGrid(request.piece).num_bars == 12
    assert TimeGrid(made.piece).num_bars == 8
    assert {TimeGrid(made.piece).bar_of_tick(note.onset_ticks) for note in made.piece.tracks[GUITAR].notes} == set(
        range(8)
    )


async def test_the_same_seed_fills_the_same():
    one, two, other = [await infill(make_band(), bars=(3, 4), tracks=("all",), seed=seed) for seed in (4, 4, 5)]
    assert one == two
    assert one.piece != other.piece


def test_who_is_silent_in_the_bars_is_meant_when_nobody_is_named():
    """And all who play, if nobody is silent."""
    piece = make_band()
    gap = find_gap(piece, InfillOptions(bars=(3, 4)))
    assert sorted(gap.tracks) == [0, 1, 2, 3]
    without = empty_gap(piece, replace(gap, tracks=(GUITAR,)))
    assert find_gap(without, InfillOptions(bars=(3, 4))).tracks == (GUITAR,)


def test_silent_bars_are_found_when_none_are_named():
    piece = make_band()
    whole = find_gap(piece, InfillOptions(bars=(3, 5)))
    assert find_gap(empty_gap(piece, whole), InfillOptions()).bars == BarRange(2, 5)
    with pytest.raises(NoMusicError, match="nothing to fill"):
        find_gap(piece, InfillOptions())


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        ({"bars": (7, 12)}, BarRangeError, "bars 1-8"),
        ({"bars": (2, 3), "tracks": ("cello",)}, InputError, "1 Piano, 2 Bass, 3 Guitar, 4 Drums"),
        ({"bars": (1, 8), "tracks": ("all",)}, NoMusicError, "nothing would be left"),
        ({"bars": (4, 3)}, InputError, "no range of bars"),
    ],
)
def test_what_cannot_be_filled_is_named(options, error, part):
    with pytest.raises(error, match=part):
        find_gap(make_band(), InfillOptions(**options))


def test_options_are_checked_before_there_is_a_piece():
    for options in (InfillOptions(bars=(0, 3)), InfillOptions(preset="loud")):
        with pytest.raises(InputError):
            INFILL.check(options, limits=LimitSettings())
    with pytest.raises(NoMusicError):
        find_gap(Piece(), InfillOptions(bars=(1, 2)))


def test_stored_options_are_read_back():
    options = InfillOptions(bars=(5, 8), tracks=("bass", "2"), preset="wild")
    assert options_from_json("infill", options_to_json(options)) == options


async def test_a_single_track_is_one_request_without_a_step():
    """Its progress is the network's own."""
    networks = StandInNetworks()
    await infill(make_melody(), networks, bars=(2, 3), tracks=("1",))
    assert set(networks.steps) == {None}
