"""``music/midi.py``: what was written is read again, and what cannot be read is refused in words."""

from __future__ import annotations

import contextlib
import io
import struct

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError, MIDIFileError, UploadTooLargeError
from music.midi import (
    bpm_to_microseconds,
    drop_credit_lines,
    is_sane_metre,
    microseconds_to_bpm,
    read_credit_lines,
    read_midi,
    read_recipe,
    write_midi,
)
from music.piece import Note, Piece, Tempo, TimeSignature, Track
from tests.factories.pieces import CORPUS_NAMES, make_band, make_melody, read_corpus
from tests.factories.random_pieces import pieces


def make_file(*events: mido.Message | mido.MetaMessage, ticks: int = 96, midi_format: int = 0) -> bytes:
    file = mido.MidiFile(ticks_per_beat=ticks, type=midi_format)
    file.tracks.append(mido.MidiTrack(events))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def note_events(pitch: int = 60, length: int = 96, channel: int = 0) -> tuple[mido.Message, mido.Message]:
    return (
        mido.Message("note_on", note=pitch, velocity=80, channel=channel),
        mido.Message("note_off", note=pitch, velocity=0, time=length, channel=channel),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(pieces())
def test_any_piece_is_read_as_it_was_written(piece: Piece):
    """Piece -> MIDI -> Piece is equal: ticks, tempos, metres, keys, controllers, names, chords, title, length."""
    assert read_midi(write_midi(piece)) == piece


@pytest.mark.parametrize("name", CORPUS_NAMES)
def test_real_music_is_read_as_it_was_written(name):
    """The scores of music21's corpus survive the way through a MIDI file."""
    once = read_midi(write_midi(read_corpus(name)))
    assert once.num_notes == read_corpus(name).num_notes
    assert read_midi(write_midi(once)) == once


def test_twenty_tracks_keep_their_programs_and_do_not_share_channels():
    """Up to fifteen different sounds each get a channel, however many tracks there are."""
    tracks = tuple(
        Track(notes=(Note(0, 60 + index, 480, 80),), program=index % 12, name=f"t{index}") for index in range(20)
    )
    data = write_midi(Piece(tracks=tracks))
    file = mido.MidiFile(file=io.BytesIO(data))
    programs: dict[int, set[int]] = {}
    for track in file.tracks:
        for message in track:
            if message.type == "program_change":
                programs.setdefault(message.channel, set()).add(message.program)
    assert all(len(found) == 1 for found in programs.values())
    assert read_midi(data).tracks == tracks


def test_credits_travel_in_the_file():
    """Lines about people and networks are read back in order, beside the recipe; without any not a byte is different."""
    lines = ("Ada: 3 notes", "Łucja = x: 1 note")
    data = write_midi(make_melody(), recipe="{}", credit_lines=lines)
    assert (read_credit_lines(data), read_recipe(data), read_midi(data)) == (lines, "{}", make_melody())
    assert write_midi(make_melody(), credit_lines=()) == write_midi(make_melody())
    assert read_credit_lines(write_midi(make_melody())) == ()


@pytest.mark.parametrize("piece", [make_melody(), make_band(), Piece()])
def test_without_its_credits_a_file_is_the_same(piece):
    """Byte for byte, so that it is still recognised; files without them are left alone, and cut ones do no harm."""
    plain = write_midi(piece, recipe="{}")
    credited = write_midi(piece, recipe="{}", credit_lines=("Ada: 3 notes", "x" * 300))
    assert drop_credit_lines(credited) == plain != credited
    for other in (plain, b"", b"nonsense tutti.credit=", b"RIFF" + credited):
        assert drop_credit_lines(other) == other
    for num_bytes in range(min(len(credited), 400)):  # a file that was cut anywhere is no accident
        assert len(drop_credit_lines(credited[:num_bytes])) <= num_bytes


def test_recipe_travels_in_the_file():
    """What made a piece can be read from its file, and is no part of the music."""
    data = write_midi(make_melody(), recipe='{"seed": 7, "name": "Łódź"}')
    assert read_recipe(data) == '{"seed": 7, "name": "Łódź"}'
    assert read_midi(data) == make_melody()
    assert read_recipe(write_midi(make_melody())) == ""


def test_tempos_people_write_come_back_exactly():
    """110 bpm is 545455 microseconds, and is 110 again."""
    for bpm in [*range(20, 301), 92.5, 61.25]:
        assert microseconds_to_bpm(bpm_to_microseconds(bpm)) == bpm


def test_every_tempo_of_a_file_is_kept_to_the_microsecond():
    """A tempo that was read is written with the same microseconds."""
    for microseconds in range(200_000, 1_200_000, 997):
        assert bpm_to_microseconds(microseconds_to_bpm(microseconds)) == microseconds


def test_format_0_is_split_by_channel_and_program():
    """One track chunk with three sounds gives three tracks, the drums marked."""
    data = make_file(
        mido.Message("program_change", program=5),
        *note_events(60),
        mido.Message("program_change", program=7),
        *note_events(62),
        *note_events(38, channel=9),
        mido.Message("program_change", program=5),
        *note_events(64),
    )
    found = [(track.program, track.is_drum, [note.pitch for note in track.notes]) for track in read_midi(data).tracks]
    assert found == [(5, False, [60, 64]), (7, False, [62]), (0, True, [38])]


def test_notes_without_length_get_one_tick():
    """Players sound them, so they are kept."""
    assert read_midi(make_file(*note_events(60, length=0))).tracks[0].notes == (Note(0, 60, 1, 80),)


def test_overlapping_notes_end_in_the_order_they_began():
    """A note-off names no note; the older one ends."""
    on, off = mido.Message("note_on", note=60, velocity=50), mido.Message("note_on", note=60, velocity=0, time=10)
    data = make_file(on, on.copy(time=10, velocity=60), off, off)
    assert read_midi(data).tracks[0].notes == (Note(0, 60, 20, 50), Note(10, 60, 20, 60))


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 4), (149, 4), (4, 1), (0, 4), (4, 64)])
def test_nonsense_metres_give_way_to_four_four(numerator, denominator):
    """Such events stand in files and mean nothing."""
    metre = mido.MetaMessage("time_signature", numerator=max(numerator, 1), denominator=denominator)
    assert not is_sane_metre(numerator, denominator)
    assert read_midi(make_file(metre, *note_events())).time_signatures == (TimeSignature(0, 4, 4),)


