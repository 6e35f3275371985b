"""What “Vary” asks for: near the result, and only in what the result itself brought."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.model import Author, Place, RevisionView
from bot.services.operations.remixing import check_remix_options
from bot.services.options import RemixOptions
from bot.services.replies.library import Finished
from bot.services.songs.variations import VARY_SHARE, variation_of
from core.errors import NoMusicError
from music.piece import Note, Piece, Track
from music.transform import transpose
from tests.factories.pieces import TICKS, make_band, make_melody

BAR = 4 * TICKS


def finished(operation, piece, *, before=None):
    revision = RevisionView(
        revision_id=7, song_id=1, parent_ids=(), operation=operation, options=None, seed=1, checkpoint_id=None,
        author=Author(user_id=1, name="Ada"), created_at=datetime(2026, 1, 1, tzinfo=UTC), num_notes=piece.num_notes,
        num_bars=4, duration_seconds=8.0, place=Place(guild_id=1, channel_id=1),
    )  # fmt: skip
    return Finished(revision=revision, parents=(), piece=piece, before=before, checks=(), chord_names=())


def test_a_new_piece_is_varied_all_over():
    assert variation_of(finished("generate", make_band(4))) == RemixOptions(share=VARY_SHARE)
    again = finished("generate", make_band(4), before=make_band(4, seed=9))
    assert variation_of(again) == RemixOptions(share=VARY_SHARE)


def test_a_harmonized_melody_is_left_alone():
    melody = make_melody()
    voices = (Track(notes=tuple(Note(bar * BAR, 48, BAR, 70) for bar in range(4)), program=52),)
    options = variation_of(finished("harmonize", melody.with_tracks(melody.tracks + voices), before=melody))
    assert options == RemixOptions(share=VARY_SHARE, tracks=("2",))


def test_of_a_filled_gap_only_its_bars_and_tracks_are_varied():
    band = make_band(8)
    bass = band.tracks[1]
    filled = tuple(
        note._replace(pitch=note.pitch + 2) if 4 * BAR <= note.onset_ticks < 6 * BAR else note for note in bass.notes
    )
    after = band.with_tracks((band.tracks[0], replace(bass, notes=filled), *band.tracks[2:]))
    assert variation_of(finished("infill", after, before=band)) == RemixOptions(
        share=VARY_SHARE, tracks=("2",), bars=(5, 6)
    )


def test_what_was_only_moved_is_varied_all_over():
    band = make_band(4)
    assert variation_of(finished("arrange", transpose(band, semitones=3), before=band)) == RemixOptions(
        share=VARY_SHARE
    )


def test_a_variation_is_a_remix_that_is_taken():
    band = make_band(4)
    check_remix_options(variation_of(finished("remix", band, before=band.with_tracks(band.tracks[:1]))))


def test_silence_cannot_be_varied():
    with pytest.raises(NoMusicError):
        variation_of(finished("generate", Piece()))
