"""Adding what a piece lacks: from what people type to a request for the harmonizer. It knows no network and no queue."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import msgspec

from bot.services.house.limits import check_parts_play, join_parts, parse_choice, parse_ranges
from bot.services.operations.base import NetworkOperation, Wish
from bot.services.operations.generation import exclude
from bot.services.operations.sparing import closed_tracks, open_tracks, spare
from bot.services.options import (
    CADENCES,
    CHORDS_PER_BAR,
    COMPLEXITIES,
    DYNAMICS,
    SEVENTHS,
    HarmonizeOptions,
    HarmonyStyle,
)
from bot.services.sampling import adjust, sampling_of
from core.errors import BarRangeError, InputError, NoMusicError, UnknownNameError
from core.settings import LimitSettings
from inference.harmony_sampling import harmony_sampling
from inference.protocol import HarmonizeRequest, HarmonyWishes, VoiceRange
from music.chord_chart import lay_chart, parse_chart
from music.constraints import AskedChord, BarRange, Constraints
from music.names import parse_instruments, parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Piece
from music.pitch_names import parse_range
from music.time_grid import TimeGrid
from music.vocabulary import NUM_SLOTS

STYLES: tuple[HarmonyStyle, ...] = get_args(HarmonyStyle)
_OTHER_WORDS: dict[str, HarmonyStyle] = {
    "four-part chorale": "chorale", "choir": "chorale", "four parts": "chorale", "chord": "chords", "tune": "melody", "hole": "fill",
    "gap": "fill", "part": "track", "instrument": "track", "orchestra": "band",
}  # fmt: skip
_VOICED = ("chorale", "chords")
_VOICES = ("alto", "tenor", "bass")
_FASTEST_CHORDS = 4
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
    is_voiced = style in _VOICED
    limits = _limits(style, options, instruments)
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
        harmony=_harmony(style, options),
        voice_ranges=limits.voices,
        constraints=replace(limits.constraints, instruments=instruments if is_voiced else ()),
        sampling=adjust(harmony_sampling(style, options.preset.strip().casefold()), options.sampling),
    )


def check_harmonize_options(options: HarmonizeOptions) -> None:
    """Check what can be checked before there is a piece.

    Raises:
        InputError: for words we do not know, or options that do not go together.
    """
    style = parse_style(options.style)
    adjust(sampling_of(options.preset), options.sampling)
    if options.sampling.memory_events is not None:
        raise InputError("A harmonization reads 16 bars at a time and has no memory to set. Leave memory out.")
    if options.chords.strip():
        parse_chart(options.chords)
    _harmony(style, options)
    _limits(style, options, parse_instruments(",".join(options.instruments)))
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


def _harmony(style: HarmonyStyle, options: HarmonizeOptions) -> HarmonyWishes:
    """Return what is wished of the chords.

    Raises:
        InputError: for words we do not know, or wishes that the style cannot fulfil.
    """
    sevenths = parse_choice("number of sevenths", options.sevenths or "some", SEVENTHS)
    complexity = parse_choice("complexity", options.complexity or "usual", COMPLEXITIES)
    cadence = (
        parse_choice("cadence", options.cadence, CADENCES) if options.cadence and options.cadence.strip() else None
    )
    dynamics = parse_choice("dynamics", options.dynamics or "level", DYNAMICS)
    wishes = HarmonyWishes(
        chords_per_bar=options.chords_per_bar,
        sevenths=cast("Any", sevenths),
        complexity=cast("Any", complexity),
        cadence=cast("Any", cadence),
        follows_dynamics=dynamics == "follow",
    )
    count = wishes.chords_per_bar
    if count is not None and count not in CHORDS_PER_BAR:
        raise InputError("Chords can change once, twice or four times a bar. Choose 1, 2 or 4.")
    if count == _FASTEST_CHORDS and style not in _VOICED:
        raise InputError(f"The style {style} changes chords at most twice a bar. Choose 1 or 2, or the style chords.")
    if style == "chorale" and (wishes.sevenths, wishes.complexity) != ("some", "usual"):
        raise InputError("A chorale writes voices, and its chords come of them. For sevenths choose the style chords.")
    if wishes.sevenths == "many" and wishes.complexity == "simple":
        raise InputError("Simple chords have no sevenths. Choose one of the two.")
    if wishes.follows_dynamics and style not in _VOICED:
        raise InputError(f"The style {style} plays as loud as the network thinks. Leave the dynamics out.")
    if cadence is not None and options.chords.strip():
        raise InputError("You typed the chords, so the ending is yours. Leave the cadence out, or the chords.")
    if cadence is not None and style == "fill":
        raise InputError("A hole has no ending. Leave the cadence out.")
    return wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    constraints: Constraints
    voices: tuple[VoiceRange, ...] = ()


def _limits(style: HarmonyStyle, options: HarmonizeOptions, instruments: tuple[int, ...]) -> _Limits:
    """Return ranges, scale and exclusions.

    Raises:
        InputError: for what is no range or key, or does not go with the style.
    """
    if options.exclude_instruments and style != "band":
        raise InputError("Only the style band chooses instruments itself. Leave the exclusions out.")
    voices, others = _voice_ranges(options.ranges) if style == "chorale" else ((), options.ranges)
    common, own = parse_ranges(others)
    parts = join_parts(own, {})
    if instruments:
        check_parts_play(parts, instruments)
    excluded = exclude(options.exclude_instruments, instruments)
    key = options.key
    scale = scale_of_key(parse_key(key)) if key and key.strip() else None
    constraints = Constraints(pitch_range=common, parts=parts, scale=scale, excluded_instruments=excluded)
    return _Limits(constraints=constraints, voices=voices)


def _voice_ranges(text: str) -> tuple[tuple[VoiceRange, ...], str]:
    """Return the ranges of alto, tenor and bass, and what is left of the text."""
    found: dict[str, VoiceRange] = {}
    rest: list[str] = []
    for item in (each.strip() for each in re.split(r"[,;]", text) if each.strip()):
        name, _, low_high = item.replace(":", " ").partition(" ")
        voice = name.casefold()
        if voice == "soprano":
            raise InputError("The soprano is the melody and stays as it is. Give ranges to alto, tenor or bass.")
        if voice not in _VOICES:
            rest.append(item)
            continue
        if voice in found:
            raise InputError(f"The {voice} has two ranges. Say it once.")
        low, high = parse_range(low_high)
        found[voice] = VoiceRange(voice=cast("Any", voice), low=low, high=high)
    return tuple(found.values()), ", ".join(rest)


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
    request = build_harmonize_request(wish.job_id, wish.options, seed=wish.seed, piece=wish.piece)
    if request.track is not None:  # a hole; all other styles only add
        open_tracks(wish.piece, (str(request.track + 1),), closed=closed_tracks(wish, bars=request.bars))
    return msgspec.structs.replace(request, constraints=spare(request.constraints, wish))


HARMONIZE = NetworkOperation(
    kind="harmonize",
    options_type=HarmonizeOptions,
    needs_source=True,
    chooses_chords=True,
    check_options=_check,
    build_request=_request,
)
