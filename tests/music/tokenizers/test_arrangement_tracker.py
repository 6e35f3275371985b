"""The two forms of the arrangement's features, on real scores and a generated band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from music.columns import columns_of_piece, find_bars
from music.piece import Piece
from music.tokenizers.arrangement import ARRANGEMENT_TASKS, Passage, header_rows, written_events
from music.tokenizers.arrangement_features import extract_arrangement
from music.tokenizers.arrangement_sources import NO_SOURCE, rank_sources
from music.tokenizers.arrangement_tracker import COLUMNS, ArrangementTracker
from music.tokenizers.event import encode_columns
from music.vocabulary import FIELDS, Kind, read_event
from tests.factories.pieces import make_band


def make_passage(
    piece: Piece,
    *,
    targets: tuple[int, ...],
    written: tuple[int, ...],
    chords: tuple[int, ...] = (),
    task: str = "hole",
    num_bars: int | None = None,
) -> Passage:
    """A whole piece as a passage with the given bars to be written."""
    columns = columns_of_piece(piece)
    encoded = encode_columns(columns, find_bars(columns))
    rows = encoded.rows
    bar = np.cumsum(rows[:, 0] == FIELDS["kind"].id_of(Kind.BAR)) - 1
    count = encoded.num_bars if num_bars is None else num_bars
    numbers = np.arange(count)
    return Passage(
        task=task,
        rows=rows[bar < count],
        parts=tuple((part.slot, part.role, part.program) for part in encoded.parts),
        targets=targets,
        is_written=np.isin(numbers, written),
        is_chord_given=np.isin(numbers, chords),
        start_bar=0,
        stop_bar=count,
    )


PASSAGES = {
    "hole": make_passage(make_band(12, seed=1), targets=(5,), written=(4,)),
    "two holes": make_passage(make_band(12, seed=2), targets=(5,), written=(2, 3, 7)),
    "band": make_passage(make_band(10, seed=3), targets=(0, 1, 5), written=tuple(range(10)), task="band"),
    "second half, chords given": make_passage(
        make_band(12, seed=4), targets=(1, 5), written=(6, 7, 8, 9), chords=(6, 8), task="track"
    ),
}


def step_features(passage: Passage) -> tuple[list[list[int]], list[list[int]]]:
    """Features before each event after the header and ids after each, as decoding makes them."""
    sources = rank_sources(passage)
    tracker = ArrangementTracker(passage)
    events = written_events(passage)
    bars = iter(passage.written_bars)
    features: list[list[int]] = []
    inputs: list[list[int]] = []
    for row in events.rows[len(header_rows(passage)) : -1].tolist():
        kind, values = read_event(tuple(row))
        if kind == Kind.BAR:
            tracker.start_bar(next(bars), sources)
            known = []
        else:
            known = tracker.before_choice()
        if kind == Kind.CHORD:
            tracker.at_chord(known, values[0])
        elif kind == Kind.NOTE:
            tracker.after_slot(known, values[0])
            tracker.after_position(known, values[0], values[1])
        features.append(known)
        tracker.push(tuple(row))
        inputs.append([*row, *tracker.context()])
    return features, inputs


@pytest.mark.parametrize("name", PASSAGES)
def test_features_of_whole_passages_equal_those_of_single_steps(name: str):
    """Training and decoding know the same before every choice."""
    passage = PASSAGES[name]
    example = extract_arrangement(passage)
    features, inputs = step_features(passage)
    first = len(header_rows(passage))
    assert example.written[first:-1].tolist() == inputs
    num_compared = 0
    for index, expected in enumerate(features):
        if expected:
            assert example.features[first + index].tolist() == expected, index
            num_compared += 1
    assert num_compared > 3


@pytest.mark.parametrize("name", PASSAGES)
def test_sources_are_bars_whose_target_parts_are_known(name: str):
    """No bar that is still to be written, and not the bar itself, is ever laid out."""
    passage = PASSAGES[name]
    sources = rank_sources(passage)
    for bar in passage.written_bars:
        seen = passage.can_see(bar)
        named = [source for source in sources.bars[bar].tolist() if source != NO_SOURCE]
        assert all(seen[source] for source in named)
        assert bar not in named
    others = np.setdiff1d(np.arange(passage.num_bars), passage.written_bars)
    assert (sources.bars[others] == NO_SOURCE).all()


def test_what_comes_later_changes_nothing_before_it():
    """Features of a bar do not depend on the target parts' notes in it and in bars written later."""
    passage = PASSAGES["two holes"]
    columns = passage.columns
    changed = passage.rows.copy()
    later = passage.is_target_note & (columns.bar == 7)
    changed[later, 3] = FIELDS["pitch"].id_of(40)
    other = replace(passage, rows=changed)
    now, then = extract_arrangement(passage), extract_arrangement(other)
    stop = int(np.flatnonzero(written_events(passage).bar == 7)[0]) + 2  # the bar, and what is known before its chord
    assert (now.features[:stop] == then.features[:stop]).all()
    assert (now.written[:stop] == then.written[:stop]).all()
    assert (now.read == then.read).all()


def test_hidden_notes_are_not_read():
    """What the reader takes has no note of the target parts in bars to be written."""
    for passage in PASSAGES.values():
        example = extract_arrangement(passage)
        notes = example.read[example.read[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)]
        columns = passage.columns
        hidden = passage.is_target_note & passage.is_written[columns.bar]
        is_note = columns.kind == Kind.NOTE
        assert len(notes) == int((is_note & ~hidden).sum())


def test_the_best_match_is_where_the_context_is_the_same():
    """A hole in a repeated phrase finds the bar of the repeat, with the highest class of fit."""
    band = make_band(8, seed=5)
    twice = replace(
        band,
        tracks=tuple(
            replace(track, notes=(*track.notes, *(note._replace(onset_ticks=note.onset_ticks + band.length_ticks) for note in track.notes)))
            for track in band.tracks
        ),
        length_ticks=2 * band.length_ticks,
    )  # fmt: skip
    passage = make_passage(twice, targets=(5,), written=(11,))
    sources = rank_sources(passage)
    assert sources.bars[11, 5] == 3
    assert sources.fits[11, 5] == 10


def test_all_tasks_are_in_the_vocabulary():
    """Every task can be named by its event."""
    for task in ARRANGEMENT_TASKS:
        passage = replace(PASSAGES["hole"], task=task)
        assert header_rows(passage)[0][1] == FIELDS["task"].id_of(
            ("generate", "chorale", "chords", "piano", "band", "track", "melody", "hole").index(task)
        )


def test_choices_outside_the_targets_are_illegal():
    """Only target parts, chords and the bar line can come next."""
    passage = PASSAGES["hole"]
    example = extract_arrangement(passage)
    bits = example.features[example.is_chosen, COLUMNS["choice_bits"].start]
    for slot in range(16):
        if slot not in passage.targets:
            assert not (bits >> slot & 1).any()
