"""``music/musicxml.py`` and ``music/musicxml_safety.py``: scores are read, bombs are not."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.errors import InputError, MusicXMLFileError, UploadTooLargeError
from music.musicxml import read_musicxml, write_musicxml
from music.piece import ChordSymbol
from music.time_grid import TimeGrid
from tests.factories.pieces import corpus_path, make_band, make_chorale, make_melody, read_corpus

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
DOCUMENT_TYPE = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">'
BODY = """<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Tune</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions><time><beats>2</beats><beat-type>4</beat-type></time></attributes>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>
<note><pitch><step>E</step><octave>4</octave></pitch><duration>1</duration></note>
<barline location="right"><repeat direction="backward"/></barline></measure></part></score-partwise>"""


def zip_score(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_repeats_are_played_out_and_the_usual_document_type_is_no_harm():
    piece = read_musicxml((HEAD + DOCUMENT_TYPE + BODY).encode())
    assert [note.pitch for note in piece.tracks[0].notes] == [60, 64, 60, 64]
    assert piece.tracks[0].name == "Tune"


def test_a_compressed_score_and_utf_16_are_read():
    expected = read_musicxml((HEAD + BODY).encode())
    assert read_musicxml(zip_score({"score.xml": (HEAD + BODY).encode()})) == expected
    assert read_musicxml((HEAD.replace("UTF-8", "UTF-16") + BODY).encode("utf-16")) == expected


def test_a_chorale_has_four_parts_and_a_whole_first_bar():
    """The pick-up is filled up with a rest, so every bar line falls on the metre."""
    piece = make_chorale()
    assert [track.name for track in piece.tracks] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert piece.tracks[0].notes[0].onset_ticks == 3 * 480
    assert TimeGrid(piece).num_bars == 10


def test_chord_symbols_are_kept():
    piece = read_corpus("leadSheet/berlinAlexandersRagtime.mxl")
    assert piece.chords[1] == ChordSymbol(piece.chords[1].onset_ticks, 0, "7", 0)
    assert len(piece.chords) > 20


def test_notes_survive_the_way_through_musicxml():
    for piece in (make_chorale(), make_melody()):
        again = read_musicxml(write_musicxml(piece))
        assert [[note.pitch for note in track.notes] for track in again.tracks] == [
            [note.pitch for note in track.notes] for track in piece.tracks
        ]
        assert again.key_signatures == piece.key_signatures
        assert again.time_signatures == piece.time_signatures


def test_instruments_and_drums_survive_the_way_through_musicxml():
    again = read_musicxml(write_musicxml(make_band(2)))
    assert [track.instrument for track in again.tracks] == [track.instrument for track in make_band(2).tracks]


def test_a_billion_laughs_is_refused():
    bomb = '<!DOCTYPE score-partwise [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(MusicXMLFileError, match="entities"):
        read_musicxml((HEAD + bomb + BODY.replace("Tune", "&b;")).encode())


def test_an_external_entity_is_refused():
    bomb = '<!DOCTYPE score-partwise [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    for encoding in ("utf-8", "utf-16"):
        head = HEAD.replace("UTF-8", encoding)
        with pytest.raises(MusicXMLFileError):
            read_musicxml((head + bomb + BODY.replace("Tune", "&file;")).encode(encoding))


def test_zip_bombs_are_refused_before_they_unfold():
    with pytest.raises(UploadTooLargeError):
        read_musicxml(zip_score({"score.xml": bytes(40_000_000)}))
    with pytest.raises(UploadTooLargeError):
        read_musicxml(zip_score({f"{index}.xml": b"x" for index in range(100)}))


def test_deep_nesting_and_endless_repeats_are_refused():
    with pytest.raises(MusicXMLFileError):
        read_musicxml((HEAD + "<a>" * 100_000).encode())
    with pytest.raises(MusicXMLFileError, match="repeats"):
        read_musicxml((HEAD + BODY.replace('"backward"', '"backward" times="1000000"')).encode())


@pytest.mark.parametrize("beats", ["1e308", "999", "40+40", "-3", "", "99999999999999999999"])
def test_metres_without_end_are_refused(beats):
    """music21 divides such a bar for minutes; fuzzing found it."""
    metre = f"<attributes><time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"
    with pytest.raises(MusicXMLFileError, match="metre"):
        read_musicxml((HEAD + BODY.replace("<note>", metre + "<note>", 1)).encode())


@pytest.mark.parametrize(
    ("tag", "number"),
    [("fifths", "999999999999"), ("fifths", "-15"), ("degree-value", "1e12"), ("degree-value", "25")],
)
def test_numbers_that_would_be_counted_up_are_refused(tag, number):
    """music21 walks round the circle of fifths, and up a chord, one by one; fuzzing found it."""
    with pytest.raises(MusicXMLFileError, match="no music"):
        read_musicxml((HEAD + BODY.replace("<note>", f"<{tag}>{number}</{tag}><note>", 1)).encode())


def test_too_many_notes_are_refused_by_counting():
    with pytest.raises(UploadTooLargeError):
        read_musicxml((HEAD + BODY.replace("<note>", "<note>" * 10)).encode(), max_notes=10)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04rubbish",
        b"<html></html>",
        b"<score-timewise/>",
        b"<score-partwise>",
        b"\xff\xfe\x00",
        b"plain",
        bytes(50),
    ],
)
def test_what_is_no_score_is_refused_in_words(data):
    with pytest.raises(InputError) as caught:
        read_musicxml(data)
    assert caught.value.reason.endswith(".")


def test_a_cut_file_is_refused():
    data = corpus_path("bach/bwv66.6.mxl").read_bytes()
    with pytest.raises(MusicXMLFileError):
        read_musicxml(data[: len(data) // 2])


def test_a_score_without_parts_is_refused():
    with pytest.raises(MusicXMLFileError):
        read_musicxml((HEAD + "<score-partwise><part-list/></score-partwise>").encode())
