"""``music/notation*.py`` and ``musicxml_writing.py``: what is read back by music21 is what was played, written readably."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from core.errors import InputError
from music.musicxml import read_musicxml
from music.musicxml_writing import write_score_xml
from music.notation.grid import WrittenBars, place_notes
from music.notation.score import Score
from music.notation.spelling import spell, spell_class
from music.notation.writing import choose_part, name_parts, write_score
from music.piece import ChordSymbol, KeySignature, Note, Piece, Tempo, TimeSignature, Track
from tests.factories.pieces import make_band, make_chorale, make_melody
from tests.factories.random_pieces import pieces


def piece_of(*notes, program=0, metre=(4, 4), **fields) -> Piece:
    """A piece of one track; notes are (onset, pitch, length) in quarters."""
    track = Track(
        notes=tuple(Note(round(onset * 480), pitch, round(length * 480), 80) for onset, pitch, length in notes),
        program=program,
    )
    return Piece(tracks=(track,), time_signatures=(TimeSignature(0, *metre),), **fields)


def symbols_of(score: Score, *, part=0, bar=0, staff=0, voice=0):
    return score.parts[part].bars[bar].staves[staff][voice]


def kinds_of(score: Score, **place) -> list[str]:
    """What a voice does in a bar: "quarter", "eighth.", "half rest", with t for triplets and ~ for ties."""
    return [
        ("t" if symbol.triplet else "")
        + symbol.kind
        + "." * symbol.num_dots
        + (" rest" if not symbol.notes else "~" if symbol.notes[0].is_tied_on else "")
        for symbol in symbols_of(score, **place)
    ]


def every_bar_is_full(score: Score) -> bool:
    """Whether each voice of each bar has no gap and no overlap and ends with the bar."""
    return all(
        [symbol.start_steps for symbol in voice] == [0, *(symbol.stop_steps for symbol in voice)][: len(voice)]
        and voice[-1].stop_steps == frame.num_steps
        for part in score.parts
        for frame, bar in zip(score.frames, part.bars, strict=True)
        for staff in bar.staves
        for voice in staff
    )


@pytest.mark.parametrize("piece", [make_chorale(), make_melody(), make_band(4)], ids=["chorale", "melody", "band"])
def test_every_note_is_read_back_where_it_was(piece):
    """music21 finds each pitch in its track, within a 32nd of its onset, and the same instruments, keys and metres."""
    score = write_score(piece)
    assert every_bar_is_full(score)
    again = read_musicxml(write_score_xml(score))
    assert [track.instrument for track in again.tracks] == [track.instrument for track in piece.tracks]
    for track, written in zip(piece.tracks, again.tracks, strict=True):
        assert sorted(note.pitch for note in written.notes) == sorted(note.pitch for note in track.notes)
        onsets = sorted((note.onset_ticks * 480 / piece.ticks_per_quarter, note.pitch) for note in track.notes)
        for (onset, _), note in zip(onsets, sorted(written.notes, key=lambda note: note[:2]), strict=True):
            assert abs(onset - note.onset_ticks) <= 60
    assert again.key_signatures == piece.key_signatures
    assert again.time_signatures == piece.time_signatures
    assert again.tempos[0].bpm == pytest.approx(piece.tempos[0].bpm, abs=0.01)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(pieces())
def test_whatever_was_played_fills_its_bars(piece):
    """Random music, with changing metres and overlapping notes, is written without gaps, overlaps or lost pitches."""
    score = write_score(piece)
    assert every_bar_is_full(score)
    root = ET.fromstring(write_score_xml(score))
    for part, track in zip(root.findall("part"), [track for track in piece.tracks if track.notes], strict=True):
        if track.is_drum:
            continue
        assert {sounding(each) for each in part.iter("pitch")} == {note.pitch for note in track.notes}


def sounding(pitch: ET.Element) -> int:
    """The MIDI number of a written pitch."""
    octave, alter = int(pitch.findtext("octave", "")), int(pitch.findtext("alter", "0"))
    return 12 * (octave + 1) + "C.D.EF.G.A.B".index(pitch.findtext("step", "")) + alter


def test_played_triplets_are_written_as_triplets():
    third = Fraction(1, 3)
    score = write_score(piece_of((0, 72, third), (third, 74, third), (2 * third, 76, third), (1, 77, 1), (2, 79, 2)))
    assert kinds_of(score) == ["teighth", "teighth", "teighth", "quarter", "half"]
    assert [symbol.triplet for symbol in symbols_of(score)] == ["start", "inside", "stop", "", ""]


def test_three_notes_over_two_beats_share_a_bracket():
    third = Fraction(2, 3)
    score = write_score(piece_of((0, 72, third), (third, 74, third), (2 * third, 76, third), (2, 77, 2)))
    assert kinds_of(score) == ["tquarter", "tquarter", "tquarter", "half"]
    assert [symbol.triplet for symbol in symbols_of(score)] == ["start", "inside", "stop", ""]


def test_loose_timing_is_brought_to_the_grid():
    """Notes that come 20 ms late and stop early are plain quarters."""
    notes = [(beat + 0.04, 60 + beat, 0.85) for beat in range(4)]
    assert kinds_of(write_score(piece_of(*notes))) == ["quarter"] * 4


def test_a_note_over_the_bar_line_is_tied():
    score = write_score(piece_of((0, 60, 3), (3, 62, 2), (5, 64, 3)))
    assert kinds_of(score) == ["half.", "quarter~"]
    assert kinds_of(score, bar=1)[0] == "quarter"
    assert symbols_of(score, bar=1)[0].notes[0].is_tied_from


def test_a_note_that_would_hide_the_middle_of_the_bar_is_cut():
    """In 4/4 a dotted half from beat two is a quarter tied to a half."""
    assert kinds_of(write_score(piece_of((0, 60, 1), (1, 62, 3)))) == ["quarter", "quarter~", "half"]


def test_an_even_syncopation_stays_whole():
    assert kinds_of(write_score(piece_of((0, 60, 0.5), (0.5, 62, 1), (1.5, 64, 0.5), (2, 65, 2)))) == [
        "eighth",
        "quarter",
        "eighth",
        "half",
    ]


def test_eighths_in_six_eight_are_beamed_in_threes():
    notes = [(index / 2, 60 + index, 0.5) for index in range(6)]
    beams = [symbol.beams[0] for symbol in symbols_of(write_score(piece_of(*notes, metre=(6, 8))))]
    assert beams == ["begin", "continue", "end"] * 2


def test_a_held_note_under_a_melody_is_a_voice_of_its_own():
    score = write_score(piece_of((0, 60, 4), (0, 72, 1), (1, 74, 1), (2, 76, 1), (3, 77, 1), program=48))
    assert kinds_of(score, voice=0) == ["quarter"] * 4
    assert kinds_of(score, voice=1) == ["whole"]


def test_a_piano_part_is_written_for_two_hands():
    notes = [(beat, pitch, 1) for beat in range(4) for pitch in (40, 47, 67, 72)]
    score = write_score(piece_of(*notes))
    assert [clef.sign for clef in score.parts[0].clefs] == ["G", "F"]
    assert {note.pitch for symbol in symbols_of(score, staff=1) for note in symbol.notes} == {40, 47}


def test_drums_stand_on_a_percussion_staff_hands_above_feet():
    kit = Track(notes=tuple(Note(beat * 480, pitch, 30, 90) for beat in range(4) for pitch in (42, 36)), is_drum=True)
    score = write_score(Piece(tracks=(kit,)))
    assert score.parts[0].clefs[0].sign == "percussion"
    assert kinds_of(score, voice=0) == ["quarter"] * 4
    text = write_score_xml(score).decode()
    assert "<notehead>x</notehead>" in text
    assert "<midi-unpitched>37</midi-unpitched>" in text


def test_pitches_are_spelled_as_the_key_has_them():
    """The leading tone of A minor is G sharp; B flat major has no A sharp."""
    assert spell(68, fifths=0) == ("G", 1, 4)
    assert spell_class(10, fifths=-2) == ("B", -1)
    assert spell_class(10, fifths=5) == ("A", 1)
    assert spell(59, fifths=-7) == ("C", -1, 4)


def test_an_accidental_is_said_once_in_a_bar_and_taken_back():
    piece = piece_of(
        (0, 66, 1), (1, 66, 1), (2, 65, 2), (4, 66, 4), key_signatures=(KeySignature(0, 0, is_minor=False),)
    )
    text = write_score_xml(write_score(piece)).decode()
    assert text.count("<accidental>sharp</accidental>") == 2  # one for each bar
    assert text.count("<accidental>natural</accidental>") == 1


def test_title_credits_tempo_and_chords_are_on_the_page():
    piece = piece_of(
        *[(bar * 4, 60, 4) for bar in range(4)],
        title="Night <train>",
        tempos=(Tempo(0, 96.0), Tempo(1920, 97.0), Tempo(3840, 140.0)),
        chords=(ChordSymbol(0, 2, "min7", 2), ChordSymbol(960, 7, "7", 11)),
    )
    root = ET.fromstring(write_score_xml(write_score(piece, credit_line="Ada with Tutti", rights="ours")))
    assert root.findtext("work/work-title") == "Night <train>"
    assert root.findtext("identification/creator") == "Ada with Tutti"
    assert [each.text for each in root.iter("per-minute")] == ["96", "140"]  # 97 is nothing that anybody would notice
    assert [(each.findtext("root/root-step"), each.findtext("kind")) for each in root.iter("harmony")] == [
        ("D", "minor-seventh"),
        ("G", "dominant"),
    ]


def test_parts_are_found_by_number_name_and_instrument():
    band = make_band(2)
    assert choose_part(band, "2").tracks == band.tracks[1:2]
    assert choose_part(band, "drums").tracks[0].is_drum
    with pytest.raises(InputError, match="Choose one of: 1 Piano"):
        choose_part(band, "bagpipe")


def test_parts_of_one_name_are_numbered():
    one = Track(notes=(Note(0, 60, 480, 80),), name="Violin (lead)", program=40)
    assert name_parts([one, one]) == ("Violin 1", "Violin 2")


def test_of_several_notes_on_one_moment_and_pitch_one_is_written():
    notes = (Note(0, 60, 480, 70), Note(10, 60, 960, 90))
    (placed,) = place_notes(notes, WrittenBars.of_piece(Piece(tracks=(Track(notes=notes),))))
    assert (placed.start_steps, placed.stop_steps, placed.velocity) == (0, 48, 90)
