"""Writing new pieces and continuing given ones: from what people type to a request. It knows no network and no queue."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from bot.services.house.limits import (
    check_parts_play,
    join_parts,
    parse_choice,
    parse_exclusions,
    parse_grid,
    parse_polyphony,
    parse_ranges,
    parse_sections,
    parse_syncopation,
)
from bot.services.operations.base import Wish
from bot.services.operations.shaping import ShapedWriting
from bot.services.operations.sparing import closed_tracks
from bot.services.options import DEFAULT_NUM_BARS, DENSITIES, GenerateOptions
from bot.services.sampling import adjust, sampling_of
from core.errors import InputError, NoMusicError, PermissionDeniedError
from core.settings import LimitSettings
from inference.protocol import Controls, GenerateRequest
from music.constraints import Constraints, Scale
from music.names import (
    instrument_name,
    parse_genre,
    parse_instrument,
    parse_instruments,
    parse_key,
    parse_metre,
    scale_of_key,
)
from music.piece import Piece
from music.vocabulary import FASTEST_BPM, NUM_SLOTS, SLOWEST_BPM


def build_generate_request(
    job_id: str, options: GenerateOptions, *, seed: int, prompt: Piece | None, limits: LimitSettings
) -> GenerateRequest:
    """Return the request for a new piece, or for going on from the end of ``prompt``.

    Raises:
        InputError: for a name we do not know, numbers out of range, or a prompt without notes.
    """
    if prompt is not None and prompt.num_notes == 0:
        raise NoMusicError("There are no notes to continue. Choose a piece with music in it.")
    return GenerateRequest(
        job_id=job_id,
        seed=seed,
        constraints=_constraints(options, limits),
        controls=_controls(options),
        sampling=adjust(sampling_of(options.preset), options.sampling),
        prompt=prompt,
        memory_length=options.sampling.memory_events,
    )


def _constraints(options: GenerateOptions, limits: LimitSettings) -> Constraints:
    num_bars = DEFAULT_NUM_BARS if options.num_bars is None else options.num_bars
    num_bars = min(num_bars, limits.max_bars) if options.num_bars is None else num_bars
    if not 1 <= num_bars <= limits.max_bars:
        raise InputError(f"I can write 1 to {limits.max_bars} bars at a time. Choose a number in that range.")
    tempo_bpm = options.tempo_bpm
    if tempo_bpm is not None and not SLOWEST_BPM <= tempo_bpm <= FASTEST_BPM:
        raise InputError(
            f"A tempo lies between {SLOWEST_BPM:.0f} and {FASTEST_BPM:.0f} quarter notes per minute. Choose one there."
        )
    instruments = parse_instruments(",".join(options.instruments))
    if len(instruments) > NUM_SLOTS:
        raise InputError(f"I can write for at most {NUM_SLOTS} instruments at once. Leave some out.")
    sections = parse_sections(options.sections)
    for section in (*sections.limits, *sections.wishes):
        if section.bars.stop_bar > num_bars:
            first, last = section.bars.start_bar + 1, section.bars.stop_bar
            raise InputError(
                f"I write {num_bars} bars, so there is no section {first}-{last}. Name bars in that range."
            )
    pitch_range, ranges = parse_ranges(options.ranges)
    max_notes_at_once, counts = parse_polyphony(options.polyphony)
    parts = join_parts(ranges, counts)
    check_parts_play(parts, instruments)
    return Constraints(
        num_bars=num_bars,
        metre=parse_metre(options.metre) if options.metre else None,
        tempo_bpm=tempo_bpm,
        instruments=instruments,
        excluded_instruments=exclude(options.exclude_instruments, instruments),
        pitch_range=pitch_range,
        parts=parts,
        max_notes_at_once=max_notes_at_once,
        grid_units=parse_grid(options.grid),
        sections=sections.limits,
        scale=_scale(options.key) if options.key_lock else None,
    )


def exclude(names: tuple[str, ...], instruments: tuple[int, ...]) -> tuple[int, ...]:
    """Return the programs that must not play; a family that is excluded spares those of it that were asked for.

    Raises:
        InputError: for an instrument that is asked for and excluded.
    """
    excluded = parse_exclusions(names)
    for name in names:
        if _is_asked(name, instruments):
            both = instrument_name(parse_instrument(name))
            raise InputError(f"{both} is both asked for and excluded. Say which of the two you want.")
    return tuple(each for each in excluded if each not in instruments)


def _is_asked(name: str, instruments: tuple[int, ...]) -> bool:
    try:
        return parse_instrument(name) in instruments
    except InputError:  # a word for several, such as winds
        return False


def _scale(key: str | None) -> Scale | None:
    return scale_of_key(parse_key(key)) if key and key.strip() else None


def _controls(options: GenerateOptions) -> Controls:
    genre = _genre(options.genre)
    second_genre = _genre(options.second_genre)
    if genre is None:
        genre, second_genre = second_genre, None
    return Controls(
        genre=genre,
        second_genre=None if second_genre == genre else second_genre,
        density=_density(options.density),
        has_firm_density=options.firm_density,
        syncopation=parse_syncopation(options.syncopation),
        key=None if options.key_lock else _scale(options.key),
        sections=parse_sections(options.sections).wishes,
    )


def _density(name: str | None) -> int | None:
    if not name or not name.strip():
        return None
    return DENSITIES[parse_choice("density", name, DENSITIES)]


def _genre(name: str | None) -> str | None:
    if not name or name.strip().casefold() in {"auto", "any"}:
        return None
    return parse_genre(name)


def _check(options: GenerateOptions, limits: LimitSettings) -> None:
    build_generate_request("", options, seed=0, prompt=None, limits=limits)


def _request(wish: Wish[GenerateOptions]) -> GenerateRequest:
    request = build_generate_request(wish.job_id, wish.options, seed=wish.seed, prompt=wish.source, limits=wish.limits)
    closed = () if wish.source is None else closed_tracks(wish)
    if not closed:
        return request
    playing = {index for index, track in enumerate(wish.piece.tracks) if track.notes}
    if playing <= set(closed) and not request.constraints.instruments:
        raise PermissionDeniedError(
            "Every layer that plays is locked or claimed by others, so nobody is left to go on. Say which instruments shall come in, or "
            "add a layer with /add."
        )
    return msgspec.structs.replace(request, constraints=replace(request.constraints, locked_tracks=closed))


GENERATE = ShapedWriting(
    kind="generate", options_type=GenerateOptions, needs_source=False, check_options=_check, build_request=_request
)
