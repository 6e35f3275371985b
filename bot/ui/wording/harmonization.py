"""What messages say of harmonizations."""

from __future__ import annotations

from collections.abc import Mapping

from bot.plain_text import clip
from bot.services.options import HarmonizeOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import preset_words

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
    words += preset_words(options.preset)
    return words


HARMONIZE = Wording(title="Harmonization", at_work="Harmonizing", describe=_words)
