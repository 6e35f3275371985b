"""Every control of a remix changes the output, keeps its promise, and gives the same bytes again: for an untrained network."""

import itertools

import pytest
import torch

from core.errors import InputError, NoMusicError
from inference.decoding.remix_network import remixer_config
from inference.decoding.remixer import RemixerDecoder
from inference.models.remixer import RemixerNetwork
from inference.protocol import RemixRequest, Result, Sampling
from music.codec import encode_piece
from music.constraints import BarRange, Constraints, PartLimits
from music.midi import read_midi, write_midi
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from music.ranges import playable_range
from tests.factories.pieces import make_band

PIANO, BASS, GUITAR, DRUMS = range(4)
D_MINOR = scale_of_key(parse_key("D minor"))


@pytest.fixture(scope="module", name="decoder")
def _decoder():
    torch.manual_seed(0)
    return RemixerDecoder(RemixerNetwork(remixer_config("tiny")), checkpoint_id="remixer-test")


def remix(decoder, **fields) -> Result:
    *_, result = decoder.decode(RemixRequest(job_id="a", **({"seed": 3, "piece": make_band(4), "share": 0.8} | fields)))
    assert isinstance(result, Result)
    return result


@pytest.fixture(scope="module", name="plain")
def _plain(decoder):
    return remix(decoder)


