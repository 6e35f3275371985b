"""Each rule of a song forbids exactly what it should."""

import numpy as np
import pytest

from core.errors import InputError
from inference.decoding.arrangement import Turn
from inference.masking import SongRules
from music.constraints import Constraints, Scale
from music.tokenizers.tracker import CHOICE_BAR, CHOICE_CHORD, CHOICE_END, EventTracker
from music.vocabulary import DRUM_PITCH, DURATIONS, Kind, make_event

BASS, CHORDS, LEAD = 1, 2, 5
FOUR_FOUR = 2


def start(num_bars: int = 4, *, bars: int = 1, constraints: Constraints | None = None, slots=(BASS, LEAD)):
    """Rules and tracker of a song whose bar number ``bars`` has just got its chord; bars before it are empty."""
    tracker, rules = EventTracker(), SongRules(constraints or Constraints(), num_bars=num_bars)
    tracker.push(make_event(Kind.CONTROL, None, None, None, None))
    for slot in slots:
        tracker.push(make_event(Kind.TRACK, slot, slot, 33 if slot == BASS else 73))
    rules.turns = tuple(
        Turn(slot=slot, program=33 if slot == BASS else 73, start_bar=0, stop_bar=num_bars) for slot in slots
    )
    for bar in range(bars):
        rules.start_bar(bar, metre=FOUR_FOUR)
        tracker.push(make_event(Kind.BAR, FOUR_FOUR, 10, 0, bar % 8))
        if bar == bars - 1:
            tracker.push(make_event(Kind.CHORD, 0, 0, 0, 0))
    return rules, tracker


def write(rules: SongRules, tracker: EventTracker, slot: int, position: int, pitch: int) -> None:
    is_same = tracker.kind == Kind.NOTE and (tracker.slot, tracker.position) == (slot, position)
    tracker.push(make_event(Kind.NOTE, slot, position, pitch, 5, 20))
    rules.follow(tracker, duration_units=DURATIONS[5], is_same_onset=is_same)


def allowed(flags: np.ndarray) -> list[int]:
    return np.flatnonzero(flags).tolist()


def choices(rules: SongRules, tracker: EventTracker) -> list[int]:
    return allowed(rules.choices(tracker, tracker.before_choice()).allowed)


def test_a_bar_begins_with_a_chord():
    rules, tracker = start()
    tracker.push(make_event(Kind.BAR, FOUR_FOUR, 10, 0, 1))
    assert choices(rules, tracker) == [CHOICE_CHORD]


def test_the_first_bar_is_not_silent():
    rules, tracker = start()
    assert choices(rules, tracker) == [BASS, LEAD, CHOICE_CHORD]
    write(rules, tracker, BASS, 0, 40)
    assert choices(rules, tracker) == [BASS, LEAD, CHOICE_BAR]


def test_the_song_ends_in_its_last_bar_and_nowhere_else():
    rules, tracker = start(num_bars=1)
    write(rules, tracker, BASS, 0, 40)
    write(rules, tracker, LEAD, 0, 70)
    assert choices(rules, tracker) == [LEAD, CHOICE_END]


def test_who_has_not_played_must_begin_before_the_song_goes_on():
    """In the last bar the lead has not played yet: no end before it does."""
    rules, tracker = start(num_bars=1)
    write(rules, tracker, BASS, 0, 40)
    assert choices(rules, tracker) == [BASS, LEAD]


def test_nobody_is_passed_over_who_must_begin():
    rules, tracker = start(num_bars=1)
    assert choices(rules, tracker) == [BASS, CHOICE_CHORD]


def test_a_second_chord_has_one_place_and_only_there():
    rules, tracker = start()
    assert rules.chord_position(tracker) == 48
    tracker.push(make_event(Kind.CHORD, 48, 5, 0, 5))
    assert CHOICE_CHORD not in choices(rules, tracker)


def test_an_onset_takes_only_so_many_notes():
    rules, tracker = start()
    for pitch in (40, 45):
        write(rules, tracker, BASS, 94, pitch)
    row = tracker.before_choice()
    tracker.after_slot(row, BASS)
    assert allowed(rules.positions(tracker, row, BASS)) == [95]


def test_at_the_last_place_a_full_chord_ends_the_part():
    rules, tracker = start()
    for pitch in (40, 45):
        write(rules, tracker, BASS, 95, pitch)
    assert choices(rules, tracker) == [LEAD, CHOICE_BAR]


def test_notes_end_by_the_last_bar_line():
    rules, tracker = start(num_bars=1)
    lengths = [DURATIONS[index] for index in allowed(rules.durations(tracker, 90, slot=LEAD))]
    assert lengths == [1, 2, 3, 4, 5, 6]
    rules, tracker = start(num_bars=2)
    assert max(DURATIONS[index] for index in allowed(rules.durations(tracker, 90, slot=LEAD))) == 96


