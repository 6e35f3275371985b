"""What messages say of new pieces and continuations."""

from __future__ import annotations

from bot.services.options import DEFAULT_NUM_BARS, GenerateOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import preset_words, sampling_words


def _words(options: GenerateOptions) -> list[str]:
    words: list[str] = []
    if options.genre:
        words.append(f"{options.genre} with {options.second_genre}" if options.second_genre else options.genre)
    if options.key:
        words.append(options.key)
    if options.tempo_bpm:
        words.append(f"{options.tempo_bpm:g} bpm")
    if options.metre:
        words.append(options.metre)
    words.append(f"{options.num_bars or DEFAULT_NUM_BARS} bars")
    if options.instruments:
        words.append(", ".join(options.instruments))
    if options.density:
        words.append(options.density)
    words += sampling_words(options.sampling)
    words += preset_words(options.preset)
    if options.beginning_bars is not None:
        words.append(f"going on from bars {options.beginning_bars[0]}-{options.beginning_bars[1]}")
    return words


GENERATE = Wording(title="New piece", at_work="Writing a new piece", describe=_words)
CONTINUE = Wording(title="Continuation", at_work="Continuing the piece", describe=_words)
