"""Counts and matches of the JSB benchmark: shares add to one, nothing of the future, own piece left out."""

import numpy as np
import pytest

from music.tokenizers.chorale import MAX_STEP, NUM_STEPS, ChoraleFrames
from tests.factories.chorales import bach_chorale, repeated
from training.jsb_counts import PREDICTORS, contexts_of, interpolate
from training.jsb_data import ORDER, Counts, join, prepare, shift_range, voices_in_order
from training.jsb_matches import MATCHES, match_levels, run_lengths

NAMES = ("bach/bwv66.6", "bach/bwv269", "bach/bwv4.8")


@pytest.fixture(scope="module")
def counts() -> Counts:
    return Counts([bach_chorale(name) for name in NAMES[:2]])


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_shares_of_counts_add_to_one(counts: Counts, predictor: str):
    """Every context gives a distribution, seen or not."""
    frames = bach_chorale(NAMES[2])
    for voice, written in voices_in_order():
        chain = contexts_of(frames, voice, written, predictor)
        shares, depth = interpolate(counts.levels[voice, predictor], chain, None)
        assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
        assert depth.min() >= 0


def test_counts_of_the_own_piece_are_left_out(counts: Counts):
    """A training chorale asks only the others: the same shares as from counts made without it."""
    own, other = bach_chorale(NAMES[0]), bach_chorale(NAMES[1])
    alone = Counts([other])
    for voice, written in voices_in_order():
        left_out, _ = counts.shares(own, voice, written, 0)
        without, _ = alone.shares(own, voice, written, None)
        assert np.allclose(left_out, without, atol=1e-5)
    with_own, _ = counts.shares(own, 0, (), None)
    assert not np.allclose(with_own, counts.shares(own, 0, (), 0)[0], atol=1e-2)


def test_contexts_hold_only_what_is_known(counts: Counts):
    """Contexts of a frame stay the same when the voices not yet written, and all later frames, are others."""
    frames = bach_chorale()
    place = 61
    for voice, written in voices_in_order():
        changed = frames.pitches.copy()
        changed[place, [each for each in range(4) if each not in written]] += 1
        changed[place + 1 :] += 5
        for predictor in PREDICTORS:
            kept = contexts_of(frames, voice, written, predictor)
            moved = contexts_of(ChoraleFrames.read(changed), voice, written, predictor)
            assert all((one[: place + 1] == two[: place + 1]).all() for one, two in zip(kept, moved, strict=True))


def test_matches_hold_only_what_is_known():
    """The same for matches inside the piece."""
    frames = bach_chorale()
    place = 61
    for voice, written in voices_in_order():
        changed = frames.pitches.copy()
        changed[place, [each for each in range(4) if each not in written]] += 1
        changed[place + 1 :] += 5
        kept, moved = match_levels(frames, voice, written), match_levels(ChoraleFrames.read(changed), voice, written)
        assert all((one[: place + 1] == two[: place + 1]).all() for one, two in zip(kept, moved, strict=True))


def test_a_repeat_supports_what_came_the_first_time():
    """In the second playing of a phrase the true step has the longest match, which grows frame by frame."""
    frames = repeated(bach_chorale(), num_frames=60)
    levels, longest = match_levels(frames, 0, ())
    true_steps = frames.steps(0)
    kind = MATCHES.index("all_voices")
    assert longest[100:120, kind].tolist() == list(range(40, 60))
    assert (levels[80:, :, kind].argmax(axis=1) == true_steps[80:]).all()


def test_run_lengths_of_a_hand_worked_table():
    """Runs are counted along diagonals and start anew after a difference."""
    equal = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], dtype=bool)
    assert run_lengths(equal).tolist() == [[1, 0, 1], [0, 2, 0], [1, 0, 3]]


def test_prepared_frames_are_the_same_step_by_step(counts: Counts):
    """Preparing the beginning of a chorale gives the beginning of what the whole gives."""
    whole = bach_chorale(NAMES[2])
    part = ChoraleFrames.read(whole.pitches[:40])
    one, two = prepare([whole], counts, is_counted=False), prepare([part], counts, is_counted=False)
    for name in ("reading", "head_ids", "dense", "columns", "anchors", "values"):
        assert (getattr(one, name)[:40] == getattr(two, name)).all(), name


def test_joined_pieces_keep_their_frames(counts: Counts):
    """Two preparations joined are the pieces of both in order."""
    first = prepare([bach_chorale(NAMES[0])], counts, is_counted=False)
    second = prepare([bach_chorale(NAMES[2])], counts, is_counted=False)
    both = join(first, second)
    assert both.num_pieces == 2
    assert (both.columns[both.starts[1] : both.starts[2]] == second.columns).all()
    assert both.columns.shape[1:3] == (len(ORDER), NUM_STEPS)


def test_transposition_stays_in_the_ranges():
    """The widest range moves least, and the key of the piece itself is always allowed."""
    assert shift_range(np.array([[60, 55, 50, 40]])) == (-3, 5)
    assert shift_range(np.array([[90, 55, 50, 30]])) == (0, 0)


def test_a_larger_step_or_a_rest_is_any_other(counts: Counts):
    """The last class gathers what is no step."""
    frames = ChoraleFrames.read(np.array([[60, 55, 50, 40], [80, -1, 50, 40]]))
    assert frames.steps(0).tolist() == [NUM_STEPS - 1, NUM_STEPS - 1]
    assert frames.steps(2)[1] == MAX_STEP
