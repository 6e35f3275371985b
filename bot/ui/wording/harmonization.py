"""What messages say of harmonizations."""

from __future__ import annotations

from collections.abc import Mapping

from bot.plain_text import clip
from bot.services.options import HarmonizeOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import limit_words, preset_words, sampling_words

_STYLE_NAMES: Mapping[str, str] = {
    "chorale": "four-part chorale",
    "piano": "piano for the melody",
    "band": "band for the melody",
    "track": "one more track",
    "melody": "melody for the chords",
    "fill": "hole filled",
}


def _words(options: HarmonizeOptions) -> list[str]:
    words = [_STYLE_NAMES.get(options.style, options.style)]
    if options.bars is not None:
        words.append(f"bars {options.bars[0]}-{options.bars[1]}")
    if options.track is not None:
        words.append(f"track {options.track}" if options.style == "fill" else f"melody in track {options.track}")
    if options.instruments:
        words.append(", ".join(options.instruments))
    if options.chords:
        words.append(f"over {clip(' '.join(options.chords.split()), 200)}")
    words += _wishes(options)
    words += sampling_words(options.sampling)
    words += preset_words(options.preset)
    return words


def _wishes(options: HarmonizeOptions) -> list[str]:
    count = options.chords_per_bar
    named = (
        options.key,
        count and ("one chord a bar" if count == 1 else f"{count} chords a bar"),
        None if options.sevenths == "some" else f"{'no' if options.sevenths == 'none' else 'many'} sevenths",
        None if options.complexity == "usual" else f"{options.complexity} chords",
        options.cadence and f"{options.cadence} cadence",
        *limit_words(options.ranges),
        options.exclude_instruments and f"without {clip(', '.join(options.exclude_instruments), 120)}",
        "loudness of the melody" if options.dynamics == "follow" else None,
    )
    return [str(word) for word in named if word]


HARMONIZE = Wording(title="Harmonization", at_work="Harmonizing", describe=_words)
