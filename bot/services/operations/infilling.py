"""Filling a gap: from what people type to requests that write bars of tracks anew. It knows no network and no Discord.

The harmonizer's hole is one track wide and short. First all tracks give up their bars; then the gap is filled four bars at a time,
track by track: each sees both sides and what was filled before it, over the chords that the first one brought (decision 0019).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.services.operations.bars import check_bar_numbers, find_bars
from bot.services.operations.base import Made, Networks, Step, Wish
from bot.services.operations.sparing import closed_tracks, open_tracks
from bot.services.options import Options
from bot.services.sampling import MAX_SEED, sampling_of
from core.errors import InputError, NoMusicError
from core.settings import LimitSettings
from inference.harmony_sampling import harmony_sampling
from inference.protocol import HarmonizeRequest, Result
from music.arranging.scope import check_untouched, count_words
from music.constraints import AskedChord, BarRange, Check
from music.forms.joints import check_joints
from music.gaps import (
    Gap,
    ShownGap,
    check_something_left,
    chords_in_gap,
    compare_with_sides,
    empty_gap,
    fill_in,
    find_missing_tracks,
    find_silent_bars,
    notes_in_gap,
    show_gap,
)
from music.listening import count_out_of_range
from music.piece import Piece
from music.track_names import title_of
from music.track_roles import roles_of_tracks

FILL_ORDER = ("chords", "bass", "drums", "lead", "pad", "second")
"""Who is filled first: what tells the harmony, then what carries it, then what goes over it."""
_SEED_STEP, _DRAFT_STEP = 7919, 104_729  # each track and each draft throws dice of its own
_MOST_DRAFTS = 3
_FAR_OCTAVES = 1.0  # twice or half the notes of the bars beside: another draft is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillOptions(Options):
    """Write ``bars`` (first, last; from 1, both included) of ``tracks`` anew; what is before and after is heeded and stays.

    A track is named by its number from 1, its name, its instrument, its family, or "all". No tracks: those that are silent
    in the bars, and all if none is. No bars: the first stretch in which nothing begins.
    """

    bars: tuple[int, int] | None = None
    tracks: tuple[str, ...] = ()
    preset: str = "balanced"


def _open(_bars: BarRange) -> tuple[int, ...]:
    return ()


def find_gap(piece: Piece, options: InfillOptions, *, closed: Callable[[BarRange], tuple[int, ...]] = _open) -> Gap:
    """Return what the options mean in a piece, its tracks in the order in which they are filled.

    ``closed`` returns the tracks that must stay as they are in some bars.

    Raises:
        InputError: for bars or tracks that are not there.
        NoMusicError: when there is nothing to fill, or nothing to go by.
        PermissionDeniedError: when all of what is meant is closed.
    """
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes around a gap. Choose a piece with music in it.")
    bars = find_bars(piece, options.bars) or find_silent_bars(piece)
    if bars is None:
        raise NoMusicError(
            "There is nothing to fill: something plays in every bar. Say which bars to write anew, like 5-8."
        )
    shut = closed(bars)
    named = open_tracks(piece, options.tracks, closed=shut) if options.tracks else ()
    playing = tuple(index for index in named if piece.tracks[index].notes)  # "all" does not mean tracks that never play
    missing = find_missing_tracks(piece, bars)
    tracks = playing or named or tuple(index for index in missing if index not in shut)
    tracks = tracks or open_tracks(piece, (), closed=shut)
    check_something_left(piece, Gap(bars=bars, tracks=tracks))
    roles = roles_of_tracks(piece)

    def place(index: int) -> tuple[int, int]:
        return (FILL_ORDER.index(roles[index]) if index in roles else len(FILL_ORDER), index)

    return Gap(bars=bars, tracks=tuple(sorted(tracks, key=place)))


def check_infill_options(options: InfillOptions, *, limits: LimitSettings) -> None:
    """Check what can be checked before there is a piece.

    Raises:
        InputError: for unknown words, or bars that no piece has or that are too many.
    """
    sampling_of(options.preset)
    check_bar_numbers(options.bars)
    if options.bars is not None and options.bars[1] - options.bars[0] >= limits.max_bars:
        raise InputError(f"I can write 1 to {limits.max_bars} bars at a time. Choose fewer.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _InfillOperation:
    """Implements ``Operation``: a request for each track, more where a draft plays far more or less than beside the gap."""

    kind: str = "infill"
    options_type: type[Options] = InfillOptions
    needs_source: bool = True

    def check(self, options: InfillOptions, *, limits: LimitSettings) -> None:
        """Refuse at once what no piece could make right."""
        check_infill_options(options, limits=limits)

    async def make(self, wish: Wish[InfillOptions], networks: Networks) -> Made:
        """Fill one track after the other."""
        source = wish.piece
        gap = find_gap(source, wish.options, closed=lambda bars: closed_tracks(wish, bars=bars))
        piece = empty_gap(source, gap)
        names: list[str] = []
        number, num_steps = 0, len(gap.pieces) * len(gap.tracks)
        checkpoint_id = None
        for bars in gap.pieces:
            chords: tuple[AskedChord, ...] = ()
            for index in gap.tracks:
                step = Step(name=_step_name(source, gap, bars, index), number=number + 1, num_steps=num_steps)
                task = _Task(gap=gap, bars=bars, track=index, number=number, chords=chords)
                shown = show_gap(piece, bars, next_bar=gap.bars.stop_bar)
                piece, result = await _fill(wish, networks, piece, shown, task, step if num_steps > 1 else None)
                if not chords:
                    chords = chords_in_gap(shown, result.piece)
                    names += result.chord_names
                number, checkpoint_id = number + 1, result.checkpoint_id
        checks = _checks(source, piece, gap)
        return Made(piece=piece, checkpoint_id=checkpoint_id, checks=checks, chord_names=tuple(names))


INFILL = _InfillOperation()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One track of one piece of a gap; ``number`` counts them all, from 0."""

    gap: Gap
    bars: BarRange
    track: int
    number: int
    chords: tuple[AskedChord, ...]


