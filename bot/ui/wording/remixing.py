"""What messages say of remixes."""

from __future__ import annotations

from bot.plain_text import clip
from bot.services.operations.remixing import parse_changes
from bot.services.options import RemixOptions
from bot.ui.wording.base import Wording
from bot.ui.wording.sampling import limit_words, preset_words, sampling_words

_OTHERS = {"pitch": "notes", "rhythm": "rhythm", "velocity": "loudness", "instrument": "instruments"}
_KEPT = {"pitch": "rhythm", "rhythm": "notes"}


def _words(options: RemixOptions) -> list[str]:
    fields = parse_changes(options.change)
    changed = f"other {' and '.join(_OTHERS[field] for field in fields)}"
    kept = _KEPT.get(fields[0]) if len(fields) == 1 else None
    return [
        f"{changed}, same {kept}" if kept else changed,
        f"{options.share:.0%} of the notes",
        "all bars" if options.bars is None else f"bars {options.bars[0]}-{options.bars[1]}",
        *([f"in {clip(', '.join(options.tracks), 120)}"] if options.tracks else []),
        *([f"{options.voices} voice"] if options.voices != "all" else []),
        *([f"of {clip(options.pitches, 20)}"] if options.pitches else []),
        *([options.key] if options.key else []),
        *([f"for {clip(', '.join(options.instruments), 120)}"] if options.instruments else []),
        *([f"without {clip(', '.join(options.exclude_instruments), 120)}"] if options.exclude_instruments else []),
        *limit_words(options.ranges),
        *sampling_words(options.sampling),
        *preset_words(options.preset),
    ]


REMIX = Wording(title="Remix", at_work="Remixing", describe=_words)
