"""The generator obeys what was asked, whatever its network thinks: all of this holds for an untrained one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from core.errors import CheckpointError, InputError, NoMusicError, UnsupportedMetreError
from inference.checkpoint import save_checkpoint
from inference.decoding.generator import GeneratorDecoder, make_plan
from inference.decoding.song_writer import place_in_song
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.protocol import Controls, GenerateRequest, Progress, Result, Sampling
from music.codec import encode_piece
from music.constraints import METRES, Constraints
from music.listening import listen
from music.midi import read_midi, write_midi
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Note, Piece, TimeSignature, Track
from music.tokenizers.tracker import CHOICE_BAR
from music.vocabulary import VOCABULARY_HASH
from tests.factories.pieces import make_band, make_melody


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[:CHOICE_BAR] += 3.0  # more notes a bar, so that there is something to see
    return GeneratorDecoder(model, checkpoint_id="generator-test")


def decode(decoder, **values) -> tuple[Result, list[Progress]]:
    messages = list(decoder.decode(GenerateRequest(job_id="job", **({"seed": 1} | values))))
    assert isinstance(messages[-1], Result)
    assert all(isinstance(message, Progress) for message in messages[:-1])
    return messages[-1], messages[:-1]


def sounding(piece: Piece) -> set[int]:
    return {track.instrument for track in piece.tracks if track.notes}


@pytest.mark.parametrize("metre", METRES)
def test_bars_metre_and_tempo_are_exactly_as_asked(decoder, metre):
    asked = Constraints(num_bars=3, metre=metre, tempo_bpm=93.5)
    result, progress = decode(decoder, constraints=asked)
    piece = result.piece
    assert piece.time_signatures == (TimeSignature(0, *metre),)
    assert piece.tempos[0].bpm == 93.5
    bar_ticks = 480 * 4 * metre[0] // metre[1]
    assert piece.length_ticks == 3 * bar_ticks
    assert 2 * bar_ticks <= max(track.stop_ticks for track in piece.tracks) <= 3 * bar_ticks
    assert [each for each in result.checks if not each.is_kept] == []
    assert [message.num_done for message in progress if message.num_done][-1] == 3


@pytest.mark.parametrize(
    "instruments",
    [
        (0,),
        (DRUM_PROGRAM,),
        (73,),
        (0, 33, DRUM_PROGRAM),
        (0, 24, 33, 48, 73, DRUM_PROGRAM),
        (115, 120, 5, 9, 14, 46, 104),
    ],
)
def test_exactly_the_asked_instruments_play(decoder, instruments):
    result, _ = decode(decoder, constraints=Constraints(num_bars=6, instruments=instruments))
    assert sounding(result.piece) == set(instruments)
    assert all(check.is_kept for check in result.checks)


def test_excluded_instruments_are_never_chosen(decoder):
    excluded = (DRUM_PROGRAM, *range(100))
    result, _ = decode(decoder, constraints=Constraints(num_bars=4, excluded_instruments=excluded))
    assert sounding(result.piece).isdisjoint(excluded)
    assert result.piece.num_notes > 0


def test_range_and_scale_hold_for_every_tone(decoder):
    scale = scale_of_key(parse_key("D minor"))
    asked = Constraints(num_bars=4, instruments=(0, 33, DRUM_PROGRAM), scale=scale, pitch_range=(40, 70))
    result, _ = decode(decoder, constraints=asked)
    tones = [note.pitch for track in result.piece.tracks if not track.is_drum for note in track.notes]
    assert tones
    assert all(40 <= pitch <= 70 and pitch % 12 in scale.pitch_classes for pitch in tones)


def test_same_seed_gives_same_bytes_and_another_seed_others(decoder):
    asked = Constraints(num_bars=2, instruments=(0, 33))
    first, again = (decode(decoder, constraints=asked)[0].piece for _ in range(2))
    other = decode(decoder, constraints=asked, seed=2)[0].piece
    assert encode_piece(first) == encode_piece(again)
    assert encode_piece(first) != encode_piece(other)


def test_interleaved_songs_do_not_disturb_each_other(decoder):
    """The worker runs several requests in turn; each comes out as if it were alone."""
    asked = Constraints(num_bars=2, instruments=(0, 33))
    alone = decode(decoder, constraints=asked)[0].piece
    runs = [
        decoder.decode(GenerateRequest(job_id=str(seed), seed=seed, constraints=asked)) for seed in (1, 2, 3)
    ]  # fmt: skip
    results = {}
    while len(results) < 3:
        for index, each in enumerate(runs):
            message = next(each, None)
            if isinstance(message, Result):
                results[index] = message.piece
    assert results[0] == alone


def test_temperature_zero_ignores_the_seed(decoder):
    still = Sampling(temperature_notes=0, temperature_rhythm=0, temperature_instruments=0)
    asked = Constraints(num_bars=2, instruments=(0,))
    first = decode(decoder, constraints=asked, sampling=still, seed=1)[0].piece
    assert decode(decoder, constraints=asked, sampling=still, seed=2)[0].piece == first


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature_notes=0.2), Sampling(temperature_rhythm=0.2), Sampling(top_k=1), Sampling(top_p=0.1),
        Sampling(min_p=0.9), Sampling(repetition=50.0),
    ],
)  # fmt: skip
def test_every_option_changes_the_music(decoder, sampling):
    asked = Constraints(num_bars=3, instruments=(0, 33))
    plain = decode(decoder, constraints=asked)[0].piece
    assert decode(decoder, constraints=asked, sampling=sampling)[0].piece != plain


@pytest.mark.parametrize(
    "wish",
    [
        {"controls": Controls(genre="jazz")}, {"controls": Controls(density=0)},
        {"controls": Controls(genre="jazz", second_genre="rock")}, {"memory_length": 2},
    ],
)  # fmt: skip
def test_genre_density_and_memory_reach_the_network(decoder, wish):
    """An untrained network cares little for each, so one of a few seeds must show it."""
    asked = Constraints(num_bars=3, instruments=(0, 33))
    assert any(
        decode(decoder, constraints=asked, seed=seed)[0].piece
        != decode(decoder, constraints=asked, seed=seed, **wish)[0].piece
        for seed in range(8)
    )


def test_no_two_notes_of_a_track_sound_on_one_pitch_at_once(decoder):
    piece = decode(decoder, constraints=Constraints(num_bars=6, instruments=(0,)))[0].piece
    for track in piece.tracks:
        by_pitch: dict[int, list[Note]] = {}
        for note in track.notes:
            by_pitch.setdefault(note.pitch, []).append(note)
        for notes in by_pitch.values():
            assert all(one.stop_ticks <= two.onset_ticks for one, two in pairwise(notes))


@pytest.mark.parametrize("instruments", [(0,), (72, 58), (9, 47, 109), (65, 43, DRUM_PROGRAM)])
def test_what_an_ear_notices_first_is_in_order(decoder, instruments):
    """No silence longer than a bar, no stuck note, no tone that an instrument lacks, an ending on the last bar."""
    asked = Constraints(num_bars=6, metre=(4, 4), instruments=instruments)
    piece = decode(decoder, constraints=asked, seed=4)[0].piece
    assert listen(piece).is_clean
    for track in piece.tracks:
        bars = [note.onset_ticks // 1920 for note in track.notes]
        assert len(set(bars)) >= 2, "who was asked for is heard more than once"


def test_the_last_bar_is_over_when_the_network_would_go_on_to_the_next():
    """A network that always wants the next bar writes no more than it must: one note a bar, the last one included."""
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[CHOICE_BAR] = 30.0
    hasty = GeneratorDecoder(model, checkpoint_id="generator-hasty")
    piece = decode(hasty, constraints=Constraints(num_bars=3, instruments=(73,), metre=(4, 4)))[0].piece
    assert [note.onset_ticks // 1920 for note in piece.tracks[0].notes] == [0, 1, 2]


def test_a_network_that_thinks_in_longer_bars_does_not_crowd_the_end_of_short_ones():
    """What it would place in the second half of 4/4 ends the part in a bar of 2/4; it is not squeezed in."""
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[:CHOICE_BAR] += 5.0
        model.fields.position.values.bias[48:96] += 30.0
    used_to_four = GeneratorDecoder(model, checkpoint_id="generator-four")
    piece = decode(used_to_four, constraints=Constraints(num_bars=3, instruments=(73,), metre=(2, 4)))[0].piece
    assert [note.onset_ticks // 960 for note in piece.tracks[0].notes] == [0, 1, 2]


def first_choices(decoder, **sampling: float) -> tuple[float, float]:
    """Return the entropies, in bits, of each onset's first pitch and of each bar's first onset."""
    asked = Constraints(num_bars=8, instruments=(48,), metre=(4, 4))
    notes = decode(decoder, constraints=asked, sampling=Sampling(**sampling))[0].piece.tracks[0].notes
    pitches = {note.onset_ticks: note.pitch for note in reversed(notes)}
    onsets = {note.onset_ticks // 1920: note.onset_ticks % 1920 for note in reversed(notes)}
    return entropy(list(pitches.values())), entropy(list(onsets.values()))


def entropy(values: list[int]) -> float:
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(shares * np.log2(shares)).sum())


def test_each_temperature_reaches_its_own_fields():
    """At temperature 0 of one field its choices become few, and those of the other stay many."""
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[:CHOICE_BAR] += 3.0
        model.fields.pitch.values.bias[60] += 4.0
        model.fields.position.values.bias[48] += 4.0
    decoder = GeneratorDecoder(model, checkpoint_id="generator-test")
    pitches, onsets = first_choices(decoder)
    still_pitches, free_onsets = first_choices(decoder, temperature_notes=0.0)
    free_pitches, still_onsets = first_choices(decoder, temperature_rhythm=0.0)
    assert still_pitches < 0.3 * pitches
    assert still_onsets < 0.3 * onsets
    assert free_onsets > 0.6 * onsets
    assert free_pitches > 0.6 * pitches


def repeated_share(decoder, repetition: float) -> float:
    asked = Constraints(num_bars=6, instruments=(48,), metre=(4, 4))
    piece = decode(decoder, constraints=asked, sampling=Sampling(repetition=repetition))[0].piece
    places = [(note.onset_ticks, note.pitch) for note in piece.tracks[0].notes]
    return float(np.mean([(onset - 1920, pitch) in places for onset, pitch in places if onset >= 1920]))


def test_repetition_control_makes_copies_of_earlier_bars_rarer_and_below_one_more_common():
    torch.manual_seed(0)
    model = Generator(generator_config("tiny"))
    with torch.no_grad():
        model.fields.choice.values.bias[:CHOICE_BAR] += 2.0
        model.fields.position.gates.bias[:1] += 4.0
        model.fields.pitch.gates.bias[:1] += 4.0
    decoder = GeneratorDecoder(model, checkpoint_id="generator-copyist")
    assert repeated_share(decoder, 10.0) < repeated_share(decoder, 1.0) < repeated_share(decoder, 0.1)


def test_a_continuation_keeps_every_given_note(decoder):
    prompt = make_band(4)
    result, progress = decode(decoder, prompt=prompt, constraints=Constraints(num_bars=2))
    piece = result.piece
    assert piece.length_ticks == 6 * 4 * 480
    for before, after in zip(prompt.tracks, piece.tracks, strict=True):
        assert set(before.notes) <= set(after.notes)
        assert all(note.onset_ticks >= 4 * 4 * 480 for note in set(after.notes) - set(before.notes))
        assert (after.program, after.name, after.control_changes) == (
            before.program,
            before.name,
            before.control_changes,
        )
    assert piece.num_notes > prompt.num_notes
    assert progress[0].stage == "reading"
    assert all(check.is_kept for check in result.checks)


def test_a_continuation_may_bring_new_instruments_and_another_metre(decoder):
    asked = Constraints(num_bars=3, instruments=(0, 33, 73), metre=(3, 4), tempo_bpm=80.0)
    result, _ = decode(decoder, prompt=make_band(4), constraints=asked)
    assert result.piece.time_signatures[-1] == TimeSignature(4 * 1920, 3, 4)
    assert result.piece.tempos[-1] == (4 * 1920, 80.0)
    assert result.piece.tracks[-1].instrument == 73
    assert all(check.is_kept for check in result.checks)


def test_a_continuation_keeps_the_ticks_of_the_given_file(decoder):
    melody = make_melody()
    prompt = Piece(
        tracks=(
            Track(notes=tuple(Note(n[0] // 5, n[1], n[2] // 5, n[3]) for n in melody.tracks[0].notes), program=73),
        ),
        ticks_per_quarter=96,
    )
    piece = decode(decoder, prompt=prompt, constraints=Constraints(num_bars=2))[0].piece
    assert piece.ticks_per_quarter == 96
    assert piece.length_ticks == 6 * 4 * 96


def test_a_last_note_that_rings_over_the_bar_line_is_not_taken_for_silence(decoder):
    """The new bars follow the piece's last bar, and the network reads no empty bar before them."""
    band = make_band(4)
    bass = band.tracks[1]
    last = bass.notes[-1]
    ringing = (*bass.notes[:-1], last._replace(duration_ticks=last.duration_ticks + 500))
    prompt = replace(band, tracks=(band.tracks[0], replace(bass, notes=ringing), *band.tracks[2:]))
    request = GenerateRequest(job_id="job", seed=1, prompt=prompt, constraints=Constraints(num_bars=2))
    plan, _ = make_plan(request)
    assert plan.num_given_bars == 4
    piece = decode(decoder, prompt=prompt, constraints=Constraints(num_bars=2))[0].piece
    assert piece.length_ticks == 7 * 1920


