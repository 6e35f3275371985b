"""Adding what a piece lacks: from what people type to a request for the harmonizer. It knows no network and no queue."""

from __future__ import annotations

import difflib
from typing import get_args

from bot.services.operations.base import NetworkOperation, Wish
from bot.services.options import HarmonizeOptions, HarmonyStyle
from bot.services.sampling import sampling_of
from core.errors import BarRangeError, InputError, NoMusicError, UnknownNameError
from core.settings import LimitSettings
from inference.harmony_sampling import harmony_sampling
from inference.protocol import HarmonizeRequest
from music.chord_chart import lay_chart, parse_chart
from music.constraints import AskedChord, BarRange, Constraints
from music.names import parse_instruments
from music.piece import DRUM_PROGRAM, Piece
from music.time_grid import TimeGrid
from music.vocabulary import NUM_SLOTS

STYLES: tuple[HarmonyStyle, ...] = get_args(HarmonyStyle)
_OTHER_WORDS: dict[str, HarmonyStyle] = {
    "four-part chorale": "chorale", "choir": "chorale", "four parts": "chorale", "chord": "chords", "tune": "melody", "hole": "fill",
    "gap": "fill", "part": "track", "instrument": "track", "orchestra": "band",
}  # fmt: skip
_WITH_A_MELODY = ("chorale", "chords", "piano", "band")
_MAX_INSTRUMENTS: dict[HarmonyStyle, int] = {
    "chorale": 3, "chords": 1, "piano": 1, "band": NUM_SLOTS - 1, "track": NUM_SLOTS - 1, "melody": 1, "fill": 0,
}  # fmt: skip


def build_harmonize_request(job_id: str, options: HarmonizeOptions, *, seed: int, piece: Piece) -> HarmonizeRequest:
    """Return the request for what ``piece`` lacks.

    Raises:
        InputError: for words we do not know, options that do not go together, or a piece that they do not fit.
    """
    check_harmonize_options(options)
    style = parse_style(options.style)
    _check_music(style, options, piece)
    instruments = parse_instruments(",".join(options.instruments))
    is_voiced = style in ("chorale", "chords")
    hole = _bars_of(piece, options.bars)
    return HarmonizeRequest(
        job_id=job_id,
        seed=seed,
        piece=piece,
        style=style,
        melody_track=_track_of(piece, options.track) if style in _WITH_A_MELODY else None,
        target_instruments=() if is_voiced else instruments,
        bars=hole,
        track=_track_of(piece, options.track) if style == "fill" else None,
        chords=_chords_of(piece, options.chords, hole),
        constraints=Constraints(instruments=instruments) if is_voiced else Constraints(),
        sampling=harmony_sampling(style, options.preset.strip().casefold()),
    )


def check_harmonize_options(options: HarmonizeOptions) -> None:
    """Check what can be checked before there is a piece.

    Raises:
        InputError: for words we do not know, or options that do not go together.
    """
    style = parse_style(options.style)
    sampling_of(options.preset)
    if options.chords.strip():
        parse_chart(options.chords)
    _check_instruments(style, options)
    if style == "fill":
        if options.bars is None or options.track is None:
            raise InputError("A hole needs its bars and its track. Say both, for instance bars 5-6 and track 2.")
    elif options.bars is not None:
        raise InputError("Bars belong to the style fill, which writes them anew. Choose it, or leave the bars out.")
    if options.bars is not None:
        first, last = options.bars
        if first < 1 or last < first:
            raise InputError(f"“{first}-{last}” is no range of bars. Bars count from 1; write them like 5-8.")
    if options.track is not None and style in ("track", "melody"):
        raise InputError(
            f"The style {style} adds a new track beside all that there are. Leave the track out and say an instrument."
        )
    if options.track is not None and options.track < 1:
        raise InputError("Tracks count from 1. Choose the number of one that the piece has.")


def parse_style(name: str) -> HarmonyStyle:
    """Return the style that a word means.

    Raises:
        UnknownNameError: for another word.
    """
    word = name.strip().casefold()
    for style in STYLES:
        if word == style:
            return style
    if word in _OTHER_WORDS:
        return _OTHER_WORDS[word]
    raise UnknownNameError(
        kind="style", name=name, suggestions=tuple(difflib.get_close_matches(word, STYLES)) or STYLES
    )


def _check_instruments(style: HarmonyStyle, options: HarmonizeOptions) -> None:
    instruments = parse_instruments(",".join(options.instruments))
    limit = _MAX_INSTRUMENTS[style]
    if style == "track" and not instruments:
        raise InputError("Say which instrument to add, for instance bass, drums, piano or strings.")
    if style == "fill" and instruments:
        raise InputError("A hole is filled with its own track's instrument. Leave the instruments out.")
    if len(instruments) > limit:
        most = "one instrument" if limit == 1 else f"{limit} instruments"
        raise InputError(f"The style {style} takes at most {most}. Leave some out.")
    if DRUM_PROGRAM in instruments and style not in ("band", "track"):
        raise InputError(f"Drums cannot play the style {style}. Choose another instrument, or the style band or track.")


def _check_music(style: HarmonyStyle, options: HarmonizeOptions, piece: Piece) -> None:
    """Refuse a piece that has nothing to go by.

    Raises:
        NoMusicError: with what to choose instead.
    """
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes in this piece. Choose one with music in it.")
    has_pitches = any(track.notes for track in piece.tracks if not track.is_drum)
    if style in _WITH_A_MELODY and not has_pitches:
        raise NoMusicError("There is no melody to harmonize. Choose a piece with a part that is not drums.")
    if style == "melody" and not has_pitches and not options.chords.strip():
        raise NoMusicError("There is no harmony for a melody. Choose a piece with more than drums, or type chords.")
    if style in _WITH_A_MELODY and options.track is not None:
        track = piece.tracks[_track_of(piece, options.track) or 0]
        if track.is_drum or not track.notes:
            raise NoMusicError(
                f"Track {options.track} has no melody. Name a track with notes that is not a drum track."
            )


def _track_of(piece: Piece, number: int | None) -> int | None:
    """Return the index of the track that people count as ``number``."""
    if number is None:
        return None
    if number > len(piece.tracks):
        there = "1 track" if len(piece.tracks) == 1 else f"{len(piece.tracks)} tracks"
        raise InputError(f"There is no track {number}: the piece has {there}. Choose one of them.")
    return number - 1


def _bars_of(piece: Piece, bars: tuple[int, int] | None) -> BarRange | None:
    if bars is None:
        return None
    first, last = bars
    num_bars = TimeGrid(piece).num_bars
    if last > num_bars:
        raise BarRangeError(start_bar=first, stop_bar=last, num_bars=num_bars)
    return BarRange(first - 1, last)


def _chords_of(piece: Piece, text: str, hole: BarRange | None) -> tuple[AskedChord, ...]:
    """Return the typed chords on the piece's bars, or on those of the hole."""
    if not text.strip():
        return ()
    bars = BarRange(0, TimeGrid(piece).num_bars) if hole is None else hole
    return lay_chart(parse_chart(text), piece, start_bar=bars.start_bar, stop_bar=bars.stop_bar)


def _check(options: HarmonizeOptions, _limits: LimitSettings) -> None:
    check_harmonize_options(options)


def _request(wish: Wish[HarmonizeOptions]) -> HarmonizeRequest:
    return build_harmonize_request(wish.job_id, wish.options, seed=wish.seed, piece=wish.piece)


HARMONIZE = NetworkOperation(
    kind="harmonize", options_type=HarmonizeOptions, needs_source=True, check_options=_check, build_request=_request
)
