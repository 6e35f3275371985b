"""Remixing a piece: from what people type to a request. It knows no network and no queue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

import msgspec

from bot.services.house.limits import join_parts, parse_choice, parse_ranges
from bot.services.operations.base import NetworkOperation, Wish
from bot.services.operations.generation import exclude
from bot.services.operations.sparing import closed_tracks, open_tracks, spare
from bot.services.options import VOICES, RemixChange, RemixOptions
from bot.services.sampling import adjust, sampling_of
from core.errors import BarRangeError, InputError, NoMusicError, UnknownNameError
from core.settings import LimitSettings
from inference.protocol import RemixRequest
from music.constraints import BarRange, Constraints
from music.names import parse_instruments, parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Piece
from music.pitch_names import parse_range
from music.time_grid import TimeGrid
from music.track_names import find_tracks

RemixVoices = Literal["all", "top", "inner", "bottom"]
_CHANGES: dict[str, RemixChange] = {
    "pitch": "pitch", "pitches": "pitch", "notes": "pitch", "rhythm": "rhythm", "durations": "rhythm", "velocity": "velocity",
    "velocities": "velocity", "loudness": "velocity", "dynamics": "velocity", "instrument": "instrument",
    "instruments": "instrument", "sound": "instrument",
}  # fmt: skip
_FIELDS: tuple[RemixChange, ...] = get_args(RemixChange)


def build_remix_request(job_id: str, options: RemixOptions, *, seed: int, piece: Piece) -> RemixRequest:
    """Return the request for changing a share of the notes of ``piece``.

    Raises:
        InputError: for unknown words, numbers out of range, bars outside the piece, or bars without notes.
    """
    rules = check_remix_options(options)
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes to remix. Choose a piece with music in it.")
    return RemixRequest(
        job_id=job_id,
        seed=seed,
        piece=piece,
        change=rules.changes[0],
        changes=rules.changes if len(rules.changes) > 1 else (),
        share=options.share,
        bars=_bars_of(piece, options.bars),
        tracks=find_tracks(piece, options.tracks),
        voices=rules.voices,
        pitches=rules.pitches,
        constraints=rules.constraints,
        sampling=adjust(sampling_of(options.preset), options.sampling),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixRules:
    """What options mean without a piece."""

    changes: tuple[RemixChange, ...]
    voices: RemixVoices
    pitches: tuple[int, int] | None
    constraints: Constraints


def check_remix_options(options: RemixOptions) -> RemixRules:
    """Check what can be checked before there is a piece, and return what it means.

    Raises:
        InputError: for unknown words, numbers out of range, or options that do not go together.
    """
    changes = parse_changes(options.change)
    adjust(sampling_of(options.preset), options.sampling)
    if options.sampling.memory_events is not None:
        raise InputError("A remix reads the whole neighbourhood of a note and has no memory to set. Leave memory out.")
    if not 0 < options.share <= 1:
        raise InputError("The share to change lies between 1 and 100 percent. Choose a number in that range.")
    if options.bars is not None:
        first, last = options.bars
        if first < 1 or last < first:
            raise InputError(f"“{first}-{last}” is no range of bars. Bars count from 1; write them like 5-8.")
    voices = parse_choice("voices", options.voices or "all", VOICES)
    return RemixRules(
        changes=changes,
        voices=cast("RemixVoices", voices),
        pitches=parse_range(options.pitches) if options.pitches.strip() else None,
        constraints=_constraints(options, changes),
    )


def _constraints(options: RemixOptions, changes: tuple[RemixChange, ...]) -> Constraints:
    instruments = parse_instruments(",".join(options.instruments))
    if (instruments or options.exclude_instruments) and "instrument" not in changes:
        raise InputError("Instruments can be named when the instrument is to change. Choose that, or leave them out.")
    if DRUM_PROGRAM in instruments:
        raise InputError("Drums can take nobody's notes. Name other instruments.")
    if "pitch" not in changes and (options.ranges.strip() or options.key):
        raise InputError("A range and a key are for new notes. Change the notes too, or leave them out.")
    common, own = parse_ranges(options.ranges)
    return Constraints(
        instruments=instruments,
        excluded_instruments=exclude(options.exclude_instruments, instruments),
        pitch_range=common,
        parts=join_parts(own, {}),
        scale=scale_of_key(parse_key(options.key)) if options.key and options.key.strip() else None,
    )


def parse_changes(text: str) -> tuple[RemixChange, ...]:
    """Return the fields that words such as "notes, rhythm" or "everything" ask to change, in a fixed order.

    Raises:
        UnknownNameError: for another word.
    """
    words = [word for word in re.split(r"[\s,;+&/]+|\band\b", text.casefold()) if word]
    if words in (["all"], ["everything"]):
        return _FIELDS
    for word in words or [text]:
        if word not in _CHANGES:
            raise UnknownNameError(kind="change", name=word, suggestions=_FIELDS)
    found = {_CHANGES[word] for word in words}
    return tuple(field for field in _FIELDS if field in found)


def parse_bars(text: str) -> tuple[int, int]:
    """Return (first, last) of bars as people type them, "5-8" or "5", counted from 1.

    Raises:
        InputError: for anything else.
    """
    first, dash, last = text.strip().replace("–", "-").replace("..", "-").partition("-")
    try:
        bars = int(first), int(last if dash else first)
    except ValueError:
        raise InputError(f"“{text}” is no range of bars. Write the first and the last, like 5-8.") from None
    if bars[0] < 1 or bars[1] < bars[0]:
        raise InputError(f"“{text}” is no range of bars. Bars count from 1; write them like 5-8.")
    return bars


def _bars_of(piece: Piece, bars: tuple[int, int] | None) -> BarRange | None:
    if bars is None:
        return None
    grid = TimeGrid(piece)
    first, last = bars
    if last > grid.num_bars:
        raise BarRangeError(start_bar=first, stop_bar=last, num_bars=grid.num_bars)
    start_ticks, stop_ticks = grid.bar_start_ticks(first - 1), grid.bar_start_ticks(last)
    has_notes = any(start_ticks <= note.onset_ticks < stop_ticks for track in piece.tracks for note in track.notes)
    if not has_notes:
        raise NoMusicError(f"There are no notes in bars {first}-{last}. Choose bars with music in them.")
    return BarRange(first - 1, last)


def _check(options: RemixOptions, _limits: LimitSettings) -> None:
    check_remix_options(options)


def _request(wish: Wish[RemixOptions]) -> RemixRequest:
    request = build_remix_request(wish.job_id, wish.options, seed=wish.seed, piece=wish.piece)
    tracks = open_tracks(wish.piece, wish.options.tracks, closed=closed_tracks(wish))
    return msgspec.structs.replace(request, tracks=tracks, constraints=spare(request.constraints, wish))


REMIX = NetworkOperation(
    kind="remix", options_type=RemixOptions, needs_source=True, check_options=_check, build_request=_request
)
