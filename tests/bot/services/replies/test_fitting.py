"""``bot/services/replies/fitting.py``: what a place takes of a message's files, down to the byte."""

import pytest

from bot.services.model import File
from bot.services.replies.fitting import (
    MIN_SOUND_BYTES,
    fit_files,
    left_out_words,
    num_bytes,
    room_bytes,
    room_for_sounds,
)

SIZES = {"a-before.mp3": 500, "a-after.ogg": 400, "a.mid": 100, "a.png": 300}
ALL = 1300


def files_of(sizes):
    return [File(filename=name, data=b"x" * size) for name, size in sizes.items()]


def names(files):
    return [file.filename for file in files]


@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        (ALL + 1, list(SIZES)),
        (ALL, list(SIZES)),  # exactly
        (ALL - 1, ["a-after.ogg", "a.mid", "a.png"]),  # what was before an edit goes first
        (800, ["a-after.ogg", "a.mid", "a.png"]),
        (799, ["a-after.ogg", "a.mid"]),  # the picture before the sound
        (500, ["a-after.ogg", "a.mid"]),
        (499, ["a.mid", "a.png"]),  # a sound that is too large takes no smaller file with it
        (400, ["a.mid", "a.png"]),
        (399, ["a.mid"]),
        (100, ["a.mid"]),  # the notes last
        (99, []),
        (1, []),
    ],
)
def test_what_fits_is_kept_in_the_order_of_its_worth(limit, kept):
    fitted = fit_files(files_of(SIZES), size_limit_bytes=limit)
    assert names(fitted.kept) == kept
    assert sorted([*names(fitted.kept), *names(fitted.left_out)]) == sorted(SIZES)
    assert num_bytes(fitted.kept) <= limit


@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        (410, ["1.ogg", "2.ogg", "1.mid", "2.mid", "takes.png"]),
        (409, ["1.ogg", "2.ogg", "1.mid", "2.mid"]),
        (210, ["1.ogg", "1.mid", "2.mid"]),
        (20, ["1.mid", "2.mid"]),
        (19, ["1.mid"]),
    ],
)
def test_every_takes_notes_come_before_any_sound(limit, kept):
    sizes = {"1.ogg": 145, "2.ogg": 145, "1.mid": 10, "2.mid": 10, "takes.png": 100}
    assert names(fit_files(files_of(sizes), size_limit_bytes=limit).kept) == kept


def test_a_sound_from_before_is_not_alone():
    """It says nothing without what came of it; a file that is only called so stays."""
    sizes = {"a-before.ogg": 10, "a-after.ogg": 500, "a.mid": 10}
    assert names(fit_files(files_of(sizes), size_limit_bytes=100).kept) == ["a.mid"]
    assert names(fit_files(files_of({"b-before.ogg": 10}), size_limit_bytes=100).kept) == ["b-before.ogg"]


@pytest.mark.parametrize("limit", [0, 1, 299, 300, 301, 10**9])
def test_papers_come_before_pictures(limit):
    sizes = {"score.png": 300, "score.pdf": 300, "stems.zip": 300}
    assert names(fit_files(files_of(sizes), size_limit_bytes=limit).kept) == (
        list(sizes) if limit > 900 else ["score.pdf"] if limit >= 300 else []
    )


def test_no_files_fit_everywhere():
    assert fit_files([], size_limit_bytes=0).kept == ()
    assert left_out_words(fit_files([], size_limit_bytes=0)) == ""


def test_a_place_that_takes_less_than_it_said_loses_the_largest_first_and_the_notes_last():
    fitted = fit_files(files_of({"a.mid": 900, "a.ogg": 400, "a.png": 500}), size_limit_bytes=10**6)
    order = []
    while fitted.kept:
        fitted = fitted.without_largest()
        order.append(fitted.left_out[-1].filename)
    assert order == ["a.png", "a.ogg", "a.mid"]


def test_people_read_what_is_missing_and_how_to_come_by_it():
    with_notes = left_out_words(fit_files(files_of(SIZES), size_limit_bytes=399))
    assert all(name in with_notes for name in SIZES if name != "a.mid")
    assert "a.mid" not in with_notes
    assert "The MIDI file holds all the notes" in with_notes
    without = left_out_words(fit_files(files_of(SIZES), size_limit_bytes=1))
    assert "a.mid" in without
    assert "The MIDI file" not in without
    assert "/export" in without


@pytest.mark.parametrize(
    ("limit", "room"), [(10_485_760, 10_420_224), (524_288, 458_752), (60_000, 52_500), (8, 7), (1, 1), (0, 1)]
)
def test_files_are_made_to_leave_room_for_what_is_around_them(limit, room):
    assert room_bytes(limit) == room


@pytest.mark.parametrize(
    ("limit", "num_sounds", "room"),
    [
        (10_485_760, 1, 10_420_224 - 31_000),  # beside all
        (60_000, 1, 52_500 - 31_000),
        (40_000, 1, 35_000 - 1_000),  # the picture goes for the sound
        (60_000, 2, 52_500 - 1_000),
        (60_000, 4, 52_500 - 31_000),  # four sounds would not fit without it either: it stays
        (18_000, 1, 15_750 - 1_000),  # too large for itself, so it takes nobody's room
        (8_000, 1, 7_000 - 1_000),
    ],
)
def test_a_picture_goes_before_the_sound_does(limit, num_sounds, room):
    files = (File(filename="a.mid", data=b"x" * 1_000), None, File(filename="a.png", data=b"x" * 30_000))
    assert room_for_sounds(files, size_limit_bytes=limit, num_sounds=num_sounds) == room
    sounds = [File(filename=f"{index}.ogg", data=b"x" * (room // num_sounds)) for index in range(num_sounds)]
    if room // num_sounds >= MIN_SOUND_BYTES:  # what is made to this size is kept
        fitted = fit_files([*sounds, *(file for file in files if file)], size_limit_bytes=limit)
        assert {"a.mid", *names(sounds)} <= set(names(fitted.kept))
