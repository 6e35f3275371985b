"""``inference/decoding/remixer.py``: what is chosen changes legally, everything else stays to the tick."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import BarRangeError, CheckpointError, InputError, NoMusicError
from inference.checkpoint import save_checkpoint
from inference.decoding.remix_filling import Filler, avoid, lay_windows
from inference.decoding.remix_network import remixer_config
from inference.decoding.remix_plan import open_piece, plan_remix
from inference.decoding.remix_prediction import make_predictor
from inference.decoding.remixer import RemixerDecoder
from inference.models.remixer import RemixerNetwork
from inference.protocol import DescribeRequest, GenerateRequest, Progress, RemixRequest, Result, Sampling
from music.constraints import BarRange, Constraints
from music.midi import read_midi, write_midi
from music.names import parse_key, scale_of_key
from music.piece import Note, Piece, TimeSignature, Track
from music.time_grid import TimeGrid
from music.tokenizers.octuple import BAR, VOCABULARY_HASH
from music.transform import slice_bars
from tests.factories.pieces import make_band, make_chorale, make_melody


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other burn the machine when other tests run beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def decoder() -> RemixerDecoder:
    """An untrained tiny network: rules must hold whatever the network thinks."""
    torch.manual_seed(0)
    model = RemixerNetwork(remixer_config("tiny"))
    return RemixerDecoder(model, checkpoint_id="remixer-test")


def remix(decoder: RemixerDecoder, piece: Piece, **fields) -> Result:
    request = RemixRequest(job_id="job", piece=piece, **{"seed": 1, **fields})
    *_, result = decoder.decode(request)
    assert isinstance(result, Result)
    return result


def pairs(before: Piece, after: Piece) -> list[tuple[Note, Note]]:
    """Notes by their order in a track; only for remixes that keep the rhythm."""
    assert [len(track.notes) for track in before.tracks] == [len(track.notes) for track in after.tracks]
    by_time = [
        [
            sorted(track.notes, key=lambda note: (note.onset_ticks, note.duration_ticks, note.velocity))
            for track in piece.tracks
        ]
        for piece in (before, after)
    ]
    return [pair for old, new in zip(*by_time, strict=True) for pair in zip(old, new, strict=True)]


def overlaps(track: Track) -> int:
    """Count notes that begin while their own pitch still sounds in the track."""
    count = 0
    for first, second in itertools.combinations(track.notes, 2):
        count += first.pitch == second.pitch and first.onset_ticks <= second.onset_ticks < first.stop_ticks
    return count


PIECES = {"melody": make_melody(), "band": make_band(2), "chorale": slice_bars(make_chorale(), BarRange(0, 4))}


@pytest.mark.parametrize("name", PIECES)
def test_new_pitches_keep_rhythm_velocity_and_everything_else(decoder, name):
    """Only pitches of as many notes as asked change; times are the same to the tick."""
    piece = PIECES[name]
    after = remix(decoder, piece, change="pitch", share=0.5).piece
    found = [(old[0], old[2], old[3]) == (new[0], new[2], new[3]) for old, new in pairs(piece, after)]
    assert all(found)
    # Notes of one chord may swap places when sorted, so count pitches that are new at their onset.
    assert 0 < sum(old != new for old, new in pairs(piece, after)) <= piece.num_notes
    assert replace(after, tracks=()) == replace(piece, tracks=())
    for old, new in zip(piece.tracks, after.tracks, strict=True):
        assert replace(old, notes=()) == replace(new, notes=())


def test_exactly_the_asked_share_of_a_melody_changes(decoder):
    """Every chosen note moves, no other does."""
    piece = make_melody()
    for share, expected in ((0.0, 0), (0.01, 1), (0.5, 7), (1.0, 14)):
        after = remix(decoder, piece, change="pitch", share=share).piece
        assert sum(old != new for old, new in pairs(piece, after)) == expected


@pytest.mark.parametrize("name", PIECES)
def test_a_new_rhythm_keeps_pitches_and_their_order(decoder, name):
    """In every track and bar the same pitches follow in the same order of onsets; velocities stay."""
    piece = PIECES[name]
    after = remix(decoder, piece, change="rhythm", share=0.8).piece
    assert after.tracks != piece.tracks
    grid = TimeGrid(piece)
    assert TimeGrid(after).num_bars == grid.num_bars
    for old, new in zip(piece.tracks, after.tracks, strict=True):
        assert sorted((note.pitch, note.velocity) for note in old.notes) == sorted(
            (note.pitch, note.velocity) for note in new.notes
        )
    for old, new in zip(piece.tracks[:1], after.tracks[:1], strict=True):
        if name != "band":
            assert [note.pitch for note in old.notes] == [note.pitch for note in new.notes]


@pytest.mark.parametrize("seed", range(3))
def test_durations_stay_legal(decoder, seed):
    """No zero lengths, no overlap of one pitch that was not there, nothing after the piece's end."""
    for piece in PIECES.values():
        for change in ("pitch", "rhythm"):
            after = remix(decoder, piece, change=change, share=0.9, seed=seed).piece
            assert after.length_ticks == piece.length_ticks
            for old, new in zip(piece.tracks, after.tracks, strict=True):
                assert all(note.duration_ticks >= 1 for note in new.notes)
                assert overlaps(new) <= overlaps(old)


