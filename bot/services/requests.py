"""From a job's options to the request that the networks get, whichever kind it is. It knows no queue."""

from __future__ import annotations

from bot.services.generation import build_generate_request
from bot.services.harmonization import build_harmonize_request, check_harmonize_options
from bot.services.model import GenerateOptions, HarmonizeOptions, Options, RemixOptions
from bot.services.remixing import build_remix_request, check_remix_options
from bot.services.sampling import draw_seed
from core.errors import InputError, NoMusicError
from core.settings import LimitSettings
from inference.protocol import Request
from music.piece import Piece


def check_options(options: Options, *, has_source: bool, limits: LimitSettings) -> None:
    """Refuse at once what no piece could make right.

    Raises:
        InputError: with one sentence that says what to do instead.
    """
    draw_seed(options.seed)
    match options:
        case GenerateOptions():
            build_generate_request("", options, seed=0, prompt=None, limits=limits)
        case HarmonizeOptions():
            check_harmonize_options(options)
        case RemixOptions():
            check_remix_options(options)
    if not has_source and not isinstance(options, GenerateOptions):
        raise NoMusicError("There is nothing to work on. Attach a MIDI file or choose an earlier result.")


def build_request(job_id: str, options: Options, *, seed: int, source: Piece | None, limits: LimitSettings) -> Request:
    """Return the request for the networks.

    Raises:
        InputError: when options and source do not fit together.
    """
    if isinstance(options, GenerateOptions):
        return build_generate_request(job_id, options, seed=seed, prompt=source, limits=limits)
    if source is None:
        raise InputError("There is nothing to work on. Attach a MIDI file or choose an earlier result.")
    if isinstance(options, HarmonizeOptions):
        return build_harmonize_request(job_id, options, seed=seed, piece=source)
    return build_remix_request(job_id, options, seed=seed, piece=source)
