"""What messages say of clips that were heard."""

from __future__ import annotations

from bot.services.operations.hearing import HumOptions
from bot.ui.wording.base import Wording


def _words(options: HumOptions) -> list[str]:
    tempo = "tempo guessed" if options.tempo_bpm is None else f"{options.tempo_bpm:g} bpm"
    return ["a clip as notes", tempo, options.metre, options.instrument]


HUM = Wording(title="Heard melody", at_work="Listening to the clip", describe=_words)
