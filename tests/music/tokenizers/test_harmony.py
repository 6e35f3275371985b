"""The harmonizer's coding: what features may know, ranges of ids, reading of melodies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.constraints import METRES
from music.tokenizers import harmony
from music.tokenizers.harmony_reading import FrameBar, FrameNote, read_chorale_line, read_frames, top_line
from tests.factories.harmonies import bach_scores, song


def voices_of(chorale):
    return harmony.voice_values(chorale.pitches)


@pytest.mark.parametrize("index", range(5))
def test_ids_of_real_chorales_fit_their_tables(index):
    """Every feature id of real music lies inside its table."""
    chorale = bach_scores()[index]
    melody = read_chorale_line(chorale.pitches[:, 0])
    for ids, table in (
        (harmony.encoder_features(melody, "chorale"), harmony.ENCODER_FEATURES),
        (harmony.chorale_features(melody, voices_of(chorale)), harmony.DECODER_FEATURES),
    ):
        assert ids.shape == (len(chorale.pitches), len(table))
        assert (ids >= 0).all()
        assert (ids.max(axis=0) < [size for _, size in table]).all()


@given(st.lists(st.tuples(*[st.integers(-1, 84).map(lambda p: p if p >= 33 else -1)] * 4), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_ids_of_any_voices_fit_their_tables(rows):
    """No combination of pitches and rests leaves a table."""
    pitches = np.array(rows, dtype=np.int64)
    melody = read_chorale_line(pitches[:, 0])
    ids = harmony.chorale_features(melody, harmony.voice_values(pitches))
    assert (ids >= 0).all()
    assert (ids.max(axis=0) < [size for _, size in harmony.DECODER_FEATURES]).all()
    ids = harmony.encoder_features(melody, "chorale")
    assert (ids.max(axis=0) < [size for _, size in harmony.ENCODER_FEATURES]).all()


def test_a_step_knows_only_what_was_written_before_it():
    """Changing the lower voices from step t on leaves the rows up to and including t as they were."""
    chorale = bach_scores()[1]
    melody, voices = read_chorale_line(chorale.pitches[:, 0]), voices_of(chorale)
    before = harmony.chorale_features(melody, voices)
    changed = voices.copy()
    changed[40:, 1:] = 7
    after = harmony.chorale_features(melody, changed)
    assert (before[:41] == after[:41]).all()
    assert (before[41] != after[41]).any()


def test_a_chord_step_knows_only_the_chords_before_it():
    """Changing chords from step t on leaves the rows up to and including t as they were."""
    sheet = song(8)
    before = harmony.chord_features(sheet.melody, sheet.step_frames, sheet.chords)
    changed = sheet.chords.copy()
    changed[10:] = (3, 5, 7)
    after = harmony.chord_features(sheet.melody, sheet.step_frames, changed)
    assert (before[:11] == after[:11]).all()
    assert (before[11] != after[11]).any()
    assert (after.max(axis=0) < [size for _, size in harmony.DECODER_FEATURES]).all()


def test_a_hidden_voice_leaves_no_trace():
    """Where a voice is hidden, changing it before that step changes nothing in the row."""
    chorale = bach_scores()[2]
    melody, voices = read_chorale_line(chorale.pitches[:, 0]), voices_of(chorale)
    hidden = np.zeros(voices.shape, dtype=np.bool_)
    hidden[:, 2] = True
    changed = voices.copy()
    changed[:, 2] = np.where(np.arange(len(voices)) % 3 == 0, 20, 25)
    first = harmony.chorale_features(melody, voices, hidden)
    assert (first == harmony.chorale_features(melody, changed, hidden)).all()


def test_the_vocabulary_does_not_change_by_accident():
    """The hash names the table that the shipped weights were trained with; a change of it needs new weights."""
    assert len(harmony.VOCABULARY_HASH) == 64
    assert harmony._hash_vocabulary() == harmony.VOCABULARY_HASH


def test_values_and_pitches_are_inverse():
    """Each pitch of the voices has one value and back."""
    pitches = np.arange(33, 85)
    values = harmony.voice_values(pitches)
    assert [harmony.value_pitch(int(value)) for value in values] == pitches.tolist()
    assert values.max() < harmony.NUM_VOICE_VALUES


@pytest.mark.parametrize("metre", METRES)
def test_every_metre_has_places_of_its_own(metre):
    """Positions of different metres share no id."""
    ids = {harmony.metre_position_id(metre, frame) for frame in range(harmony.frames_per_bar(metre))}
    others = {
        harmony.metre_position_id(other, frame)
        for other in METRES
        if other != metre
        for frame in range(harmony.frames_per_bar(other))
    }
    assert len(ids) == harmony.frames_per_bar(metre)
    assert not ids & others
    assert max(ids) < dict(harmony.ENCODER_FEATURES)["metre_position"]


def test_the_highest_line_is_read():
    """Of two notes at once the higher is read; a lower one that begins under it waits for its end."""
    notes = [FrameNote(0, 60, 4), FrameNote(0, 72, 4), FrameNote(2, 55, 5)]
    pitches, onsets = top_line(notes, 6)
    assert pitches.tolist() == [72] * 4 + [55, -1]
    assert onsets.tolist() == [True, False, False, False, True, False]


def test_legato_overlap_does_not_hide_the_next_note():
    """A lower note that begins a moment before the higher one is released is still read at its onset."""
    pitches, _ = top_line([FrameNote(0, 72, 4.6), FrameNote(4, 69, 8)], 8)
    assert pitches.tolist() == [72] * 4 + [69] * 4


def test_a_pick_up_is_bar_zero_and_counts_from_the_end():
    """A first bar of one beat stands at the last beat of its metre, and steps begin on beats."""
    bars = [FrameBar(0, 4, (4, 4)), FrameBar(4, 16, (4, 4))]
    melody, steps = read_frames([FrameNote(0, 60, 4), FrameNote(4, 64, 20)], bars)
    assert melody.metre_positions[0] == harmony.metre_position_id((4, 4), 12)
    assert melody.metre_positions[4] == harmony.metre_position_id((4, 4), 0)
    assert steps.tolist() == [0, 4, 8, 12, 16]
