"""What the networks are shown while decoding is what they were shown in training."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.piece import DRUM_PROGRAM
from music.tokenizers.event import EventTokenizer
from music.tokenizers.features import extract_features
from music.tokenizers.tracker import (
    CHOICE_BAR,
    COLUMNS,
    EVENT_WIDTH,
    FIRST_COLUMN,
    INPUT_WIDTH,
    NUM_CHOICES,
    NUM_COLUMNS,
    EventTracker,
)
from music.vocabulary import FIELDS, METRE_UNITS, Kind, make_event, read_event
from tests.factories.pieces import CORPUS_NAMES, read_corpus


def follow(rows: np.ndarray) -> tuple[list[list[int]], list[list[int]]]:
    """Inputs and features of a sequence, event by event, as decoding asks for them."""
    tracker = EventTracker()
    inputs, features = [], []
    for index, row in enumerate(map(tuple, rows.tolist())):
        known = tracker.before_choice() if index else [0] * NUM_COLUMNS
        kind, values = read_event(row)
        if index and kind == Kind.NOTE:
            tracker.after_slot(known, values[0])
            tracker.after_position(known, values[0], values[1])
        elif index and kind == Kind.CHORD:
            tracker.at_chord(known, values[0])
        tracker.push(row)
        inputs.append([*row, *tracker.context()])
        features.append(known)
    return inputs, features


def with_header(rows: np.ndarray) -> np.ndarray:
    control = np.asarray([make_event(Kind.CONTROL, 5, None, 9, 3)], dtype=np.int16)
    return np.concatenate([control, rows])


@pytest.mark.parametrize("name", CORPUS_NAMES)
def test_both_forms_agree_on_real_scores(name):
    rows = with_header(EventTokenizer().encode(read_corpus(name)))
    expected = follow(rows)
    inputs, features = extract_features(rows)
    assert inputs.tolist() == expected[0]
    assert features.tolist() == expected[1]
    assert inputs.shape[1] == INPUT_WIDTH


@st.composite
def sequences(draw):
    """Random legal sequences: corners such as pitch 127, empty bars and the last position included."""
    slots = sorted(draw(st.sets(st.integers(0, 5), min_size=1)))
    rows = [make_event(Kind.CONTROL, None, None, None, None)]
    rows += [make_event(Kind.TRACK, slot, slot, DRUM_PROGRAM if slot == 0 else slot) for slot in slots]
    for bar in range(draw(st.integers(1, 12))):
        metre = draw(st.integers(0, len(METRE_UNITS) - 1))
        rows.append(make_event(Kind.BAR, metre, 3, 0, bar % 8))
        rows.append(make_event(Kind.CHORD, 0, draw(st.integers(0, 12)), draw(st.integers(0, 18)), 0))
        places = st.sampled_from([0, 1, 24, METRE_UNITS[metre] - 1])
        pitches = st.sampled_from([0, 60, 61, 127])
        notes = draw(st.sets(st.tuples(st.sampled_from(slots), places, pitches), max_size=6))
        for slot, position, pitch in sorted(notes):
            value = pitch + 128 * (slot == 0)
            rows.append(make_event(Kind.NOTE, slot, position, value, draw(st.integers(0, 43)), 7))
    return np.asarray(rows, dtype=np.int16)


@given(rows=sequences())
@settings(max_examples=60, deadline=None)
def test_both_forms_agree_on_any_sequence(rows):
    expected = follow(rows)
    inputs, features = extract_features(rows)
    assert inputs.tolist() == expected[0]
    assert features.tolist() == expected[1]


@given(rows=sequences())
@settings(max_examples=60, deadline=None)
def test_nothing_that_happens_is_called_illegal(rows):
    """A legal sequence never meets a bit or a bound that forbids it: the loss would be infinite."""
    _, features = extract_features(rows)
    for row, known in list(zip(rows.tolist(), features.tolist(), strict=True))[1:]:
        kind, values = read_event(tuple(row))
        bits = known[FIRST_COLUMN["choice_bits"]]
        choice = {Kind.BAR: CHOICE_BAR, Kind.CHORD: CHOICE_BAR + 1, Kind.TRACK: CHOICE_BAR + 2}.get(kind, values[0])
        assert bits >> choice & 1
        if kind == Kind.NOTE:
            _, position, pitch, _, _ = values
            assert known[FIRST_COLUMN["min_position"]] <= position < known[FIRST_COLUMN["bar_units"]]
            assert known[FIRST_COLUMN["min_pitch"]] <= pitch


def test_a_repeated_bar_is_laid_out_completely():
    """From the second bar on, the event one bar ago is exactly the event that comes."""
    notes = [make_event(Kind.NOTE, 5, place, 60 + place // 12, 9, 20) for place in (0, 24, 48, 72)]
    bar = [make_event(Kind.BAR, 2, 10, 0, 0), make_event(Kind.CHORD, 0, 0, 0, 0), *notes]
    header = [make_event(Kind.CONTROL, None, None, None, None), make_event(Kind.TRACK, 5, 5, 73)]
    rows = np.asarray([*header, *bar, *bar], dtype=np.int16)
    _, features = extract_features(rows)
    second = features[-len(notes) :]
    for row, known in zip(rows[-len(notes) :].tolist(), second, strict=True):
        _, (slot, position, pitch, duration, velocity) = read_event(tuple(row))
        one_bar_ago = {
            name: known[COLUMNS[f"{name}_back"]][0] for name in ("choice", "position", "pitch", "duration", "velocity")
        }
        assert one_bar_ago == {
            "choice": slot, "position": position, "pitch": pitch, "duration": duration, "velocity": velocity
        }  # fmt: skip
        assert known[COLUMNS["choice_back"]][1] == NUM_CHOICES  # no bar two bars ago
        assert known[COLUMNS["pitch_back"]][1] == FIELDS["pitch"].size + 1
    assert rows.shape[1] == EVENT_WIDTH
