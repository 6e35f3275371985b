"""What can be asked of a song, and reading it: from what people type to wishes for a form plan. It knows no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from bot.services.options import Options
from bot.services.sampling import sampling_of
from core.errors import InputError, UnknownNameError
from music.forms.melody import plan_from_melody
from music.forms.plan import FormPlan, check_form
from music.forms.planning import FormWishes, check_length, plan_form
from music.forms.reading import parse_form, parse_section_chords
from music.names import instrument_name, parse_genre, parse_instruments, parse_key, parse_metre
from music.piece import Piece
from music.vocabulary import FASTEST_BPM, NUM_SLOTS, SLOWEST_BPM

Stage = Literal["whole", "themes", "arrangement", "song"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""The whole song at once, or one of the three stages on the way to it; each begins with what the one before made."""

_CLOCK = re.compile(r"(?:(\d{1,2})\s*:\s*(\d{2}))")
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(m|min|mins|minutes?|s|sec|secs|seconds?|bars?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeOptions(Options):
    """Write a song by a plan. Without ``plan`` one is made of the other wishes and the seed; a source is then the melody.

    ``seconds`` or ``num_bars`` is its length; ``form`` as people write it; ``chords``: charts by section.
    """

    genre: str | None = None
    key: str | None = None
    tempo_bpm: float | None = None
    metre: str | None = None
    seconds: float | None = None
    num_bars: int | None = None
    form: str = ""
    instruments: tuple[str, ...] = ()
    chords: str = ""
    preset: str = "balanced"
    plan: FormPlan | None = None
    stage: str = "whole"


def parse_length(text: str) -> tuple[float | None, int | None]:
    """Return (seconds, bars), one of them None, of "2", "2 minutes", "90 s", "1:45" or "48 bars"; a bare number is minutes.

    Raises:
        InputError: for anything else.
    """
    cleaned = text.strip()
    clock = _CLOCK.fullmatch(cleaned)
    if clock:
        return 60.0 * int(clock[1]) + int(clock[2]), None
    amount = _AMOUNT.fullmatch(cleaned)
    if amount is None:
        raise InputError(f"“{cleaned[:40]}” is no length. Write it like 2 minutes, 90 s, 1:45 or 48 bars.")
    number, unit = float(amount[1].replace(",", ".")), (amount[2] or "m").casefold()
    if unit.startswith("bar"):
        return None, round(number)
    return number * (60 if unit.startswith("m") else 1), None


def parse_instrument_names(text: str) -> tuple[str, ...]:
    """Return the names in a list such as "flute, piano and drums", each on its own.

    Raises:
        UnknownNameError: for one that we do not know.
    """
    return tuple(instrument_name(program) for program in parse_instruments(text)) if text.strip() else ()


def wishes_of(options: ComposeOptions) -> FormWishes:
    """Return what the options ask of a form.

    Raises:
        InputError: for names that we do not know, or numbers out of range.
    """
    genre = options.genre.strip() if options.genre else ""
    tempo_bpm = options.tempo_bpm
    if tempo_bpm is not None and not SLOWEST_BPM <= tempo_bpm <= FASTEST_BPM:
        raise InputError(
            f"A tempo lies between {SLOWEST_BPM:.0f} and {FASTEST_BPM:.0f} quarter notes per minute. Choose one there."
        )
    instruments = parse_instruments(",".join(options.instruments))
    if len(instruments) > NUM_SLOTS:
        raise InputError(f"I can write for at most {NUM_SLOTS} instruments at once. Leave some out.")
    wishes = FormWishes(
        genre=None if genre.casefold() in {"", "auto", "any"} else parse_genre(genre),
        key=parse_key(options.key) if options.key else None,
        tempo_bpm=tempo_bpm,
        metre=parse_metre(options.metre) if options.metre else None,
        seconds=options.seconds,
        num_bars=options.num_bars,
        form=options.form,
        instruments=instruments,
        chords=options.chords,
    )
    check_length(wishes)
    if wishes.form.strip():
        parse_form(wishes.form)
    parse_section_chords(wishes.chords)
    return wishes


def make_plan(options: ComposeOptions, *, seed: int, melody: Piece | None) -> FormPlan:
    """Return the plan of a song, for a melody if there is one.

    Raises:
        InputError: for wishes that no song can have, or a piece without a melody.
    """
    wishes = wishes_of(options)
    plan = plan_form(wishes, seed=seed) if melody is None else plan_from_melody(melody, wishes, seed=seed)
    check_form(plan)
    return plan


def check_compose_options(options: ComposeOptions) -> None:
    """Refuse at once what no piece could make right.

    Raises:
        InputError: with one sentence that says what to do instead.
    """
    sampling_of(options.preset)
    if options.stage not in STAGES:
        raise UnknownNameError(kind="stage", name=options.stage, suggestions=STAGES)
    if options.plan is not None:
        check_form(options.plan)
    else:
        wishes = wishes_of(options)
        if options.stage in ("arrangement", "song"):
            raise InputError("That stage goes on from the one before it. Begin with /compose.")
        plan_form(wishes, seed=0)


def is_from_nothing(options: Options | None) -> bool:
    """Tell whether these ask for a song that needs no music to begin with."""
    if not isinstance(options, ComposeOptions) or options.stage not in ("whole", "themes"):
        return False
    return options.plan is not None and not options.plan.is_from_melody
