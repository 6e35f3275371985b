"""The judges: what they let pass, and what they do not, so that a target can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InputError, MIDIFileError, StorageError
from fuzzing.signatures import sign
from fuzzing.told import check_told
from fuzzing.verdicts import BrokenPromiseError, check_piece, check_shown, refusal_of
from music.piece import ControlChange, Note, PitchBend, Tempo, TimeSignature, Track
from tests.factories.pieces import make_band, make_melody


def test_a_refusal_in_words_is_no_finding():
    def refuse():
        raise MIDIFileError("This is no MIDI file. Send another.")

    assert refusal_of(refuse) == (None, "This is no MIDI file. Send another.")
    assert refusal_of(lambda: 7) == (7, "")


@pytest.mark.parametrize("error", [InputError(" "), StorageError("x"), InputError("In /home/somebody/x.mid")])
def test_refusals_that_nobody_should_read_are_findings(error):
    """Empty ones, those of another kind than declared, and those that name a path."""

    def refuse():
        raise error

    with pytest.raises(BrokenPromiseError):
        refusal_of(refuse)


def test_other_exceptions_pass_to_the_fuzzer():
    with pytest.raises(KeyError):
        refusal_of(lambda: {}["x"])


@pytest.mark.parametrize(
    "text", ["@everyone", "a <@1> b", "in /home/x.py", 'File "x.py"', "music/midi.py:71", "</help:1>", "x" * 9000]
)
def test_shown_texts_hold_no_ping_path_or_traceback(text):
    with pytest.raises(BrokenPromiseError):
        check_shown((text,))
    check_shown(("Bars 1/4, and/or 3/4: e-mail me@example.org is fine.",))


@pytest.mark.parametrize(
    "change",
    [
        {"ticks_per_quarter": 0},
        {"tempos": (Tempo(5, 120.0),)},
        {"tempos": (Tempo(0, 0.0),)},
        {"time_signatures": (TimeSignature(0, 0, 4),)},
        {"time_signatures": (TimeSignature(0, 4, 3),)},
        {"length_ticks": 2**31},
        {"tracks": (Track(notes=(Note(0, 128, 1, 1),)),)},
        {"tracks": (Track(notes=(Note(-1, 60, 1, 1),)),)},
        {"tracks": (Track(notes=(Note(0, 60, 0, 1),)),)},
        {"tracks": (Track(program=128),)},
        {"tracks": (Track(name="a\nb"),)},
        {"tracks": (Track(control_changes=(ControlChange(0, 1, 200),)),)},
        {"tracks": (Track(pitch_bends=(PitchBend(-1, 0),)),)},
    ],
)
def test_pieces_that_no_reader_may_give_are_findings(change):
    check_piece(make_band(1), max_notes=1000)
    with pytest.raises(BrokenPromiseError):
        check_piece(replace(make_melody(), **change), max_notes=1000)
    with pytest.raises(BrokenPromiseError, match="notes"):
        check_piece(make_band(1), max_notes=3)


@pytest.mark.parametrize(
    "payload",
    [
        {"content": "x" * 2001},
        {"content": "@everyone"},
        {"content": "hello", "allowed_mentions": {"parse": ["users"]}},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"fields": [{"name": "a", "value": ""}]}]},
        {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]},
        {"embeds": [{"description": "x" * 4000}, {"description": "in /home/x"}]},
        {"data": {"components": [{"components": [{"label": "x" * 81, "custom_id": "a"}]}]}},
        {"data": {"components": [{"components": [{"label": "", "custom_id": "a"}]}]}},
    ],
)
def test_what_discord_refuses_and_what_pings_are_findings(payload):
    check_told({"content": "fine", "allowed_mentions": {"parse": []}, "embeds": [{"title": "a", "description": "b"}]})
    with pytest.raises(BrokenPromiseError):
        check_told(payload)


def test_failures_of_one_cause_have_one_signature():
    """Whatever their values say; those of another place have another."""

    def break_at(value):
        int(value)

    def break_elsewhere():
        int("z")

    found = []
    for do in (lambda: break_at("x"), lambda: break_at("y"), break_elsewhere):
        with pytest.raises(ValueError, match="invalid") as caught:
            do()
        found.append(sign(caught.value))
    assert found[0].name == found[1].name != found[2].name
    assert found[0].summary.startswith("ValueError: invalid literal")
    assert all(not line.startswith("/") for line in found[0].details.splitlines())
