"""Arranging by rule: there and back is the same piece, and nothing outside the scope changes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BarRangeError, InputError, NoMusicError
from music.analysis import find_key
from music.arranging.dynamics import DYNAMICS, change_mood, parse_dynamics, parse_mood, shape_dynamics
from music.arranging.instruments import leave_out, swap_instrument
from music.arranging.pitch import key_in, move_to_key, transpose_in
from music.arranging.scope import check_untouched, make_scope
from music.arranging.time import change_tempo, humanize, stretch_notes, swing
from music.constraints import BarRange
from music.listening import count_out_of_range
from music.names import parse_key
from music.piece import ChordSymbol, KeySignature, Note, Piece, Tempo, TimeSignature, Track
from music.time_grid import TimeGrid
from tests.factories.pieces import make_band, make_chorale, make_melody
from tests.factories.random_pieces import pieces

FIFTHS = Piece(
    tracks=(Track(notes=tuple(Note(480 * n, 60 + 7 * (n % 2), 480, 80) for n in range(16))),), length_ticks=480 * 16
)


def pitches(piece, index=0):
    return [note.pitch for note in piece.tracks[index].notes]


def in_bars(first, last):
    return BarRange(first - 1, last)


# --- pitch


@settings(max_examples=30, deadline=None)
@given(pieces(max_tracks=3), st.integers(-24, 24))
def test_transposing_there_and_back_keeps_every_pitch_class(piece, semitones):
    """Octaves may differ where a note left its instrument's range; nothing else may."""
    there = transpose_in(piece, make_scope(piece), semitones=semitones).piece
    back = transpose_in(there, make_scope(there), semitones=-semitones).piece
    assert back.key_signatures == piece.key_signatures
    assert back.chords == piece.chords
    for old, new in zip(piece.tracks, back.tracks, strict=True):
        assert (
            sorted((note.onset_ticks, note.pitch % 12) for note in old.notes)
            == sorted((note.onset_ticks, note.pitch % 12) for note in new.notes)
            or old.is_drum
        )
        assert not old.is_drum or old == new


@pytest.mark.parametrize("semitones", [1, -3, 4, 5])
def test_transposing_there_and_back_is_the_same_piece_within_the_ranges(semitones):
    piece = make_chorale()
    there = transpose_in(piece, make_scope(piece), semitones=semitones).piece
    assert there != piece
    assert transpose_in(there, make_scope(there), semitones=-semitones).piece == piece


def test_notes_beyond_the_range_move_by_octaves_and_it_is_said():
    """A flute has no notes two octaves lower."""
    piece = make_melody()
    change = transpose_in(piece, make_scope(piece), semitones=-26)
    assert count_out_of_range(change.piece) == 0
    assert "by octaves to stay in range" in change.check.found
    assert [pitch % 12 for pitch in pitches(change.piece)] == [(pitch - 26) % 12 for pitch in pitches(piece)]