def test_only_the_last_quarter_of_new_bars_is_told_of_the_end():
    assert [place_in_song(bar, 16, num_new_bars=16) for bar in range(16)] == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        0,
        0,
        0,
        0,
        13,
        14,
        15,
        16,
    ]
    assert [place_in_song(bar, 104, num_new_bars=4) for bar in range(98, 104)] == [0, 0, 0, 0, 0, 16]
    assert place_in_song(0, 1, num_new_bars=1) == 16


def test_a_warm_and_a_cold_continuation_are_the_same(decoder):
    """Reading always begins at bar 0, so asking twice gives the same bytes."""
    prompt = make_band(8)
    pieces = [decode(decoder, prompt=prompt, constraints=Constraints(num_bars=2))[0].piece for _ in range(2)]
    assert encode_piece(pieces[0]) == encode_piece(pieces[1])


def test_the_result_is_a_midi_file_that_reads_back(decoder):
    piece = decode(decoder, constraints=Constraints(num_bars=4, instruments=(0, 33, DRUM_PROGRAM)))[0].piece
    back = read_midi(write_midi(piece))
    assert {(track.instrument, track.notes) for track in back.tracks} == {
        (track.instrument, track.notes) for track in piece.tracks
    }


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"constraints": Constraints(num_bars=0)}, "1 to 256 bars"),
        ({"constraints": Constraints(num_bars=2, instruments=(0,), excluded_instruments=(0,))}, "also excluded"),
        ({"constraints": Constraints(num_bars=2, pitch_range=(61, 61), scale=scale_of_key(parse_key("C major")))}, "No note lies"),
        ({"constraints": Constraints(num_bars=2), "controls": Controls(genre="polka")}, "polka"),
        ({"constraints": Constraints(num_bars=2, metre=(7, 8))}, "7/8"),
    ],
)  # fmt: skip
def test_impossible_wishes_are_refused_with_a_sentence(decoder, values, sentence):
    with pytest.raises(InputError, match=sentence):
        decode(decoder, **values)