def test_text_and_lyrics_are_dropped_and_names_are_cleaned():
    """Words in files are in any encoding and may be anything."""
    data = make_file(
        mido.MetaMessage("track_name", name="Le\x07ad"),
        mido.MetaMessage("lyrics", text="rude"),
        mido.MetaMessage("text", text="ruder"),
        *note_events(),
    )
    piece = read_midi(data)
    assert (piece.tracks[0].name, piece.title, piece.chords) == ("Lead", "", ())


def test_data_bytes_over_127_are_clamped():
    """About one Lakh file in a hundred has them; players clamp them."""
    data = make_file(mido.Message("control_change", control=7, value=100), *note_events())
    damaged = data.replace(b"\xb0\x07\x64", b"\xb0\x07\xe4")
    assert read_midi(damaged).num_notes == 1


def test_a_riff_wrapper_is_taken_off():
    """Windows wrote MIDI files inside RIFF."""
    data = write_midi(make_melody())
    assert (
        read_midi(b"RIFF" + struct.pack("<I", len(data) + 12) + b"RMIDdata" + struct.pack("<I", len(data)) + data)
        == make_melody()
    )


def test_a_file_cut_in_its_last_track_gives_what_is_there():
    """Players play what has arrived."""
    data = write_midi(make_band())
    piece = read_midi(data[: len(data) * 3 // 4])
    assert 0 < piece.num_notes < make_band().num_notes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MThd",
        b"MThd\0\0\0\6\0\1\0\1",
        b"just text",
        b"\x89PNG" + bytes(100),
        bytes(1000),
        b"MThd\0\0\0\6\0\1\0\0\1\xe0",
    ],
)
def test_what_is_no_midi_file_is_refused_in_words(data):
    """One sentence that says what to do."""
    with pytest.raises(MIDIFileError) as caught:
        read_midi(data)
    assert caught.value.reason.endswith(".")


def test_smpte_time_and_format_2_are_refused():
    """Film frames and loose patterns are not bars and beats."""
    data = write_midi(make_melody())
    for header in (b"\0\1\0\2\xe8\x50", b"\0\2\0\2\1\xe0", b"\0\1\0\2\0\0"):
        with pytest.raises(MIDIFileError):
            read_midi(data[:8] + header + data[14:])


def test_too_many_notes_are_refused_by_counting():
    """A million notes never become a million objects."""
    body = b"\x00\x90\x3c\x50\x01\x3c\x00" + b"\x00\x3c\x50\x01\x3c\x00" * 1_000_000 + b"\x00\xff\x2f\x00"
    data = b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk" + struct.pack(">I", len(body)) + body
    with pytest.raises(UploadTooLargeError) as caught:
        read_midi(data)
    assert caught.value.actual == 1_000_001


def test_huge_delta_times_are_refused():
    """A file of many hours is no piece of music."""
    events = note_events()
    with pytest.raises(UploadTooLargeError):
        read_midi(make_file(events[0].copy(time=0x0FFFFFFF), events[1]))


def test_events_later_than_a_file_can_say_are_refused_or_dropped():
    """A metre 342 million ticks after the music could be read, but not written again; fuzzing found it."""
    late = mido.MetaMessage("time_signature", numerator=3, denominator=4, time=0x0FFFFFFF)
    with pytest.raises(UploadTooLargeError):
        read_midi(make_file(*note_events(), late, late))


def test_bends_whose_time_ran_over_are_dropped():
    """The sum of many waits does not fit into the 32 bits that symusic counts in: it comes out before the beginning."""
    wait = mido.Message("pitchwheel", pitch=100, time=0x0FFFFFFF)
    with contextlib.suppress(UploadTooLargeError):
        piece = read_midi(make_file(*note_events(), *[wait] * 9))
        assert all(bend.onset_ticks >= 0 for track in piece.tracks for bend in track.pitch_bends)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_after_a_header_never_crash(body: bytes):
    """Whatever stands in a track, the answer is a piece or an ``InputError``."""
    data = b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk" + struct.pack(">I", len(body)) + body
    with contextlib.suppress(InputError):
        assert isinstance(read_midi(data), Piece)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 255), st.integers(0, 3))
def test_changed_and_cut_files_never_crash(place: int, value: int, cut: int):
    """Damage anywhere in a real file gives a piece or an ``InputError``."""
    data = bytearray(write_midi(make_band(2)))
    data[place % len(data)] = value
    with contextlib.suppress(InputError):
        assert isinstance(read_midi(bytes(data[: len(data) - cut * 37])), Piece)


def test_a_missing_first_tempo_is_120():
    """The standard's default holds until the first tempo event."""
    data = make_file(*note_events(), mido.MetaMessage("set_tempo", tempo=600_000), *note_events())
    assert read_midi(data).tempos == (Tempo(0, 120.0), Tempo(96, 100.0))
