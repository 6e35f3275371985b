"""Piano, band, parts, melodies and holes, written by a tiny network with random weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.errors import InputError, NoMusicError
from inference.arranger_sizes import arranger_config
from inference.decoding.arranger import arrange_piece
from inference.models.arranger import Arranger
from inference.protocol import HarmonizeRequest, Progress, Result, Sampling
from music.constraints import AskedChord, BarRange, Constraints, Scale
from music.piece import DRUM_PROGRAM, Piece
from music.ranges import playable_range
from tests.factories.pieces import make_band, make_melody

BAR_TICKS = 1920


@pytest.fixture(scope="module")
def network() -> Arranger:
    torch.manual_seed(3)
    sizes = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "feed_forward": 32}
    return Arranger(arranger_config(head_width=16, dropout=0.0, **sizes)).eval()


def asked_chords(num_bars: int = 4) -> tuple[AskedChord, ...]:
    chords = ((0, "maj"), (9, "min"), (5, "maj7"), (7, "7"))
    return tuple(
        AskedChord(
            start_ticks=bar * BAR_TICKS, stop_ticks=(bar + 1) * BAR_TICKS, root=chords[bar % 4][0],
            quality=chords[bar % 4][1], bass=chords[bar % 4][0],
        )
        for bar in range(num_bars)
    )  # fmt: skip


REQUESTS: dict[str, HarmonizeRequest] = {
    "piano": HarmonizeRequest(job_id="a", seed=1, piece=make_melody(), style="piano"),
    "band": HarmonizeRequest(job_id="b", seed=1, piece=make_melody(), style="band"),
    "track": HarmonizeRequest(job_id="c", seed=1, piece=make_band(4), style="track", target_instruments=(48,)),
    "melody": HarmonizeRequest(
        job_id="d", seed=1, piece=Piece(tracks=(), length_ticks=4 * BAR_TICKS), style="melody", chords=asked_chords()
    ),
    "hole": HarmonizeRequest(
        job_id="e", seed=1, piece=make_band(8), style="fill", track=1, bars=BarRange(start_bar=3, stop_bar=5)
    ),
    "hole of drums": HarmonizeRequest(
        job_id="f", seed=1, piece=make_band(8), style="fill", track=3, bars=BarRange(start_bar=7, stop_bar=8)
    ),
    "piano over asked chords": HarmonizeRequest(
        job_id="g", seed=1, piece=make_melody(), style="piano", chords=asked_chords()
    ),
}  # fmt: skip


def run(network: Arranger, request: HarmonizeRequest) -> tuple[list[Progress], Result]:
    messages = list(arrange_piece(network, request, checkpoint_id="test"))
    result = messages[-1]
    assert isinstance(result, Result)
    return [message for message in messages[:-1] if isinstance(message, Progress)], result


@pytest.mark.parametrize("name", REQUESTS)
def test_every_promise_is_kept(network: Arranger, name: str):
    """All checks hold, even with random weights."""
    _, result = run(network, REQUESTS[name])
    assert result.checks
    assert all(check.is_kept for check in result.checks), result.checks


@pytest.mark.parametrize("name", ["piano", "band", "track", "piano over asked chords"])
def test_given_tracks_stay_note_for_note(network: Arranger, name: str):
    """New parts are new tracks; the old ones are the same values."""
    request = REQUESTS[name]
    _, result = run(network, request)
    count = len(request.piece.tracks)
    assert result.piece.tracks[:count] == request.piece.tracks
    assert len(result.piece.tracks) > count
    assert all(track.notes for track in result.piece.tracks[count:])


def test_a_hole_is_not_left(network: Arranger):
    """Only notes of the hole's track that begin in its bars change."""
    request = REQUESTS["hole"]
    _, result = run(network, request)
    start, stop = 3 * BAR_TICKS, 5 * BAR_TICKS
    for index, (before, after) in enumerate(zip(request.piece.tracks, result.piece.tracks, strict=True)):
        if index != 1:
            assert before == after
            continue
        assert [n for n in before.notes if not start <= n.onset_ticks < stop] == [
            n for n in after.notes if not start <= n.onset_ticks < stop
        ]
        assert all(n.stop_ticks <= stop for n in after.notes if start <= n.onset_ticks < stop)


