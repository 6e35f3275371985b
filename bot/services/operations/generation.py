"""Writing new pieces and continuing given ones: from what people type to a request. It knows no network and no queue."""

from __future__ import annotations

import difflib

from bot.services.operations.base import Wish
from bot.services.operations.continuing import WritingOperation
from bot.services.options import DEFAULT_NUM_BARS, DENSITIES, GenerateOptions
from bot.services.sampling import adjust, sampling_of
from core.errors import InputError, NoMusicError, UnknownNameError
from core.settings import LimitSettings
from inference.protocol import Controls, GenerateRequest
from music.constraints import Constraints
from music.names import parse_genre, parse_instruments, parse_key, parse_metre, scale_of_key
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
    return Constraints(
        num_bars=num_bars,
        metre=parse_metre(options.metre) if options.metre else None,
        tempo_bpm=tempo_bpm,
        instruments=instruments,
        scale=scale_of_key(parse_key(options.key)) if options.key else None,
    )


def _controls(options: GenerateOptions) -> Controls:
    genre = _genre(options.genre)
    second_genre = _genre(options.second_genre)
    if genre is None:
        genre, second_genre = second_genre, None
    return Controls(
        genre=genre,
        second_genre=None if second_genre == genre else second_genre,
        density=_density(options.density),
    )


def _density(name: str | None) -> int | None:
    if not name or not name.strip():
        return None
    cleaned = name.strip().casefold()
    if cleaned not in DENSITIES:
        close = difflib.get_close_matches(cleaned, DENSITIES, n=1)
        raise UnknownNameError(kind="density", name=name, suggestions=tuple(close) or tuple(DENSITIES))
    return DENSITIES[cleaned]


def _genre(name: str | None) -> str | None:
    if not name or name.strip().casefold() in {"auto", "any"}:
        return None
    return parse_genre(name)


def _check(options: GenerateOptions, limits: LimitSettings) -> None:
    build_generate_request("", options, seed=0, prompt=None, limits=limits)


def _request(wish: Wish[GenerateOptions]) -> GenerateRequest:
    return build_generate_request(wish.job_id, wish.options, seed=wish.seed, prompt=wish.source, limits=wish.limits)


GENERATE = WritingOperation(
    kind="generate", options_type=GenerateOptions, needs_source=False, check_options=_check, build_request=_request
)
