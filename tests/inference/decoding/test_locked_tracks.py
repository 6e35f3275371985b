"""Layers that others locked, and bars that they claimed, are left alone while music is written: for untrained networks, at every seed."""

from pathlib import Path

import pytest
import torch

from core.errors import InputError
from inference.decoding.generator import GeneratorDecoder
from inference.decoding.remix_network import remixer_config
from inference.decoding.remixer import RemixerDecoder
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.models.remixer import RemixerNetwork
from inference.protocol import GenerateRequest, RemixRequest, Result
from music.constraints import BarRange, Constraints
from music.piece import DRUM_PROGRAM
from music.tokenizers.tracker import CHOICE_BAR
from tests.factories.pieces import make_band

PIANO, BASS, GUITAR, DRUMS = range(4)
BAND = make_band(4)
SEEDS = range(9)
WEIGHTS = Path(__file__).resolve().parents[3] / "weights"


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[:CHOICE_BAR] += 3.0  # more notes a bar, so that there is something to see
    return GeneratorDecoder(model, checkpoint_id="generator-test")


@pytest.fixture(scope="module")
def remixer():
    torch.manual_seed(0)
    return RemixerDecoder(RemixerNetwork(remixer_config("tiny")), checkpoint_id="remixer-test")


@pytest.fixture(scope="module")
def shipped_generator():
    return GeneratorDecoder.load(WEIGHTS / "generator", torch.device("cpu"))


@pytest.fixture(scope="module")
def shipped_remixer():
    return RemixerDecoder.load(WEIGHTS / "remixer", "cpu")


def run(decoder, request) -> Result:
    *_, result = decoder.decode(request)
    return result


@pytest.mark.parametrize("seed", SEEDS)
def test_a_continuation_writes_no_note_for_a_locked_track(generator, seed):
    """All others go on, and the check says so."""
    locked = ((BASS,), (PIANO, DRUMS), (PIANO, BASS, GUITAR))[seed % 3]
    constraints = Constraints(num_bars=2, locked_tracks=locked)
    result = run(generator, GenerateRequest(job_id="a", seed=seed, prompt=BAND, constraints=constraints))
    for index in range(4):
        has_more = len(result.piece.tracks[index].notes) > len(BAND.tracks[index].notes)
        assert has_more is (index not in locked)
    assert [check.name for check in result.checks if not check.is_kept] == []
    assert any(check.asked == "given tracks untouched" for check in result.checks)


def test_an_instrument_that_is_named_although_its_track_is_locked_plays_on_a_new_track(generator):
    constraints = Constraints(num_bars=2, instruments=(BAND.tracks[BASS].program,), locked_tracks=(BASS,))
    result = run(generator, GenerateRequest(job_id="a", seed=1, prompt=BAND, constraints=constraints))
    assert result.piece.tracks[:4] == BAND.tracks
    assert [track.program for track in result.piece.tracks[4:]] == [BAND.tracks[BASS].program]


def test_with_every_track_locked_nobody_goes_on(generator):
    constraints = Constraints(num_bars=2, locked_tracks=(0, 1, 2, 3))
    with pytest.raises(InputError, match="locked"):
        run(generator, GenerateRequest(job_id="a", seed=1, prompt=BAND, constraints=constraints))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_remix_leaves_claimed_bars_of_one_track_alone(remixer, seed):
    """The same bars of other tracks, and other bars of that track, change."""
    changes = (("pitch",), ("rhythm",), ("pitch", "rhythm", "velocity"))[seed % 3]
    constraints = Constraints(locked_cells=((GUITAR, BarRange(1, 3)),), locked_tracks=(BASS,))
    request = RemixRequest(
        job_id="a", seed=seed, piece=BAND, change=changes[0], changes=changes, share=1.0, constraints=constraints
    )
    result = run(remixer, request)
    assert result.piece.tracks[BASS] == BAND.tracks[BASS]
    changed = {
        (index, note.onset_ticks // 1920)
        for index, track in enumerate(BAND.tracks)
        for note in set(track.notes) - set(result.piece.tracks[index].notes)
    }
    assert changed.isdisjoint({(GUITAR, 1), (GUITAR, 2)})
    assert {(GUITAR, 0), (GUITAR, 3), (PIANO, 1)} <= changed
    assert all(check.is_kept for check in result.checks if check.name == "locked_bars")


def test_claimed_bars_keep_their_instrument(remixer):
    constraints = Constraints(locked_cells=((GUITAR, BarRange(1, 2)),))
    request = RemixRequest(job_id="a", seed=1, piece=BAND, change="instrument", share=1.0, constraints=constraints)
    result = run(remixer, request)
    assert result.piece.tracks[GUITAR] == BAND.tracks[GUITAR]
    assert result.piece.tracks[PIANO].program != BAND.tracks[PIANO].program


def test_claimed_cells_of_tracks_that_are_not_there_are_told(remixer):
    request = RemixRequest(job_id="a", seed=1, piece=BAND, constraints=Constraints(locked_cells=((9, BarRange(0, 1)),)))
    with pytest.raises(InputError, match="no track 10"):
        run(remixer, request)


def test_drums_are_locked_like_everybody_else(generator):
    constraints = Constraints(num_bars=1, locked_tracks=(DRUMS,))
    result = run(generator, GenerateRequest(job_id="a", seed=2, prompt=BAND, constraints=constraints))
    assert sum(track.instrument == DRUM_PROGRAM for track in result.piece.tracks) == 1
    assert result.piece.tracks[DRUMS] == BAND.tracks[DRUMS]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("locked", [(BASS,), (PIANO, DRUMS)])
def test_the_shipped_networks_leave_locked_tracks_alone(shipped_generator, shipped_remixer, locked, seed):
    """Trained networks have wishes of their own: the masks hold all the same."""
    constraints = Constraints(num_bars=4, locked_tracks=locked)
    gone_on = run(shipped_generator, GenerateRequest(job_id="a", seed=seed, prompt=BAND, constraints=constraints))
    remixed = run(
        shipped_remixer,
        RemixRequest(
            job_id="a", seed=seed, piece=BAND, change="pitch", changes=("pitch", "rhythm"), share=1.0,
            constraints=Constraints(locked_tracks=locked),
        ),
    )  # fmt: skip
    for piece in (gone_on.piece, remixed.piece):
        assert [piece.tracks[index] for index in locked] == [BAND.tracks[index] for index in locked]
        assert any(piece.tracks[index] != BAND.tracks[index] for index in range(4) if index not in locked)
    assert [check for check in (*gone_on.checks, *remixed.checks) if not check.is_kept] == []