REQUESTS = {
    "seed": {"seed": 4},
    "share": {"share": 0.2},
    "bars": {"bars": BarRange(1, 2)},
    "tracks": {"tracks": (GUITAR,)},
    "top voice": {"voices": "top"},
    "inner voice": {"voices": "inner"},
    "bottom voice": {"voices": "bottom"},
    "pitches": {"pitches": (60, 90)},
    "range": {"constraints": Constraints(pitch_range=(50, 60))},
    "range of an instrument": {"constraints": Constraints(parts=(PartLimits(instrument=27, pitch_range=(60, 65)),))},
    "key": {"constraints": Constraints(scale=D_MINOR)},
    "locked bars": {"constraints": Constraints(locked_bars=(BarRange(0, 2),))},
    "locked tracks": {"constraints": Constraints(locked_tracks=(BASS,))},
    "rhythm": {"change": "rhythm"},
    "rhythm of the top voice": {"change": "rhythm", "voices": "top"},
    "velocity": {"change": "velocity"},
    "instrument": {"change": "instrument"},
    "temperature": {"sampling": Sampling(temperature_notes=0.2)},
    "top-k": {"sampling": Sampling(top_k=2)},
    "top-p": {"sampling": Sampling(top_p=0.2)},
    "min-p": {"sampling": Sampling(min_p=0.8)},
    "repetition": {"sampling": Sampling(repetition=9.0)},
    "several fields": {"changes": ("pitch", "rhythm", "velocity", "instrument")},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_control_changes_the_output_keeps_its_promise_and_gives_the_same_bytes_again(decoder, plain, name):
    asked = remix(decoder, **REQUESTS[name])
    assert encode_piece(asked.piece) != encode_piece(plain.piece)
    assert [check for check in asked.checks if not check.is_kept] == []
    assert encode_piece(remix(decoder, **REQUESTS[name]).piece) == encode_piece(asked.piece)
    assert read_midi(write_midi(asked.piece)).num_notes == make_band(4).num_notes


@pytest.mark.parametrize("control", ["temperature_rhythm", "top_k", "top_p", "min_p", "repetition"])
@pytest.mark.parametrize("change", ["rhythm", "velocity"])
def test_sampling_reaches_rhythm_and_loudness_too(decoder, change, control):
    value = {"temperature_rhythm": 0.2, "top_k": 2, "top_p": 0.2, "min_p": 0.9, "repetition": 9.0}[control]
    plain = remix(decoder, change=change)
    assert remix(decoder, change=change, sampling=Sampling(**{control: value})).piece != plain.piece


FIELDS = ("pitch", "rhythm", "velocity", "instrument")
SUBSETS = [fields for size in (1, 2, 3, 4) for fields in itertools.combinations(FIELDS, size)]


def seen(piece: Piece, field: str) -> list:
    """One field of every note, track by track; of instruments who plays how many notes."""
    if field == "instrument":
        return sorted((track.instrument, len(track.notes)) for track in piece.tracks)
    pick = {
        "pitch": lambda note: (note.pitch,),
        "rhythm": lambda note: (note.onset_ticks, note.duration_ticks),
        "velocity": lambda note: (note.velocity,),
    }[field]
    return [sorted(pick(note) for note in track.notes) for track in piece.tracks]


@pytest.mark.parametrize("fields", SUBSETS, ids="+".join)
def test_any_subset_of_fields_changes_and_no_other_does(decoder, fields):
    before = make_band(4)
    result = remix(decoder, changes=fields)
    for field in FIELDS:
        assert (seen(result.piece, field) != seen(before, field)) == (field in fields), field
    assert all(check.is_kept for check in result.checks)


@pytest.mark.parametrize("voices", ["top", "inner", "bottom"])
@pytest.mark.parametrize("change", ["pitch", "velocity"])
def test_only_the_chosen_voice_changes(decoder, voices, change):
    """Every chord of the piano has three notes, the first of them the lowest."""
    before = chords()
    after = remix(decoder, piece=before, change=change, voices=voices, share=1.0).piece
    place = {"bottom": 0, "inner": 1, "top": 2}[voices]
    for chord in range(8):
        old = [note for note in before.tracks[0].notes if note.onset_ticks == chord * 480]
        new = [note for note in after.tracks[0].notes if note.onset_ticks == chord * 480]
        kept = [note for index, note in enumerate(old) if index != place]
        assert set(kept) <= set(new)
        assert set(old) != set(new)


def test_the_rhythm_of_the_top_voice_moves_alone_and_nothing_overlaps(decoder):
    before = chords()
    after = remix(decoder, piece=before, change="rhythm", voices="top", share=1.0).piece
    lower = {note for note in before.tracks[0].notes if note.pitch < 70}
    assert lower <= set(after.tracks[0].notes)
    assert len(after.tracks) == 1
    assert sorted(after.tracks[0].notes) != sorted(before.tracks[0].notes)
    assert not overlaps(after.tracks[0])


def chords() -> Piece:
    """A chord on every beat of two bars; the highest note is always above 70."""
    notes = [Note(beat * 480, pitch + beat % 3, 470, 80 + 3 * beat) for beat in range(8) for pitch in (48, 60, 72)]
    return Piece(tracks=(Track(notes=tuple(notes), name="Piano"),), length_ticks=8 * 480)


def overlaps(track: Track) -> bool:
    by_pitch: dict[int, list[Note]] = {}
    for note in track.notes:
        by_pitch.setdefault(note.pitch, []).append(note)
    return any(a.stop_ticks > b.onset_ticks for notes in by_pitch.values() for a, b in itertools.pairwise(notes))


def test_a_voice_that_is_moved_strikes_no_pitch_that_the_rest_still_holds(decoder):
    held = Note(0, 60, 3840, 70)
    moving = tuple(Note(beat * 480, 72, 400, 90) for beat in range(1, 8))
    piece = Piece(tracks=(Track(notes=(held, *moving)),), length_ticks=3840)
    for change in ("pitch", "rhythm"):
        after = remix(decoder, piece=piece, changes=(change,), pitches=(61, 90), share=1.0).piece
        assert not overlaps(after.tracks[0])
        assert held in after.tracks[0].notes


def test_only_notes_in_the_chosen_pitches_change(decoder):
    before = make_band(4)
    after = remix(decoder, pitches=(60, 70), share=1.0).piece
    for old, new in zip(before.tracks, after.tracks, strict=True):
        kept = {note for note in old.notes if old.is_drum or not 60 <= note.pitch <= 70}
        assert kept <= set(new.notes)


def test_a_new_instrument_is_one_of_those_allowed_and_plays_every_note(decoder):
    allowed = (4, 11, 48)
    result = remix(
        decoder, change="instrument", tracks=(PIANO, GUITAR), share=1.0, constraints=Constraints(instruments=allowed)
    )
    for index in (PIANO, GUITAR):
        track = result.piece.tracks[index]
        assert track.program in allowed
        low, high = playable_range(track.program)
        assert all(low <= note.pitch <= high for note in track.notes)
    assert result.piece.tracks[BASS] == make_band(4).tracks[BASS]


def test_excluded_instruments_are_not_taken(decoder):
    constraints = Constraints(excluded_instruments=tuple(each for each in range(128) if each != 4))
    result = remix(decoder, change="instrument", tracks=(PIANO,), constraints=constraints)
    assert result.piece.tracks[PIANO].program == 4


def test_in_some_bars_the_new_instrument_gets_a_track_of_its_own(decoder):
    before = make_band(4)
    after = remix(decoder, change="instrument", tracks=(PIANO,), bars=BarRange(1, 2)).piece
    assert len(after.tracks) == 5
    assert after.tracks[PIANO].program == 0
    assert all(1900 <= note.onset_ticks < 3840 for note in after.tracks[4].notes)
    assert sorted((*after.tracks[PIANO].notes, *after.tracks[4].notes)) == list(before.tracks[PIANO].notes)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"change": "instrument", "tracks": (DRUMS,)}, NoMusicError),
        ({"change": "instrument", "constraints": Constraints(instruments=(DRUM_PROGRAM,))}, InputError),
        ({"change": "instrument", "tracks": (BASS,), "constraints": Constraints(instruments=(72,))}, InputError),
        ({"tracks": (DRUMS,), "voices": "top"}, NoMusicError),
        ({"pitches": (0, 5)}, NoMusicError),
    ],
)
def test_what_cannot_be_changed_is_refused(decoder, fields, error):
    with pytest.raises(error):
        remix(decoder, **fields)


def test_loudness_stays_near_what_the_track_plays_and_never_the_same(decoder):
    before = make_band(4)
    after = remix(decoder, change="velocity", share=1.0).piece
    for old, new in zip(before.tracks, after.tracks, strict=True):
        assert all(a.velocity != b.velocity for a, b in zip(old.notes, new.notes, strict=True))
        low, high = min(note.velocity for note in old.notes), max(note.velocity for note in old.notes)
        assert all(max(low - 25, 1) <= note.velocity <= min(high + 25, 127) for note in new.notes)


def test_a_chord_that_is_a_little_spread_has_one_top(decoder):
    before = make_band(4)  # its piano is up to seven ticks late
    after = remix(decoder, change="velocity", voices="top", tracks=(PIANO,), share=1.0).piece
    changed = set(before.tracks[PIANO].notes) - set(after.tracks[PIANO].notes)
    assert len(changed) == 4
    assert all(
        note.pitch == max(n.pitch for n in before.tracks[PIANO].notes if abs(n.onset_ticks - note.onset_ticks) < 9)
        for note in changed
    )
