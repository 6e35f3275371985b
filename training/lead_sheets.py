"""Measures of OpenEWLD's scores: pick-ups go to the end of their bar, repeats and endings are played out.

The set's MIDI files hold the measures once, in written order and from tick 0, so a pick-up shifts every bar line and a
form of thirty-two bars lasts twenty. The MusicXML beside each file says where measures begin and what is repeated. Jumps
by words (da capo, segno, coda) are not followed. It knows nothing of other sets.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import InputError
from music.columns import Columns

_TOLERANCE_QUARTERS = 1e-3
_MAX_OPEN_MEASURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One written measure: its length, repeat signs at its edges, and the passes of its ending (empty: all)."""

    quarters: float
    is_repeat_start: bool = False
    is_repeat_stop: bool = False
    passes: tuple[int, ...] = ()


def read_measures(path: Path) -> tuple[Measure, ...]:
    """Return the measures of the first part of a compressed MusicXML file of the set.

    Raises:
        InputError: for a file that cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".xml") and "META-INF" not in name)
            root = ET.fromstring(archive.read(name))  # noqa: S314 - files of our own training data, never uploads
    except (OSError, zipfile.BadZipFile, StopIteration, ET.ParseError) as error:
        raise InputError("score unreadable") from error
    measures: list[Measure] = []
    divisions = 1
    passes: tuple[int, ...] = ()
    for element in root.iterfind("part[1]/measure"):
        divisions = int(element.findtext("attributes/divisions", str(divisions)))
        signs = {sign.get("direction") for sign in element.iterfind("barline/repeat")}
        endings = list(element.iterfind("barline/ending"))
        for ending in endings:
            if ending.get("type") == "start":
                passes = tuple(int(number) for number in re.findall(r"\d+", ending.get("number", "")))
        measures.append(
            Measure(
                quarters=_measure_length(element, divisions),
                is_repeat_start="forward" in signs,
                is_repeat_stop="backward" in signs,
                passes=passes,
            )
        )
        if any(ending.get("type") in ("stop", "discontinue") for ending in endings):
            passes = ()
    return tuple(_close_endings(measures))


def _close_endings(measures: list[Measure]) -> list[Measure]:
    """Let an ending whose bracket is too short last until its repeat sign, when the next ending follows that."""
    closed = list(measures)
    for stop, here in enumerate(measures[:-1]):
        if not here.is_repeat_stop or here.passes or not measures[stop + 1].passes:
            continue
        before = stop
        while before >= 0 and not measures[before].passes and stop - before <= _MAX_OPEN_MEASURES:
            before -= 1
        if before >= 0 and measures[before].passes:
            for index in range(before + 1, stop + 1):
                closed[index] = replace(measures[index], passes=measures[before].passes)
    return closed


def _measure_length(measure: ET.Element, divisions: int) -> float:
    now = longest = 0.0
    for element in measure:
        step = float(element.findtext("duration", "0")) / divisions
        if element.tag == "note" and element.find("chord") is None and element.find("grace") is None:
            now += step
        elif element.tag in ("backup", "forward"):
            now += step if element.tag == "forward" else -step
        longest = max(longest, now)
    return longest


def play_order(measures: Sequence[Measure]) -> list[int]:
    """Return the indices of measures as they are played; a repeat is played twice, or once for each of its endings.

    Signs by which some measure would never be played are wrong: then the written order is returned.
    """
    order = _follow_signs(measures)
    everything = list(range(len(measures)))
    return order if sorted(set(order)) == everything else everything


def _follow_signs(measures: Sequence[Measure]) -> list[int]:
    order: list[int] = []
    start = index = 0
    number = 1
    while index < len(measures) and len(order) <= 8 * len(measures):
        here = measures[index]
        if here.is_repeat_start and index != start:
            start, number = index, 1
        if not here.passes and index > start and measures[index - 1].passes:  # past the endings
            start, number = index, 1
        if here.passes and number not in here.passes:
            index += 1
            continue
        order.append(index)
        last = _last_pass(measures, index) if here.passes else 2
        if here.is_repeat_stop and number < last:
            index, number = start, number + 1
            continue
        index += 1
        if here.is_repeat_stop and not here.passes:
            start, number = index, 1
    return order


def _last_pass(measures: Sequence[Measure], index: int) -> int:
    """Return the highest number of the endings from a measure on, side by side."""
    highest = 1
    while index < len(measures) and measures[index].passes:
        highest = max(highest, *measures[index].passes)
        index += 1
    return highest


def unfold(columns: Columns, measures: Sequence[Measure]) -> Columns:
    """Return a lead sheet as it is played, every full measure beginning on a bar line.

    The first measure, when short, is a pick-up and goes to the end of its bar; a later short measure begins where the one
    before ended.

    Raises:
        InputError: for measures that are longer than the metre, or a metre that changes.
    """
    signatures = {(numerator, denominator) for _, numerator, denominator in columns.time_signatures}
    if len(signatures) != 1:
        raise InputError("metre changes")
    ((numerator, denominator),) = signatures
    bar = 4 * numerator / denominator
    if any(measure.quarters > bar + _TOLERANCE_QUARTERS for measure in measures):
        raise InputError("measure longer than its metre")
    edges = np.cumsum([0.0, *(measure.quarters for measure in measures)]) * columns.ticks_per_quarter

    chosen: list[np.ndarray] = []
    shifts: list[np.ndarray] = []
    now = 0.0
    for index in play_order(measures):
        now = _begin(measures[index], index, now, bar)
        inside = np.flatnonzero((columns.onset_ticks >= edges[index]) & (columns.onset_ticks < edges[index + 1]))
        chosen.append(inside)
        shifts.append(np.full(len(inside), round(now * columns.ticks_per_quarter - edges[index])))
        now += measures[index].quarters
    take = np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64)
    onset = columns.onset_ticks[take] + np.concatenate(shifts) if chosen else columns.onset_ticks[take]
    return replace(
        columns,
        onset_ticks=onset.astype(np.int64),
        pitch=columns.pitch[take],
        duration_ticks=columns.duration_ticks[take],
        velocity=columns.velocity[take],
        track=columns.track[take],
        time_signatures=((0, numerator, denominator),),
        tempos=columns.tempos[:1],
        length_ticks=round(now * columns.ticks_per_quarter),
    )


def _begin(measure: Measure, index: int, now: float, bar: float) -> float:
    """Return where a measure begins, in quarter notes, after what ended at ``now``."""
    since_line = now % bar
    is_on_line = min(since_line, bar - since_line) < _TOLERANCE_QUARTERS
    if measure.quarters >= bar - _TOLERANCE_QUARTERS:
        return round(now / bar) * bar if is_on_line else now - since_line + bar
    return now + bar - measure.quarters if index == 0 and is_on_line else now
