"""What an order would touch, by its options: as narrow as they say, and everything where they do not."""

import pytest

from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.composition_options import ComposeOptions
from bot.services.operations.exporting import ExportOptions
from bot.services.operations.infilling import InfillOptions
from bot.services.operations.merging import MergeOptions
from bot.services.operations.stepping import UndoOptions
from bot.services.options import GenerateOptions, HarmonizeOptions, RemixOptions
from bot.services.together.claims.scope import EVERYTHING, NOTHING, scope_of
from music.constraints import BarRange
from music.versions.carrying import begin
from music.versions.cell_range import CellRange
from tests.factories.pieces import make_band

SONG = begin(make_band(4), author_id=1, key="test", origin=1)
PIANO, BASS, GUITAR, DRUMS = (layer.layer_id for layer in SONG.layers)
EVERY_LAYER = {PIANO, BASS, GUITAR, DRUMS}


@pytest.mark.parametrize(
    ("options", "layers", "bars"),
    [
        (RemixOptions(), None, None),
        (RemixOptions(tracks=("bass",), bars=(2, 3)), {BASS}, (1, 3)),
        (RemixOptions(change="instrument", tracks=("bass",), bars=(2, 3)), {BASS}, None),
        (InfillOptions(bars=(2, 3), tracks=("piano", "4")), {PIANO, DRUMS}, (1, 3)),
        (InfillOptions(bars=(2, 2)), EVERY_LAYER, (1, 2)),
        (HarmonizeOptions(style="fill", bars=(1, 1), track=3), {GUITAR}, (0, 1)),
        (HarmonizeOptions(style="chords"), set(), None),
        (AddOptions(instruments=("flute",), bars=(1, 2)), set(), (0, 2)),
        (ArrangeOptions(transpose_semitones=1), EVERY_LAYER, None),
        (ArrangeOptions(transpose_semitones=1, tracks=("bass",), bars=(4, 4)), {BASS}, (3, 4)),
        (ArrangeOptions(swaps=(("piano", "organ"),), drop_tracks=("drums",)), {PIANO, DRUMS}, None),
        (ArrangeOptions(keep_tracks=("piano",)), {BASS, GUITAR, DRUMS}, None),
        (ArrangeOptions(tempo_percent=90), set(), None),
    ],
)
def test_a_scope_is_as_narrow_as_the_options_say(options, layers, bars):
    scope = scope_of(options, SONG)
    assert scope.layer_ids == (None if layers is None else frozenset(layers))
    assert scope.bars == (None if bars is None else BarRange(*bars))


@pytest.mark.parametrize(
    "options", [ComposeOptions(), GenerateOptions(beginning_bars=(1, 2)), ArrangeOptions(stretch=2.0)]
)
def test_what_is_not_known_is_everything(options):
    assert scope_of(options, SONG) == EVERYTHING


@pytest.mark.parametrize(
    "options",
    [
        ExportOptions(),
        UndoOptions(target_id=1),
        MergeOptions(),
        RemixOptions(bars=(9, 9)),
        RemixOptions(tracks=("tuba",)),
    ],
)
def test_what_shows_or_fails_or_is_seen_at_the_commit_touches_nothing(options):
    assert scope_of(options, SONG) == NOTHING


def test_a_continuation_touches_the_layers_that_go_on_but_no_bar_that_is_there():
    scope = scope_of(GenerateOptions(num_bars=4), SONG)
    assert not scope.meets(CellRange(layer_id=BASS, start_bar=0, stop_bar=4))
    assert scope.meets(CellRange(layer_id=BASS))
    assert not scope.adds_layers
    assert scope_of(GenerateOptions(num_bars=4, instruments=("flute",)), SONG).adds_layers


def test_a_new_layer_meets_claims_of_all_layers_only():
    scope = scope_of(AddOptions(instruments=("flute",)), SONG)
    assert scope.meets(CellRange(start_bar=0, stop_bar=1))
    assert not scope.meets(CellRange(layer_id=PIANO, start_bar=0, stop_bar=1))
