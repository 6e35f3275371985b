from __future__ import annotations

import pytest

from core.errors import InputError, MIDIFileError, MusicXMLFileError, NoMusicError, UploadTooLargeError
from media.protocol import UploadLimits
from media.upload import read_upload
from music.midi import write_midi
from music.piece import Note, Piece, Tempo, Track
from tests.media.bands import make_band

LIMITS = UploadLimits(max_bytes=1_000_000, max_notes=2_000, max_minutes=30)
ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><score-partwise>&x;</score-partwise>'
)


def test_content_decides_and_not_the_name():
    piece = read_upload("holiday.jpg", write_midi(make_band()), limits=LIMITS)
    assert piece.num_notes == make_band().num_notes


@pytest.mark.parametrize(
    ("filename", "data", "error"),
    [
        ("song.mid", b"", MIDIFileError),
        ("song.mid", b"MThd\x00\x00", MIDIFileError),
        ("song.mid", b"\x00" * 500, MIDIFileError),
        ("song.mid", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, MIDIFileError),
        ("song.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, InputError),
        ("score.xml", ENTITY, MusicXMLFileError),
        ("score.mxl", b"PK\x03\x04" + b"\x00" * 60, MusicXMLFileError),
        ("page.xml", b"<html><body>hello</body></html>", MusicXMLFileError),
    ],
)
def test_broken_and_foreign_files_get_one_sentence(filename, data, error):
    with pytest.raises(error) as caught:
        read_upload(filename, data, limits=LIMITS)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_file_without_notes_is_refused():
    with pytest.raises(NoMusicError):
        read_upload("a.mid", write_midi(Piece()), limits=LIMITS)


def test_too_many_bytes_notes_and_minutes_are_refused_with_the_limit():
    many_notes = write_midi(make_band(200))
    one_day = write_midi(Piece(tracks=(Track(notes=(Note(480 * 50_000, 60, 10, 90),)),), tempos=(Tempo(0, 60.0),)))
    for data, what in [(b"MThd" + bytes(1_000_001), "bytes"), (many_notes, "notes"), (one_day, "minutes")]:
        with pytest.raises(UploadTooLargeError, match=what):
            read_upload("a.mid", data, limits=LIMITS)
