"""What messages say of remixes."""

from __future__ import annotations

from bot.services.options import RemixOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import preset_words


def _words(options: RemixOptions) -> list[str]:
    return [
        "other notes, same rhythm" if options.change == "pitch" else "other rhythm, same notes",
        f"{options.share:.0%} of the notes",
        "all bars" if options.bars is None else f"bars {options.bars[0]}-{options.bars[1]}",
        *preset_words(options.preset),
    ]


REMIX = Wording(title="Remix", at_work="Remixing", describe=_words)
