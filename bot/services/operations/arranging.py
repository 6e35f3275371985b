"""Arranging by rule: from what people type to changes of a piece that need no network. It knows no Discord and no queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.services.operations.bars import check_bar_numbers, find_bars
from bot.services.operations.base import Made, RuleOperation, Wish
from bot.services.operations.sparing import open_tracks
from bot.services.options import Options
from core.errors import InputError, NoMusicError, PermissionDeniedError
from core.settings import LimitSettings
from music.arranging.dynamics import change_mood, parse_dynamics, parse_mood, shape_dynamics
from music.arranging.instruments import leave_out, swap_instrument
from music.arranging.pitch import move_to_key, transpose_in
from music.arranging.scope import Change, Scope, check_untouched, count_in_scope, make_scope
from music.arranging.time import FASTEST_BPM, SLOWEST_BPM, change_tempo, humanize, stretch_notes, swing
from music.constraints import Check
from music.intervals import MAX_SEMITONES
from music.names import parse_instrument, parse_key
from music.piece import Piece
from music.time_grid import TimeGrid
from music.track_names import find_tracks

_MAX_SWAPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangeOptions(Options):
    """Change the source by rule. None, 0 and empty leave a thing as it is; at least one must be asked for.

    A *track* is named by its number from 1, its name, its instrument, its family ("strings") or "all". ``bars`` (first, last;
    from 1, both included) limits what can be limited: transposing, mood, humanizing, swing, dynamics, swapping and leaving
    out. Tempo in ``bars`` is the tempo of those bars; ``stretch`` is always about the whole piece.
    """

    swaps: tuple[tuple[str, str], ...] = ()
    """Pairs (track, new instrument), such as ("piano", "strings") or ("2", "flute")."""
    transpose_semitones: int = 0
    """-36..36; drums stay."""
    to_key: str | None = None
    """A key such as "D minor": to its tonic by the nearest way, and from major to minor by degrees where modes differ."""
    tempo_bpm: float | None = None
    """Quarter notes per minute at the beginning; later changes of tempo keep their proportion."""
    tempo_percent: float | None = None
    """Of the tempo that is there: 50 is half tempo, 200 double time, 90 a little slower."""
    stretch: float | None = None
    """Of note lengths: 2 is augmentation (every note twice as long), 0.5 diminution."""
    humanize_percent: int = 0
    """0..100: how far onsets and loudness stray from the grid."""
    swing_percent: int = 0
    """0..100: how far off-beat eighths are late; 100 is a triplet's long and short."""
    dynamics: str | None = None
    """A name of ``music.arranging.dynamics.DYNAMICS``: louder, softer, crescendo, diminuendo, quiet ending, loud ending."""
    mood: str | None = None
    """darker (parallel minor, lower where it fits, softer) or brighter (parallel major, higher, a little louder)."""
    tracks: tuple[str, ...] = ()
    """What transposing, mood, humanizing, swing and dynamics are limited to; empty: every track."""
    drop_tracks: tuple[str, ...] = ()
    """Tracks to be taken out; with ``bars`` they are silent there."""
    keep_tracks: tuple[str, ...] = ()
    """The only tracks to stay; with ``bars`` the others are silent there."""
    bars: tuple[int, int] | None = None


def arrange(
    piece: Piece, options: ArrangeOptions, *, seed: int, closed: tuple[int, ...] = ()
) -> tuple[Piece, tuple[Check, ...]]:
    """Return the changed piece, and a check for each change that says in words what was done.

    Tracks are named as they are in ``piece``, whatever the changes do to their order: they are left out last. Tracks that are
    ``closed`` stay as they are; only the tempo is everybody's.

    Raises:
        InputError: for unknown names, bars that are not there, or changes that this piece cannot undergo.
        PermissionDeniedError: when all of what is meant is closed.
    """
    check_arrange_options(options)
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes to arrange. Choose a piece with music in it.")
    bars = find_bars(piece, options.bars)
    if options.stretch is not None and closed:
        raise PermissionDeniedError(
            "Twice or half the length is for all layers, and some are locked by others. Ask their owners to unlock them, or work on a "
            "branch of your own (/branch new)."
        )
    is_about_notes = changes_notes(options)
    tracks = open_tracks(piece, options.tracks, closed=closed) if is_about_notes else find_tracks(piece, options.tracks)
    scope = make_scope(piece, bars=bars, tracks=tracks)
    result = piece
    checks: list[Check] = []
    for step in _steps(piece, options, scope, seed, closed):
        change = step(result)
        result = change.piece
        checks.append(change.check)
    if bars is not None:
        is_everybody = bool(options.swaps or options.drop_tracks or options.keep_tracks)
        checks.append(check_untouched(piece, result, bars=bars, tracks=() if is_everybody else scope.tracks))
    return result, tuple(checks)


def changes_notes(options: ArrangeOptions) -> bool:
    """Whether the notes of ``options.tracks`` change, and not only tempo, instruments or who plays at all."""
    return bool(
        options.transpose_semitones
        or options.to_key is not None
        or options.humanize_percent
        or options.swing_percent
        or options.dynamics is not None
        or options.mood is not None
    )


def check_arrange_options(options: ArrangeOptions) -> None:
    """Check what can be checked before there is a piece.

    Raises:
        InputError: for unknown words, numbers out of range, nothing to do, or wishes that contradict each other.
    """
    if options == ArrangeOptions(
        seed=options.seed, prompt=options.prompt, spared=options.spared, bars=options.bars, tracks=options.tracks
    ):
        raise InputError(
            "Say what to change, for instance swap “piano to strings”, transpose “up a third” or tempo 90."
        )
    check_bar_numbers(options.bars)
    _check_numbers(options)
    _check_contradictions(options)
    if options.to_key is not None:
        parse_key(options.to_key)
    if options.dynamics is not None:
        parse_dynamics(options.dynamics)
    if options.mood is not None:
        parse_mood(options.mood)
    if len(options.swaps) > _MAX_SWAPS:
        raise InputError(f"I can swap at most {_MAX_SWAPS} instruments at once. Leave some out.")
    for _, instrument in options.swaps:
        parse_instrument(instrument)


