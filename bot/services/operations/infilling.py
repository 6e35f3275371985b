"""Filling a gap: from what people type to requests that write bars of tracks anew. It knows no network and no Discord.

The harmonizer's hole is one track wide. Several tracks are filled one after the other: first all give up their bars, then each
is written seeing both sides and what was filled before it, over the chords that the first one brought.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.services.operations.bars import check_bar_numbers, find_bars
from bot.services.operations.base import Made, Networks, Step, Wish
from bot.services.options import Options
from bot.services.sampling import MAX_SEED, sampling_of
from core.errors import NoMusicError
from core.settings import LimitSettings
from inference.harmony_sampling import harmony_sampling
from inference.protocol import HarmonizeRequest
from music.arranging_scope import check_untouched
from music.constraints import AskedChord, BarRange, Check
from music.joints import check_joints
from music.listening import count_out_of_range
from music.piece import Piece
from music.time_grid import TimeGrid
from music.track_names import find_tracks, title_of
from music.track_roles import roles_of_tracks

FILL_ORDER = ("chords", "bass", "drums", "lead", "pad", "second")
"""Who is filled first: what tells the harmony, then what carries it, then what goes over it."""
_SEED_STEP = 7919  # each track throws dice of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillOptions(Options):
    """Write ``bars`` (first, last; from 1, both included) of ``tracks`` anew; what is before and after is heeded and stays.

    A track is named by its number from 1, its name, its instrument, its family, or "all". No tracks: those that are silent
    in the bars, and all if none is. No bars: the first stretch in which nothing begins.
    """

    bars: tuple[int, int] | None = None
    tracks: tuple[str, ...] = ()
    preset: str = "balanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is to be filled: bars, and tracks by index in the order in which they are written."""

    bars: BarRange
    tracks: tuple[int, ...]


def find_gap(piece: Piece, options: InfillOptions) -> Gap:
    """Return what the options mean in a piece.

    Raises:
        InputError: for bars or tracks that are not there.
        NoMusicError: when there is nothing to fill, or nothing to go by.
    """
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes around a gap. Choose a piece with music in it.")
    bars = find_bars(piece, options.bars) or _silent_bars(piece)
    tracks = find_tracks(piece, options.tracks) or _missing_tracks(piece, bars)
    if not any(track.notes for track in empty_gap(piece, Gap(bars=bars, tracks=tracks)).tracks):
        raise NoMusicError(
            "Those bars hold everything there is, so nothing would be left to go by. Choose fewer bars or tracks."
        )
    roles = roles_of_tracks(piece)
    order = sorted(
        tracks, key=lambda index: (FILL_ORDER.index(roles[index]) if index in roles else len(FILL_ORDER), index)
    )
    return Gap(bars=bars, tracks=tuple(order))


def empty_gap(piece: Piece, gap: Gap) -> Piece:
    """Return the piece without the notes that begin in a gap."""
    grid = TimeGrid(piece)
    start_ticks, stop_ticks = grid.bar_start_ticks(gap.bars.start_bar), grid.bar_start_ticks(gap.bars.stop_bar)
    tracks = list(piece.tracks)
    for index in gap.tracks:
        standing = tuple(note for note in tracks[index].notes if not start_ticks <= note.onset_ticks < stop_ticks)
        tracks[index] = replace(tracks[index], notes=standing)
    return piece.with_tracks(tuple(tracks))


