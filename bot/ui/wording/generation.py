"""What messages say of new pieces and continuations."""

from __future__ import annotations

from bot.plain_text import clip
from bot.services.options import DEFAULT_NUM_BARS, GenerateOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import limit_words, preset_words, sampling_words


def _words(options: GenerateOptions) -> list[str]:
    genre = f"{options.genre} with {options.second_genre}" if options.second_genre else options.genre
    key = f"near {options.key}" if options.key and not options.key_lock else options.key
    named = (
        options.genre and genre,
        key,
        f"{options.tempo_bpm:g} bpm" if options.tempo_bpm else None,
        options.metre,
        f"{options.num_bars or DEFAULT_NUM_BARS} bars",
        ", ".join(options.instruments),
        options.density,
        *_limits(options),
        options.beginning_bars and f"going on from bars {options.beginning_bars[0]}-{options.beginning_bars[1]}",
    )
    return [word for word in named if word] + sampling_words(options.sampling) + preset_words(options.preset)


def _limits(options: GenerateOptions) -> list[str]:
    syncopation = "straight rhythm" if options.syncopation == "straight" else f"{options.syncopation} syncopation"
    words = [f"without {', '.join(options.exclude_instruments)}"] if options.exclude_instruments else []
    words += [syncopation] if options.syncopation else []
    words += [f"notes on {options.grid}"] if options.grid else []
    words += limit_words(options.ranges, options.polyphony)
    words += [options.loudness] if options.loudness else []
    words += ["fading out" if options.ending == "fade" else f"{options.ending} ending"] if options.ending else []
    return [*words, f"bars {clip(options.sections.removeprefix('bars').strip(), 200)}"] if options.sections else words


GENERATE = Wording(title="New piece", at_work="Writing a new piece", describe=_words)
CONTINUE = Wording(title="Continuation", at_work="Continuing the piece", describe=_words)