def _check_numbers(options: ArrangeOptions) -> None:
    if abs(options.transpose_semitones) > MAX_SEMITONES:
        raise InputError(f"I transpose by at most {MAX_SEMITONES} semitones. Choose a smaller interval.")
    if options.tempo_bpm is not None and not SLOWEST_BPM <= options.tempo_bpm <= FASTEST_BPM:
        raise InputError(f"A tempo lies between {SLOWEST_BPM:g} and {FASTEST_BPM:g} beats a minute. Choose one there.")
    if options.tempo_percent is not None and not 10 <= options.tempo_percent <= 1000:
        raise InputError("The tempo can become 10 to 1000 percent of what it is. Choose a number in that range.")
    if options.stretch is not None and options.stretch not in (0.5, 2.0):
        raise InputError("Note lengths can be doubled (2) or halved (0.5). Choose one of them.")
    for word, percent in (("Humanizing", options.humanize_percent), ("Swing", options.swing_percent)):
        if not 0 <= percent <= 100:
            raise InputError(f"{word} goes from 0 to 100 percent. Choose a number in that range.")


def _check_contradictions(options: ArrangeOptions) -> None:
    if options.tempo_bpm is not None and options.tempo_percent is not None:
        raise InputError("Say the tempo either in beats a minute or in percent, not both.")
    if options.transpose_semitones and options.to_key is not None:
        raise InputError("Say either an interval or a key to transpose to, not both.")
    if options.to_key is not None and options.mood is not None:
        raise InputError("A key and a mood both decide between major and minor. Choose one of them.")
    if options.drop_tracks and options.keep_tracks:
        raise InputError("Say either which tracks to leave out or which to keep, not both.")
    if options.stretch is not None and options.bars is not None:
        raise InputError("Note lengths are doubled or halved in the whole piece. Leave the bars out.")
    if (options.tracks and options.tempo_bpm is not None) or (options.tracks and options.tempo_percent is not None):
        raise InputError("All tracks share one tempo. Leave the tracks out.")


_Step = Callable[[Piece], Change]


def _steps(piece: Piece, options: ArrangeOptions, scope: Scope, seed: int, closed: tuple[int, ...]) -> Iterator[_Step]:
    """Yield the changes in the order in which they are made; names are looked up in the piece as it was given."""
    yield from _pitch_steps(piece, options, scope)
    if options.dynamics is not None:
        name = parse_dynamics(options.dynamics)
        yield lambda music: shape_dynamics(music, scope, name=name)
    if options.swing_percent:
        yield lambda music: swing(music, scope, percent=options.swing_percent)
    if options.humanize_percent:
        yield lambda music: humanize(music, scope, percent=options.humanize_percent, seed=seed)
    factor = _tempo_factor(piece, options, scope)
    if factor is not None:
        yield lambda music: change_tempo(music, scope, factor=factor)
    dropped = _dropped_tracks(piece, options, closed)
    for names, instrument in options.swaps:
        playing = make_scope(piece, bars=scope.bars, tracks=open_tracks(piece, (names,), closed=closed))
        program = parse_instrument(instrument)
        yield lambda music, playing=playing, program=program: swap_instrument(music, playing, program=program)
    if dropped:
        yield lambda music: leave_out(music, scope, dropped=dropped)
    if options.stretch is not None:
        stretch = options.stretch
        yield lambda music: stretch_notes(music, factor=stretch)


def _pitch_steps(piece: Piece, options: ArrangeOptions, scope: Scope) -> Iterator[_Step]:
    is_about_pitch = options.transpose_semitones or options.to_key is not None or options.mood is not None
    if is_about_pitch and count_in_scope(piece, scope, with_drums=False) == 0:
        raise NoMusicError(
            f"There is nothing with a pitch to change{scope.where}; drums have none. Choose other tracks or bars."
        )
    if options.transpose_semitones:
        yield lambda music: transpose_in(music, scope, semitones=options.transpose_semitones)
    if options.to_key is not None:
        key = parse_key(options.to_key)
        yield lambda music: move_to_key(music, scope, key)
    if options.mood is not None:
        name = parse_mood(options.mood)
        yield lambda music: change_mood(music, scope, name=name)


def _tempo_factor(piece: Piece, options: ArrangeOptions, scope: Scope) -> float | None:
    if options.tempo_percent is not None:
        return options.tempo_percent / 100
    if options.tempo_bpm is None:
        return None
    return options.tempo_bpm / TimeGrid(piece).tempo_at(scope.start_ticks)


def _dropped_tracks(piece: Piece, options: ArrangeOptions, closed: tuple[int, ...]) -> tuple[int, ...]:
    if options.keep_tracks:
        kept = {*find_tracks(piece, options.keep_tracks), *closed}
        return tuple(index for index in range(len(piece.tracks)) if index not in kept)
    return open_tracks(piece, options.drop_tracks, closed=closed) if options.drop_tracks else ()


def _check(options: ArrangeOptions, _limits: LimitSettings) -> None:
    check_arrange_options(options)


def _apply(wish: Wish[ArrangeOptions]) -> Made:
    piece, checks = arrange(wish.piece, wish.options, seed=wish.seed, closed=wish.locked_tracks)
    return Made(piece=piece, checks=checks)


ARRANGE = RuleOperation(kind="arrange", options_type=ArrangeOptions, check_options=_check, apply=_apply)
