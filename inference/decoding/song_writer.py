"""Writes a song event by event: header, given bars, new bars. It knows lane, tracker, rules and sampling, no files.

Each event goes through the stages of the field decoder; every stage gets a mask from ``SongRules`` and a random number
of its own (seed, event, field). All state of a song lives in one ``SongWriter`` and its lane; wherever the song waits for
the network it yields ``None``, so that many songs can take their steps together.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np

from inference.decoding.arrangement import Turn
from inference.decoding.leaning import fold, hand_over, lean_off_beat, lean_to_density, pull_home
from inference.decoding.usual_density import NOTES_PER_QUARTER
from inference.engines.base import FieldDecoder, Lane, Logits
from inference.masking import Flags, SongRules
from inference.protocol import Progress, Sampling
from inference.sampling import choose, uniform
from music.piece import DRUM_PROGRAM
from music.roles import PART_ROLES
from music.tokenizers.event import place_of_bar
from music.tokenizers.tracker import (
    CHOICE_BAR,
    CHOICE_CHORD,
    CHOICE_END,
    CHOICE_TRACK,
    COLUMNS,
    FIRST_COLUMN,
    NUM_CHOICES,
    EventTracker,
)
from music.vocabulary import (
    CHORD_QUALITIES,
    DURATIONS,
    FIELDS,
    NO_ROOT,
    NUM_PHASES,
    PLACE_EDGE,
    ROLES,
    UNITS_PER_QUARTER,
    Kind,
    make_event,
)

_FIELD_NUMBERS = {name: number for number, name in enumerate(("choice", *FIELDS))}
_PAST_BAR_FIELD = len(_FIELD_NUMBERS)
_COMMON_BAR_UNITS = 96  # a bar of 4/4, five of six bars in training
_EVENTS_PER_PROGRESS = 24
_MIN_FREE_TRACKS = 3
_NO_QUALITY = CHORD_QUALITIES.index("none")

Waiting = Generator[None]
"""A piece of work that yields ``None`` whenever an event lies in the lane and the network must take it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongPlan:
    """What is settled before the first event. ``None`` lets the network choose."""

    job_id: str
    seed: int
    sampling: Sampling
    num_bars: int
    metre: int | None = None
    tempo: int | None = None
    controls: tuple[int | None, ...] = (None, None, None, None)
    densities: tuple[int | None, ...] = ()  # wished for each new bar in place of the song's; empty: for none
    firm_densities: tuple[int | None, ...] = ()  # those of them that are leaned to note by note; empty: for none
    syncopations: tuple[float, ...] = ()  # for each new bar: above 0 off the beat, below 0 on it; empty: as it comes
    max_tracks: int = len(PART_ROLES)  # tones only; where the network chooses its tracks
    home: tuple[int, ...] = ()  # pitch classes of the song's key; empty: it has none to be pulled to
    turns: tuple[Turn, ...] = ()  # empty: the network chooses its tracks
    are_turns_asked: bool = False  # somebody named these instruments, so they rest less
    excluded: tuple[int, ...] = ()
    given_parts: tuple[tuple[int, int, int], ...] = ()  # slot, role, program of the parts of the given bars
    given_rows: tuple[tuple[int, ...], ...] = ()  # events of the given bars, places counted to the end of the whole
    num_given_bars: int = 0


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """A new note; time in grid units from the first new bar."""

    slot: int
    program: int
    onset_units: int
    pitch: int  # as in the vocabulary: drums from 128 on
    duration_units: int
    velocity: int  # bin


@dataclass(slots=True)
class WrittenSong:
    """What came out: ``chords`` are (units, root, quality, bass)."""

    metre: int = 0
    tempo: int = 0
    notes: list[WrittenNote] = field(default_factory=list[WrittenNote])
    chords: list[tuple[int, int, int, int]] = field(default_factory=list[tuple[int, int, int, int]])
    num_events: int = 0


