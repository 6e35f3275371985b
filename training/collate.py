"""Random excerpts of a corpus as lanes of short segments. It knows no network and no loss.

An excerpt is a header (controls and the tracks that play in it) and some bars in a row; END only where the song ends.
A lane holds one excerpt after another; a segment cuts all lanes at the same length, and memory carries each lane from
segment to segment. Excerpt number n depends on (seed, n) alone, so a run resumes by its counter.

Legend: B lanes, T segment length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from music.tokenizers.features import extract_features
from music.tokenizers.tracker import INPUT_WIDTH, NUM_COLUMNS, Features, Rows
from music.vocabulary import (
    DENSITY_LIMITS,
    DRUM_PITCH,
    EVENT_WIDTH,
    FIELDS,
    GENRES,
    METRE_UNITS,
    NO_ROOT,
    PAD_ID,
    UNITS_PER_QUARTER,
    Kind,
    make_event,
)
from training.corpus import Corpus, PieceEntry

_KINDS = {kind: FIELDS["kind"].id_of(kind) for kind in Kind}
_TRANSPOSITIONS = np.arange(-5, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcerptConfig:
    """How excerpts are drawn. Shares are of excerpts; a control that is dropped is "not given"."""

    min_bars: int = 8
    max_bars: int = 48
    start_share: float = 0.25
    end_share: float = 0.15
    drop_share: float = 0.35
    drop_all_share: float = 0.1
    transpose: bool = True
    drop_parts_share: float = 0.2  # of excerpts lose some of their parts, so that any choice of instruments is known
    tempo_share: float = 0.3  # of excerpts are played a little faster or slower
    max_tempo_bins: int = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs (B, T, ``INPUT_WIDTH``), the event after each (B, T, ``EVENT_WIDTH``; ``PAD_ID``: none), what was known
    before it (B, T, ``NUM_COLUMNS``), and the excerpt of each place (B, T).
    """

    inputs: Rows
    targets: Rows
    features: Features
    sequence: npt.NDArray[np.int64]


class ExcerptSource:
    """Draws excerpts from one split."""

    def __init__(self, corpus: Corpus, *, split: str, seed: int, config: ExcerptConfig | None = None) -> None:
        self.corpus = corpus
        self.config = config or ExcerptConfig()
        self.seed = seed
        self.pieces = corpus.of_split(split)
        weights = np.asarray(
            [(each.stop_row - each.start_row) * corpus.weights.get(each.data_set, 1.0) for each in self.pieces]
        )
        self._cumulated = np.cumsum(weights / weights.sum())

    def excerpt(self, number: int) -> Rows:
        """Return excerpt ``number``: header, bars, and END if the song ends there."""
        rng = np.random.default_rng((self.seed, number))
        index = int(np.searchsorted(self._cumulated, rng.random(), side="right"))
        piece = self.pieces[min(index, len(self.pieces) - 1)]
        config = self.config
        low, high = np.log(min(config.min_bars, piece.num_bars)), np.log(min(config.max_bars, piece.num_bars))
        num_bars = max(int(np.exp(rng.uniform(low, high))), 1)
        last = piece.num_bars - num_bars
        where = rng.random()
        start = (
            0 if where < config.start_share else last if where > 1 - config.end_share else int(rng.integers(last + 1))
        )
        body = cut_bars(self.corpus.rows[piece.start_row : piece.stop_row], start_bar=start, stop_bar=start + num_bars)
        shift = int(rng.choice(_TRANSPOSITIONS)) if config.transpose else 0
        body, shift = transpose_rows(body, shift)
        if rng.random() < config.drop_parts_share:
            body = drop_parts(body, rng)
        if rng.random() < config.tempo_share:
            body = shift_tempo(body, int(rng.integers(-config.max_tempo_bins, config.max_tempo_bins + 1)))
        controls = self._controls(rng, piece, body, shift)
        return assemble_excerpt(piece, body, controls, is_end=start + num_bars == piece.num_bars)

    def _controls(self, rng: np.random.Generator, piece: PieceEntry, body: Rows, shift: int) -> tuple[int | None, ...]:
        genres = [GENRES.index(name) for name in piece.genres]
        rng.shuffle(genres)
        given: list[int | None] = [
            genres[0] if genres else None,
            genres[1] if len(genres) > 1 else None,
            piece.key // 12 * 12 + (piece.key % 12 + shift) % 12,
            density_class(body),
        ]
        is_bare = rng.random() < self.config.drop_all_share
        dropped = rng.random(len(given)) < self.config.drop_share
        return tuple(None if is_bare or drop else value for value, drop in zip(given, dropped.tolist(), strict=True))


def cut_bars(rows: Rows, *, start_bar: int, stop_bar: int) -> Rows:
    """Return the rows of bars ``start_bar`` up to ``stop_bar`` of a piece without header."""
    bars = np.flatnonzero(rows[:, 0] == _KINDS[Kind.BAR])
    stop = bars[stop_bar] if stop_bar < len(bars) else len(rows)
    return np.array(rows[bars[start_bar] : stop])


