"""Random passages of a corpus for the harmonizer's event tasks. It knows no network.

Each task draws from the data sets that teach it (``SET_SHARES``), in windows that fit a budget of events, transposed by
-5 to +6 semitones (never drums). Holes: several in one window, for one part, with up to ten further bars on each side as
patterns. Whole parts: the first bars of the window may stand already, as in decoding, with bars before them as patterns.
Passage number n depends on (seed, n) alone.

Legend: B bars of a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from music.roles import PART_ROLES
from music.tokenizers.arrangement import PartName, Passage, Rows
from music.vocabulary import FIELDS, Kind
from training.collate import cut_bars, transpose_rows
from training.corpus import Corpus, PieceEntry

SET_SHARES: dict[str, dict[str, float]] = {
    "hole": {
        "pop909": 0.5, "lakh_subset": 0.3, "openscore_lieder": 0.1, "open_game_music": 0.05,
        "openscore_quartets": 0.03, "openewld": 0.02,
    },
    "track": {"lakh_subset": 0.7, "pop909": 0.15, "open_game_music": 0.1, "openscore_quartets": 0.05},
    "piano": {"pop909": 0.55, "openscore_lieder": 0.45},
    "band": {"lakh_subset": 0.9, "open_game_music": 0.1},
    "melody": {"pop909": 0.35, "lakh_subset": 0.3, "openewld": 0.25, "openscore_lieder": 0.1},
}  # fmt: skip
LEAD, DRUMS = PART_ROLES.index("lead"), PART_ROLES.index("drums")
WINDOW_BARS = 16
MAX_HOLE_BARS = 4
_HOLE_LENGTHS = (0.65, 0.2, 0.05, 0.1)  # shares of 1 .. 4 bars
_HOLE_SHARE = 0.27  # of a window's bars
_PATTERN_BARS = {"hole": 10, "track": 24, "piano": 24, "band": 24, "melody": 24}
_DROP_SHARE = 0.25  # of the given parts
_FRESH_SHARE = 0.35  # of the windows in which nothing stands yet
_CHORDS_SHARE = {"hole": 0.15, "track": 0.25, "piano": 0.25, "band": 0.25, "melody": 1.0}
_TRANSPOSITIONS = np.arange(-5, 7)
_PIANO_PROGRAMS = range(8)
_NOTE_ID, _BAR_ID = FIELDS["kind"].id_of(Kind.NOTE), FIELDS["kind"].id_of(Kind.BAR)
_MAX_TRIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBudget:
    """How many events a window may hold: all of them, and those to be written."""

    num_events: int = 340
    num_written: int = 300


class PassageSource:
    """Draws passages of one split."""

    def __init__(self, corpus: Corpus, *, split: str, seed: int, budget: WindowBudget | None = None) -> None:
        self.corpus = corpus
        self.seed = seed
        self.budget = budget or WindowBudget()
        self.is_transposing = split == "train"
        self._pieces: dict[str, list[PieceEntry]] = {}
        for piece in corpus.of_split(split):
            self._pieces.setdefault(piece.data_set, []).append(piece)
        self._edges = {
            name: np.cumsum([piece.num_bars for piece in pieces], dtype=np.float64)
            for name, pieces in self._pieces.items()
        }

    def passage(self, task: str, number: int) -> Passage:
        """Return passage ``number`` of a task.

        Raises:
            ValueError: if the split has no piece for the task.
        """
        rng = np.random.default_rng((self.seed, number))
        for _ in range(_MAX_TRIES):
            found = self._try(task, rng)
            if found is not None:
                return found
        raise ValueError(f"no piece of the split suits the task {task}")

    def _try(self, task: str, rng: np.random.Generator) -> Passage | None:
        shares = {name: share for name, share in SET_SHARES[task].items() if name in self._pieces}
        if not shares:
            return None
        weights = np.asarray(list(shares.values()))
        data_set = str(rng.choice(list(shares), p=weights / weights.sum()))
        edges = self._edges[data_set]
        piece = self._pieces[data_set][int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]
        roles = choose_parts(piece, task, rng)
        if roles is None:
            return None
        given, targets = roles
        rows = self.corpus.rows[piece.start_row : piece.stop_row]
        parts = tuple(part for part in piece.parts if part[0] in (*given, *targets))
        passage = _cut_passage(rows, piece, task, (parts, targets), rng, self.budget)
        if passage is None:
            return None
        shift = int(rng.choice(_TRANSPOSITIONS)) if self.is_transposing else 0
        moved, _ = transpose_rows(passage.rows, shift)
        return Passage(
            task=task, rows=moved, parts=parts, targets=targets, is_written=passage.is_written,
            is_chord_given=passage.is_chord_given, start_bar=passage.start_bar, stop_bar=passage.stop_bar,
        )  # fmt: skip


def choose_parts(
    piece: PieceEntry, task: str, rng: np.random.Generator
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the slots of given and of target parts for a task; None if the piece does not suit it."""
    slots = [slot for slot, _, _ in piece.parts]
    others = [slot for slot in slots if slot != LEAD]
    targets: list[int]
    if task == "melody":
        if LEAD not in slots:
            return None
        given = [] if rng.random() < 0.6 else [slot for slot in others if rng.random() < 0.5]
        return tuple(given), (LEAD,)
    if task in ("piano", "band"):
        if LEAD not in slots:
            return None
        targets = others
        if task == "piano":
            targets = [slot for slot, _, program in piece.parts if slot != LEAD and program in _PIANO_PROGRAMS]
            if piece.data_set == "pop909":  # its third track is a second melody, not part of the piano
                targets = [slot for slot in targets if PART_ROLES[slot] in ("chords", "pad")][:1]
        return ((LEAD,), tuple(targets)) if targets else None
    if len(slots) < 2:
        return None
    targets = [slots[int(rng.integers(len(slots)))]]
    rest = [slot for slot in slots if slot not in targets]
    kept = rest if task == "hole" else [slot for slot in rest if rng.random() >= _DROP_SHARE]
    return tuple(kept or rest), tuple(targets)


