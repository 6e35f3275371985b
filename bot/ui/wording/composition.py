"""What messages say of composed songs."""

from __future__ import annotations

from bot.services.operations.composition_options import ComposeOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import preset_words
from music.forms.plan import FormPlan
from music.names import instrument_name

_STAGE_WORDS = {"themes": "its themes", "arrangement": "its arrangement", "song": "the song from its arrangement"}


def _words(options: ComposeOptions) -> list[str]:
    words: list[str] = [] if options.stage == "whole" else [_STAGE_WORDS.get(options.stage, options.stage)]
    words += _wish_words(options) if options.plan is None else plan_words(options.plan)
    return words + preset_words(options.preset)


def _wish_words(options: ComposeOptions) -> list[str]:
    words = [word for word in (options.genre, options.form, options.key) if word]
    if options.tempo_bpm:
        words.append(f"{options.tempo_bpm:g} bpm")
    if options.metre:
        words.append(options.metre)
    if options.num_bars:
        words.append(f"{options.num_bars} bars")
    elif options.seconds:
        words.append(clock(options.seconds))
    if options.instruments:
        words.append(", ".join(options.instruments))
    if options.chords:
        words.append("over typed chords")
    return words


def plan_words(plan: FormPlan) -> list[str]:
    """Name a plan in short pieces: genre, form, key, tempo, length, band."""
    form = " ".join(dict.fromkeys(section.name for section in plan.sections))
    return [
        *([plan.genre] if plan.genre else []),
        f"{plan.letters} ({form})" if form else plan.letters,
        plan.key,
        f"{plan.tempo_bpm:g} bpm",
        f"{plan.num_bars} bars, {clock(plan.duration_seconds)}",
        ", ".join(instrument_name(program) for program in plan.instruments),
        *(["around a given melody"] if plan.is_from_melody else []),
    ]


def clock(seconds: float) -> str:
    """Return a length as people write it: "2:05"."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


COMPOSE = Wording(title="Song", at_work="Composing a song", describe=_words)