def transpose_rows(rows: Rows, semitones: int) -> tuple[Rows, int]:
    """Move tones and chords, never drums; nothing moves (and 0 is returned) if a tone would leave 0..127."""
    if semitones == 0:
        return rows, 0
    moved = rows.copy()
    pitch = moved[:, 3] - FIELDS["pitch"].offset
    is_tone = (moved[:, 0] == _KINDS[Kind.NOTE]) & (pitch < DRUM_PITCH)
    target = pitch[is_tone] + semitones
    if len(target) and (target.min() < 0 or target.max() >= DRUM_PITCH):
        return rows, 0
    moved[is_tone, 3] += semitones
    is_chord = moved[:, 0] == _KINDS[Kind.CHORD]
    for column, name in ((2, "root"), (4, "bass")):
        value = moved[is_chord, column] - FIELDS[name].offset
        moved[is_chord, column] = FIELDS[name].offset + np.where(value == NO_ROOT, value, (value + semitones) % 12)
    return moved, semitones


def drop_parts(rows: Rows, rng: np.random.Generator) -> Rows:
    """Leave out the notes of some parts, never of all; chords stay, because they are those of the whole music."""
    is_note = rows[:, 0] == _KINDS[Kind.NOTE]
    slots = np.unique(rows[is_note, 1])
    if len(slots) < 2:
        return rows
    kept = rng.choice(slots, size=int(rng.integers(1, len(slots))), replace=False)
    return rows[~is_note | np.isin(rows[:, 1], kept)]


def shift_tempo(rows: Rows, num_bins: int) -> Rows:
    """Play bars faster or slower by bins of the vocabulary, within its range."""
    tempo, moved = FIELDS["tempo"], rows.copy()
    is_bar = rows[:, 0] == _KINDS[Kind.BAR]
    moved[is_bar, 2] = np.clip(rows[is_bar, 2] + num_bins, tempo.offset, tempo.offset + tempo.size - 1)
    return moved


def density_class(rows: Rows) -> int:
    """Return the density class of rows without header: notes per quarter note over all bars."""
    metre = rows[rows[:, 0] == _KINDS[Kind.BAR], 1] - FIELDS["metre"].offset
    quarters = float(np.asarray(METRE_UNITS)[metre].sum()) / UNITS_PER_QUARTER
    notes = int((rows[:, 0] == _KINDS[Kind.NOTE]).sum())
    return int(np.searchsorted(DENSITY_LIMITS, notes / max(quarters, 1e-9), side="right"))


def assemble_excerpt(piece: PieceEntry, body: Rows, controls: tuple[int | None, ...], *, is_end: bool) -> Rows:
    """Put the header of the tracks that play before a body, and END after it where the song ends."""
    playing = set((body[body[:, 0] == _KINDS[Kind.NOTE], 1] - FIELDS["slot"].offset).tolist())
    header = [make_event(Kind.CONTROL, *controls)]
    header += [make_event(Kind.TRACK, *part) for part in piece.parts if part[0] in playing]
    tail = [make_event(Kind.END)] if is_end else []
    parts = [np.asarray(header, dtype=np.int16), body, np.asarray(tail, dtype=np.int16).reshape(-1, EVENT_WIDTH)]
    return np.concatenate(parts)


class LaneBatcher:
    """Endless segments of ``num_lanes`` lanes; ``counter`` is the next excerpt's number, all there is to resume."""

    def __init__(self, source: ExcerptSource, *, num_lanes: int, segment_length: int, counter: int = 0) -> None:
        self.source = source
        self.segment_length = segment_length
        self.counter = counter
        self._lanes = [_Lane() for _ in range(num_lanes)]

    def next_batch(self) -> Batch:
        """Return the next segment of all lanes."""
        parts = [self._fill(lane) for lane in self._lanes]
        return Batch(*(np.stack(arrays) for arrays in zip(*parts, strict=True)))

    def _fill(self, lane: _Lane) -> tuple[Rows, Rows, Features, npt.NDArray[np.int64]]:
        length = self.segment_length
        inputs = np.zeros((length, INPUT_WIDTH), dtype=np.int16)
        targets = np.zeros((length, EVENT_WIDTH), dtype=np.int16)
        features = np.zeros((length, NUM_COLUMNS), dtype=np.int32)
        sequence = np.full(length, -1, dtype=np.int64)
        filled = 0
        while filled < length:
            if lane.place + 1 >= len(lane.inputs):
                rows = self.source.excerpt(self.counter)
                lane.load(rows, self.counter)
                self.counter += 1
            take = min(length - filled, len(lane.inputs) - 1 - lane.place)
            here, there = slice(filled, filled + take), slice(lane.place, lane.place + take)
            after = slice(lane.place + 1, lane.place + take + 1)
            inputs[here], targets[here], features[here] = lane.inputs[there], lane.rows[after], lane.features[after]
            sequence[here] = lane.number
            lane.place += take
            filled += take
        return inputs, targets, features, sequence


class _Lane:
    """One lane's excerpt and how far it has been read."""

    def __init__(self) -> None:
        self.inputs: Rows = np.zeros((0, INPUT_WIDTH), dtype=np.int16)
        self.rows: Rows = np.zeros((0, EVENT_WIDTH), dtype=np.int16)
        self.features: Features = np.zeros((0, NUM_COLUMNS), dtype=np.int32)
        self.number = -1
        self.place = 0

    def load(self, rows: Rows, number: int) -> None:
        self.inputs, self.features = extract_features(rows)
        self.rows = rows
        self.number = number
        self.place = 0


assert PAD_ID == 0, "padding relies on zeros"