def test_prompts_that_cannot_be_read_are_refused(decoder):
    with pytest.raises(NoMusicError):
        decode(decoder, prompt=Piece(), constraints=Constraints(num_bars=2))
    odd = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), time_signatures=(TimeSignature(0, 7, 8),))
    with pytest.raises(UnsupportedMetreError):
        decode(decoder, prompt=odd, constraints=Constraints(num_bars=2))


def test_a_checkpoint_comes_back_with_the_same_music(decoder, tmp_path):
    """Weights are stored as bf16, so the loaded network equals itself when stored again."""
    config = generator_config("tiny").as_dict()

    def store(model, name):
        return save_checkpoint(
            tmp_path / name, model="generator", state=model.state_dict(), config=config,
            vocabulary_hash=VOCABULARY_HASH, card={},
        )  # fmt: skip

    checkpoint_id = store(decoder.model, "one")
    first = GeneratorDecoder.load(tmp_path / "one", torch.device("cpu"))
    assert first.checkpoint_id == checkpoint_id
    assert store(first.model, "two") == checkpoint_id
    second = GeneratorDecoder.load(tmp_path / "two", torch.device("cpu"))
    asked = Constraints(num_bars=2)
    assert decode(first, constraints=asked)[0].piece == decode(second, constraints=asked)[0].piece


def test_a_checkpoint_of_another_vocabulary_is_refused(decoder, tmp_path):
    save_checkpoint(
        tmp_path, model="generator", state=decoder.model.state_dict(), config=generator_config("tiny").as_dict(),
        vocabulary_hash="of another time", card={},
    )  # fmt: skip
    with pytest.raises(CheckpointError, match="vocabulary"):
        GeneratorDecoder.load(tmp_path, torch.device("cpu"))
