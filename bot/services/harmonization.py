"""Harmonizing a melody: from what people type to a request. It knows no network and no queue."""

from __future__ import annotations

from typing import get_args

from bot.services.model import HarmonizeOptions, HarmonyStyle
from bot.services.sampling import sampling_of
from core.errors import NoMusicError, UnknownNameError
from inference.protocol import HarmonizeRequest
from music.piece import Piece

STYLES: tuple[HarmonyStyle, ...] = get_args(HarmonyStyle)


def build_harmonize_request(job_id: str, options: HarmonizeOptions, *, seed: int, piece: Piece) -> HarmonizeRequest:
    """Return the request for harmony to the melody of ``piece``.

    Raises:
        InputError: for an unknown style or preset, or a piece without a pitched note.
    """
    check_harmonize_options(options)
    if not any(track.notes for track in piece.tracks if not track.is_drum):
        raise NoMusicError("There is no melody to harmonize. Choose a piece with a part that is not drums.")
    return HarmonizeRequest(
        job_id=job_id,
        seed=seed,
        piece=piece,
        style=parse_style(options.style),
        sampling=sampling_of(options.preset),
    )


def check_harmonize_options(options: HarmonizeOptions) -> None:
    """Check what can be checked before there is a piece.

    Raises:
        InputError: for an unknown style or preset.
    """
    parse_style(options.style)
    sampling_of(options.preset)


def parse_style(name: str) -> HarmonyStyle:
    """Return the style that a word means.

    Raises:
        UnknownNameError: for another word.
    """
    for style in STYLES:
        if name.strip().casefold() == style:
            return style
    raise UnknownNameError(kind="style", name=name, suggestions=STYLES)
