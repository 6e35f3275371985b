"""What messages say of arrangements, filled gaps and added layers."""

from __future__ import annotations

from bot.plain_text import clip
from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.infilling import InfillOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import preset_words
from music.intervals import interval_name

_MOST_LETTERS = 200


def _bars_words(bars: tuple[int, int] | None) -> list[str]:
    if bars is None:
        return []
    return [f"bar {bars[0]}" if bars[0] == bars[1] else f"bars {bars[0]}-{bars[1]}"]


def _names(names: tuple[str, ...]) -> str:
    return clip(", ".join(f"track {name}" if name.strip().isdecimal() else name for name in names), _MOST_LETTERS)


def _arrange_words(options: ArrangeOptions) -> list[str]:
    words = [f"{_names((what,))} to {clip(to, 40)}" for what, to in options.swaps]
    words += _pitch_words(options)
    words += _time_words(options)
    asked = {"without": options.drop_tracks, "only": options.keep_tracks, "in": options.tracks}
    words += [f"{word} {_names(names)}" for word, names in asked.items() if names]
    return [*words, *_bars_words(options.bars)]


def _pitch_words(options: ArrangeOptions) -> list[str]:
    words = [interval_name(options.transpose_semitones)] if options.transpose_semitones else []
    words += [f"to {clip(options.to_key, 40)}"] if options.to_key else []
    return words + [clip(word, 40) for word in (options.mood, options.dynamics) if word]


def _time_words(options: ArrangeOptions) -> list[str]:
    words = [] if options.tempo_bpm is None else [f"{options.tempo_bpm:g} bpm"]
    words += [] if options.tempo_percent is None else [f"{options.tempo_percent:g} % of the tempo"]
    if options.stretch is not None:
        words.append("notes twice as long" if options.stretch > 1 else "notes half as long")
    percents = {"humanized": options.humanize_percent, "swing": options.swing_percent}
    return words + [f"{percent} % {word}" for word, percent in percents.items() if percent]


def _infill_words(options: InfillOptions) -> list[str]:
    tracks = [_names(options.tracks)] if options.tracks else []
    return [*_bars_words(options.bars), *tracks, *preset_words(options.preset)]


def _add_words(options: AddOptions) -> list[str]:
    words = [_names(options.instruments), *_bars_words(options.bars)]
    if options.density:
        words.append(clip(options.density, 40))
    return [*words, *preset_words(options.preset)]


ARRANGE = Wording(title="Arrangement", at_work="Arranging", describe=_arrange_words)
INFILL = Wording(title="Filled gap", at_work="Filling the gap", describe=_infill_words)
ADD = Wording(title="Added layer", at_work="Adding to the piece", describe=_add_words)