def test_what_was_in_the_hole_is_not_read(network: Arranger):
    """Other notes in the hidden bars give the same new ones."""
    request = REQUESTS["hole"]
    _, result = run(network, request)
    track = request.piece.tracks[1]
    start, stop = 3 * BAR_TICKS, 5 * BAR_TICKS
    moved = tuple(
        note._replace(pitch=note.pitch + 1) if start <= note.onset_ticks < stop else note for note in track.notes
    )
    tracks = list(request.piece.tracks)
    tracks[1] = replace(track, notes=moved)
    _, other = run(network, HarmonizeRequest(
        job_id="e", seed=1, piece=request.piece.with_tracks(tuple(tracks)), style="fill", track=1, bars=request.bars
    ))  # fmt: skip
    assert other.piece.tracks[1] == result.piece.tracks[1]


@pytest.mark.parametrize("name", ["band", "hole"])
def test_same_seed_same_notes(network: Arranger, name: str):
    """A request is answered the same way twice, and another seed differently."""
    request = REQUESTS[name]
    _, first = run(network, request)
    _, second = run(network, request)
    assert first.piece == second.piece
    other = HarmonizeRequest(
        job_id="x", seed=2, piece=request.piece, style=request.style, track=request.track, bars=request.bars
    )
    _, third = run(network, other)
    assert third.piece != first.piece


def test_asked_chords_are_written_and_the_parts_that_carry_them_obey(network: Arranger):
    """Chord symbols are those asked for, and the piano plays their tones only."""
    _, result = run(network, REQUESTS["piano over asked chords"])
    assert [(c.root, c.quality) for c in result.piece.chords] == [(0, "maj"), (9, "min"), (5, "maj7"), (7, "7")]
    tones = ({0, 4, 7}, {9, 0, 4}, {5, 9, 0, 4}, {7, 11, 2, 5})
    for note in result.piece.tracks[-1].notes:
        assert note.pitch % 12 in tones[note.onset_ticks // BAR_TICKS]


def test_progress_counts_bars(network: Arranger):
    """One message a bar, up to all of them."""
    progress, _ = run(network, REQUESTS["band"])
    assert [each.num_done for each in progress] == [0, 1, 2, 3, 4]
    assert {each.num_total for each in progress} == {4}


@pytest.mark.parametrize("program", [0, 40, 73, DRUM_PROGRAM])
def test_new_parts_are_playable(network: Arranger, program: int):
    """No note lies outside the instrument's range, even without learning."""
    request = HarmonizeRequest(
        job_id="r", seed=5, piece=make_melody(), style="track", target_instruments=(program,)
    )  # fmt: skip
    _, result = run(network, request)
    low, high = playable_range(program)
    notes = result.piece.tracks[-1].notes
    assert notes
    assert all(low <= note.pitch <= high for note in notes)


def test_range_and_scale_are_obeyed(network: Arranger):
    """The constraints bind new tones and chords."""
    scale = Scale(tonic=0, is_minor=False, pitch_classes=(0, 2, 4, 5, 7, 9, 11), name="C major")
    request = HarmonizeRequest(
        job_id="s",
        seed=5,
        piece=make_melody(),
        style="piano",
        constraints=Constraints(scale=scale, pitch_range=(48, 72)),
    )
    _, result = run(network, request)
    notes = result.piece.tracks[-1].notes
    assert all(48 <= note.pitch <= 72 and note.pitch % 12 in scale.pitch_classes for note in notes)


def test_temperature_zero_ignores_the_seed(network: Arranger):
    """The most likely music is the same for every seed."""
    cold = Sampling(temperature_notes=0.0, temperature_rhythm=0.0, temperature_instruments=0.0)
    pieces = [
        run(network, HarmonizeRequest(job_id="z", seed=seed, piece=make_melody(), style="piano", sampling=cold))[
            1
        ].piece
        for seed in (1, 2)
    ]
    assert pieces[0] == pieces[1]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (HarmonizeRequest(job_id="1", seed=1, piece=make_band(4), style="fill"), InputError),
        (
            HarmonizeRequest(
                job_id="2", seed=1, piece=make_band(4), style="fill", track=0, bars=BarRange(start_bar=3, stop_bar=9)
            ),
            InputError,
        ),
        (HarmonizeRequest(job_id="3", seed=1, piece=make_band(4), style="track"), InputError),
        (HarmonizeRequest(job_id="4", seed=1, piece=Piece(tracks=()), style="melody"), NoMusicError),
        (HarmonizeRequest(job_id="5", seed=1, piece=make_melody(), style="piano", melody_track=7), NoMusicError),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(network: Arranger, request_: HarmonizeRequest, error: type[Exception]):
    """Each refusal is one of our errors with a sentence."""
    with pytest.raises(error):
        run(network, request_)