def _cut_passage(
    rows: Rows,
    piece: PieceEntry,
    task: str,
    split: tuple[tuple[PartName, ...], tuple[int, ...]],
    rng: np.random.Generator,
    budget: WindowBudget,
) -> Passage | None:
    parts, targets = split
    slot = np.where(rows[:, 0] == _NOTE_ID, rows[:, 1] - FIELDS["slot"].offset, -1)
    bar = np.cumsum(rows[:, 0] == _BAR_ID) - 1
    is_kept = (slot < 0) | np.isin(slot, [part[0] for part in parts])
    is_target = np.isin(slot, targets)
    per_bar = np.bincount(bar[is_kept], minlength=piece.num_bars)
    written_per_bar = np.bincount(bar[is_target], minlength=piece.num_bars) + 2
    start = int(rng.integers(-WINDOW_BARS // 2, max(piece.num_bars - WINDOW_BARS // 2, 1)))
    start = max(start, 0)
    stop = start
    limit = min(piece.num_bars, start + WINDOW_BARS + (6 if task == "hole" else 0))
    num_events = num_written = 0
    while stop < limit:
        num_events += int(per_bar[stop])
        num_written += int(written_per_bar[stop]) if task != "hole" else 0
        if stop - start >= 2 and (num_events > budget.num_events or num_written > 1.5 * budget.num_written):
            break
        stop += 1
    count = stop - start
    if count < 2:
        return None
    is_written = _draw_holes(count, rng) if task == "hole" else _draw_rest(count, rng)
    is_fresh = task != "hole" and is_written[0]
    if int(written_per_bar[start:stop][is_written].sum()) > budget.num_written:
        return None
    if not np.isin(bar[is_target] - start, np.flatnonzero(is_written)).any() and rng.random() < 0.9:
        return None  # silence has little to teach

    before = 0 if is_fresh else min(_PATTERN_BARS[task], start)
    after = min(_PATTERN_BARS[task], piece.num_bars - stop) if task == "hole" else 0
    body = cut_bars(rows[is_kept], start_bar=start - before, stop_bar=stop + after)
    written = np.concatenate([np.zeros(before, np.bool_), is_written, np.zeros(after, np.bool_)])
    has_chords = rng.random() < _CHORDS_SHARE[task]
    return Passage(
        task=task, rows=body, parts=parts, targets=targets, is_written=written,
        is_chord_given=written if has_chords else np.zeros_like(written), start_bar=before, stop_bar=before + count,
    )  # fmt: skip


def _draw_holes(num_bars: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which bars are hidden: spans of 1 to 4 bars, about a quarter of all."""
    is_written = np.zeros(num_bars, dtype=np.bool_)
    wanted = max(round(_HOLE_SHARE * num_bars * rng.uniform(0.4, 1.4)), 1)
    while is_written.sum() < wanted:
        length = 1 + int(rng.choice(MAX_HOLE_BARS, p=_HOLE_LENGTHS))
        start = int(rng.integers(0, num_bars))
        is_written[start : start + length] = True
    if is_written.all():
        is_written[-1] = False
    return is_written


def _draw_rest(num_bars: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which bars are to be written: all, or those after bars that stand already."""
    standing = 0
    if rng.random() >= _FRESH_SHARE:
        standing = num_bars // 2 if rng.random() < 0.7 else int(rng.integers(1, num_bars))
    return np.arange(num_bars) >= standing
