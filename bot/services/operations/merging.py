"""Merging: what somebody else made of a common state comes into the song as it is now. No network has a part in it, save in bridges.

The wish's song is ours; theirs and the common state are its others. Locked layers stay as they are in ours. A bridge is written by the
harmonizer's infill, between what both sides left standing around it, and everything else is proven to be untouched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.services.operations.base import Made, Networks, Step, Wish
from bot.services.operations.infilling import INFILL, InfillOptions
from bot.services.options import Options
from bot.services.sampling import MAX_SEED
from core.errors import InputError
from core.settings import LimitSettings
from inference.protocol import Request, Result
from music.constraints import Check
from music.piece import Note, Piece
from music.time_grid import TimeGrid
from music.versions.conflicts import Resolution
from music.versions.layered import THIS_REVISION, LayeredPiece, Part, assemble, part_of
from music.versions.merge_desk import Rewriting
from music.versions.merge_report import Fate, MergeReport
from music.versions.merging import Merge, merge

_SEED_STEP = 1_000_003  # each bridge throws dice of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOptions(Options):
    """Bring ``theirs_id`` into the source; both come from ``base_id``. ``decisions`` are (key of a conflict, resolution).

    ``branch_id``: the branch that takes the result. The names are what people call the two sides.
    """

    theirs_id: int = 0
    base_id: int = 0
    decisions: tuple[tuple[str, str], ...] = ()
    branch_id: int | None = None
    ours_name: str = ""
    theirs_name: str = ""

    @property
    def other_revision_ids(self) -> tuple[int, ...]:
        """Theirs and the common state, in this order."""
        return (self.theirs_id, self.base_id)

    @property
    def joined_revision_ids(self) -> tuple[int, ...]:
        """The result comes from theirs, too."""
        return (self.theirs_id,)

    @property
    def into_branch_id(self) -> int | None:
        """The branch that takes the result."""
        return self.branch_id

    @property
    def resolutions(self) -> Mapping[str, Resolution]:
        """What was decided, by conflict."""
        return {key: Resolution(resolution) for key, resolution in self.decisions}


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseOptions(MergeOptions):
    """Bring in a change that came late: ``base_id`` is the state that it was made from, ``theirs_id`` what it made of it."""


def merge_states(
    ours: LayeredPiece,
    theirs: LayeredPiece,
    base: LayeredPiece,
    *,
    resolutions: Mapping[str, Resolution],
    held: tuple[int, ...],
    key: str,
) -> Merge:
    """Merge settled states; ``held`` are the places of ours' layers that must stay as they are.

    Raises:
        InputError: for a conflict that cannot be decided as it was.
    """
    held_ids = frozenset(ours.layers[index].layer_id for index in held)
    return merge(base, ours, theirs, resolutions=resolutions, held_layer_ids=held_ids, key=key)


def check_merge_options(options: MergeOptions, *, limits: LimitSettings) -> None:  # noqa: ARG001 - the protocol's
    """Check what can be checked before there are states.

    Raises:
        InputError: when no sides are named, or a decision is none.
    """
    if options.theirs_id <= 0 or options.base_id <= 0:
        raise InputError("Say what to merge: /branch merge with the name of a branch.")
    known = {resolution.value for resolution in Resolution}
    if any(resolution not in known for _, resolution in options.decisions):
        raise InputError(f"A conflict is decided by one of {', '.join(sorted(known))}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOperation:
    """Implements ``Operation``: the merge by rule, then a bridge after the other."""

    kind: str
    options_type: type[Options]
    needs_source: bool = True

    def check(self, options: MergeOptions, *, limits: LimitSettings) -> None:
        """Refuse at once what no piece could make right."""
        check_merge_options(options, limits=limits)

    async def make(self, wish: Wish[MergeOptions], networks: Networks) -> Made:
        """Merge, and write what is to be bridged."""
        found = await asyncio.to_thread(_merge, wish)
        song = found.song
        assert song is not None, "a merge with open conflicts was refused"
        made = Made(piece=song.piece, song=song, has_chosen_chords=True)
        for number, cells in enumerate(found.to_bridge):
            made = await _bridge(wish, networks, made, cells, number=number, num_bridges=len(found.to_bridge))
        return replace(made, checks=(merge_check(found.report, wish.options), *made.checks))


MERGE = MergeOperation(kind="merge", options_type=MergeOptions)
REBASE = MergeOperation(kind="rebase", options_type=RebaseOptions)


def merge_check(report: MergeReport, options: MergeOptions) -> Check:
    """Return the account of all notes of both sides as a check."""
    ours, theirs = options.ours_name or "ours", options.theirs_name or "theirs"
    counts = (
        (report.count(Fate.KEPT), "on both sides"),
        (report.count(Fate.FROM_OURS), f"from {ours}"),
        (report.count(Fate.FROM_THEIRS), f"from {theirs}"),
        (report.count(Fate.REMOVED_BY_OURS, Fate.REMOVED_BY_THEIRS, Fate.REMOVED_BY_BOTH), "removed by a side"),
        (report.count(Fate.DECIDED_AGAINST_OURS, Fate.DECIDED_AGAINST_THEIRS), "left out by decision"),
        (report.count(Fate.TO_BE_BRIDGED), "made room for a bridge"),
        (report.count(Fate.HELD), "left out of locked layers"),
    )
    found = ", ".join(f"{count:,} {words}" for count, words in counts if count) or "no notes"
    undecided = report.count(Fate.UNDECIDED)
    return Check(name="merge", asked="every note of both sides accounted for", found=found, is_kept=undecided == 0)


def _merge(wish: Wish[MergeOptions]) -> Merge:
    theirs, base = wish.others
    options = wish.options
    found = merge_states(
        wish.shared, theirs, base, resolutions=options.resolutions, held=wish.locked_tracks, key=wish.key
    )
    if found.open_conflicts:
        raise InputError(
            f"{len(found.open_conflicts)} conflicts of this merge are not decided, because the song moved on meanwhile. "
            "Merge again: what was decided before is asked once more."
        )
    return found


# --- bridges -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bridging:
    """Implements ``Networks`` for one bridge among several: people read which one is written."""

    networks: Networks
    name: str
    number: int
    num_bridges: int

    async def write(self, request: Request, *, step: Step | None = None) -> Result:  # noqa: ARG002 - the bridge is the step
        """Return what the networks make of a request."""
        return await self.networks.write(
            request, step=Step(name=self.name, number=self.number + 1, num_steps=self.num_bridges)
        )


async def _bridge(
    wish: Wish[MergeOptions], networks: Networks, made: Made, cells: Rewriting, *, number: int, num_bridges: int
) -> Made:
    """Write the bars of one layer anew between what stands around them."""
    song = made.song
    index = None if song is None else song.index_of(cells.layer_id)
    if song is None or index is None:  # decided away by another conflict of the same layer
        return made
    stop_bar = min(cells.stop_bar, TimeGrid(song.piece).num_bars)
    filling = Wish(
        job_id=wish.job_id,
        options=InfillOptions(bars=(cells.start_bar + 1, stop_bar), tracks=(str(index + 1),)),
        seed=(wish.seed + _SEED_STEP * number) % MAX_SEED,
        source=song.piece,
        limits=wish.limits,
    )
    name = f"the bridge in {song.layers[index].name}"
    filled = await INFILL.make(filling, _Bridging(networks, name, number, num_bridges))
    bridged = _with_bars(song, filled.piece, index, start_bar=cells.start_bar, stop_bar=stop_bar)
    return replace(
        made,
        piece=bridged.piece,
        song=bridged,
        checkpoint_id=filled.checkpoint_id,
        checks=(*made.checks, *filled.checks),
    )


def _with_bars(song: LayeredPiece, written: Piece, index: int, *, start_bar: int, stop_bar: int) -> LayeredPiece:
    """Return the song with the notes that begin in some bars of one layer from ``written``, all else as it was."""
    grid = TimeGrid(song.piece)
    start_ticks, stop_ticks = grid.bar_start_ticks(start_bar), grid.bar_start_ticks(stop_bar)

    def is_inside(note: Note) -> bool:
        return start_ticks <= note.onset_ticks < stop_ticks

    part = part_of(song, index)
    kept = tuple((note, origin) for note, origin in part.notes if not is_inside(note))
    new = tuple((note, THIS_REVISION) for note in written.tracks[index].notes if is_inside(note))
    parts: list[Part] = [part_of(song, place) for place in range(len(song.layers))]
    parts[index] = replace(part, notes=(*kept, *new))
    return assemble(song.piece, tuple(parts))
