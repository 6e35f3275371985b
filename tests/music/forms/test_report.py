"""Whether a song is what its plan says."""

from dataclasses import replace

from music.forms.assembling import assemble, lead_index
from music.forms.report import check_song, measure_sections
from music.piece import Tempo
from tests.music.forms.test_assembling import make_song


def checks_of(song, plan):
    return {check.name: check for check in check_song(song, plan, melody=None, lead=lead_index(plan, song))}


def test_a_song_that_follows_its_plan_keeps_every_promise():
    """Length, form, joins, ending, band."""
    plan, material = make_song()
    checks = checks_of(assemble(plan, material), plan)
    assert set(checks) == {"length", "form", "joins", "ending", "instruments"}
    assert all(check.is_kept for check in checks.values())


def test_what_is_wrong_is_said():
    """A slow tempo, a missing part, another end."""
    plan, material = make_song()
    song = assemble(plan, material)
    slow = replace(song, tempos=(Tempo(0, 60.0),))
    assert not checks_of(slow, plan)["length"].is_kept
    without_bass = song.with_tracks(tuple(track for track in song.tracks if track.program != 33))
    assert not checks_of(without_bass, plan)["instruments"].is_kept
    up = song.with_tracks(
        tuple(
            replace(track, notes=tuple(note._replace(pitch=note.pitch + (not track.is_drum)) for note in track.notes))
            for track in song.tracks
        )
    )
    assert not checks_of(up, plan)["ending"].is_kept


def test_repeats_are_liker_than_other_sections():
    """By the likeness of their bars."""
    plan, material = make_song()
    same, different = measure_sections(assemble(plan, material), plan)
    assert same > different
