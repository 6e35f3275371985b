"""What may never happen, whatever somebody sends: the judgements that all targets share. It knows no fuzzer.

A target that breaks a promise raises ``BrokenPromiseError``; every other exception that leaves a target is a finding, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from bot.error_messages import explain
from core.errors import InputError, TuttiError
from music.piece import Piece

_MAX_TICKS = 2**31
_MAX_SENTENCE_LENGTH = 2000
_MAX_NAME_LENGTH = 64
_PATH = re.compile(r"(?:^|[\s\"'(=:])(?:/(?:home|root|tmp|usr|var|work|opt|etc|proc|srv)/|[A-Za-z]:\\\\)")
_CODE = re.compile(r"Traceback \(most recent call last\)|File \"[^\"]*\.py\"|\.py:\d+|0x[0-9a-f]{8,}")
_PING = re.compile(r"@(?:everyone|here)\b|<@[!&]?\d|<#\d|<t:\d|</[^<>\s]+:\d|<a?:\w+:\d")

Result = TypeVar("Result")


class BrokenPromiseError(AssertionError):
    """A promise that does not hold; the text says which."""


def refusal_of(do: Callable[[], Result], *, allowed: type[TuttiError] = InputError) -> tuple[Result | None, str]:
    """Return what ``do`` gives and "", or None and the sentence with which it refuses.

    Raises:
        BrokenPromiseError: for a refusal of another kind, or one that people should not read. Other exceptions pass.
    """
    try:
        return do(), ""
    except TuttiError as error:
        if not isinstance(error, allowed):
            raise BrokenPromiseError(f"refused as {type(error).__name__}, which is no {allowed.__name__}") from error
        sentence = explain(error).text
        check_shown((sentence,))
        if not sentence.strip():
            raise BrokenPromiseError(f"{type(error).__name__} says nothing") from error
        return None, sentence


def check_shown(texts: Iterable[str]) -> None:
    """Look at texts that people would see.

    Raises:
        BrokenPromiseError: for one that pings, or shows a path or a piece of a traceback, or is longer than Discord takes.
    """
    for text in texts:
        check_shown_code(text)
        found = _PING.search(text)
        if found is not None:
            raise BrokenPromiseError(f"a ping is shown: {text[max(found.start() - 40, 0) : found.end() + 40]!r}")
        if len(text) > _MAX_SENTENCE_LENGTH * 2:
            raise BrokenPromiseError(f"a text of {len(text)} characters is shown")


def check_shown_code(text: str) -> None:
    """Look at a text for what only the log may have.

    Raises:
        BrokenPromiseError: for a path or a piece of a traceback.
    """
    for pattern, what in ((_PATH, "a path"), (_CODE, "a piece of a traceback")):
        found = pattern.search(text)
        if found is not None:
            raise BrokenPromiseError(f"{what} is shown: {text[max(found.start() - 40, 0) : found.end() + 40]!r}")


def check_piece(piece: Piece, *, max_notes: int) -> None:
    """Look at a piece that was read from outside.

    Raises:
        BrokenPromiseError: for a value that no piece may have (see ``music/piece.py``).
    """
    _demand(piece.num_notes <= max_notes, f"{piece.num_notes} notes")
    _demand(1 <= piece.ticks_per_quarter < 0x8000, f"{piece.ticks_per_quarter} ticks per quarter")
    _demand(0 <= piece.length_ticks < _MAX_TICKS, f"{piece.length_ticks} ticks long")
    for track in piece.tracks:
        _demand(0 <= track.program <= 127, f"program {track.program}")
        _demand(not track.is_drum or track.program == 0, "drums with a program")
        _demand(len(track.name) <= _MAX_NAME_LENGTH and (not track.name or track.name.isprintable()), "track name")
        for note in track.notes:
            is_sound = 0 <= note.pitch <= 127 and 1 <= note.velocity <= 127
            _demand(is_sound and note.onset_ticks >= 0 and note.duration_ticks >= 1, f"{note}")
        for change in track.control_changes:
            _demand(0 <= change.number <= 127 and 0 <= change.value <= 127 and change.onset_ticks >= 0, f"{change}")
        for bend in track.pitch_bends:
            _demand(-8192 <= bend.value <= 8191 and bend.onset_ticks >= 0, f"{bend}")
    _demand(bool(piece.tempos) and piece.tempos[0].onset_ticks == 0, "no tempo at the start")
    _demand(all(1.0 <= tempo.bpm <= 10_000.0 for tempo in piece.tempos), "tempo")
    _demand(bool(piece.time_signatures) and piece.time_signatures[0].onset_ticks == 0, "no metre at the start")
    for metre in piece.time_signatures:
        _demand(metre.numerator >= 1 and metre.denominator in {1, 2, 4, 8, 16, 32, 64}, f"{metre}")
    for key in piece.key_signatures:
        _demand(0 <= key.tonic <= 11, f"{key}")
    for chord in piece.chords:
        _demand(0 <= chord.root <= 11 and 0 <= chord.bass <= 11 and chord.onset_ticks >= 0, f"{chord}")


def _demand(is_true: bool, what: str) -> None:  # noqa: FBT001 - a condition, not a switch
    if not is_true:
        raise BrokenPromiseError(f"a piece was read with: {what}")
