"""Harmonizing keeps what was given, obeys its rules, and answers the same seed with the same bytes."""

import numpy as np
import pytest

from core.errors import InputError, NoMusicError
from inference.decoding.chorale_rules import ChoraleRules, count_rules, parallels, reach_of
from inference.decoding.chorale_writer import ChoraleWriter
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.decoding.melody_reading import read_melody, sung_frames
from inference.engines.numpy_seq2seq import NumpySeq2Seq
from inference.protocol import HarmonizeRequest, Progress, Result, Sampling
from music.codec import encode_piece
from music.constraints import BarRange, Constraints, Scale
from music.piece import Note, Piece, TimeSignature, Track
from music.tokenizers.harmony import LOWEST_PITCH, voice_values
from music.tokenizers.harmony_reading import read_chorale_line
from tests.factories.harmonies import bach_scores, soprano_piece, tiny_network
from training.evaluation.harmonizer_nats import score_set
from training.harmonizer_sets import Chorale


@pytest.fixture(scope="module", name="decoder")
def _decoder():
    return HarmonizerDecoder(tiny_network(), checkpoint_id="harmonizer-test", device="cpu")


def harmonize(decoder, piece, **options):
    *progress, result = decoder.decode(
        HarmonizeRequest(job_id="job", seed=options.pop("seed", 1), piece=piece, **options)
    )
    assert all(isinstance(step, Progress) for step in progress)
    assert isinstance(result, Result)
    return result


def checks(result):
    return {check.name: check.is_kept for check in result.checks}


def song(**fields):
    """Eight bars with a drum track and a bass, the melody played a little behind the beat."""
    melody = tuple(Note(240 * place + 17, 67 + (place * 5) % 11, 200, 70 + place % 9) for place in range(64))
    bass = tuple(Note(1920 * bar, 36 + bar, 1900, 90) for bar in range(8))
    tracks = (
        Track(notes=tuple(Note(480 * beat, 36, 100, 100) for beat in range(32)), is_drum=True, name="Drums"),
        Track(notes=bass, program=33, name="Bass"),
        Track(notes=melody, program=73, name="Melody"),
    )
    return Piece(tracks=tracks, **fields)


@pytest.mark.parametrize("style", ["chorale", "chords"])
def test_everything_given_stays_note_for_note(decoder, style):
    """The given tracks are the first of the result and unchanged, micro-timing included."""
    piece = song()
    result = harmonize(decoder, piece, style=style)
    assert result.piece.tracks[: len(piece.tracks)] == piece.tracks
    assert checks(result)["kept_melody"]
    assert len(result.piece.tracks) == len(piece.tracks) + (3 if style == "chorale" else 1)
    assert all(track.notes for track in result.piece.tracks)


@pytest.mark.parametrize("index", range(3))
def test_a_real_soprano_gets_parts_without_faults(decoder, index):
    """Under Bach's sopranos even an untrained network writes no parallels and no crossings: the masks see to it."""
    result = harmonize(decoder, soprano_piece(bach_scores()[index]))
    assert checks(result)["part_writing"]
    assert [track.name for track in result.piece.tracks] == ["Soprano", "Alto", "Tenor", "Bass"]
    lengths = [track.stop_ticks for track in result.piece.tracks]
    assert max(lengths) - min(lengths) <= 480


def test_without_rules_the_same_network_makes_faults():
    """The faults counted without masks show that the masks, not the network, keep the rules above."""
    reading = read_melody(soprano_piece(bach_scores()[0]), None)
    _, melody = sung_frames(reading)
    free = ChoraleRules(reach=reach_of(shift=0), forbids_parallels=False, forbids_crossing=False)
    writer = ChoraleWriter(
        open_window=NumpySeq2Seq(tiny_network()).open_window, melody=melody, rules=free, sampling=Sampling(), seed=1
    )
    for _ in writer.write():
        pass
    counts = count_rules(writer.voices)
    assert counts.num_parallels > 0
    assert counts.num_crossings > 0


@pytest.mark.parametrize("style", ["chorale", "chords"])
def test_same_seed_gives_the_same_bytes(decoder, style):
    """Two runs with one seed are equal bytes, another seed gives other music, and two runs in turn do not disturb each other."""
    piece = song()
    first = harmonize(decoder, piece, style=style, seed=7).piece
    requests = [HarmonizeRequest(job_id=str(seed), seed=seed, piece=piece, style=style) for seed in (7, 8)]
    iterators = [decoder.decode(request) for request in requests]
    results = {}
    while len(results) < 2:
        for index, iterator in enumerate(iterators):
            message = next(iterator, None)
            if isinstance(message, Result):
                results[index] = message.piece
    assert encode_piece(results[0]) == encode_piece(first)
    assert encode_piece(results[1]) != encode_piece(first)


