"""Finished bars are handed out as they come, and are the beginning of what comes out in the end."""

import pytest
import torch

from inference.decoding.early_bars import EarlyBars
from inference.decoding.generator import GeneratorDecoder
from inference.decoding.song_writer import WrittenNote, WrittenSong
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.protocol import FinishedBars, GenerateRequest, Progress, Result
from music.constraints import METRES, Constraints
from music.piece import Note
from music.tokenizers.tracker import CHOICE_BAR
from music.vocabulary import METRE_UNITS
from tests.factories.pieces import make_melody

FOUR_FOUR = METRES.index((4, 4))
BAR_UNITS = METRE_UNITS[FOUR_FOUR]


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[:CHOICE_BAR] += 3.0  # more notes a bar, so that there is something to see
    return GeneratorDecoder(model, checkpoint_id="generator-test")


def request(**values) -> GenerateRequest:
    return GenerateRequest(job_id="job", seed=1, wants_early_bars=True, constraints=Constraints(num_bars=20), **values)


def progress(num_done: int) -> Progress:
    return Progress(job_id="job", stage="writing", num_done=num_done, num_total=20)


def song(num_bars: int) -> WrittenSong:
    """A note on each bar, two bars long; the next bar is begun already."""
    notes = [WrittenNote(0, 0, bar * BAR_UNITS, 60 + bar, 2 * BAR_UNITS, 20) for bar in range(num_bars + 1)]
    return WrittenSong(metre=FOUR_FOUR, tempo=10, notes=notes)


def test_bars_come_in_doubling_numbers_and_never_all():
    early = EarlyBars(request())
    found = [each.num_bars for bar in range(21) for _ in (1, 2) for each in early.follow(progress(bar), song(bar))]
    assert found == [2, 4, 8, 16]


def test_only_notes_of_finished_bars_are_there_with_their_whole_length():
    early = EarlyBars(request())
    (bars,) = early.follow(progress(2), song(2))
    bar_ticks = 4 * 480
    (track,) = bars.piece.tracks
    assert [(note.onset_ticks, note.duration_ticks) for note in track.notes] == [
        (0, 2 * bar_ticks),
        (bar_ticks, 2 * bar_ticks),
    ]
    assert (bars.stop_ticks, bars.num_bars, bars.num_total) == (2 * bar_ticks, 2, 20)


def test_a_continuation_is_heard_in_the_tempo_of_what_it_continues():
    prompt = make_melody()
    early = EarlyBars(request(prompt=prompt))
    (bars,) = early.follow(progress(2), song(2))
    assert bars.piece.tempos[0].bpm == pytest.approx(prompt.tempos[-1].bpm)


def test_who_does_not_ask_hears_nothing():
    early = EarlyBars(GenerateRequest(job_id="job", seed=1, constraints=Constraints(num_bars=20)))
    assert [each for bar in range(21) for each in early.follow(progress(bar), song(bar))] == []


def test_early_bars_are_the_beginning_of_the_result_and_change_nothing_of_it(decoder):
    """Only a note held over the last finished bar may be cut later."""
    asked = Constraints(num_bars=9, metre=(4, 4), tempo_bpm=100.0)
    plain = list(decoder.decode(GenerateRequest(job_id="job", seed=3, constraints=asked)))
    heard = list(decoder.decode(GenerateRequest(job_id="job", seed=3, constraints=asked, wants_early_bars=True)))
    early = [message for message in heard if isinstance(message, FinishedBars)]
    results = [message for message in (plain[-1], heard[-1]) if isinstance(message, Result)]
    assert results[0].piece == results[1].piece
    assert not [message for message in plain if isinstance(message, FinishedBars)]
    assert [bars.num_bars for bars in early] == [2, 4, 8]
    for bars in early:
        assert clipped(bars.piece, bars.stop_ticks) == clipped(results[0].piece, bars.stop_ticks)


def clipped(piece, stop_ticks: int) -> set[tuple[int, Note]]:
    return {
        (track.instrument, note._replace(duration_ticks=min(note.duration_ticks, stop_ticks - note.onset_ticks)))
        for track in piece.tracks
        for note in track.notes
        if note.onset_ticks < stop_ticks
    }