def test_a_key_change_in_some_bars_comes_back_after_them():
    """Bars 3-4 are in another key, with signatures at both ends."""
    piece = make_band()
    moved = move_to_key(piece, make_scope(piece, bars=in_bars(3, 4)), parse_key("D")).piece
    assert [(key.onset_ticks // 1920, key.tonic) for key in moved.key_signatures] == [(0, 0), (2, 2), (4, 0)]
    assert check_untouched(piece, moved, bars=in_bars(3, 4)).is_kept


@pytest.mark.parametrize("key", ["A minor", "D minor", "F# minor", "Eb major", "B major"])
def test_the_asked_key_is_the_one_that_is_heard(key):
    piece = make_chorale()
    moved = move_to_key(piece, make_scope(piece), parse_key(key)).piece
    assert moved.key_signatures[0][1:] == parse_key(key)[1:]
    heard = find_key(moved)
    assert heard is not None
    assert heard.key.tonic == parse_key(key).tonic


def test_a_key_that_is_written_wrongly_is_not_believed():
    """C major is what files say that say nothing; a relative key has the same tones and is believed."""
    piece = make_chorale()  # in F sharp minor
    heard = parse_key("F# minor")
    wrong = replace(piece, key_signatures=(KeySignature(0, 0, is_minor=False),))
    relative = replace(piece, key_signatures=(KeySignature(0, 9, is_minor=False),))
    assert key_in(wrong, make_scope(wrong))[1:] == heard[1:]
    assert key_in(relative, make_scope(relative)) == KeySignature(0, 9, is_minor=False)
    assert key_in(Piece(), make_scope(Piece())) == KeySignature(0, 0, is_minor=False)
    minor = transpose_in(piece, make_scope(piece), semitones=3).piece
    said_nothing = replace(minor, key_signatures=(KeySignature(0, 0, is_minor=False),))
    assert key_in(said_nothing, make_scope(said_nothing))[1:] == (9, True)


def test_major_becomes_minor_degree_by_degree_and_back():
    """The third, sixth and seventh move; a leading tone in its dominant stays; the way back is the same piece."""
    scale = (60, 62, 64, 65, 67, 69, 71)
    piece = Piece(
        tracks=(Track(notes=tuple(Note(480 * n, pitch, 480, 80) for n, pitch in enumerate((*scale, 67, 64)))),),
        key_signatures=(KeySignature(0, 0, is_minor=False),),
        chords=(ChordSymbol(0, 0, "maj", 0), ChordSymbol(1920, 7, "7", 7), ChordSymbol(3840, 5, "maj", 5)),
    )
    minor = move_to_key(piece, make_scope(piece), parse_key("C minor")).piece
    assert pitches(minor) == [60, 62, 63, 65, 67, 68, 70, 67, 63]
    assert minor.chords == (ChordSymbol(0, 0, "min", 0), ChordSymbol(1920, 7, "7", 7), ChordSymbol(3840, 5, "min", 5))
    assert pitches(move_to_key(minor, make_scope(minor), parse_key("C major")).piece) == pitches(piece)


def test_the_leading_tone_of_a_dominant_stays_raised():
    chord = tuple(Note(0, pitch, 480, 80) for pitch in (67, 71, 74))
    piece = Piece(
        tracks=(Track(notes=(*chord, Note(480, 72, 480, 80))),), key_signatures=(KeySignature(0, 0, is_minor=False),)
    )
    assert 71 in pitches(move_to_key(piece, make_scope(piece), parse_key("C minor")).piece)


# --- instruments


@pytest.mark.parametrize("program", [40, 48, 73, 32, 56, 11])
def test_a_swapped_part_can_be_played(program):
    """Every note lies in the new instrument's range, and has kept its pitch class and time."""
    piece = make_band()
    change = swap_instrument(piece, make_scope(piece, tracks=(0,)), program=program)
    assert count_out_of_range(change.piece) == 0
    assert change.piece.tracks[0].program == program
    assert sorted((note.onset_ticks, note.pitch % 12) for note in change.piece.tracks[0].notes) == sorted(
        (note.onset_ticks, note.pitch % 12) for note in piece.tracks[0].notes
    )
    assert change.piece.tracks[1:] == piece.tracks[1:]


def test_a_swap_in_some_bars_makes_a_track_of_its_own():
    piece = make_band()
    change = swap_instrument(piece, make_scope(piece, bars=in_bars(3, 4), tracks=(0,)), program=48)
    assert [track.name for track in change.piece.tracks] == ["Piano", "Bass", "Guitar", "Drums", "String Ensemble 1"]
    assert {TimeGrid(piece).bar_of_tick(note.onset_ticks) for note in change.piece.tracks[4].notes} == {2, 3}
    assert change.piece.num_notes == piece.num_notes


def test_a_name_that_is_no_instrument_stays():
    piece = make_melody()
    assert swap_instrument(piece, make_scope(piece), program=40).piece.tracks[0].name == "Melody"


def test_drums_are_not_swapped():
    piece = make_band()
    with pytest.raises(InputError, match="Drums have no pitches"):
        swap_instrument(piece, make_scope(piece, tracks=(3,)), program=0)
    with pytest.raises(InputError, match="Drums have no pitches"):
        swap_instrument(piece, make_scope(piece, tracks=(0,)), program=128)


def test_tracks_are_left_out_whole_or_in_bars():
    piece = make_band()
    assert [track.name for track in leave_out(piece, make_scope(piece), dropped=(0, 3)).piece.tracks] == [
        "Bass",
        "Guitar",
    ]
    silent = leave_out(piece, make_scope(piece, bars=in_bars(1, 2)), dropped=(3,)).piece
    assert silent.tracks[3].notes[0].onset_ticks == 2 * 1920
    with pytest.raises(NoMusicError):
        leave_out(piece, make_scope(piece), dropped=(0, 1, 2, 3))


# --- time


@settings(max_examples=30, deadline=None)
@given(pieces(max_tracks=2).filter(lambda piece: piece.ticks_per_quarter <= 10_080))
def test_halved_then_doubled_notes_are_the_same_piece(piece):
    assert stretch_notes(stretch_notes(piece, factor=0.5).piece, factor=2.0).piece == piece


@settings(max_examples=30, deadline=None)
@given(pieces(max_tracks=2), st.sampled_from((0.5, 2.0)))
def test_stretching_changes_every_moment_by_the_factor(piece, factor):
    stretched = stretch_notes(piece, factor=factor).piece
    assert stretched.tempos[0].bpm == piece.tempos[0].bpm
    for old, new in zip(piece.tracks, stretched.tracks, strict=True):
        for one, two in zip(old.notes, new.notes, strict=True):
            assert two.onset_ticks / stretched.ticks_per_quarter == pytest.approx(
                factor * one.onset_ticks / piece.ticks_per_quarter, abs=0.05
            )


def test_half_tempo_lasts_twice_as_long_and_keeps_its_map():
    piece = make_band()
    rubato = Piece(tracks=piece.tracks, tempos=(Tempo(0, 120.0), Tempo(1920, 90.0)), length_ticks=piece.length_ticks)
    slow = change_tempo(rubato, make_scope(rubato), factor=0.5).piece
    assert [tempo.bpm for tempo in slow.tempos] == [60.0, 45.0]
    assert TimeGrid(slow).duration_seconds == pytest.approx(2 * TimeGrid(rubato).duration_seconds)
    assert change_tempo(slow, make_scope(slow), factor=2.0).piece == rubato


def test_a_tempo_for_some_bars_ends_with_them():
    piece = make_band()
    slow = change_tempo(piece, make_scope(piece, bars=in_bars(3, 4)), factor=0.5).piece
    assert [(tempo.onset_ticks // 1920, tempo.bpm) for tempo in slow.tempos] == [(0, 118.0), (2, 59.0), (4, 118.0)]
    with pytest.raises(InputError, match="beats a minute"):
        change_tempo(piece, make_scope(piece), factor=0.01)


@pytest.mark.parametrize("percent", [10, 50, 100])
def test_humanized_notes_stray_a_little_and_the_same_with_the_same_seed(percent):
    piece = make_band()
    scope = make_scope(piece)
    first = humanize(piece, scope, percent=percent, seed=3).piece
    assert first == humanize(piece, scope, percent=percent, seed=3).piece
    assert first != humanize(piece, scope, percent=percent, seed=4).piece
    grid = TimeGrid(piece)
    for old, new in zip(piece.tracks, first.tracks, strict=True):
        assert len(old.notes) == len(new.notes)
        strays = [
            abs(grid.seconds_of_tick(one.onset_ticks) - grid.seconds_of_tick(two.onset_ticks))
            for one, two in zip(
                sorted(old.notes, key=lambda n: (n.pitch, n)),
                sorted(new.notes, key=lambda n: (n.pitch, n)),
                strict=True,
            )
        ]
        assert 0 < max(strays) <= percent / 100 * 0.031


def test_swing_makes_off_beats_late_and_leaves_beats_and_triplets():
    notes = tuple(Note(onset, 60 + n, 60, 80) for n, onset in enumerate((0, 240, 480, 640, 720, 800)))
    piece = Piece(tracks=(Track(notes=notes),))
    swung = swing(piece, make_scope(piece), percent=100).piece
    assert [note.onset_ticks for note in swung.tracks[0].notes] == [0, 320, 480, 640, 800, 800]


def test_six_eight_does_not_swing():
    piece = Piece(tracks=make_melody().tracks, time_signatures=(TimeSignature(0, 6, 8),))
    with pytest.raises(InputError, match="6/8"):
        swing(piece, make_scope(piece), percent=50)


# --- loudness and mood


@pytest.mark.parametrize("name", sorted(DYNAMICS))
def test_dynamics_go_where_their_name_says(name):
    """Only loudness changes, and within MIDI's limits."""
    piece = make_band()
    change = shape_dynamics(piece, make_scope(piece), name=name)
    old, new = (sorted(track.notes) for track in (piece.tracks[2], change.piece.tracks[2]))
    assert [note[:3] for note in old] == [note[:3] for note in new]
    ratio = new[-1].velocity / old[-1].velocity
    assert (ratio > 1) == (name in {"louder", "crescendo", "loud ending"})
    if name.endswith("ending"):
        assert new[0] == old[0]


def test_darker_is_the_parallel_minor_and_softer():
    piece = make_band()
    change = change_mood(piece, make_scope(piece), name="darker")
    heard = find_key(change.piece)
    assert heard is not None
    assert heard.key.is_minor
    assert change.piece.key_signatures[0] == KeySignature(0, 0, is_minor=True)
    assert change.piece.tracks[1].notes[0].velocity < piece.tracks[1].notes[0].velocity


def test_darker_in_minor_goes_lower_where_it_is_high():
    piece = Piece(
        tracks=(Track(notes=(Note(0, 84, 480, 80), Note(480, 87, 480, 80)), program=40),),
        key_signatures=(KeySignature(0, 0, is_minor=True),),
    )
    assert pitches(change_mood(piece, make_scope(piece), name="darker").piece) == [72, 75]


def test_words_for_dynamics_and_moods():
    assert parse_dynamics("Fade out") == "quiet ending"
    assert parse_mood("sadder") == "darker"
    for parse in (parse_dynamics, parse_mood):
        with pytest.raises(InputError, match="Did you mean"):
            parse("purple")


# --- scopes


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(0, 7), st.sets(st.integers(0, 3), min_size=1), st.integers(0, 5))
def test_nothing_outside_bars_and_tracks_changes(first, more, tracks, which):
    """Whatever the change: every note outside stands as it was."""
    piece = make_band()
    bars = in_bars(first, min(first + more, 8))
    scope = make_scope(piece, bars=bars, tracks=tracks)
    changes = (
        lambda: transpose_in(piece, scope, semitones=5),
        lambda: change_mood(piece, scope, name="darker"),
        lambda: humanize(piece, scope, percent=100, seed=1),
        lambda: swing(piece, scope, percent=80),
        lambda: shape_dynamics(piece, scope, name="crescendo"),
        lambda: change_tempo(piece, scope, factor=1.3),
    )
    assert check_untouched(piece, changes[which]().piece, bars=bars, tracks=tracks).is_kept


def test_a_change_outside_the_bars_is_found_out():
    """The proof is one: it fails when something moved."""
    piece = make_band()
    louder = shape_dynamics(piece, make_scope(piece), name="louder").piece
    check = check_untouched(piece, louder, bars=in_bars(1, 2))
    assert not check.is_kept
    assert "notes changed" in check.found


def test_bars_that_are_not_there_are_refused():
    with pytest.raises(BarRangeError):
        make_scope(make_band(), bars=in_bars(7, 9))