def test_range_and_scale_bind_tones_and_not_drums():
    scale = Scale(0, False, (0, 2, 4, 5, 7, 9, 11), "C major")
    rules, tracker = start(constraints=Constraints(pitch_range=(60, 65), scale=scale))
    row = tracker.before_choice()
    tracker.after_slot(row, LEAD)
    tracker.after_position(row, LEAD, 0)
    assert allowed(rules.pitches(row)) == [60, 62, 64, 65]
    drums, drummer = start(constraints=Constraints(pitch_range=(60, 65), scale=scale), slots=())
    drummer.push(make_event(Kind.TRACK, 0, 0, 128))
    row = drummer.before_choice()
    drummer.after_slot(row, 0)
    drummer.after_position(row, 0, 0)
    assert min(allowed(drums.pitches(row))) == DRUM_PITCH + 27
    assert len(allowed(drums.pitches(row))) == 61


def test_an_empty_range_is_refused():
    scale = Scale(0, False, (0, 2, 4, 5, 7, 9, 11), "C major")
    with pytest.raises(InputError, match="Widen the range"):
        SongRules(Constraints(pitch_range=(61, 61), scale=scale), num_bars=1)


def test_a_tone_out_of_an_instruments_range_goes_to_the_nearest_octave_inside():
    rules, tracker = start()
    row = tracker.before_choice()
    tracker.after_slot(row, LEAD)
    tracker.after_position(row, LEAD, 0)
    assert (min(allowed(rules.pitches(row))), max(allowed(rules.pitches(row)))) == (59, 98), "a flute"
    folds = rules.folds(73)
    assert (folds[50], folds[58], folds[70], folds[100]) == (62, 70, 70, 88)
    assert (folds[DRUM_PITCH:] == np.arange(DRUM_PITCH, 2 * DRUM_PITCH)).all()


def test_an_asked_range_goes_before_the_instruments_own():
    rules, tracker = start(constraints=Constraints(pitch_range=(30, 40)))
    row = tracker.before_choice()
    tracker.after_slot(row, LEAD)
    tracker.after_position(row, LEAD, 0)
    assert allowed(rules.pitches(row)) == list(range(30, 41))


def test_who_would_end_an_empty_first_bar_lets_the_parts_begin_instead():
    rules, tracker = start()
    following = rules.choices(tracker, tracker.before_choice())
    assert allowed(following.heirs) == [BASS, LEAD]


def test_the_first_note_comes_before_silence_is_longer_than_a_bar():
    """The lead is the last that can break a silence which began at position 24 of the bar before."""
    rules, tracker = start(num_bars=4)
    write(rules, tracker, BASS, 18, 40)  # six units long
    rules.start_bar(1, metre=FOUR_FOUR)
    tracker.push(make_event(Kind.BAR, FOUR_FOUR, 10, 0, 1))
    tracker.push(make_event(Kind.CHORD, 0, 0, 0, 0))
    assert choices(rules, tracker) == [BASS, LEAD, CHOICE_CHORD], "no bar line yet"
    row = tracker.before_choice()
    assert max(allowed(rules.positions(tracker, row, BASS))) == 95, "the lead can still come first"
    assert max(allowed(rules.positions(tracker, row, LEAD))) == 24
    write(rules, tracker, BASS, 30, 40)
    assert choices(rules, tracker) == [BASS, LEAD], "the bass came too late"
    write(rules, tracker, LEAD, 24, 70)
    assert CHOICE_BAR in choices(rules, tracker)


def test_a_silence_that_a_given_piece_left_counts():
    rules, tracker = start()
    silent = SongRules(Constraints(), num_bars=4, num_silent_units=90)
    silent.turns = rules.turns
    silent.start_bar(0, metre=FOUR_FOUR)
    assert max(allowed(silent.positions(tracker, tracker.before_choice(), LEAD))) == 6


def test_an_instrument_that_was_asked_for_rests_no_longer_than_a_bar():
    rules, tracker = start(num_bars=8)
    rules.are_turns_asked = True
    write(rules, tracker, BASS, 0, 40)
    write(rules, tracker, LEAD, 90, 70)
    for bar, waits in ((1, False), (2, True)):
        rules.start_bar(bar, metre=FOUR_FOUR)
        tracker.push(make_event(Kind.BAR, FOUR_FOUR, 10, 0, bar))
        tracker.push(make_event(Kind.CHORD, 0, 0, 0, 0))
        write(rules, tracker, BASS, 0, 40)
        following = rules.choices(tracker, tracker.before_choice())
        assert (CHOICE_BAR not in allowed(following.allowed)) == waits
        assert allowed(following.heirs) == ([LEAD] if waits else [])
