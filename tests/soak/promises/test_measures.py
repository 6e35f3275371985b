"""The judges of a tour can say that a promise was broken: other bytes, files that do not open, loud sound, large and cut replies."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from media.synth import SAMPLE_RATE_HZ
from music.midi import write_midi
from soak.promises.measures import READERS, SizedReply, bytes_row, is_cut, loudness_row, reader_rows, size_rows
from tests.factories.pieces import make_band

MIDI = write_midi(make_band(num_bars=2))
LONG_AGO = "tutti-1.mid"


def reply(name="a reply", *, size=10, text="A new piece", has_file=True):
    files = [{"filename": LONG_AGO, "size": size}] if has_file else []
    return SizedReply(name=name, message={"content": text, "attachments": files}, limit_bytes=100)


@pytest.mark.parametrize(
    ("again", "percent"),
    [({"a": b"1", "b": b"2"}, 100), ({"a": b"1", "b": b"3"}, 50), ({"a": b"1"}, 50), ({}, 0)],
    ids=["the same", "another", "missing", "none"],
)
def test_bytes_that_differ_are_counted_and_named(again, percent):
    row = bytes_row("asked again", {"a": b"1", "b": b"2"}, again, what="two wishes")
    assert row.median == percent
    assert ("not: " in row.note) == (percent < 100)


def test_an_answer_without_a_file_is_never_the_same():
    assert bytes_row("asked again", {"a": b""}, {"a": b""}, what="").median == 0


def test_every_reader_opens_what_we_write():
    rows = reader_rows({"band": MIDI})
    assert {row.name for row in rows} == {f"opened by {name}" for name in READERS}
    assert [row.median for row in rows] == [100] * 4


def test_a_file_that_does_not_open_is_counted_by_every_reader():
    rows = reader_rows({"band": MIDI, "cut": MIDI[:20], "nothing": b""})
    assert [round(row.median or 0) for row in rows] == [33] * 4
    assert "not: cut, nothing" in rows[0].note


@pytest.mark.parametrize(("amplitude", "is_far"), [(0.16, False), (0.9, True)])
def test_loudness_is_measured_in_the_sound_itself(amplitude, is_far):
    """A tone of 1 kHz on both sides at 0.16 is some -16 LUFS."""
    times = np.arange(SAMPLE_RATE_HZ * 2) / SAMPLE_RATE_HZ
    tone = amplitude * np.sin(2 * np.pi * 997 * times)
    file = io.BytesIO()
    soundfile.write(file, np.stack([tone, tone], axis=1), SAMPLE_RATE_HZ, format="WAV")
    row = loudness_row({"tone": file.getvalue()})
    assert ((row.median or 0) > 1) == is_far


@pytest.mark.parametrize(
    ("replies", "num_refused", "counted"),
    [
        ([reply()], 0, [0, 0]),
        ([reply(size=101)], 0, [1, 0]),
        ([reply()], 2, [2, 0]),
        ([reply(text="bars 1 to 8 spar…")], 0, [0, 1]),
        ([reply(text="", has_file=False)], 0, [0, 1]),
    ],
    ids=["fine", "too large", "refused", "cut", "empty"],
)
def test_replies_that_do_not_fit_are_counted(replies, num_refused, counted):
    assert [row.median for row in size_rows(replies, num_refused=num_refused)] == counted


@pytest.mark.parametrize(
    ("text", "answer"), [("Say more…\nthen", True), ("More… is a menu", False), ("all of it", False)]
)
def test_words_are_cut_where_a_line_ends_in_an_ellipsis(text, answer):
    assert is_cut(text) is answer