def test_bars_outside_the_range_are_untouched(decoder):
    """Also their micro-timing; and the reply says so."""
    piece = make_band(3)
    for change in ("pitch", "rhythm"):
        result = remix(decoder, piece, change=change, share=1.0, bars=BarRange(1, 2))
        for old, new in zip(piece.tracks, result.piece.tracks, strict=True):
            outside = [[note for note in track.notes if not 1920 <= note.onset_ticks < 3840] for track in (old, new)]
            assert outside[0] == outside[1]
        checks = {check.name: check.is_kept for check in result.checks}
        assert checks == {"share": True, "locked_bars": True}


def test_other_tracks_and_locks_are_untouched(decoder):
    piece = make_band(2)
    after = remix(decoder, piece, share=1.0, tracks=(1,)).piece
    assert [old == new for old, new in zip(piece.tracks, after.tracks, strict=True)] == [True, False, True, True]
    locked = Constraints(locked_tracks=(0, 3), locked_bars=(BarRange(0, 1),))
    result = remix(decoder, piece, share=1.0, constraints=locked)
    assert result.piece.tracks[0] == piece.tracks[0]
    assert all(check.is_kept for check in result.checks)


def test_scale_and_range_are_obeyed_and_drums_stay_drums(decoder):
    """Constraints bind every changed tone; drums keep to their kit."""
    piece = make_band(2)
    wanted = Constraints(scale=scale_of_key(parse_key("E minor")), pitch_range=(40, 76))
    result = remix(decoder, piece, share=1.0, constraints=wanted)
    for track in result.piece.tracks[:3]:
        assert all(note.pitch % 12 in wanted.scale.pitch_classes and 40 <= note.pitch <= 76 for note in track.notes)
    assert {note.pitch for note in result.piece.tracks[3].notes} <= set(range(35, 60))
    assert all(check.is_kept for check in result.checks)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_piece(decoder):
    for change in ("pitch", "rhythm"):
        first, second = (remix(decoder, PIECES["chorale"], change=change, seed=5).piece for _ in range(2))
        assert write_midi(first) == write_midi(second)
        assert remix(decoder, PIECES["chorale"], change=change, seed=6).piece != first


def test_interleaved_requests_do_not_disturb_each_other(decoder):
    """The worker runs several iterators in turn."""
    requests = [RemixRequest(job_id=str(seed), seed=seed, piece=make_band(2), share=0.7) for seed in (1, 2)]
    alone = [list(decoder.decode(request))[-1] for request in requests]
    iterators = [decoder.decode(request) for request in requests]
    finished: dict[str, Result] = {}
    while len(finished) < 2:
        for iterator in iterators:
            message = next(iterator, None)
            if isinstance(message, Result):
                finished[message.job_id] = message
    for result in alone:
        assert isinstance(result, Result)
        assert finished[result.job_id].piece == result.piece


def test_temperature_zero_ignores_the_draws(decoder):
    """The most likely values, for the notes that the seed chose."""
    cold = Sampling(temperature_notes=0.0)
    first, second = (remix(decoder, make_melody(), share=1.0, seed=seed, sampling=cold).piece for seed in (1, 2))
    assert first == second


def test_progress_counts_passes_up_to_the_end(decoder):
    messages = list(decoder.decode(RemixRequest(job_id="job", seed=1, piece=make_band(2), change="rhythm", share=1.0)))
    done = [message.num_done for message in messages if isinstance(message, Progress)]
    assert done == sorted(done)
    assert done[0] == 0
    assert isinstance(messages[-1], Result)
    assert messages[-1].num_events > 0
    assert messages[-1].checkpoint_id == "remixer-test"


