"""Drafts of a hole's bars: how many there are, and which one stays."""

from __future__ import annotations

import pytest
import torch

from inference.arranger_sizes import arranger_config
from inference.decoding.passage_drafts import NUM_DRAFTS, Row, choose_draft, count_drafts
from inference.decoding.passage_plan import make_plan
from inference.decoding.passage_rules import PassageRules
from inference.decoding.passage_writer import PassageWriter
from inference.harmony_sampling import harmony_sampling
from inference.models.arranger import Arranger
from inference.protocol import HarmonizeRequest, Sampling
from music.constraints import BarRange
from music.vocabulary import Kind, make_event
from tests.factories.pieces import make_band


def draft(*notes: tuple[int, int]) -> list[Row]:
    """Rows of a bar with notes of a position (in units) and a pitch."""
    chord = make_event(Kind.CHORD, 0, 0, 0, 0)
    return [chord, *(make_event(Kind.NOTE, 5, position, pitch, 3, 4) for position, pitch in notes)]


def test_the_draft_that_shares_most_with_the_others_stays():
    """Of a middle way and two extremes the middle way is nearest to both."""
    drafts = [draft((0, 60), (24, 64)), draft((0, 60), (48, 67)), draft((0, 72), (48, 67))]
    assert choose_draft(drafts) == 1


def test_of_equal_drafts_the_first_stays():
    """Nothing depends on more than the drafts; silent bars agree with each other."""
    assert choose_draft([draft((0, 60)), draft((0, 62)), draft((0, 64))]) == 0
    assert choose_draft([draft((0, 60)), draft(), draft()]) == 1


def test_onsets_agree_within_a_16th():
    """A note a little late is the same note, one a 16th late is not."""
    drafts = [draft((0, 60)), draft((6, 60)), draft((8, 60))]
    assert choose_draft(drafts) == 1


@pytest.mark.parametrize(
    ("temperature", "num_bars", "expected"),
    [(0.5, 1, NUM_DRAFTS), (0.5, 4, 6), (0.5, 8, 3), (0.5, 9, 1), (0.5, 200, 1), (0.1, 1, 1), (0.95, 1, 1)],
)
def test_long_holes_and_bold_requests_have_fewer_drafts(temperature: float, num_bars: int, expected: int):
    """Nobody waits for drafts of a long hole, and who wants a surprise or the likeliest gets it."""
    assert count_drafts(Sampling(temperature_notes=temperature), num_bars=num_bars) == expected


def test_wild_holes_are_drawn_once():
    """The presets differ: only the cautious ones look for agreement."""
    assert count_drafts(harmony_sampling("fill", "wild"), num_bars=1) == 1
    assert count_drafts(harmony_sampling("fill", "balanced"), num_bars=1) == NUM_DRAFTS


def write_hole(sampling: Sampling, seed: int = 1) -> PassageWriter:
    torch.manual_seed(3)
    sizes = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "feed_forward": 32}
    network = Arranger(arranger_config(head_width=16, dropout=0.0, **sizes)).eval()
    request = HarmonizeRequest(
        job_id="a", seed=seed, piece=make_band(8), style="fill", track=1, bars=BarRange(start_bar=3, stop_bar=5)
    )
    plan = make_plan(request)
    writer = PassageWriter(network, plan, PassageRules(plan, request.constraints), sampling=sampling, seed=seed)
    with torch.inference_mode():
        assert list(writer.write()) == [1, 2]
    return writer


def test_drafts_leave_nothing_behind():
    """Where all drafts are the same, the bars are what a single draft makes of them."""
    drafted = write_hole(Sampling(temperature_notes=0.5, top_k=1))
    once = write_hole(Sampling(temperature_notes=0.0, top_k=1))
    assert drafted.notes == once.notes
    assert drafted.chords == once.chords
    assert drafted.num_events == once.num_events


def test_drafted_holes_depend_on_the_seed_alone():
    """The same seed gives the same bars, another seed others."""
    sampling = harmony_sampling("fill")
    first, second, third = write_hole(sampling), write_hole(sampling), write_hole(sampling, seed=2)
    assert first.notes == second.notes
    assert first.notes != third.notes