def check_infill_options(options: InfillOptions) -> None:
    """Check what can be checked before there is a piece.

    Raises:
        InputError: for unknown words or bars that no piece has.
    """
    sampling_of(options.preset)
    check_bar_numbers(options.bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InfillOperation:
    """Implements ``Operation``: one request a track."""

    kind: str = "infill"
    options_type: type[Options] = InfillOptions
    needs_source: bool = True

    def check(self, options: InfillOptions, *, limits: LimitSettings) -> None:  # noqa: ARG002 - the protocol's
        """Refuse at once what no piece could make right."""
        check_infill_options(options)

    async def make(self, wish: Wish[InfillOptions], networks: Networks) -> Made:
        """Fill one track after the other."""
        source, options = wish.piece, wish.options
        gap = find_gap(source, options)
        piece = empty_gap(source, gap)
        chords: tuple[AskedChord, ...] = ()
        checkpoint_id, names = None, ()
        for number, index in enumerate(gap.tracks):
            request = HarmonizeRequest(
                job_id=wish.job_id,
                seed=(wish.seed + _SEED_STEP * number) % MAX_SEED,
                piece=piece,
                style="fill",
                bars=gap.bars,
                track=index,
                chords=chords,
                sampling=harmony_sampling("fill", options.preset.strip().casefold()),
            )
            title = title_of(source.tracks[index])
            step = Step(name=title, number=number + 1, num_steps=len(gap.tracks))
            result = await networks.write(request, step=step if len(gap.tracks) > 1 else None)
            piece, checkpoint_id = result.piece, result.checkpoint_id
            names = names or result.chord_names
            chords = chords or _chords_in(piece, gap.bars)
        if not source.chords:  # chords of the gap alone would be read as those of all that follows
            piece = replace(piece, chords=())
        return Made(piece=piece, checkpoint_id=checkpoint_id, checks=_checks(source, piece, gap), chord_names=names)


INFILL = _InfillOperation()


def _silent_bars(piece: Piece) -> BarRange:
    """Return the first stretch of bars in which no note begins.

    Raises:
        NoMusicError: when there is none.
    """
    grid = TimeGrid(piece)
    sounding = {grid.bar_of_tick(note.onset_ticks) for track in piece.tracks for note in track.notes}
    silent = [bar for bar in range(grid.num_bars) if bar not in sounding]
    if not silent:
        raise NoMusicError(
            "There is nothing to fill: something plays in every bar. Say which bars to write anew, like 5-8."
        )
    stop = silent[0]
    while stop in silent:
        stop += 1
    return BarRange(silent[0], stop)


def _missing_tracks(piece: Piece, bars: BarRange) -> tuple[int, ...]:
    """Return the tracks that play elsewhere and not in these bars; all that play at all if there is none."""
    grid = TimeGrid(piece)
    start_ticks, stop_ticks = grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)
    playing = [index for index, track in enumerate(piece.tracks) if track.notes]
    silent = [
        index
        for index in playing
        if not any(start_ticks <= note.onset_ticks < stop_ticks for note in piece.tracks[index].notes)
    ]
    return tuple(silent or playing)


def _chords_in(piece: Piece, bars: BarRange) -> tuple[AskedChord, ...]:
    """Return the chords that stand in some bars, for those who play after the first to agree with."""
    grid = TimeGrid(piece)
    stop_ticks = grid.bar_start_ticks(bars.stop_bar)
    inside = [chord for chord in piece.chords if grid.bar_start_ticks(bars.start_bar) <= chord.onset_ticks < stop_ticks]
    ends = [*(chord.onset_ticks for chord in inside[1:]), stop_ticks][: len(inside)]
    return tuple(
        AskedChord(
            start_ticks=chord.onset_ticks, stop_ticks=end, root=chord.root, quality=chord.quality, bass=chord.bass
        )
        for chord, end in zip(inside, ends, strict=True)
    )


def _checks(source: Piece, piece: Piece, gap: Gap) -> tuple[Check, ...]:
    grid = TimeGrid(piece)
    start_ticks, stop_ticks = grid.bar_start_ticks(gap.bars.start_bar), grid.bar_start_ticks(gap.bars.stop_bar)
    inside = piece.with_tracks(
        tuple(
            replace(track, notes=tuple(note for note in track.notes if start_ticks <= note.onset_ticks < stop_ticks))
            for index, track in enumerate(piece.tracks)
            if index in gap.tracks
        )
    )
    silent = [title_of(track) for track in inside.tracks if not track.notes]
    outside = count_out_of_range(inside)
    found = f"{inside.num_notes} new notes" + (f"; {', '.join(silent)} rests" if silent else "")
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