def place_in_song(bar: int, total_bars: int, *, num_new_bars: int) -> int:
    """Return the field ``place`` of a bar: only the last quarter of the new bars is told that the end is near.

    Real songs wind down over eight bars; eight new bars that do nothing else would be a poor continuation.
    """
    num_ending_bars = min(max(num_new_bars // 4, 1), PLACE_EDGE)
    if total_bars - bar <= num_ending_bars:
        return place_of_bar(bar, total_bars)
    return place_of_bar(bar, total_bars + PLACE_EDGE)


class SongWriter:
    """One song being written."""

    def __init__(self, lane: Lane, fields: FieldDecoder, plan: SongPlan, rules: SongRules) -> None:
        self._lane = lane
        self._fields = fields
        self._plan = plan
        self._rules = rules
        self._tracker = EventTracker()
        self._event = 0  # number of the event being chosen; the key of its random numbers
        self._start_units = 0
        self._last_onsets: dict[int, int] = {}  # by slot, in units from the first new bar
        self._pull = pull_home(plan.home, plan.sampling.key_pull)
        self.song = WrittenSong()

    def write(self) -> Iterator[Progress | None]:
        """Write all new bars; yields often, ``None`` when an event waits in the lane. Afterwards ``song`` is complete."""
        yield from self._read_header_and_given()
        self._rules.turns = self._plan.turns or (yield from self._choose_tracks())
        self._rules.are_turns_asked = self._plan.are_turns_asked
        for bar in range(self._plan.num_bars):
            yield from self._start_bar(bar)
            while (yield from self._write_event()):
                if self._event % _EVENTS_PER_PROGRESS == 0:
                    yield self._progress(bar)
            self._start_units += self._tracker.bar_units
            yield self._progress(bar + 1)
        self.song.num_events = self._event

    def _progress(self, num_done: int, *, stage: str = "writing") -> Progress:
        return Progress(job_id=self._plan.job_id, stage=stage, num_done=num_done, num_total=self._plan.num_bars)

    def _read_header_and_given(self) -> Iterator[Progress]:
        plan = self._plan
        parts = {slot: (slot, role, program) for slot, role, program in plan.given_parts}
        for turn in plan.turns:
            if turn.start_bar == 0:
                parts.setdefault(turn.slot, (turn.slot, ROLES.index(PART_ROLES[turn.slot]), turn.program))
        rows = [make_event(Kind.CONTROL, *plan.controls)]
        rows += [make_event(Kind.TRACK, *parts[slot]) for slot in sorted(parts)]
        rows += plan.given_rows
        inputs = [self._push(row) for row in rows]
        for _ in self._lane.read(inputs):
            yield self._progress(0, stage="reading")

    def _push(self, row: tuple[int, ...]) -> list[int]:
        """Tell the tracker of an event and return the network's input."""
        self._tracker.push(row)
        return [*row, *self._tracker.context()]

    def _take(self, row: tuple[int, ...]) -> Waiting:
        self._lane.push(self._push(row))
        yield None
        self._event += 1

    def _choose_tracks(self) -> Generator[None, None, tuple[Turn, ...]]:
        """Let the network name the tracks of a new song, at least a few, each in the slot of its role."""
        turns: list[Turn] = []
        last_slot = -1
        while last_slot + 1 < len(PART_ROLES) and self._has_room(turns):
            allowed = np.zeros(NUM_CHOICES, dtype=np.bool_)
            allowed[CHOICE_TRACK] = True
            allowed[CHOICE_BAR] = len(turns) >= min(_MIN_FREE_TRACKS, self._plan.max_tracks)
            logits = self._fields.choose(self._lane.output, self._tracker.before_choice())
            if self._draw("choice", logits, allowed, self._plan.sampling.temperature_instruments) == CHOICE_BAR:
                break
            slots = np.arange(FIELDS["slot"].size)
            allowed_slots = (slots > last_slot) & (slots < len(PART_ROLES))
            is_enough = len(PART_ROLES) - np.arange(FIELDS["slot"].size) + len(turns) >= _MIN_FREE_TRACKS
            allowed_slots &= is_enough & ~((slots == 0) & (DRUM_PROGRAM in self._plan.excluded))
            temperature = self._plan.sampling.temperature_instruments
            if not allowed_slots.any():
                break
            slot = self._draw(
                "slot",
                self._fields.choose_slot(self._lane.output, self._tracker.before_choice()),
                allowed_slots,
                temperature,
            )
            last_slot = slot
            role = ROLES.index(PART_ROLES[slot])
            program = self._choose_program(slot, role, temperature)
            if program is not None:
                turns.append(Turn(slot=slot, program=program, start_bar=0, stop_bar=self._plan.num_bars))
                yield from self._take(make_event(Kind.TRACK, slot, role, program))
        return tuple(turns)

    def _has_room(self, turns: list[Turn]) -> bool:
        return sum(turn.program != DRUM_PROGRAM for turn in turns) < self._plan.max_tracks

    def _choose_program(self, slot: int, role: int, temperature: float) -> int | None:
        programs = np.arange(FIELDS["program"].size)
        allowed = (programs == DRUM_PROGRAM) if PART_ROLES[slot] == "drums" else (programs != DRUM_PROGRAM)
        allowed = allowed & ~np.isin(programs, self._plan.excluded)
        if not allowed.any():
            return None
        logits = self._fields.choose_program(self._lane.output, self._tracker.before_choice(), role)
        return self._draw("program", logits, allowed, temperature)

    def _start_bar(self, bar: int) -> Waiting:
        plan, song = self._plan, self.song
        for turn in self._rules.turns:  # an instrument that takes over a slot
            if turn.start_bar == bar and self._tracker.programs.get(turn.slot) != turn.program:
                yield from self._take(
                    make_event(Kind.TRACK, turn.slot, ROLES.index(PART_ROLES[turn.slot]), turn.program)
                )
        if bar == 0:
            every_metre = np.ones(FIELDS["metre"].size, dtype=np.bool_)
            every_tempo = np.ones(FIELDS["tempo"].size, dtype=np.bool_)
            output, temperature = self._lane.output, plan.sampling.temperature_instruments
            row = self._tracker.before_choice()
            song.metre = (
                plan.metre
                if plan.metre is not None
                else self._draw("metre", self._fields.choose_metre(output, row), every_metre, temperature)
            )
            tempo_logits = self._fields.choose_tempo(output, row, song.metre)
            song.tempo = (
                plan.tempo if plan.tempo is not None else self._draw("tempo", tempo_logits, every_tempo, temperature)
            )
        number = plan.num_given_bars + bar
        place = place_in_song(number, plan.num_given_bars + plan.num_bars, num_new_bars=plan.num_bars)
        self._rules.start_bar(bar, metre=song.metre)
        if plan.densities:
            self._tracker.wish_density(plan.densities[bar])
        yield from self._take(make_event(Kind.BAR, song.metre, song.tempo, place, number % NUM_PHASES))

    def _write_event(self) -> Generator[None, None, bool]:
        """Choose the next event of the bar and take it in; False when the bar is over."""
        row = self._tracker.before_choice()
        logits = self._fields.choose(self._lane.output, row)
        # Which way a bar ends is ruled; whether it ends is the network's choice, so the one way has the share of both.
        over = np.logaddexp(logits[CHOICE_BAR], logits[CHOICE_END])
        logits[[CHOICE_BAR, CHOICE_END]] = -math.inf
        logits[self._rules.end_choice] = over
        if self._plan.firm_densities:
            logits = logits + self._towards_density()
        following = self._rules.choices(self._tracker, row)
        logits = hand_over(logits, following.allowed, following.heirs)
        choice = self._draw("choice", logits, following.allowed, self._plan.sampling.temperature_instruments)
        if choice == CHOICE_CHORD:
            yield from self._write_chord(row)
        elif choice < len(PART_ROLES):
            yield from self._write_note(row, choice)
        else:
            return False
        return True

    def _write_note(self, row: list[int], slot: int) -> Waiting:
        tracker, rules, sampling, output = self._tracker, self._rules, self._plan.sampling, self._lane.output
        tracker.after_slot(row, slot)
        rhythm = sampling.temperature_rhythm
        row[FIRST_COLUMN["bar_units"]] = max(tracker.bar_units, _COMMON_BAR_UNITS)
        logits = self._less_repetition(self._fields.place(output, row), row, "position")
        if self._plan.syncopations:
            logits = logits + self._off_beat(slot)
        if tracker.kind == Kind.NOTE and tracker.slot == slot and self._lies_past_bar(logits):
            rules.close(slot)
            return
        position = self._draw("position", logits, rules.positions(tracker, row, slot), rhythm)
        tracker.after_position(row, slot, position)
        logits = self._less_repetition(self._fields.tune(output, row, position), row, "pitch") - self._pull
        logits = fold(logits, rules.folds(tracker.programs[slot]))
        pitch = self._draw("pitch", logits, rules.pitches(row), sampling.temperature_notes)
        logits = self._fields.hold(output, row, position, pitch)
        duration = self._draw("duration", logits, rules.durations(tracker, position, slot=slot), rhythm)
        logits = self._fields.strike(output, row, position, pitch, duration)
        every = np.ones(FIELDS["velocity"].size, dtype=np.bool_)
        velocity = self._draw("velocity", logits, every, rhythm)

        is_same_onset = tracker.kind == Kind.NOTE and (tracker.slot, tracker.position) == (slot, position)
        yield from self._take(make_event(Kind.NOTE, slot, position, pitch, duration, velocity))
        rules.follow(tracker, duration_units=DURATIONS[duration], is_same_onset=is_same_onset)
        onset = self._start_units + position
        self._last_onsets[slot] = onset
        program = tracker.programs[slot]
        self.song.notes.append(WrittenNote(slot, program, onset, pitch, DURATIONS[duration], velocity))

    def _towards_density(self) -> Logits:
        """What the wish for this bar adds to who plays next."""
        density = self._plan.firm_densities[self._rules.bar]
        if density is None:
            return np.zeros(NUM_CHOICES)
        num_quarters = self._tracker.bar_units / UNITS_PER_QUARTER
        return lean_to_density(
            self._rules.count_notes(), notes_in_bar=NOTES_PER_QUARTER[density] * num_quarters, num_choices=NUM_CHOICES
        )

    def _off_beat(self, slot: int) -> Logits:
        """What the wish for this bar adds to the positions of a part's next note."""
        last = self._last_onsets.get(slot)
        return lean_off_beat(
            self.song.metre,
            last_onset=None if last is None else last - self._start_units,
            strength=self._plan.syncopations[self._rules.bar],
        )

    def _lies_past_bar(self, logits: Logits) -> bool:
        """Draw whether the network would place the note after the bar line, as if the bar were as long as most are.

        It has seen few short bars: told that a part goes on, it would crowd what is left of the bar with the notes of
        its other half. Such a note means that the part is done with this bar.
        """
        shares = np.exp(logits - logits.max())
        past = shares[self._tracker.bar_units :].sum() / shares.sum()
        return uniform(self._plan.seed, event=self._event, field=_PAST_BAR_FIELD) < past

    def _write_chord(self, row: list[int]) -> Waiting:
        temperature, output, fields = self._plan.sampling.temperature_notes, self._lane.output, self._fields
        position = self._rules.chord_position(self._tracker)
        self._tracker.at_chord(row, position)
        root = self._draw("root", fields.choose_root(output, row, position), self._rules.roots(), temperature)
        qualities = np.arange(FIELDS["quality"].size)
        allowed = (qualities == _NO_QUALITY) == (root == NO_ROOT)
        quality = self._draw("quality", fields.choose_quality(output, row, position, root), allowed, temperature)
        bass = self._draw("bass", fields.choose_bass(output, root, quality), self._rules.roots(), temperature)
        yield from self._take(make_event(Kind.CHORD, position, root, quality, bass))
        self.song.chords.append((self._start_units + position, root, quality, bass))

    def _less_repetition(self, logits: Logits, row: list[int], name: str) -> Logits:
        """Make values that the same part had there in earlier bars less likely, when asked."""
        if self._plan.sampling.repetition != 1.0:
            values = {value for value in row[COLUMNS[f"{name}_back"]] if value < len(logits)}
            logits[sorted(values)] -= math.log(self._plan.sampling.repetition)
        return logits

    def _draw(self, name: str, logits: Logits, allowed: Flags, temperature: float) -> int:
        sampling = self._plan.sampling
        return choose(
            logits,
            allowed,
            temperature=temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            random=uniform(self._plan.seed, event=self._event, field=_FIELD_NUMBERS[name]),
        )
