"""Songs put together from their material: bar lines, players, loudness, clean joins, an ending."""

from dataclasses import replace

import numpy as np
import pytest

from music.bar_features import measure_loudness_db
from music.forms.assembling import align_registers, assemble, lead_index
from music.forms.planning import FormWishes, plan_form
from music.forms.touches import CRASH
from music.names import parse_key
from music.piece import DRUM_PROGRAM, Note, Piece, Tempo, TimeSignature
from music.time_grid import TimeGrid
from tests.factories.rule_networks import make_part

BAND = (73, 0, 33, DRUM_PROGRAM, 48)


def make_song(form="intro 2, A 4, B 4, A 4, outro 2", *, band=BAND, metre=(4, 4), genre="pop"):
    """A plan and its material."""
    wishes = FormWishes(
        genre=genre, form=form, instruments=band, metre=metre, key=parse_key("C major"), tempo_bpm=100.0
    )
    plan = plan_form(wishes, seed=1)
    bar_ticks = 480 * 4 * metre[0] // metre[1]
    num_bars = plan.num_material_bars
    tracks = tuple(make_part(program, num_bars=num_bars, bar_ticks=bar_ticks, seed=1) for program in plan.instruments)
    material = Piece(
        tracks=tracks,
        tempos=(Tempo(0, 100.0),),
        time_signatures=(TimeSignature(0, *metre),),
        length_ticks=num_bars * bar_ticks,
    )
    return plan, material


def notes_of(piece, instrument, start_bar, stop_bar):
    grid = TimeGrid(piece)
    start, stop = grid.bar_start_ticks(start_bar), grid.bar_start_ticks(stop_bar)
    track = next(track for track in piece.tracks if track.instrument == instrument)
    return [
        note._replace(onset_ticks=note.onset_ticks - start) for note in track.notes if start <= note.onset_ticks < stop
    ]


@pytest.mark.parametrize("metre", [(4, 4), (3, 4), (6, 8)])
def test_sections_follow_each_other_on_bar_lines(metre):
    """All bars of the plan, in one metre and one tempo until the end slows down."""
    plan, material = make_song(metre=metre)
    song = assemble(plan, material)
    assert TimeGrid(song).num_bars == plan.num_bars
    assert [each.name for each in song.time_signatures] == [f"{metre[0]}/{metre[1]}"]
    assert song.tempos[0].bpm == 100.0
    assert all(tempo.onset_ticks >= TimeGrid(song).bar_start_ticks(plan.num_bars - 2) for tempo in song.tempos[1:])


def test_repeats_are_the_same_but_for_their_edges():
    """The flute of A comes again, note for note; loudness aside."""
    plan, material = make_song()
    song = assemble(plan, material)
    first, again = (
        [note[:3] for note in notes_of(song, 73, bar, bar + 4)] for bar in (plan.first_bars()[1], plan.first_bars()[3])
    )
    assert first == again


def test_a_variant_takes_the_place_of_its_section():
    """Only there."""
    plan, material = make_song()
    silent_flute = tuple(replace(track, notes=()) if track.program == 73 else track for track in material.tracks)
    variant = replace(material, tracks=silent_flute, length_ticks=4 * 1920)
    song = assemble(plan, material, variants={3: variant})
    assert notes_of(song, 73, 10, 14) == []
    assert notes_of(song, 73, 2, 6)


def test_who_does_not_play_is_silent():
    """No flute in the intro, no strings in the verse, everybody in the chorus."""
    plan, material = make_song("intro 2, verse 4, chorus 4")
    song = assemble(plan, material)
    assert notes_of(song, 73, 0, 2) == []
    assert notes_of(song, 48, 2, 6) == []
    assert all(notes_of(song, program, 6, 10) for program in BAND)


def test_no_note_rings_over_a_join():
    """Long ones are cut there."""
    plan, material = make_song("A 4, B 4")
    held = tuple(
        replace(track, notes=(Note(0, 60, 20 * 1920, 80),)) if track.program == 0 and not track.is_drum else track
        for track in material.tracks
    )
    song = assemble(plan, material.with_tracks(held))
    assert all(note.stop_ticks <= 4 * 1920 for note in notes_of(song, 0, 0, 4))


def test_drums_fill_before_a_section_and_crash_on_it():
    """Where they play in it."""
    plan, material = make_song("A 4, B 4")
    song = assemble(plan, material, seed=3)
    fill = notes_of(song, DRUM_PROGRAM, 3, 4)
    assert {note.pitch for note in fill} - {36, 38}
    assert any(note.pitch == CRASH and note.onset_ticks == 0 for note in notes_of(song, DRUM_PROGRAM, 4, 5))


def test_the_song_ends_on_its_tonic_held():
    """Lead and bass on C, all until the last bar line."""
    plan, material = make_song()
    song = assemble(plan, material)
    (flute,), (bass,) = notes_of(song, 73, 15, 16), notes_of(song, 33, 15, 16)
    assert (flute.pitch % 12, bass.pitch % 12) == (0, 0)
    assert flute.duration_ticks == 1920


def test_the_chorus_is_louder_than_the_verse_but_does_not_jump():
    """By a little, and never by more than the limit at the join."""
    plan, material = make_song("verse 4, chorus 4, verse 4, chorus 4")
    loudness = measure_loudness_db(assemble(plan, material))
    assert np.mean(loudness[4:8]) > np.mean(loudness[0:4])
    assert abs(np.mean(loudness[4:6]) - np.mean(loudness[2:4])) < 6.5


def test_a_theme_in_another_octave_is_moved_to_the_first_ones():
    """By whole octaves."""
    plan, material = make_song("A 4, B 4")
    high = tuple(
        replace(
            track,
            notes=tuple(
                note._replace(pitch=note.pitch + (24 if note.onset_ticks >= 4 * 1920 else 0)) for note in track.notes
            ),
        )
        if track.program == 0 and not track.is_drum
        else track
        for track in material.tracks
    )
    assert align_registers(plan, material.with_tracks(high)) == align_registers(plan, material)


def test_the_lead_is_the_plans_first_instrument():
    """Whatever the order of the tracks."""
    plan, material = make_song()
    assert material.tracks[lead_index(plan, material)].program == 73
    turned = material.with_tracks(material.tracks[::-1])
    assert turned.tracks[lead_index(plan, turned)].program == 73