def test_a_remix_survives_the_way_through_a_file(decoder):
    """Its MIDI is read as the same notes."""
    after = remix(decoder, make_band(3), change="rhythm", share=1.0).piece
    again = read_midi(write_midi(after))
    assert [track.notes for track in again.tracks] == [track.notes for track in after.tracks]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"piece": Piece()}, NoMusicError),
        ({"bars": BarRange(7, 9)}, BarRangeError),
        ({"share": 1.5}, InputError),
        ({"tracks": (9,)}, InputError),
        ({"constraints": Constraints(locked_tracks=(0,))}, NoMusicError),
        ({"constraints": Constraints(pitch_range=(80, 20))}, InputError),
    ],
)
def test_requests_that_make_no_sense_are_refused(decoder, fields, error):
    with pytest.raises(error):
        remix(decoder, **{"piece": make_melody(), **fields})


def test_silent_bars_are_refused(decoder):
    gap = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80), Note(4 * 1920, 62, 480, 80))),))
    with pytest.raises(NoMusicError):
        remix(decoder, gap, bars=BarRange(1, 3))


def test_other_requests_are_not_ours(decoder):
    with pytest.raises(InputError):
        list(decoder.decode(GenerateRequest(job_id="job", seed=1, constraints=Constraints())))


def test_odd_metres_and_one_note_are_remixed(decoder):
    odd = Piece(
        tracks=(Track(notes=tuple(Note(240 * index, 60 + index % 5, 200, 80) for index in range(21))),),
        time_signatures=(TimeSignature(0, 7, 8), TimeSignature(1680, 149, 4)),
    )
    for change in ("pitch", "rhythm"):
        assert remix(decoder, odd, change=change, share=1.0).piece != odd
        single = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),))
        assert remix(decoder, single, change=change, share=1.0).piece != single


def test_windows_cover_every_note_once_and_stay_in_their_limits():
    """At most 384 notes and 256 bars, also where a bar holds a thousand notes or a piece a thousand bars."""
    sparse = Piece(tracks=(Track(notes=tuple(Note(1920 * bar, 60, 480, 80) for bar in range(900))),))
    dense = Piece(tracks=(Track(notes=tuple(Note(index, index % 100, 1, 80) for index in range(1500))),))
    for piece in (sparse, dense, make_band(40)):
        bars = open_piece(piece).rows[:, BAR]
        windows = lay_windows(bars)
        assert [(one.core_stop, two.core_start) for one, two in itertools.pairwise(windows)] == [
            (two.core_start, two.core_start) for _, two in itertools.pairwise(windows)
        ]
        assert (windows[0].core_start, windows[-1].core_stop) == (0, len(bars))
        for window in windows:
            assert window.start <= window.core_start < window.core_stop <= window.stop <= window.start + 384
            assert bars[window.stop - 1] - bars[window.start] < 256


def test_very_long_pieces_get_fewer_passes(decoder):
    """Twenty thousand notes are read a bounded number of times."""
    notes = tuple(Note(60 * index, 50 + index % 20, 60, 80) for index in range(20_000))
    request = RemixRequest(job_id="job", seed=1, piece=Piece(tracks=(Track(notes=notes),)), share=0.01)
    state = open_piece(request.piece)
    filler = Filler(
        make_predictor(decoder.model, state), state, plan_remix(request, state), sampling=request.sampling, seed=1
    )
    assert 1 <= filler.limit_passes(8) <= 4
    short = open_piece(make_band(8))
    plan = plan_remix(RemixRequest(job_id="job", seed=1, piece=make_band(8)), short)
    filler = Filler(make_predictor(decoder.model, short), short, plan, sampling=request.sampling, seed=1)
    assert filler.limit_passes(8) == 8


def test_the_share_is_of_the_notes_in_reach():
    request = RemixRequest(job_id="job", seed=3, piece=make_band(4), share=0.25, bars=BarRange(0, 2), tracks=(1,))
    plan = plan_remix(request, open_piece(request.piece))
    assert (plan.num_units_in_reach, len(plan.units)) == (8, 2)


def test_a_checkpoint_is_loaded_and_a_foreign_one_refused(tmp_path, decoder):
    for vocabulary_hash in (VOCABULARY_HASH, "another"):
        save_checkpoint(
            tmp_path, model="remixer", state=decoder.model.state_dict(), config=decoder.model.config.to_dict(),
            vocabulary_hash=vocabulary_hash, card={},
        )  # fmt: skip
        if vocabulary_hash == VOCABULARY_HASH:
            assert RemixerDecoder.load(tmp_path, "cpu").checkpoint_id.startswith("remixer-")
        else:
            with pytest.raises(CheckpointError):
                RemixerDecoder.load(tmp_path, "cpu")


