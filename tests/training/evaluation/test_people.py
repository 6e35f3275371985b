"""People's own values are counted from notes as published definitions say."""

import numpy as np
import pytest

from music.roles import PART_ROLES
from tests.training.small_corpus import make_corpus
from training.evaluation.people import measure_people, onsets_of_frames


def test_held_pitches_are_one_note():
    """On the 16th grid a pitch that stays is held: three notes in two voices, the last in the second bar."""
    frames = np.full((17, 2), -1, dtype=np.int64)
    frames[0:4, 0], frames[4:8, 0], frames[16, 1] = 60, 62, 48
    assert onsets_of_frames(frames).tolist() == [[0, 0, 0, 60], [0, 0, 24, 62], [1, 1, 0, 48]]


@pytest.fixture(autouse=True)
def no_archives(tmp_path, monkeypatch):
    """What an earlier run unpacked on this machine does not count."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_sets_that_are_not_there_are_left_out(tmp_path):
    """Only the prepared corpus is at hand here, and it has neither POP909 nor OpenEWLD."""
    assert measure_people(make_corpus(num_pieces=3), tmp_path) == {}


def test_melody_is_the_lead(tmp_path, monkeypatch):
    """With the small corpus named as one of the sets, the melody has fewer notes and its own statistics."""
    corpus = make_corpus(num_pieces=3)
    monkeypatch.setattr("training.evaluation.people.CORPUS_SETS", ("lakh_subset",))
    found = measure_people(corpus, tmp_path)
    assert found["lakh_subset, all tracks"]["scale_consistency"]["count"] == 3
    has_lead = any(slot == PART_ROLES.index("lead") for piece in corpus.pieces for slot, _, _ in piece.parts)
    assert ("lakh_subset, melody" in found) is has_lead
    assert found["lakh_subset, all tracks"]["groove_consistency"]["mean"] == pytest.approx(0.9, abs=0.1)
