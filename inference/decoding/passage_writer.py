"""Writes the missing events of a piece, window by window. It knows network, tracker, rules and sampling, no pieces.

A window has at most 16 bars and about as many given events as in training. A whole part begins with a full window;
after that half of each window stands already. In a hole the window has standing bars on both sides. Each event goes
through the stages of the heads; every stage has a mask from ``PassageRules`` and a random number of its own (seed,
draft, event, field). Of a hole's bars there are several drafts, of which one stays (``passage_drafts.py``).
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.arranger_sizes import name_features
from inference.decoding.passage_drafts import choose_draft, count_drafts
from inference.decoding.passage_plan import ArrangementPlan
from inference.decoding.passage_rules import Flags, PassageRules
from inference.models.arranger import Arranger, ArrangerCache
from inference.protocol import Sampling
from inference.sampling import choose, uniform
from music.roles import PART_ROLES
from music.tokenizers.arrangement import Floats, Passage, header_rows, read_events
from music.tokenizers.arrangement_sources import BEST_FIT, BEST_MATCH, rank_sources
from music.tokenizers.arrangement_tracker import COLUMNS, ArrangementTracker
from music.tokenizers.tracker import CHOICE_CHORD
from music.vocabulary import (
    DURATIONS,
    EVENT_WIDTH,
    FIELDS,
    NUM_SLOTS,
    Kind,
    make_event,
    read_event,
)

WINDOW_BARS = 16
HOLE_CHUNK_BARS = 4
MATCH_LEAN = 4.0
"""Nats by which a hole leans on the best matching bar where that fits perfectly; chosen on POP909's validation split."""
_READ_EVENTS = 340
_WRITTEN_EVENTS = 300
_USUAL_NOTES = {"drums": 16, "bass": 8, "chords": 14, "pad": 8, "second": 8, "lead": 8}  # in a bar, chords and bar too
_MIN_WINDOW_BARS = 4
_FIELD_NUMBERS = {name: number for number, name in enumerate(("choice", *FIELDS))}
_NOTE_ID = FIELDS["kind"].id_of(Kind.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangedNote:
    """A new note: place in units of the grid from the beginning of its bar; drum pitches from 128 on."""

    bar: int
    slot: int
    position: int
    pitch: int
    duration_units: int
    velocity: int  # bin


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangedChord:
    """A chord in the bars that were written; ``NO_ROOT`` for none."""

    bar: int
    position: int
    root: int
    quality: int
    bass: int


@dataclass(frozen=True, slots=True)
class _Window:
    start_bar: int
    first_bar: int  # the first that is written
    stop_write: int
    stop_bar: int


@dataclass(slots=True)
class _Step:
    """The network at work on one window."""

    cache: ArrangerCache
    read_frames: Floats
    start_frames: Floats
    output: Tensor = field(default_factory=lambda: torch.zeros(0))

    def copy(self) -> _Step:
        """Return a step that goes its own way from here; tensors are never changed in place."""
        cache = self.cache
        own = ArrangerCache([*cache.self_keys], [*cache.self_values], cache.cross, cache.read)
        return _Step(own, self.read_frames, self.start_frames, self.output)


class PassageWriter:
    """Writes what a plan lacks; ``notes`` and ``chords`` are what has been written so far."""

    def __init__(
        self, model: Arranger, plan: ArrangementPlan, rules: PassageRules, *, sampling: Sampling, seed: int
    ) -> None:
        self.model = model
        self.plan = plan
        self.num_events = 0
        self._rules = rules
        self._sampling = sampling
        self._seed = seed
        self._draft = 0
        num_bars = plan.stop_bar - plan.start_bar
        self._num_drafts = count_drafts(sampling, num_bars=num_bars) if plan.task == "hole" else 1
        self._device = model.read_embedding.device
        self._bar_rows = _standing_rows(plan)
        self._written: list[tuple[int, tuple[int, ...]]] = []

    @property
    def notes(self) -> list[ArrangedNote]:
        """The new notes."""
        found: list[ArrangedNote] = []
        for bar, row in self._written:
            kind, values = read_event(row)
            if kind == Kind.NOTE:
                slot, position, pitch, duration, velocity = values
                found.append(
                    ArrangedNote(
                        bar=bar, slot=slot, position=position, pitch=pitch, duration_units=DURATIONS[duration],
                        velocity=velocity,
                    )
                )  # fmt: skip
        return found

    @property
    def chords(self) -> list[ArrangedChord]:
        """The chords of the bars that were written, the asked ones included."""
        found: list[ArrangedChord] = []
        for bar, row in self._written:
            kind, values = read_event(row)
            if kind == Kind.CHORD:
                position, root, quality, bass = values
                found.append(ArrangedChord(bar=bar, position=position, root=root, quality=quality, bass=bass))
        return found

    def write(self) -> Iterator[int]:
        """Write all bars, yielding the number of bars that stand after each."""
        bar = self.plan.start_bar
        while bar < self.plan.stop_bar:
            window = self._next_window(bar)
            yield from self._write_window(window)
            bar = window.stop_write

    def _next_window(self, bar: int) -> _Window:
        """Return the window whose first bar to be written is ``bar``."""
        plan = self.plan
        given = np.asarray([len(rows) for rows in self._bar_rows])
        if plan.task == "hole":
            stop = min(bar + HOLE_CHUNK_BARS, plan.stop_bar)
            start, end = bar, stop
            while end - start < WINDOW_BARS + HOLE_CHUNK_BARS:  # a bar on either side in turn, while there is room
                before = (start - 1,) if start > 0 else ()
                after = (end,) if stop == plan.stop_bar and end < len(given) else ()
                more = before if before and (bar - start <= end - stop or not after) else after
                if not more or given[start:end].sum() + given[more[0]] > _READ_EVENTS:
                    break
                start, end = min(start, more[0]), max(end, more[0] + 1)
            return _Window(start, bar, stop, end)
        per_bar = 2 + sum(_USUAL_NOTES[PART_ROLES[slot]] for slot in plan.targets)
        most = max(_WRITTEN_EVENTS // per_bar, 2)
        is_first = bar == plan.start_bar
        num_new = min(WINDOW_BARS if is_first else WINDOW_BARS // 2, most, plan.stop_bar - bar)
        start = max(bar - WINDOW_BARS // 2, 0)
        while bar > start and given[start : bar + num_new].sum() > _READ_EVENTS:
            start += 1
        while num_new > _MIN_WINDOW_BARS and given[start : bar + num_new].sum() > _READ_EVENTS:
            num_new -= 1
        return _Window(start, bar, bar + num_new, bar + num_new)

    def _passage(self, window: _Window) -> Passage:
        """Everything that stands, seen through a window."""
        numbers = np.arange(len(self._bar_rows))
        is_written = (numbers >= window.first_bar) & (numbers < self.plan.stop_bar)
        rows = np.asarray([row for bar in self._bar_rows for row in bar], dtype=np.int16).reshape(-1, EVENT_WIDTH)
        return Passage(
            task=self.plan.task, rows=rows, parts=self.plan.parts, targets=self.plan.targets, is_written=is_written,
            is_chord_given=is_written & np.isin(numbers, list(self.plan.chords)),
            start_bar=window.start_bar, stop_bar=window.stop_bar,
        )  # fmt: skip

    def _write_window(self, window: _Window) -> Iterator[int]:
        passage = self._passage(window)
        tracker = ArrangementTracker(passage)
        ids, frames = read_events(passage)
        times = self._tensor(frames)[None]
        read = self.model.read(self._tensor(ids)[None], times, None)
        step = _Step(self.model.start_cache(read, times), frames, passage.start_frames)
        tracker.bar = window.first_bar
        for row in header_rows(passage):
            self._take(row, tracker, step)
        for bar in range(window.first_bar, window.stop_write):
            tracker.start_bar(bar, rank_sources(self._passage(window), (bar,)))
            self._rules.start_bar(bar)
            self._take(self._bar_rows[bar][0], tracker, step)
            if self._num_drafts > 1:
                for row in self._best_draft(tracker, step):
                    self._add(row, tracker, step)
            else:
                self._write_bar(tracker, step)
            yield bar + 1 - self.plan.start_bar

    def _write_bar(self, tracker: ArrangementTracker, step: _Step) -> None:
        while self._write_event(tracker, step):
            pass

    def _best_draft(self, tracker: ArrangementTracker, step: _Step) -> list[tuple[int, ...]]:
        """Write drafts of the bar that has begun, take all back, and return the rows of the one to keep."""
        rows = self._bar_rows[tracker.bar]
        standing, num_events, num_written = [*rows], self.num_events, len(self._written)
        drafts: list[list[tuple[int, ...]]] = []
        for draft in range(self._num_drafts):
            self._draft = draft
            self._write_bar(tracker.copy(), step.copy())
            drafts.append([row for _, row in self._written[num_written:]])

            rows[:] = standing
            del self._written[num_written:]
            self.num_events = num_events
            self._rules.restart_bar()
        return drafts[choose_draft(drafts)]

    def _take(self, row: tuple[int, ...], tracker: ArrangementTracker, step: _Step) -> None:
        """Tell tracker and network of an event."""
        tracker.push(row)
        position = tracker.position if tracker.kind in (Kind.NOTE, Kind.CHORD) else 0
        frame = np.float32(step.start_frames[tracker.bar] + np.float32(position / 6))
        aligned = max(int(np.searchsorted(step.read_frames, frame + 1e-4, side="right")) - 1, 0)
        states = self.model.extend(
            self._tensor(np.asarray([[[*row, *tracker.context()]]])),
            self._tensor(np.asarray([[frame]])),
            self._tensor(np.asarray([[aligned]])),
            step.cache,
        )
        step.output = states[:, -1]

    def _write_event(self, tracker: ArrangementTracker, step: _Step) -> bool:
        """Choose the next event of the bar and take it in; False when the bar is over."""
        forced = self._forced_row(tracker)
        if forced is not None:
            self._add(forced, tracker, step)
            return True
        row = tracker.before_choice()
        logits = self.model.fields.choose(step.output, self._features(row))
        allowed = self._rules.choices(tracker, row)
        if tracker.kind == Kind.CHORD and tracker.position >= self._rules.chord_split():
            allowed[CHOICE_CHORD] = False
        logits = self._lean_on_match(logits, row, "choice", tracker)
        choice = self._draw("choice", logits, allowed, self._sampling.temperature_instruments)
        if choice == CHOICE_CHORD:
            self._write_chord(row, tracker, step)
        elif choice < NUM_SLOTS:
            self._write_note(row, choice, tracker, step)
        else:
            return False
        return True

    def _forced_row(self, tracker: ArrangementTracker) -> tuple[int, ...] | None:
        """The asked chord that comes next in this bar, if any."""
        if tracker.kind not in (Kind.BAR, Kind.CHORD):
            return None
        last = -1 if tracker.kind == Kind.BAR else tracker.position
        ahead = [each for each in self.plan.chords.get(tracker.bar, ()) if each.position > last]
        if not ahead or (tracker.kind == Kind.BAR and ahead[0].position > 0):
            return None  # a bar always begins with a chord; where none is asked the network chooses it
        return make_event(Kind.CHORD, ahead[0].position, ahead[0].root, ahead[0].quality, ahead[0].bass)

    def _write_chord(self, row: list[int], tracker: ArrangementTracker, step: _Step) -> None:
        temperature = self._sampling.temperature_notes
        position = 0 if tracker.kind == Kind.BAR else self._rules.chord_split()
        tracker.at_chord(row, position)
        features, at, fields = self._features(row), self._number(position), self.model.fields
        logits = fields.choose_root(step.output, features, at)
        root = self._draw("root", logits, self._rules.roots(), temperature)
        number = self._number(root)
        logits = fields.choose_quality(step.output, features, at, number)
        if self._rules.quality_leanings is not None:
            logits = logits + torch.as_tensor(self._rules.quality_leanings, device=self._device)
        quality = self._draw("quality", logits, self._rules.qualities(root), temperature)
        logits = fields.choose_bass(step.output, number, self._number(quality))
        bass = self._draw("bass", logits, self._rules.roots(), temperature)
        self._add(make_event(Kind.CHORD, position, root, quality, bass), tracker, step)

    def _write_note(self, row: list[int], slot: int, tracker: ArrangementTracker, step: _Step) -> None:
        sampling, rules, fields, output = self._sampling, self._rules, self.model.fields, step.output
        tracker.after_slot(row, slot)
        logits = self._less_repetition(fields.place(output, self._features(row)), row, "position")
        logits = self._lean_on_match(logits, row, "position", tracker)
        position = self._draw("position", logits, rules.positions(tracker, row, slot), sampling.temperature_rhythm)
        tracker.after_position(row, slot, position)
        features, at = self._features(row), self._number(position)
        logits = self._less_repetition(fields.tune(output, features, at), row, "pitch")
        logits = self._lean_on_match(logits, row, "pitch", tracker)
        pitch = self._draw("pitch", logits, rules.pitches(row, slot, position), sampling.temperature_notes)
        tone = self._number(pitch)
        logits = fields.hold(output, features, at, tone)
        duration = self._draw("duration", logits, rules.durations(position), sampling.temperature_rhythm)
        logits = fields.strike(output, features, at, tone, self._number(duration))
        every = np.ones(FIELDS["velocity"].size, dtype=np.bool_)
        velocity = self._draw("velocity", logits, every, sampling.temperature_rhythm)
        is_same_onset = tracker.kind == Kind.NOTE and (tracker.slot, tracker.position) == (slot, position)
        self._add(make_event(Kind.NOTE, slot, position, pitch, duration, velocity), tracker, step)
        rules.follow(slot, is_same_onset=is_same_onset)

    def _add(self, row: tuple[int, ...], tracker: ArrangementTracker, step: _Step) -> None:
        """Take in an event that was chosen or forced, and keep it."""
        self._take(row, tracker, step)
        self.num_events += 1
        rows = self._bar_rows[tracker.bar]
        if row not in rows:  # asked chords stand there already
            insort(rows, row, key=_order)
        self._written.append((tracker.bar, row))

    def _less_repetition(self, logits: Tensor, row: list[int], name: str) -> Tensor:
        """Make values that the same part has there in the laid-out bars less likely, when asked."""
        if self._sampling.repetition == 1.0:
            return logits
        values = {value for value in row[COLUMNS[f"{name}_back"]] if value < logits.shape[1]}
        changed = logits.clone()
        changed[0, sorted(values)] -= math.log(self._sampling.repetition)
        return changed

    def _lean_on_match(self, logits: Tensor, row: list[int], name: str, tracker: ArrangementTracker) -> Tensor:
        """In a hole, make what the best matching bar has there likelier, the more so the better it fits.

        Not with repetition control, which asks for the opposite.
        """
        if self.plan.task != "hole" or self._sampling.repetition != 1.0:
            return logits
        value, fit = row[COLUMNS[f"{name}_back"]][BEST_MATCH], tracker.fits[BEST_MATCH]
        if value >= logits.shape[1] or fit > BEST_FIT:
            return logits
        changed = logits.clone()
        changed[0, value] += MATCH_LEAN * fit / BEST_FIT
        return changed

    def _features(self, row: list[int]) -> dict[str, Tensor]:
        return name_features(torch.tensor([row], device=self._device))

    def _number(self, value: int) -> Tensor:
        return torch.tensor([value], device=self._device)

    def _tensor(self, values: npt.NDArray[np.generic]) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), device=self._device)

    def _draw(self, name: str, logits: Tensor, allowed: Flags, temperature: float) -> int:
        scores: npt.NDArray[np.float64] = logits[0].double().cpu().numpy()
        return choose(
            scores,
            allowed,
            temperature=temperature,
            top_k=self._sampling.top_k,
            top_p=self._sampling.top_p,
            min_p=self._sampling.min_p,
            random=uniform(
                self._seed, event=self.num_events, field=_FIELD_NUMBERS[name] + len(_FIELD_NUMBERS) * self._draft
            ),
        )


def _standing_rows(plan: ArrangementPlan) -> list[list[tuple[int, ...]]]:
    """Return the rows of each bar: in bars to be written without chords (but those asked for) and target parts."""
    bars: list[list[tuple[int, ...]]] = []
    for row in plan.rows.tolist():
        event = tuple(row)
        kind, values = read_event(event)
        if kind == Kind.BAR:
            bars.append([event])
            continue
        is_open = plan.start_bar <= len(bars) - 1 < plan.stop_bar
        if not (is_open and (kind == Kind.CHORD or values[0] in plan.targets)):
            bars[-1].append(event)
    for bar, chords in plan.chords.items():
        if plan.start_bar <= bar < plan.stop_bar:
            for each in chords:
                insort(bars[bar], make_event(Kind.CHORD, each.position, each.root, each.quality, each.bass), key=_order)
    return bars


def _order(row: tuple[int, ...]) -> tuple[int, ...]:
    """The order of rows in a bar: the bar, its chords, its notes by part, place and pitch."""
    return row[:4] if row[0] == _NOTE_ID else row[:2]
