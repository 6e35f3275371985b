"""Merging, rebasing and reverting as operations: decided or refused, bridged bar by bar, everything else untouched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.operations.base import Wish
from bot.services.operations.merging import MERGE, REBASE, MergeOptions, RebaseOptions
from bot.services.operations.reverting import REVERT, RevertOptions
from bot.services.records import options_from_json, options_to_json
from core.errors import InputError
from core.settings import LimitSettings
from music.versions.conflicts import Resolution
from tests.factories.layered_songs import BAR_TICKS, make_song
from tests.factories.song_people import fill

NUM_BARS = 6


class FillingNetworks:
    """Fills what is asked for, and keeps the requests."""

    def __init__(self):
        self.requests, self.steps = [], []

    async def write(self, request, *, step=None):
        self.requests.append(request)
        self.steps.append(step)
        return fill(request)


def moved(song, *, layer, bars, semitones, origin):
    """The song with the notes of some bars (from 0) of one layer moved."""
    tracks, origins = list(song.piece.tracks), list(song.origins)
    pairs = [
        (note._replace(pitch=note.pitch + semitones), origin) if note.onset_ticks // BAR_TICKS in bars else (note, old)
        for note, old in zip(tracks[layer].notes, origins[layer], strict=True)
    ]
    pairs.sort()
    tracks[layer] = replace(tracks[layer], notes=tuple(note for note, _ in pairs))
    origins[layer] = tuple(old for _, old in pairs)
    return replace(song, piece=song.piece.with_tracks(tuple(tracks)), origins=tuple(origins))


def wish_for(*, decisions=(), seed=5, locked=False, ours_bars=(1, 2), theirs_bars=(1, 2)):
    base = make_song(num_bars=NUM_BARS)
    ours = moved(base, layer=1, bars=ours_bars, semitones=2, origin=2)
    theirs = moved(base, layer=1, bars=theirs_bars, semitones=5, origin=3)
    if locked:
        ours = ours.with_layer(replace(ours.layers[1], is_locked=True))
        theirs = theirs.with_layer(replace(theirs.layers[1], is_locked=True))
    options = MergeOptions(theirs_id=3, base_id=1, decisions=decisions, ours_name="main", theirs_name="idea")
    return Wish(
        job_id="7",
        options=options,
        seed=seed,
        source=ours.piece,
        limits=LimitSettings(),
        song=ours,
        others=(theirs, base),
        author_id=9,
        key="k",
    )


def notes_in(song, layer, bars):
    return [note for note in song.piece.tracks[layer].notes if note.onset_ticks // BAR_TICKS in bars]


async def test_what_only_one_side_changed_needs_no_decision():
    wish = wish_for(ours_bars=(1,), theirs_bars=(4,))
    made = await MERGE.make(wish, FillingNetworks())
    assert notes_in(made.song, 1, (1,)) == notes_in(wish.song, 1, (1,))
    assert notes_in(made.song, 1, (4,)) == notes_in(wish.others[0], 1, (4,))
    assert made.checkpoint_id is None
    (check,) = made.checks
    assert check.found == "64 on both sides, 4 from main, 4 from idea, 8 removed by a side"


async def test_an_undecided_conflict_is_refused_with_what_to_do():
    with pytest.raises(InputError, match="Merge again"):
        await MERGE.make(wish_for(), FillingNetworks())


async def test_a_bridge_changes_its_bars_of_its_layer_and_nothing_else():
    networks = FillingNetworks()
    wish = wish_for(decisions=(("cells:b:1-3", "bridge"),))
    made = await MERGE.make(wish, networks)
    assert [request.style for request in networks.requests]
    assert {step.name for step in networks.steps} == {"the bridge in Bass"}
    assert made.checkpoint_id is not None
    assert set(notes_in(made.song, 1, (1, 2))).isdisjoint(notes_in(wish.song, 1, (1, 2)))
    others = tuple(bar for bar in range(NUM_BARS) if bar not in (1, 2))
    assert notes_in(made.song, 1, others) == notes_in(wish.song, 1, others)
    assert [made.song.piece.tracks[place] for place in (0, 2)] == [wish.song.piece.tracks[place] for place in (0, 2)]
    assert made.song.origins[0] == wish.song.origins[0]
    assert made.song.origins[1].count(0) == len(notes_in(made.song, 1, (1, 2)))
    assert all(check.is_kept for check in made.checks if check.name in ("merge", "locked_bars"))
    assert {check.name for check in made.checks} >= {"merge", "locked_bars"}


async def test_the_same_seed_bridges_with_the_same_notes():
    decisions = (("cells:b:1-3", "bridge"),)
    first, again, other = [
        await MERGE.make(wish_for(decisions=decisions, seed=seed), FillingNetworks()) for seed in (5, 5, 6)
    ]
    assert first.song == again.song
    assert first.song != other.song


async def test_somebody_elses_locked_layer_stays_as_it_is_in_ours():
    wish = wish_for(locked=True)
    made = await MERGE.make(wish, FillingNetworks())
    assert made.song.piece.tracks[1] == wish.song.piece.tracks[1]
    assert "left out of locked layers" in made.checks[0].found


@pytest.mark.parametrize(
    ("operation", "options"), [(MERGE, MergeOptions()), (REBASE, RebaseOptions()), (REVERT, RevertOptions())]
)
def test_sides_must_be_named(operation, options):
    with pytest.raises(InputError, match="what to merge"):
        operation.check(options, limits=LimitSettings())


def test_a_decision_must_be_one_of_four():
    options = MergeOptions(theirs_id=1, base_id=2, decisions=(("cells:a:0-1", "mine"),))
    with pytest.raises(InputError, match="both, bridge, ours, theirs"):
        MERGE.check(options, limits=LimitSettings())


@pytest.mark.parametrize("options_type", [MergeOptions, RebaseOptions, RevertOptions])
def test_what_is_stored_is_read_again(options_type):
    options = options_type(theirs_id=3, base_id=1, decisions=(("cells:a:0-1", "both"),), branch_id=4, ours_name="main")
    kind = {MergeOptions: "merge", RebaseOptions: "rebase", RevertOptions: "revert"}[options_type]
    again = options_from_json(kind, options_to_json(options))
    assert again == options
    assert again.resolutions == {"cells:a:0-1": Resolution.BOTH}
    assert again.other_revision_ids == (3, 1)
    assert again.joined_revision_ids == (() if kind == "revert" else (3,))
    assert again.into_branch_id == 4
