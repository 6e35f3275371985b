"""What is read of a chorale: nothing from the future, the same in all keys, and right on hand-worked frames."""

import numpy as np
import pytest

from music.tokenizers.chorale import (
    MAX_STEP,
    OTHER_STEP,
    PITCH_COLUMNS,
    READING_SIZES,
    VOICE_SIZES,
    ChoraleFrames,
    class_levels,
    estimate_keys,
    reading_ids,
    rule_flags,
    voice_ids,
)
from tests.factories.chorales import bach_chorale


def frames_of(*rows: tuple[int, int, int, int]) -> ChoraleFrames:
    return ChoraleFrames.read(np.array(rows))


def test_anchor_is_the_last_pitch_sounded_and_a_rest_keeps_it():
    """A voice that rested goes on from the pitch before the rest; the held time counts unchanged frames."""
    frames = frames_of((60, 55, 52, 48), (60, -1, 52, 48), (62, 57, -1, 48), (62, 57, 50, 36))
    assert frames.anchors.tolist() == [[-1] * 4, [60, 55, 52, 48], [60, 55, 52, 48], [62, 57, 52, 48]]
    assert frames.held.tolist() == [[0] * 4, [1, 1, 1, 1], [2, 1, 2, 2], [1, 1, 1, 3]]
    assert frames.earlier[3].tolist() == [60, 55, -1, -1]
    assert frames.steps(0).tolist() == [OTHER_STEP, MAX_STEP, MAX_STEP + 2, MAX_STEP]
    assert frames.steps(2)[2] == OTHER_STEP


def test_features_of_a_frame_do_not_change_with_what_comes_after():
    """Reading a chorale frame by frame gives the same numbers as reading it at once."""
    whole = bach_chorale()
    for stop in (1, 7, 40, 101):
        part = ChoraleFrames.read(whole.pitches[:stop])
        assert (reading_ids(part) == reading_ids(whole)[:stop]).all()
        for voice, written in ((0, ()), (3, (0,)), (2, (0, 3, 1))):
            assert (voice_ids(part, voice, written) == voice_ids(whole, voice, written)[:stop]).all()
            assert (rule_flags(part, voice, written) == rule_flags(whole, voice, written)[:stop]).all()
            assert np.allclose(class_levels(part, voice), class_levels(whole, voice)[:stop])


def test_body_reads_nothing_of_the_frame_itself():
    """Changing the last frame changes nothing that is read before it is written."""
    pitches = bach_chorale().pitches[:50].copy()
    before = reading_ids(ChoraleFrames.read(pitches))
    pitches[-1] += 3
    assert (reading_ids(ChoraleFrames.read(pitches)) == before).all()


@pytest.mark.parametrize(("voice", "written"), [(0, ()), (3, (0,)), (1, (0, 3)), (2, (0, 3, 1))])
def test_a_head_reads_only_voices_already_written(voice, written):
    """The own pitch and those written later leave no trace in what a voice's head reads."""
    pitches = bach_chorale().pitches[:50].copy()
    frames = ChoraleFrames.read(pitches)
    kept = (voice_ids(frames, voice, written), rule_flags(frames, voice, written))
    pitches[-1, [each for each in range(4) if each not in written]] -= 2
    moved = ChoraleFrames.read(pitches)
    assert (voice_ids(moved, voice, written) == kept[0]).all()
    assert (rule_flags(moved, voice, written) == kept[1]).all()


def test_only_pitch_columns_move_with_transposition():
    """Everything else is relative, so one preparation serves all keys."""
    low, high = bach_chorale(), ChoraleFrames.read(bach_chorale().pitches + 2)
    differs = (reading_ids(low) != reading_ids(high)).any(axis=0)
    assert set(np.flatnonzero(differs)) == set(PITCH_COLUMNS)
    for voice in range(4):
        assert (voice_ids(low, voice, (0,) if voice else ()) == voice_ids(high, voice, (0,) if voice else ())).all()
        assert np.allclose(class_levels(low, voice), class_levels(high, voice))


def test_ids_stay_inside_their_tables():
    """No id reaches the size of its column."""
    frames = bach_chorale()
    assert (reading_ids(frames).max(axis=0) < np.array(READING_SIZES)).all()
    for voice in range(4):
        assert (voice_ids(frames, voice, tuple(range(voice))).max(axis=0) < np.array(VOICE_SIZES)).all()


def test_key_of_a_whole_chorale_is_found():
    """BWV 66.6 is in F sharp minor."""
    tonic, mode = estimate_keys(bach_chorale())
    assert (tonic[-1], mode[-1]) == (6, 1)


def test_parallel_octaves_are_flagged():
    """Soprano C to D over bass C: the bass step up a tone is a parallel, staying is not."""
    frames = frames_of((72, 67, 64, 48), (74, 67, 65, 50))
    flags = rule_flags(frames, 3, (0,))[1]
    assert flags[MAX_STEP + 2].tolist() == [True, True, False, False]
    assert flags[MAX_STEP].tolist() == [False, False, False, False]
    assert flags[MAX_STEP + 7].tolist() == [False, True, False, False]  # G under D: a hidden fifth
