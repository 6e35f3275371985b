"""Phrases of melodies, and plans around them."""

from dataclasses import replace
from itertools import pairwise

import pytest

from core.errors import InputError, NoMusicError
from music.forms.melody import extract_melody, find_phrases, melody_material, plan_from_melody
from music.forms.planning import FormWishes
from music.names import parse_key
from music.piece import Note, Piece, Track
from music.time_grid import TimeGrid
from tests.factories.pieces import make_band, make_chorale, make_melody

A = (60, 62, 64, 65, 67, 65, 64, 62)
B = (72, 67, 69, 65, 72, 74, 67, 71)


def tune(letters: str) -> Piece:
    """Phrases of four bars, each ending with a long tone; a letter is a melody."""
    notes, onset_ticks = [], 0
    for letter in letters:
        pitches = {"A": A, "B": B, "C": A[::-1]}[letter]
        for index in range(13):
            length_ticks = 480 * 4 if index == 12 else 480
            notes.append(Note(onset_ticks, pitches[index % 8] + (index // 8 if letter == "B" else 0), length_ticks, 80))
            onset_ticks += length_ticks
    return Piece(tracks=(Track(notes=tuple(notes), program=73, name="Melody"),), length_ticks=onset_ticks)


@pytest.mark.parametrize("letters", ["AABA", "ABAB", "AABB"])
def test_phrases_that_come_again_get_one_letter(letters):
    """Or pairs of them, where pairs come again."""
    phrases = find_phrases(tune(letters))
    assert phrases[0].start_bar == 0
    assert phrases[-1].stop_bar == 16
    if phrases[0].stop_bar == 4:
        assert "".join(phrase.letter for phrase in phrases) == letters


def test_phrases_cover_a_melody_with_a_pickup():
    """Bach's soprano: the pick-up belongs to the first phrase."""
    phrases = find_phrases(extract_melody(make_chorale()))
    grid = TimeGrid(extract_melody(make_chorale()))
    assert phrases[0].start_bar == 0
    assert phrases[-1].stop_bar == grid.num_bars
    assert all(one.stop_bar == other.start_bar for one, other in pairwise(phrases))


def test_the_melody_of_a_piece_is_taken_alone():
    """Without pedal or chords."""
    melody = extract_melody(make_band())
    assert len(melody.tracks) == 1
    assert melody.tracks[0].control_changes == ()


def test_drums_alone_are_no_melody():
    """A sentence says so."""
    with pytest.raises(NoMusicError):
        extract_melody(Piece(tracks=(Track(notes=(Note(0, 36, 10, 90),), is_drum=True),)))


@pytest.mark.parametrize("seconds", [30.0, 60.0, 120.0])
def test_a_song_around_a_melody_is_as_long_as_asked(seconds):
    """Within 10 percent, by hearing the melody as often as fits."""
    plan = plan_from_melody(tune("AABA"), FormWishes(seconds=seconds), seed=1)
    assert abs(plan.duration_seconds - seconds) <= 0.1 * seconds


def test_without_a_length_the_melody_is_heard_twice_between_intro_and_outro():
    """And leads all of it."""
    plan = plan_from_melody(tune("AABA"), FormWishes(), seed=1)
    body = [section for section in plan.sections if section.role == "section"]
    assert sum(section.num_bars for section in body) == 32
    assert (plan.sections[0].role, plan.sections[-1].role) == ("intro", "outro")
    assert plan.instruments[0] == 73


def test_another_key_moves_the_melody_the_short_way():
    """From C to A it goes three semitones down."""
    plan = plan_from_melody(make_melody(), FormWishes(key=parse_key("A major")), seed=1)
    material = melody_material(plan, make_melody())
    moved = [note.pitch for note in material.tracks[0].notes]
    given = [note.pitch for note in extract_melody(make_melody()).tracks[0].notes]
    assert {after - before for after, before in zip(moved, given, strict=True)} == {-3}


def test_a_melody_that_is_too_long_is_refused():
    """More bars than a song may have."""
    notes = tuple(Note(bar * 1920, 60, 480, 80) for bar in range(300))
    piece = replace(make_melody(), tracks=(Track(notes=notes, name="Melody"),))
    with pytest.raises(NoMusicError, match="300 bars"):
        plan_from_melody(piece, FormWishes(), seed=1)


def test_a_typed_form_orders_the_phrases_of_a_melody():
    """By its letters, or by words for them; what the plan shows is read again as the same plan."""
    melody = tune("ABAB")
    usual = plan_from_melody(melody, FormWishes(), seed=1)
    letters = sorted(set(usual.letters))
    form = ", ".join(f"{section.name} {section.num_bars}" for section in usual.sections)
    assert plan_from_melody(melody, FormWishes(form=form), seed=1).sections == usual.sections
    assert plan_from_melody(melody, FormWishes(form=f"{letters[-1]} {letters[0]}"), seed=1).letters == (
        letters[-1] + letters[0]
    )
    by_words = plan_from_melody(melody, FormWishes(form="intro 2 verse verse"), seed=1)
    assert (by_words.letters, by_words.sections[0].num_bars) == (letters[0] * 2, 2)


def test_sections_that_a_melody_has_not_are_refused():
    """With the letters that it has."""
    with pytest.raises(InputError, match="Use these letters"):
        plan_from_melody(tune("AAAA"), FormWishes(form="ABCD"), seed=1)
