"""Pick-ups, repeats and endings of written measures become what is heard."""

import zipfile

import numpy as np
import pytest

from core.errors import InputError
from music.columns import columns_of_piece
from music.piece import Note, Piece, TimeSignature, Track
from training.lead_sheets import Measure, play_order, read_measures, unfold

TICKS = 480
QUARTER = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{}</duration></note>"


def write_mxl(path, measures):
    """A compressed score whose measures hold what is given: (quarters, signs)."""
    inside = "".join(
        f'<measure number="{number}"><attributes><divisions>2</divisions></attributes>{signs}'
        f"{QUARTER.format(round(quarters * 2))}</measure>"
        for number, (quarters, signs) in enumerate(measures)
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("score.xml", f"<score-partwise><part>{inside}</part></score-partwise>")


def repeat(direction):
    return f'<barline><repeat direction="{direction}"/></barline>'


def ending(number, kind):
    return f'<barline><ending number="{number}" type="{kind}"/></barline>'


def sheet(lengths, *, metre=(4, 4)):
    """One note at the start of each measure, its pitch the measure's number."""
    starts = np.cumsum([0.0, *lengths])[:-1]
    notes = tuple(Note(round(start * TICKS), index, 240, 80) for index, start in enumerate(starts))
    return columns_of_piece(
        Piece(
            tracks=(Track(notes=notes),),
            time_signatures=(TimeSignature(0, *metre),),
            length_ticks=round(sum(lengths) * TICKS),
        )
    )


def heard(columns):
    """(measure, quarter) of each note, in order."""
    order = np.argsort(columns.onset_ticks, kind="stable")
    return list(zip(columns.pitch[order].tolist(), (columns.onset_ticks[order] / TICKS).tolist(), strict=True))


def test_measures_are_read_with_lengths_signs_and_endings(tmp_path):
    path = tmp_path / "a.mxl"
    write_mxl(
        path,
        [
            (1, ""), (4, repeat("forward")), (4, ending(1, "start") + repeat("backward") + ending(1, "stop")),
            (4, ending(2, "start") + ending(2, "stop")), (3, ""),
        ],
    )  # fmt: skip
    assert read_measures(path) == (
        Measure(quarters=1),
        Measure(quarters=4, is_repeat_start=True),
        Measure(quarters=4, is_repeat_stop=True, passes=(1,)),
        Measure(quarters=4, passes=(2,)),
        Measure(quarters=3),
    )


def test_a_bracket_that_ends_before_its_repeat_sign_is_closed(tmp_path):
    path = tmp_path / "a.mxl"
    write_mxl(
        path,
        [
            (4, ""),
            (4, ending(1, "start") + ending(1, "stop")),
            (4, repeat("backward")),
            (4, ending(2, "start") + ending(2, "stop")),
        ],
    )
    measures = read_measures(path)
    assert measures[2].passes == (1,)
    assert play_order(measures) == [0, 1, 2, 0, 3]


def test_an_unreadable_score_stays_out(tmp_path):
    (tmp_path / "a.mxl").write_bytes(b"nothing")
    with pytest.raises(InputError, match="unreadable"):
        read_measures(tmp_path / "a.mxl")


@pytest.mark.parametrize(
    ("marks", "order"),
    [
        ("....", "0123"),
        ("..:.", "01012"),
        (".|.:.", "012123"),
        ("|.:|.:", "01012323"),
        (".1:2.", "01023"),
        ("|1:2:3", "010203"),
        ("..2", "012"),  # a second ending without a first: as written
    ],
)
def test_repeats_and_endings_are_played_in_order(marks, order):
    """``|`` begins a repeat, a colon ends one at the measure before, digits are endings."""
    measures = []
    for mark in marks:
        if mark == ":":
            last = measures.pop()
            measures.append(
                Measure(quarters=4, is_repeat_start=last.is_repeat_start, is_repeat_stop=True, passes=last.passes)
            )
        else:
            passes = (int(mark),) if mark.isdigit() else ()
            measures.append(Measure(quarters=4, is_repeat_start=mark == "|", passes=passes))
    assert "".join(map(str, play_order(measures))) == order


def test_a_pick_up_goes_to_the_end_of_its_bar():
    lengths = [1.0, 4.0, 4.0, 3.0]
    columns = unfold(sheet(lengths), [Measure(quarters=each) for each in lengths])
    assert heard(columns) == [(0, 3.0), (1, 4.0), (2, 8.0), (3, 12.0)]


def test_a_repeated_pick_up_fills_the_bar_that_it_completes():
    lengths = [1.0, 4.0, 3.0]
    measures = [Measure(quarters=1.0), Measure(quarters=4.0), Measure(quarters=3.0, is_repeat_stop=True)]
    columns = unfold(sheet(lengths), measures)
    assert heard(columns) == [(0, 3.0), (1, 4.0), (2, 8.0), (0, 11.0), (1, 12.0), (2, 16.0)]


def test_a_full_measure_always_begins_on_a_bar_line():
    lengths = [3.0, 2.0, 3.0, 3.0]
    columns = unfold(sheet(lengths, metre=(3, 4)), [Measure(quarters=each) for each in lengths])
    assert heard(columns) == [(0, 0.0), (1, 3.0), (2, 6.0), (3, 9.0)]


def test_measures_longer_than_the_metre_and_changes_of_metre_stay_out():
    with pytest.raises(InputError, match="longer"):
        unfold(sheet([5.0]), [Measure(quarters=5.0)])
    changing = Piece(
        tracks=(Track(notes=(Note(0, 60, 100, 80),)),),
        time_signatures=(TimeSignature(0, 4, 4), TimeSignature(1920, 3, 4)),
    )
    with pytest.raises(InputError, match="changes"):
        unfold(columns_of_piece(changing), [Measure(quarters=4.0)])