def test_writing_sees_what_scoring_sees(decoder):
    """Step by step the writer takes the values that one pass over the finished chorale finds most likely."""
    pitches = bach_scores()[0].pitches[:, 0]
    melody = read_chorale_line(pitches)
    free = {voice: np.ones_like(flags) for voice, flags in reach_of(shift=0).items()}
    writer = ChoraleWriter(
        open_window=decoder._open_window,
        melody=melody,
        rules=ChoraleRules(reach=free, forbids_parallels=False, forbids_crossing=False),
        sampling=Sampling(temperature_notes=0.0),
        seed=1,
    )
    for _ in writer.write():
        pass
    written = np.where(writer.voices > 0, writer.voices + LOWEST_PITCH - 1, -1)
    scores = score_set(decoder.model, [Chorale("written", written)])
    assert scores.hits == scores.counts


@pytest.mark.parametrize("style", ["chorale", "chords"])
def test_temperature_zero_ignores_the_seed(decoder, style):
    """The most likely values do not depend on the seed."""
    greedy = Sampling(temperature_notes=0.0)
    pieces = [harmonize(decoder, song(), style=style, seed=seed, sampling=greedy).piece for seed in (1, 2)]
    assert encode_piece(pieces[0]) == encode_piece(pieces[1])


@pytest.mark.parametrize("style", ["chorale", "chords"])
def test_range_scale_instruments_and_locks_are_obeyed(decoder, style):
    """What was written lies in the asked range and scale, uses the asked instruments, and leaves locked bars alone."""
    scale = Scale(tonic=0, is_minor=False, pitch_classes=(0, 2, 4, 5, 7, 9, 11), name="C major")
    constraints = Constraints(scale=scale, pitch_range=(40, 70), instruments=(19,), locked_bars=(BarRange(2, 4),))
    piece = song()
    result = harmonize(decoder, piece, style=style, constraints=constraints)
    kept = checks(result)
    assert all(kept[name] for name in ("scale", "range", "instruments", "locked_bars", "kept_melody"))
    for track in result.piece.tracks[3:]:
        assert track.program == 19
        assert not any(2 * 1920 <= note.onset_ticks < 4 * 1920 for note in track.notes)
        assert track.notes


def test_a_range_without_room_is_refused(decoder):
    """A range in which some voice has no note is an input error that says so."""
    with pytest.raises(InputError, match="range leaves no notes"):
        harmonize(decoder, song(), constraints=Constraints(pitch_range=(100, 110)))


def write_see_saw(decoder, alto):
    """Write under a soprano that swings between F and D, with an alto of the given pitches and fixed lower voices."""
    notes = tuple(Note(480 * beat, 65 if beat % 2 == 0 else 62, 480, 80) for beat in range(24))
    _, melody = sung_frames(read_melody(Piece(tracks=(Track(notes=notes),)), None))
    reach = {voice: np.zeros_like(flags) for voice, flags in reach_of(shift=0).items()}
    for voice, pitches in {"bass": (41,), "tenor": (53,), "alto": alto}.items():
        reach[voice][[pitch - LOWEST_PITCH + 1 for pitch in pitches]] = True
    rules = ChoraleRules(reach=reach)
    writer = ChoraleWriter(open_window=decoder._open_window, melody=melody, rules=rules, sampling=Sampling(), seed=3)
    for _ in writer.write():
        pass
    return writer


def test_a_dead_end_of_the_mask_is_taken_back(decoder):
    """An alto in unison above a falling soprano has no way on (parallel or crossing): the frame before is written anew."""
    writer = write_see_saw(decoder, (62, 65))
    counts = count_rules(writer.voices)
    assert writer.report.num_retreats > 0
    assert writer.report.num_relaxed == 0
    assert (counts.num_parallels, counts.num_crossings) == (0, 0)


def test_a_rule_that_cannot_hold_is_reported(decoder):
    """Where no past could have avoided a crossing, it is written, counted, and all voices still sound."""
    writer = write_see_saw(decoder, (64,))
    assert writer.report.num_relaxed > 0
    assert count_rules(writer.voices).num_crossings > 0
    assert (writer.voices[:, 1:] > 0).all()


