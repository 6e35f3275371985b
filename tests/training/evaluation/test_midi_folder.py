"""Folders of MIDI files are read as they lie there; what cannot be read is counted."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigurationError, InputError
from music.columns import columns_of_piece
from music.midi import write_midi
from music.piece import Note, Piece, TimeSignature, Track
from tests.factories.pieces import make_band
from training.evaluation.midi_folder import list_midi_files, read_events, read_four_parts, read_octuples, split_voices


def four_parts(num_tracks: int = 4) -> Piece:
    """Two chords of a quarter note each: C major, then G major, in as many tracks."""
    chords = ((72, 67, 64, 48), (74, 67, 62, 43))
    parts = [
        tuple(Note(480 * step, chord[voice], 480, 80) for step, chord in enumerate(chords)) for voice in (3, 1, 0, 2)
    ]
    if num_tracks == 1:
        return Piece(tracks=(Track(notes=tuple(note for part in parts for note in part)),))
    return Piece(tracks=tuple(Track(notes=part) for part in parts[:num_tracks]))


@pytest.mark.parametrize("num_tracks", [4, 1])
def test_voices_are_ordered_from_the_top(num_tracks):
    """Tracks in any order, or all voices in one track: soprano first, a quarter note is four 16ths."""
    voices = split_voices(columns_of_piece(four_parts(num_tracks)))
    assert voices.tolist() == [[72, 67, 64, 48]] * 4 + [[74, 67, 62, 43]] * 4


def test_music_in_other_textures_is_no_chorale():
    with pytest.raises(InputError, match="voices"):
        split_voices(columns_of_piece(four_parts(2)))
    with pytest.raises(InputError, match="at once"):
        split_voices(columns_of_piece(make_band(4)))


def test_folder_is_read_whole_and_reasons_are_counted(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "band.mid").write_bytes(write_midi(make_band(6)))
    (tmp_path / "parts.mid").write_bytes(write_midi(four_parts()))
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    files = list_midi_files(tmp_path)
    assert len(files) == 3

    corpus, report = read_events(files, split="valid", max_bars=4)
    assert (report.num_files, report.num_pieces, dict(report.skipped)) == (3, 2, {"unreadable": 1})
    assert len(corpus.of_split("valid")) == 2
    assert read_octuples(files, split="test")[1].num_pieces == 2
    chorales, report = read_four_parts(files)
    assert [name for name, _ in chorales] == ["parts"]
    assert sum(report.skipped.values()) == 2


def test_nonsense_metre_is_read_as_four_four(tmp_path):
    """POP909's files say 1/4."""
    piece = replace(make_band(6), time_signatures=(TimeSignature(0, 1, 4),))
    (tmp_path / "odd.mid").write_bytes(write_midi(piece))
    _, report = read_events(list_midi_files(tmp_path), split="test", max_bars=48)
    assert report.num_pieces == 1


def test_beats_beside_a_file_are_used(tmp_path):
    """As in POP909: a beat every half second with the second as downbeat shifts the bars."""
    (tmp_path / "song.mid").write_bytes(write_midi(four_parts()))
    beats = np.asarray([[0.5 * beat, 0.0, float(beat % 4 == 1)] for beat in range(20)])
    np.savetxt(tmp_path / "beat_midi.txt", beats)
    corpus, _ = read_events(list_midi_files(tmp_path), split="test", max_bars=48)
    assert corpus.pieces[0].num_bars == 2


def test_some_files_are_spread_over_all(tmp_path):
    for index in range(10):
        (tmp_path / f"{index}.mid").write_bytes(b"")
    assert [path.stem for path in list_midi_files(tmp_path, max_files=5)] == ["0", "2", "4", "6", "8"]


def test_no_folder_and_no_music_are_said(tmp_path):
    with pytest.raises(ConfigurationError, match="not a folder"):
        list_midi_files(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="There is no"):
        list_midi_files(tmp_path)