async def _fill(
    wish: Wish[InfillOptions], networks: Networks, piece: Piece, shown: ShownGap, task: _Task, step: Step | None
) -> tuple[Piece, Result]:
    """Return the piece with one more track filled: the first draft that plays about as much as beside the gap, or the nearest."""
    best: tuple[float, Piece, Result] | None = None
    for draft in range(_MOST_DRAFTS):
        request = HarmonizeRequest(
            job_id=wish.job_id,
            seed=(wish.seed + _SEED_STEP * task.number + _DRAFT_STEP * draft) % MAX_SEED,
            piece=shown.piece,
            style="fill",
            bars=shown.bars,
            track=task.track,
            chords=task.chords,
            sampling=harmony_sampling("fill", wish.options.preset.strip().casefold()),
        )
        result = await networks.write(request, step=step)
        filled = fill_in(piece, shown, result.piece, track=task.track)
        distance = abs(compare_with_sides(filled, task.bars, gap=task.gap.bars, track=task.track))
        if best is None or distance < best[0]:
            best = (distance, filled, result)
        if distance <= _FAR_OCTAVES:
            break
    assert best is not None
    return best[1], best[2]


def _step_name(piece: Piece, gap: Gap, bars: BarRange, track: int) -> str:
    title = title_of(piece.tracks[track])
    return title if len(gap.pieces) == 1 else f"{title}, bars {bars.start_bar + 1}-{bars.stop_bar}"


def _checks(source: Piece, piece: Piece, gap: Gap) -> tuple[Check, ...]:
    inside = notes_in_gap(piece, gap)
    silent = [title_of(track) for track in inside.tracks if not track.notes]
    outside = count_out_of_range(inside)
    found = count_words(inside.num_notes, "new note") + (f"; no notes for {', '.join(silent)}" if silent else "")
    asked = ", ".join(title_of(piece.tracks[index]) for index in sorted(gap.tracks))
    return (
        check_untouched(source, piece, bars=gap.bars, tracks=gap.tracks),
        Check(name="filled", asked=asked, found=found, is_kept=inside.num_notes > 0),
        Check(
            name="playable",
            asked="notes inside the instruments' ranges",
            found="every note" if outside == 0 else f"{outside} notes outside",
            is_kept=outside == 0,
        ),
        check_joints(piece, bars=(gap.bars.start_bar, gap.bars.stop_bar)),
    )