OPTIONS = {
    "temperature_notes": ("pitch", {"temperature_notes": 3.0}),
    "temperature_rhythm": ("rhythm", {"temperature_rhythm": 3.0}),
    "top_k": ("pitch", {"top_k": 2}),
    "top_p": ("pitch", {"top_p": 0.3}),
    "min_p": ("pitch", {"min_p": 0.7}),
    "repetition": ("pitch", {"repetition": 50.0}),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_sampling_changes_the_music(decoder, name):
    """With the same seed, another temperature, top-k, top-p, min-p or repetition gives another piece."""
    change, wishes = OPTIONS[name]
    usual, other = (
        remix(decoder, PIECES["band"], change=change, share=0.8, sampling=Sampling(**each)).piece
        for each in ({}, wishes)
    )
    assert usual != other


@pytest.mark.parametrize(
    "fields", [{"share": 0.2}, {"bars": BarRange(0, 1)}, {"tracks": (0,)}, {"change": "rhythm"}], ids=str
)
def test_every_option_of_a_remix_changes_the_music(decoder, fields):
    """Share, bars, tracks and what is changed all matter."""
    usual = remix(decoder, PIECES["band"], share=0.9).piece
    assert remix(decoder, PIECES["band"], **{"share": 0.9, **fields}).piece != usual


def test_repetition_makes_old_values_and_those_of_other_bars_less_likely():
    """A strength of 4 divides their chances by 4, once each; none is touched by a value that is none."""
    chances = np.log(np.full((2, 4), 0.25))
    found = avoid(chances, np.asarray([[1, 1, 4], [0, 2, 4]]), strength=4.0)
    np.testing.assert_allclose(np.exp(found), [[0.25, 0.0625, 0.25, 0.25], [0.0625, 0.25, 0.0625, 0.25]])
    np.testing.assert_array_equal(avoid(chances, np.asarray([[1], [0]]), strength=1.0), chances)


def test_less_repetition_is_wished_and_heard(decoder):
    """The stronger the wish, the fewer chosen notes keep how long they last, over six seeds."""
    piece = PIECES["melody"]

    def count_kept(strength: float, seed: int) -> int:
        sampling = Sampling(repetition=strength)
        after = remix(decoder, piece, change="rhythm", share=1.0, seed=seed, sampling=sampling).piece
        return sum(old.duration_ticks == new.duration_ticks for old, new in pairs(piece, after))

    kept = [sum(count_kept(strength, seed) for seed in range(1, 7)) for strength in (0.01, 1.0, 100.0)]
    assert kept[0] >= kept[1] >= kept[2]
    assert kept[0] > kept[2]


def test_a_description_is_a_chance_for_each_genre_and_a_vector():
    """Chances sum to one, the likeliest first; the piece comes back as it is; a like piece has a near vector."""
    torch.manual_seed(0)
    decoder = RemixerDecoder(RemixerNetwork(remixer_config("tiny", genres=("rock", "pop", "jazz"))), checkpoint_id="x")
    found: dict[str, Result] = {}
    for name, piece in {"band": make_band(4), "other": make_band(4, seed=2), "chorale": PIECES["chorale"]}.items():
        (result,) = decoder.decode(DescribeRequest(job_id="job", piece=piece))
        assert isinstance(result, Result)
        assert result.piece == piece
        assert sorted(each.genre for each in result.genres) == ["jazz", "pop", "rock"]
        chances = [each.chance for each in result.genres]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) == pytest.approx(1.0)
        found[name] = result
    band, other, chorale = (np.asarray(found[name].embedding) for name in ("band", "other", "chorale"))
    assert np.linalg.norm(band - other) < np.linalg.norm(band - chorale)


def test_weights_without_genres_describe_nothing(decoder):
    """A network that learned no genres gives a vector and no guess; an empty piece is refused."""
    (result,) = decoder.decode(DescribeRequest(job_id="job", piece=make_melody()))
    assert isinstance(result, Result)
    assert result.genres == ()
    assert len(result.embedding) == decoder.model.config.width
    with pytest.raises(NoMusicError):
        list(decoder.decode(DescribeRequest(job_id="job", piece=Piece())))