@pytest.mark.parametrize("shift", [-24, -12, 12, 24])
def test_melodies_of_any_register_are_harmonized(decoder, shift):
    """A low or high melody stays where it is; its parts lie beneath it unless it is lower than any choir."""
    piece = soprano_piece(bach_scores()[0])
    moved = piece.with_tracks(
        (Track(notes=tuple(note._replace(pitch=note.pitch + shift) for note in piece.tracks[0].notes), program=60),)
    )
    result = harmonize(decoder, moved)
    assert result.piece.tracks[0] == moved.tracks[0]
    if shift >= -12:
        means = [sum(note.pitch for note in track.notes) / len(track.notes) for track in result.piece.tracks]
        assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("metre", [(2, 4), (3, 4), (5, 4), (6, 8), (9, 8), (12, 8), (2, 2), (7, 8), (3, 8), (11, 16)])
@pytest.mark.parametrize("style", ["chorale", "chords"])
def test_every_metre_goes_through(decoder, style, metre):
    """Metres that the network knows and others, with a change in the middle and an odd last bar."""
    signatures = (TimeSignature(0, *metre), TimeSignature(5000, 3, 4))
    result = harmonize(decoder, song(time_signatures=signatures), style=style)
    assert checks(result)["kept_melody"]


def test_chords_are_named_and_kept_in_the_piece(decoder):
    """The piece carries its chords with their ticks, the result their names, and the piano plays them."""
    result = harmonize(decoder, song(), style="chords")
    assert len(result.chord_names) == len(result.piece.chords) > 0
    track = result.piece.tracks[-1]
    assert (track.name, track.program) == ("Chords", 0)
    assert {note.onset_ticks for note in track.notes} >= {
        chord.onset_ticks for chord in result.piece.chords if chord.quality != "none"
    }


def test_long_rests_stay_silent(decoder):
    """While the melody pauses for bars the choir pauses too; it sings through a rest of a beat."""
    notes = (
        *(Note(480 * beat, 67, 480, 80) for beat in (0, 1, 3)),
        *(Note(480 * beat, 69, 480, 80) for beat in (20, 21)),
    )
    result = harmonize(decoder, Piece(tracks=(Track(notes=notes),)))
    for track in result.piece.tracks[1:]:
        assert not any(4 * 480 <= note.onset_ticks < 20 * 480 for note in track.notes)
        assert sum(note.duration_ticks for note in track.notes) == 6 * 480


@pytest.mark.parametrize(
    ("piece", "track"),
    [
        (Piece(), None),
        (Piece(tracks=(Track(is_drum=True, notes=(Note(0, 36, 10, 90),)),)), None),
        (song(), 0),
        (song(), 9),
    ],
)
def test_no_melody_is_said_clearly(decoder, piece, track):
    """An empty piece, drums alone, and a track that is not there are refused with a sentence."""
    with pytest.raises(NoMusicError):
        harmonize(decoder, piece, melody_track=track)


def test_progress_counts_bars(decoder):
    """Progress grows and ends at the number of bars."""
    messages = list(decoder.decode(HarmonizeRequest(job_id="job", seed=1, piece=song())))[:-1]
    counts = [message.num_done for message in messages]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == messages[-1].num_total == 8


def test_bach_breaks_the_rules_as_often_as_counted_elsewhere():
    """The counting is the one of the published figures: hand-made cases, one of each kind."""
    fifths = voice_values(np.array([[72, 67, 60, 53], [74, 69, 60, 55]]))
    counts = count_rules(fifths)
    assert counts.num_chord_changes == 1
    # Soprano and alto move from a fourth to a fourth; bass and alto by octave-and-second: only soprano over bass keeps a fifth.
    assert counts.num_parallels == 1
    crossing = count_rules(voice_values(np.array([[72, 60, 64, 48], [72, 60, 64, 48]])))
    assert (crossing.num_crossings, crossing.num_pairs, crossing.num_chord_changes) == (2, 6, 0)


def test_parallels_are_masked_exactly():
    """Of all next values exactly those are forbidden that move with the other voice into the interval there was."""
    own, other, other_now = 10, 17, 19
    assert np.flatnonzero(parallels(own, other, other_now)).tolist() == [12, 24, 36, 48]
    assert not parallels(own, other, other).any()
    assert not parallels(own, 18, 20).any()


@pytest.mark.parametrize("style", ["piano", "band", "track", "melody", "fill"])
def test_a_checkpoint_without_layers_for_events_refuses_their_tasks(decoder, style):
    """One sentence that says what these weights can do."""
    wishes = {"target_instruments": (33,)} if style == "track" else {}
    with pytest.raises(InputError, match="four-part chorale or chords"):
        harmonize(decoder, song(), style=style, **wishes)
