"""Promises are judged from what was written, whoever wrote it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.errors import InputError
from inference.protocol import GenerateRequest, RemixRequest, Request, Result, Sampling
from music.constraints import METRES, BarRange, Constraints
from music.piece import Note, Piece
from tests.factories.pieces import make_band
from training.evaluation.obedience import (
    check_reply,
    generator_requests,
    harmonize_requests,
    measure_obedience,
    remix_requests,
)

SAMPLING = Sampling()


class Scribe:
    """Answers every request with the same piece, or refuses."""

    def __init__(self, piece: Piece | None) -> None:
        self.piece = piece

    def decode(self, request: Request) -> Iterator[Result]:
        if self.piece is None:
            raise InputError("No.")
        yield Result(job_id=request.job_id, piece=self.piece, checkpoint_id="scribe")


def move_note(piece: Piece, *, bar_ticks: int) -> Piece:
    """Return the piece with the first note of its first track a semitone higher, looking from ``bar_ticks`` on."""
    first, *others = piece.tracks
    index = next(place for place, note in enumerate(first.notes) if note.onset_ticks >= bar_ticks)
    note = first.notes[index]
    moved = Note(note.onset_ticks, note.pitch + 1, note.duration_ticks, note.velocity)
    return piece.with_tracks((replace(first, notes=(*first.notes[:index], moved, *first.notes[index + 1 :])), *others))


def test_requests_are_the_same_every_time_and_ask_for_every_metre():
    requests = generator_requests(14, sampling=SAMPLING)
    assert requests == generator_requests(14, sampling=SAMPLING)
    assert {request.constraints.metre for request in requests} == set(METRES)
    assert any(request.constraints.scale for request in requests)


def test_broken_promises_are_found_and_named():
    """A piece of eight bars in 4/4 is not what a request for three bars in 3/4 asked for."""
    request = GenerateRequest(job_id="a", seed=1, constraints=Constraints(num_bars=3, metre=(3, 4)), sampling=SAMPLING)
    found = measure_obedience(Scribe(make_band(8)), [request])
    assert found["share_kept"] == 0.0
    assert found["by_promise"]["bars"] == {"asked": 1, "kept": 0}
    assert "asked 3, found 8" in " ".join(found["broken"])


def test_kept_promises_survive_the_midi_file():
    request = GenerateRequest(job_id="a", seed=1, constraints=Constraints(num_bars=8, metre=(4, 4)), sampling=SAMPLING)
    assert measure_obedience(Scribe(make_band(8)), [request])["share_kept"] == 1.0


def test_refusals_are_counted_apart():
    found = measure_obedience(Scribe(None), generator_requests(3, sampling=SAMPLING))
    assert (found["num_refused"], found["num_asked"], found["share_kept"]) == (3, 0, None)


@pytest.mark.parametrize(("from_bar", "is_kept"), [(0, True), (6, False)])
def test_notes_outside_the_changed_bars_must_be_the_same(from_bar, is_kept):
    piece = make_band(8)
    request = RemixRequest(job_id="r", seed=1, piece=piece, bars=BarRange(0, 4))
    checks = check_reply(request, move_note(piece, bar_ticks=from_bar * 4 * piece.ticks_per_quarter))
    assert {check.name: check.is_kept for check in checks}["outside_the_bars"] is is_kept


def test_locks_and_given_notes_are_asked_of_the_other_networks():
    pieces = [make_band(8, seed=seed) for seed in range(3)]
    remixes = remix_requests(pieces, sampling=SAMPLING)
    assert all(request.constraints.locked_bars and request.constraints.locked_tracks for request in remixes)
    (harmony, *_) = harmonize_requests(pieces, samplings={"chords": SAMPLING})
    assert len(harmony.piece.tracks) == 1
    assert [check.is_kept for check in check_reply(harmony, harmony.piece)] == [True]
    assert [check.is_kept for check in check_reply(harmony, move_note(harmony.piece, bar_ticks=0))] == [False]
